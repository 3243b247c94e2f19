"""What is read back about money and texts is what then happens."""

import pytest
from sqlalchemy import select

from core.booking import draft, view
from core.booking.draft_agreed import NOTHING
from core.booking.draft_view import DraftView
from core.booking.tables import Appointment
from core.errors import OverLimitPhone
from core.values import Phone
from core.work import Hotline
from tests.booking.room import NUMBER, TIMERS, Room, open_room
from tests.builders import clinic
from tests.clocks import FrozenClock

OTHER = "10755550002"


@pytest.fixture
async def room(hotline: Hotline) -> Room:
    """李秀英 with a card of 50 yuan, at a hospital that charges cards."""
    made = await open_room(hotline)
    await made.card(await made.clinic.person("李秀英", phone=NUMBER), "C0001", 5000)
    await made.clinic.rule("card.charge", "yes")
    return made


async def booked(room: Room, seen: DraftView) -> Appointment:
    done = await room.commit(seen)
    assert done.result is not None
    async with room.hotline.read() as db:
        return await db.get_one(Appointment, done.result.appointment_id)


# --- the way to pay -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "wish", "codes", "way", "words", "state"),
    [
        ("at-hospital", None, ("at-hospital", "card"), "at-hospital", "30元，就诊当天到医院付", "booked"),
        ("at-hospital", "online", ("at-hospital", "card"), "at-hospital", "30元，就诊当天到医院付", "booked"),
        ("at-hospital", "card", ("at-hospital", "card"), "card", "30元，从就诊卡直接扣费", "booked"),
        ("online", None, ("online", "card"), "online", "在线支付，预约后30分钟内付清", "unpaid"),
        ("online", "at-hospital", ("online", "card"), "online", "在线支付，预约后30分钟内付清", "unpaid"),
        ("online", "card", ("online", "card"), "card", "30元，从就诊卡直接扣费", "booked"),
        ("either", None, ("at-hospital", "online", "card"), "at-hospital", "就诊当天到医院付", "booked"),
        ("either", "online", ("at-hospital", "online", "card"), "online", "30分钟内付清", "unpaid"),
    ],
)
async def test_the_hospital_s_rules_say_how_it_is_paid(
    room: Room, mode: str, wish: str | None, codes: tuple[str, ...], way: str, words: str, state: str
) -> None:
    await room.clinic.rule("pay.mode", mode)
    li = room.clinic.people["李秀英"]
    seen = await room.prepared(await room.clinic.session("chen"), person_id=li, phone=NUMBER, pay=wish)
    agreed = await room.agreed(seen)
    assert agreed.paying is not None
    assert (agreed.paying.codes, agreed.paying.way) == (codes, way)
    assert words in agreed.read_back
    made = await booked(room, seen)
    assert (made.pay_mode, made.state) == (way, state)


async def test_until_when_it_must_be_paid_is_said_before_and_after(room: Room, clock: FrozenClock) -> None:
    await room.clinic.rule("pay.mode", "online")
    await room.clinic.rule("pay.minutes", "15")
    li = room.clinic.people["李秀英"]
    seen = await room.prepared(await room.clinic.session("chen"), person_id=li, phone=NUMBER)
    assert "预约后15分钟内付清" in await room.read_back(seen)
    clock.set("2026-11-23 10:00")
    done = await room.commit(await room.load(seen.draft_id))
    assert done.result is not None
    assert "请在11月23日星期一上午10点15分前在线付清" in done.result.say


async def test_who_has_no_card_is_offered_none_until_one_is_typed(room: Room) -> None:
    seen = await room.prepared(await room.clinic.session("chen"), name="孙丽", phone=OTHER)
    one = (await room.agreed(seen)).paying
    assert one is not None
    assert one.codes == ("at-hospital",)
    one = (await room.agreed(await room.save(seen, card="C0002"))).paying
    assert one is not None
    assert one.codes == ("at-hospital", "card")


async def test_without_a_slot_nobody_knows_the_ways(room: Room) -> None:
    seen = await room.save(await room.open(*await room.ring()), name="孙丽", phone=OTHER)
    assert await room.agreed(seen) == NOTHING


