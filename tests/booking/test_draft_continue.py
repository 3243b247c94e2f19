"""A draft that was left goes on once, for whoever has its number: by a redial, by a text, on the web."""

import asyncio

import pytest
from sqlalchemy import func, select

from core import journal
from core.accounts import drafts
from core.booking import draft, draft_continue
from core.booking.commands import Booked
from core.booking.commands import Hold as Wanted
from core.booking.draft_continue import KeptDraft
from core.booking.draft_end import GRACE, discard, leave
from core.booking.draft_places import Place, lingers_until
from core.booking.draft_view import DraftView
from core.booking.hold import hold
from core.booking.tables import Appointment
from core.errors import ChangedMeanwhile, DraftIncomplete, OverLimitDepartmentDay
from core.events import DraftHandedOn
from core.schedule.tables import Hold
from core.values import Actor, ActorKind, Channel, Phone
from core.work import Hotline, Work
from tests.booking.room import NUMBER, Room, open_room
from tests.clocks import FrozenClock

TEXTING = Actor(ActorKind.PATIENT, "sms", Channel.SMS)
CALLING = Actor(ActorKind.PATIENT, "ivr", Channel.PHONE)
LANDLINE = "02785550001"


@pytest.fixture
async def room(hotline: Hotline) -> Room:
    return await open_room(hotline)


async def left(room: Room, *, number: str = NUMBER, known: bool = True, **fields: object) -> DraftView:
    """An operator had a slot held when the call broke off."""
    call, mark = await room.ring(number)
    if known:
        fields["person_id"] = await room.clinic.person("李秀英", phone=NUMBER)
    seen = await room.save(await room.open(call, mark), **fields)
    seen = await room.choose(seen, await room.clinic.session("chen", slots=2))
    await room.hang_up(call)
    async with room.hotline.work(room.by(), call) as work:
        await leave(work, seen.draft_id)
    return await room.load(seen.draft_id)


async def kept(room: Room, number: str = NUMBER) -> KeptDraft | None:
    mark = room.hotline.sealer.fingerprint(number, "phone")
    async with room.hotline.read() as db:
        return await draft_continue.kept_for(db, room.hotline.sealer, mark, room.hotline.clock.now())


async def agree(
    room: Room, one: KeptDraft, *, key: str | None = None, person_id: int | None = None
) -> Booked:
    async with room.hotline.work(TEXTING) as work:
        return await draft_continue.agree(
            work, one.draft_id, version=one.version, place=Place.SMS, contact=Phone(NUMBER), key=key,
            person_id=person_id,
        )  # fmt: skip


async def to_menu(room: Room, one: KeptDraft) -> None:
    call, _ = await room.ring()
    async with room.hotline.work(CALLING, call) as work:
        await draft_continue.to_menu(work, one, interaction_id=call, owner=f"call:{call}")


async def hops(room: Room) -> list[tuple[str, str]]:
    return await hops_of(room.hotline)


async def hops_of(hotline: Hotline) -> list[tuple[str, str]]:
    """The lines of the journal, one for each hop of a draft."""
    async with hotline.read() as db:
        told = await journal.entries(db, journal.START, 1000)
    return [(one.event.was, one.event.now) for one in told if isinstance(one.event, DraftHandedOn)]


async def booked(room: Room) -> int:
    async with room.hotline.read() as db:
        return await db.scalar(select(func.count(Appointment.id))) or 0


@pytest.mark.req("I-014")
async def test_a_number_finds_what_it_left_as_long_as_the_slot_is_kept(
    room: Room, clock: FrozenClock
) -> None:
    seen = await left(room)
    found = await kept(room)
    assert found
    assert (found.draft_id, found.version, found.place) == (seen.draft_id, seen.version, Place.DESK)
    assert found.until == clock.now() + GRACE
    assert await kept(room, "10799990000") is None
    clock.advance(minutes=10)
    assert await kept(room) is None


async def test_the_number_that_was_told_of_it_finds_it_as_well(room: Room) -> None:
    await left(room, number=LANDLINE, contact_phone=NUMBER)
    assert (await kept(room, LANDLINE)) == (await kept(room))
    assert await kept(room)


async def test_a_yes_by_text_books_the_slot_that_was_held(room: Room) -> None:
    seen = await left(room)
    one = await kept(room)
    assert one
    made = await agree(room, one)
    assert made.slot_id == one.slot_id
    assert (await room.load(seen.draft_id)).state == "booked"
    assert await hops(room) == [("desk", "sms")]
    assert await kept(room) is None


