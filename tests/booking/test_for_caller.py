"""An operator books, changes and cancels for a caller; whatever is refused leaves nothing behind."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import func, select

from core.booking import for_caller, view
from core.booking.draft_view import DraftView
from core.booking.draft_warnings import warnings
from core.booking.rules import State
from core.booking.tables import Appointment
from core.contact import matters
from core.contact.tables import Interaction
from core.errors import (
    CardChargeOff,
    CardMismatch,
    CardShort,
    DraftIncomplete,
    HoldLapsed,
    IdentityNeeded,
    NotAllowed,
    TooLateToCancel,
    TooLateToChange,
    WrongInput,
)
from core.http.refusals import sentence
from core.money.tables import Payment, Refund
from core.people.tables import Person
from core.staff.tables import AuditEntry
from core.values import demo_identity
from core.work import Hotline
from tests.booking.room import NUMBER, Room, open_room
from tests.builders import clinic
from tests.clocks import FrozenClock

ID = demo_identity("0101", date(1980, 5, 4), 41).number


@pytest.fixture
async def room(hotline: Hotline) -> Room:
    return await open_room(hotline)


async def made(room: Room) -> list[Appointment]:
    async with room.hotline.read() as db:
        return list((await db.execute(select(Appointment).order_by(Appointment.id))).scalars())


async def people(room: Room) -> int:
    async with room.hotline.read() as db:
        return (await db.execute(select(func.count()).select_from(Person))).scalar_one()


@pytest.mark.req("R-080", "R-082", "R-085")
async def test_a_caller_without_a_card_is_written_down_and_booked(room: Room) -> None:
    chen = await room.clinic.session("chen")
    seen = await room.prepared(chen, name="孙丽", phone=NUMBER, id_number=ID)
    assert seen.ready
    done = await room.commit(seen)
    assert done.result is not None
    assert done.result.serial in done.result.say.replace(" ", "")
    [one] = await made(room)
    assert (one.state, one.channel, one.staff_id) == (State.BOOKED, "phone", room.staff[0])
    async with room.hotline.read() as db:
        person = await db.get_one(Person, one.person_id)
        call = await db.get_one(Interaction, seen.interaction_id)
        assert (person.name, person.sex, person.birth_date) == ("孙丽", "male", date(1980, 5, 4))
        assert call.person_id == person.id


@pytest.mark.req("R-085")
async def test_without_an_identity_number_it_is_provisional_and_nobody_is_written_down_twice(
    room: Room,
) -> None:
    chen, wu = await room.clinic.session("chen"), await room.clinic.session("wu", half="pm")
    await room.commit(await room.prepared(chen, name="孙丽", phone=NUMBER))
    assert [one.state for one in await made(room)] == [State.PROVISIONAL]
    await room.clinic.rule("limit.department-day", "2")
    await room.commit(await room.prepared(wu, name="孙 丽", phone=NUMBER, id_number=ID))
    assert await people(room) == 1
    assert [one.state for one in await made(room)] == [State.PROVISIONAL, State.BOOKED]


@pytest.mark.req("R-084")
@pytest.mark.parametrize(
    ("card", "name", "phone", "ask"),
    [
        ("C0001", "李秀英", NUMBER, None),
        ("C0002", "李秀英", NUMBER, ["card"]),
        ("C0001", "李秀", NUMBER, ["name"]),
        ("C0001", "李秀英", "10799990000", ["phone"]),
        ("C0001", "王强", "10799990000", ["name", "phone"]),
    ],
)
async def test_card_name_and_phone_must_all_agree(
    room: Room, card: str, name: str, phone: str, ask: list[str] | None
) -> None:
    li = await room.clinic.person("李秀英", phone=NUMBER)
    await room.card(li, "C0001")
    chen = await room.clinic.session("chen")
    seen = await room.prepared(chen, card=card, name=name, phone=phone)
    if ask is None:
        await room.commit(seen)
        assert [one.person_id for one in await made(room)] == [li]
        return
    with pytest.raises(CardMismatch) as refused:
        await room.commit(seen)
    assert refused.value.facts["ask"] == ask
    assert "不要告诉来电人" in sentence(refused.value)
    assert await made(room) == []
    assert (await room.load(seen.draft_id)).state == "open"


async def test_a_daughter_books_for_her_mother(room: Room) -> None:
    mother = await room.clinic.person("王桂兰", phone=NUMBER)
    daughter = await room.clinic.person("孙丽", phone=NUMBER)
    chen = await room.clinic.session("chen")
    seen = await room.prepared(
        chen, person_id=mother, name="王桂兰", attendee_is_caller=False, booker_id=daughter, phone=NUMBER
    )
    await room.commit(seen)
    [one] = await made(room)
    assert (one.person_id, one.booker_id) == (mother, daughter)


async def test_a_name_typed_beside_another_of_the_family_is_refused(room: Room) -> None:
    mother = await room.clinic.person("王桂兰", phone=NUMBER)
    seen = await room.prepared(await room.clinic.session("chen"), person_id=mother, name="孙丽", phone=NUMBER)
    with pytest.raises(WrongInput) as refused:
        await room.commit(seen)
    assert "不一致" in sentence(refused.value)


async def test_what_must_still_be_asked_is_named(room: Room) -> None:
    seen = await room.prepared(await room.clinic.session("chen"), phone=NUMBER)
    with pytest.raises(DraftIncomplete) as refused:
        await room.commit(seen)
    assert "姓名" in sentence(refused.value)


async def test_a_commit_that_was_answered_into_the_void_is_answered_again(room: Room) -> None:
    seen = await room.prepared(await room.clinic.session("chen"), name="孙丽", phone=NUMBER)
    first = await room.commit(seen)
    assert await room.commit(seen) == first
    assert len(await made(room)) == 1


async def test_a_lapsed_slot_is_booked_if_nobody_took_it(room: Room, clock: FrozenClock) -> None:
    chen = await room.clinic.session("chen", slots=1)
    seen = await room.prepared(chen, name="孙丽", phone=NUMBER)
    late = await room.prepared(await room.clinic.session("wu"), name="周敏", phone="10788880000")
    clock.advance(minutes=20)
    assert await room.lapse() == 2
    assert not (await room.load(seen.draft_id)).ready
    await room.commit(seen)
    wu = await room.clinic.session("wu", half="pm", slots=1)
    late = await room.choose(late, wu)
    clock.advance(minutes=20)
    await room.lapse()
    await room.clinic.book(wu, await room.clinic.person("钱"))
    with pytest.raises(HoldLapsed):
        await room.commit(late)


# --- money from the card ------------------------------------------------------------------------------


@pytest.fixture
async def carded(room: Room) -> Room:
    """李秀英 with a card of 50 yuan, at a hospital that charges cards."""
    li = await room.clinic.person("李秀英", phone=NUMBER)
    await room.card(li, "C0001", 5000)
    await room.clinic.rule("card.charge", "yes")
    return room


@pytest.mark.req("R-076", "R-086")
@pytest.mark.parametrize("mode", ["at-hospital", "online", "either"])
async def test_the_fee_is_taken_from_the_card_and_a_cancellation_puts_it_back(
    carded: Room, mode: str
) -> None:
    await carded.clinic.rule("pay.mode", mode)
    li = carded.clinic.people["李秀英"]
    chen = await carded.clinic.session("chen")  # 30 yuan
    done = await carded.commit(await carded.prepared(chen, person_id=li, phone=NUMBER, pay="card"))
    assert await carded.balance(li) == [2000]
    [one] = await made(carded)
    assert (one.state, one.pay_mode) == (State.BOOKED, "card")
    assert done.result is not None
    async with carded.hotline.work(carded.by()) as work:
        given = await for_caller.cancel_for(work, done.result.appointment_id)
    assert (given.refund_fen, await carded.balance(li)) == (3000, [5000])
    assert "已退回就诊卡" in given.say
    async with carded.hotline.read() as db:
        assert (await db.execute(select(Payment.state, Payment.provider))).all() == [("refunded", "card")]
        assert (await db.execute(select(Refund.state))).scalars().all() == ["refunded"]


@pytest.mark.req("R-086")
@pytest.mark.parametrize(("rule", "fen", "refusal"), [("no", 5000, CardChargeOff), ("yes", 2999, CardShort)])
async def test_what_cannot_be_charged_is_not_booked_either(
    room: Room, rule: str, fen: int, refusal: type[Exception]
) -> None:
    li = await room.clinic.person("李秀英", phone=NUMBER)
    await room.card(li, "C0001", fen)
    await room.clinic.rule("card.charge", rule)
    seen = await room.prepared(await room.clinic.session("chen"), person_id=li, phone=NUMBER, pay="card")
    with pytest.raises(refusal):
        await room.commit(seen)
    assert await made(room) == []
    assert await room.balance(li) == [fen]
    again = await room.load(seen.draft_id)
    assert again.held is not None
    assert again.held.live


async def test_an_unproven_person_pays_no_fee_beforehand(room: Room) -> None:
    someone = await room.clinic.person("李秀英", phone=NUMBER, identity=False)
    await room.card(someone, "C0001", 5000)
    await room.clinic.rule("card.charge", "yes")
    seen = await room.prepared(await room.clinic.session("chen"), person_id=someone, phone=NUMBER, pay="card")
    with pytest.raises(IdentityNeeded):
        await room.commit(seen)


@pytest.mark.req("R-087")
@pytest.mark.parametrize(("post", "left", "mode"), [("wu", [4000], "card"), ("chen", [2000], "card")])
async def test_a_change_carries_the_card_payment_and_gives_the_rest_back(
    carded: Room, post: str, left: list[int], mode: str
) -> None:
    li = carded.clinic.people["李秀英"]
    chen = await carded.clinic.session("chen")
    first = await carded.commit(await carded.prepared(chen, person_id=li, phone=NUMBER, pay="card"))
    assert first.result is not None
    other = await carded.clinic.session(post, half="pm")
    seen = await carded.prepared(other, verb="change", appointment_id=first.result.appointment_id)
    assert "原来" in await carded.read_back(seen)
    done = await carded.commit(seen)
    assert done.result is not None
    assert "变更成功" in done.result.say
    old, new = await made(carded)
    assert (old.state, new.state, new.pay_mode, new.replaces_id) == (
        State.REPLACED,
        State.BOOKED,
        mode,
        old.id,
    )
    assert await carded.balance(li) == left


@pytest.mark.req("R-050", "R-087")
async def test_between_two_hospitals_the_money_goes_back_and_is_not_carried(carded: Room) -> None:
    li = carded.clinic.people["李秀英"]
    chen = await carded.clinic.session("chen")
    first = await carded.commit(await carded.prepared(chen, person_id=li, phone=NUMBER, pay="card"))
    assert first.result is not None
    sister = await clinic(carded.hotline, 2)
    seen = await carded.prepared(
        await sister.session("wu"), verb="change", appointment_id=first.result.appointment_id
    )
    await carded.commit(seen)
    assert await carded.balance(li) == [5000]
    async with carded.hotline.read() as db:
        payments = (await db.execute(select(Payment.appointment_id, Payment.state))).all()
    assert payments == [(first.result.appointment_id, "refunded")]
    assert (await made(carded))[1].pay_mode == "at-hospital"


# --- deadlines and their override ---------------------------------------------------------------------


@pytest.mark.req("R-087", "R-088", "R-189")
@pytest.mark.parametrize("verb", ["cancel", "change"])
async def test_only_a_supervisor_passes_a_deadline_and_says_why(
    room: Room, clock: FrozenClock, verb: str
) -> None:
    chen = await room.clinic.session("chen")
    done = await room.commit(await room.prepared(chen, name="孙丽", phone=NUMBER))
    assert done.result is not None
    other = await room.clinic.session("wu", day=date(2026, 11, 27))
    clock.set("2026-11-26 07:00")
    if verb == "cancel":
        seen = await room.save(
            await room.open(*await room.ring()), verb="cancel", appointment_id=done.result.appointment_id
        )
    else:
        seen = await room.prepared(other, verb="change", appointment_id=done.result.appointment_id)
    with pytest.raises(TooLateToCancel if verb == "cancel" else TooLateToChange):
        await room.commit(seen)
    with pytest.raises(NotAllowed):
        await room.commit(seen, override="家属急诊住院")
    supervisor = room.by(0, "override-deadline")
    ended = await room.commit(seen, override="家属急诊住院", by=supervisor)
    assert ended.result is not None
    async with room.hotline.read() as db:
        entry = (await db.execute(select(AuditEntry.act, AuditEntry.reason))).all()
    assert entry == [("override-deadline", "家属急诊住院")]


@pytest.mark.req("R-088")
async def test_a_cancellation_is_answered_again_and_fills_the_matter(room: Room) -> None:
    done = await room.commit(
        await room.prepared(await room.clinic.session("chen"), name="孙丽", phone=NUMBER)
    )
    assert done.result is not None
    interaction, mark = await room.ring()
    async with room.hotline.work(room.by(), interaction) as work:
        await matters.open_matter(work, interaction, room.staff[0])
    seen = await room.open(interaction, mark)
    seen = await room.save(seen, verb="cancel", appointment_id=done.result.appointment_id)
    first = await room.commit(seen)
    assert first.state == "closed"
    assert await room.commit(seen) == first
    async with room.hotline.read() as db:
        [matter] = await matters.of(db, interaction)
        assert (matter.first, matter.by_act) == ("cancelled", True)
        assert (await view.load(db, done.result.appointment_id)).state is State.CANCELLED


async def test_staff_of_another_hospital_change_nothing_here(room: Room) -> None:
    done = await room.commit(
        await room.prepared(await room.clinic.session("chen"), name="孙丽", phone=NUMBER)
    )
    assert done.result is not None
    stranger = replace(room.by(), hospital_id=room.clinic.hospital_id + 1)
    with pytest.raises(NotAllowed):
        async with room.hotline.work(stranger) as work:
            await for_caller.cancel_for(work, done.result.appointment_id)


# --- beforehand ---------------------------------------------------------------------------------------


async def test_what_would_refuse_is_said_before_the_patient_waits(room: Room) -> None:
    chen = await room.clinic.session("chen")
    li = await room.clinic.person("李秀英", phone=NUMBER)
    seen = await room.save(await room.prepared(chen, phone=NUMBER), person_id=li)
    assert await warned(room, seen) == []
    await room.clinic.book(await room.clinic.session("wu", half="pm"), li)
    await room.clinic.rule("age.min", "90")
    assert await warned(room, seen) == ["too-young", "limit-department-day"]
    assert (await room.load(seen.draft_id)).version == seen.version


async def warned(room: Room, seen: DraftView) -> list[str]:
    async with room.hotline.read() as db:
        found = await warnings(
            db, room.hotline.sealer, seen, by=room.by(), now=room.hotline.clock.now(), demo=True
        )
    return [refusal.code for refusal in found]