# --- a change -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "then", "words", "left"),
    [
        ("wu", "chen", "挂号费30元，已经付了10元，还差20元，就诊当天到医院付", 4000),
        ("chen", "wu", "挂号费10元，已经付了30元，多付的20元退回就诊卡", 4000),
        ("chen", "chen", "挂号费30元，已经付了30元，短信", 2000),
    ],
)
async def test_a_change_says_the_difference_of_what_was_paid(
    room: Room, first: str, then: str, words: str, left: int
) -> None:
    li = room.clinic.people["李秀英"]
    paid = await booked(
        room,
        await room.prepared(await room.clinic.session(first), person_id=li, phone=NUMBER, pay="card"),
    )
    other = await room.clinic.session(then, half="pm")
    seen = await room.prepared(other, verb="change", appointment_id=paid.id)
    assert words in await room.read_back(seen)
    await room.commit(seen)
    assert await room.balance(li) == [left]


async def test_a_change_that_takes_the_difference_from_the_card_says_so(room: Room) -> None:
    li = room.clinic.people["李秀英"]
    wu = await room.clinic.session("wu")
    paid = await booked(room, await room.prepared(wu, person_id=li, phone=NUMBER, pay="card"))
    chen = await room.clinic.session("chen", half="pm")
    seen = await room.prepared(chen, verb="change", appointment_id=paid.id, pay="card")
    assert "还差20元，从就诊卡直接扣费" in await room.read_back(seen)
    await room.commit(seen)
    assert await room.balance(li) == [2000]


async def test_between_two_hospitals_all_goes_back_and_the_new_fee_is_due(room: Room) -> None:
    li = room.clinic.people["李秀英"]
    chen = await room.clinic.session("chen")
    paid = await booked(room, await room.prepared(chen, person_id=li, phone=NUMBER, pay="card"))
    sister = await clinic(room.hotline, 2)
    seen = await room.prepared(await sister.session("wu"), verb="change", appointment_id=paid.id)
    words = "原来付的30元退回就诊卡，新的挂号费10元，就诊当天到医院付"
    assert words in await room.read_back(seen)
    await room.commit(seen)
    assert await room.balance(li) == [5000]


# --- where the text goes --------------------------------------------------------------------------


async def contact(room: Room, made: Appointment) -> str:
    return Phone(room.hotline.sealer.open(made.contact_sealed, "phone")).digits


@pytest.mark.parametrize(
    ("typed", "tail"), [({}, NUMBER), ({"contact_phone": OTHER}, OTHER), ({"phone": OTHER}, OTHER)]
)
async def test_a_change_sends_the_text_where_it_was_read_back(
    room: Room, typed: dict[str, str], tail: str
) -> None:
    li = room.clinic.people["李秀英"]
    old = await room.clinic.book(await room.clinic.session("chen"), li, phone=NUMBER)
    other = await room.clinic.session("wu", half="pm")
    seen = await room.prepared(other, verb="change", appointment_id=old.appointment_id, **typed)
    assert f"短信发到尾号{tail[-4:]}的手机" in await room.read_back(seen)
    made = await booked(room, seen)
    assert await contact(room, made) == tail
    async with room.hotline.read() as db:
        mark = room.hotline.sealer.fingerprint(tail, "phone")
        found = await view.open_by_phone(db, mark, room.hotline.clock.now())
    assert [one.appointment_id for one in found] == [made.id]


async def test_a_new_number_has_its_limit_and_nothing_changes_when_it_is_full(room: Room) -> None:
    await room.clinic.rule("limit.phone-persons", "1")
    wang = await room.clinic.person("王强", sex="male")
    await room.clinic.book(await room.clinic.session("kid"), wang, phone=OTHER)
    li = room.clinic.people["李秀英"]
    old = await room.clinic.book(await room.clinic.session("chen"), li, phone=NUMBER)
    other = await room.clinic.session("wu", half="pm")
    seen = await room.prepared(other, verb="change", appointment_id=old.appointment_id, contact_phone=OTHER)
    with pytest.raises(OverLimitPhone):
        await room.commit(seen)
    async with room.hotline.read() as db:
        row = await db.get_one(Appointment, old.appointment_id)
        assert (row.state, await contact(room, row)) == ("booked", NUMBER)
        assert len((await db.execute(select(Appointment.id))).all()) == 2


async def test_the_caller_s_number_is_not_put_into_a_change_but_into_the_next_booking(room: Room) -> None:
    li = room.clinic.people["李秀英"]
    old = await room.clinic.book(await room.clinic.session("chen"), li, phone=OTHER)
    seen = await room.save(await room.open(*await room.ring()), contact_phone=NUMBER)
    async with room.hotline.work(TIMERS) as work:
        change = await draft.next_matter(
            work, seen.draft_id, verb="change", appointment_id=old.appointment_id
        )
        assert "contact_phone" not in change.fields
        again = await draft.next_matter(work, change.draft_id)
        assert again.fields["contact_phone"] == NUMBER