async def test_a_yes_that_comes_twice_is_answered_as_the_first_time(room: Room) -> None:
    await left(room)
    one = await kept(room)
    assert one
    assert await agree(room, one, key="sms/1/book") == await agree(room, one, key="sms/1/book")
    with pytest.raises(ChangedMeanwhile):
        await agree(room, one, key="sms/2/book")
    assert await booked(room) == 1


@pytest.mark.parametrize("_time", range(3))
async def test_of_a_redial_and_a_yes_that_cross_one_goes_on_with_it(room: Room, _time: int) -> None:
    await left(room)
    one = await kept(room)
    assert one
    ended = await asyncio.gather(agree(room, one), to_menu(room, one), return_exceptions=True)
    lost = [isinstance(what, ChangedMeanwhile) for what in ended]
    assert sorted(lost) == [False, True]
    assert await booked(room) == (not lost[0])
    assert await hops(room) == [("desk", "menu") if lost[0] else ("desk", "sms")]


async def test_while_nobody_knows_for_whom_the_draft_waits_as_it_was(room: Room) -> None:
    await left(room, known=False)
    one = await kept(room)
    assert one
    with pytest.raises(DraftIncomplete):
        await agree(room, one)
    assert await kept(room) == one
    li = await room.clinic.person("李秀英", phone=NUMBER)
    await agree(room, one, person_id=li)
    assert await booked(room) == 1


async def test_what_the_rules_refuse_leaves_the_draft_as_it_was(room: Room) -> None:
    """Two on one day at one department are too many."""
    await left(room)
    one = await kept(room)
    assert one
    assert one.person_id
    await room.clinic.book(await room.clinic.session("wu", slots=1), one.person_id, phone=NUMBER)
    with pytest.raises(OverLimitDepartmentDay):
        await agree(room, one)
    assert await kept(room) == one
    assert await hops(room) == []


async def test_a_no_gives_the_slot_back_unless_it_went_on_meanwhile(room: Room) -> None:
    await left(room)
    one = await kept(room)
    assert one
    await to_menu(room, one)
    async with room.hotline.work(TEXTING) as work:
        assert not await discard(work, one.draft_id, version=one.version)
    assert (await room.load(one.draft_id)).state == "open"


async def test_the_slot_is_whose_who_goes_on(room: Room) -> None:
    await left(room)
    one = await kept(room)
    assert one
    await to_menu(room, one)
    async with room.hotline.read() as db:
        held = await db.get_one(Hold, one.held.hold_id)
    assert held.owner.startswith("call:")
    assert held.state == "live"


async def test_a_slot_is_kept_no_longer_for_being_left_again_and_again(
    room: Room, clock: FrozenClock
) -> None:
    await left(room)
    first = await kept(room)
    assert first
    held_at = clock.now()
    for _ in range(8):
        clock.advance(minutes=7)
        if (one := await kept(room)) is None:
            break
        await to_menu(room, one)

        async def hang_up(work: Work, draft_id: int = one.draft_id) -> None:
            await leave(work, draft_id)

        await room.hotline.run(hang_up, CALLING)
    async with room.hotline.read() as db:
        held = await db.get_one(Hold, first.held.hold_id)
    assert held.expires_at == lingers_until(clock.now(), held_at, GRACE)
    assert (held.expires_at - held_at).total_seconds() == 40 * 60


async def test_the_menu_takes_nobodys_slot_without_asking(room: Room) -> None:
    """Somebody else of the family begins a matter of their own from the same telephone."""
    await left(room)
    before = await kept(room)
    call, mark = await room.ring()
    async with room.hotline.work(CALLING, call) as work:
        await draft.note(work, interaction_id=call, ani_print=mark, changes={"verb": "book"})
    assert await kept(room) == before


async def test_what_a_number_holds_by_text_is_a_draft_when_it_calls(room: Room) -> None:
    li = await room.clinic.person("李秀英", phone=NUMBER)
    session = await room.clinic.session("chen", slots=1)
    mark = room.hotline.sealer.fingerprint(NUMBER, "phone")
    async with room.hotline.work(TEXTING) as work:
        await hold(work, Wanted(session, f"sms:{mark}", person_id=li))
    for _ in range(2):  # a second call at once finds it done
        async with room.hotline.work(CALLING) as work:
            await drafts.bring(work, Phone(NUMBER))
    one = await kept(room)
    assert one
    assert (one.place, one.person_id) == (Place.SMS, li)
    await to_menu(room, one)
    assert await hops(room) == [("sms", "menu")]


async def test_a_slot_lives_as_long_as_its_draft_and_no_longer(room: Room, clock: FrozenClock) -> None:
    """Also where the hospital keeps slots for an hour."""
    await room.clinic.rule("hold.minutes", "60")
    await left(room)
    clock.advance(minutes=10)
    assert await kept(room) is None
    assert await room.lapse() == 1
