"""Hold, book, change, cancel: what one person sees, and what is left behind."""

import pytest
from sqlalchemy import func, select

from core import journal
from core.booking import view
from core.booking.commands import Book, Cancel, Change, Hold
from core.booking.hold import extend, lapse_due, release
from core.booking.tables import Appointment
from core.errors import (
    AppointmentUnknown,
    HoldLapsed,
    HoldUnknown,
    KeyReused,
    OverLimitDepartmentDay,
    SessionStopped,
    ShareUsedUp,
    SlotFull,
    TooLateToCancel,
    WrongState,
)
from core.schedule.tables import Hold as HoldRow
from core.values import Phone, is_serial, system
from core.work import Hotline
from tests.builders import CALLER, SURFER, TEXTER, Clinic, clinic
from tests.clocks import FrozenClock

PHONE = Phone("10712345678")


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    return await clinic(hotline)


async def events(hotline: Hotline) -> list[str]:
    async with hotline.read() as db:
        return [
            e.event.kind for e in await journal.entries(db, journal.START) if "session" not in e.event.kind
        ]


@pytest.mark.req("R-001", "R-045", "R-046")
async def test_a_held_slot_becomes_an_appointment(town: Clinic) -> None:
    session, li = await town.session(slots=2), await town.person("李秀英")
    booked = await town.book(session, li)
    assert booked.state == "booked"
    assert await town.states(session) == {"booked": 1, "free": 1}
    assert await events(town.hotline) == ["slot.held", "appointment.booked"]


@pytest.mark.req("R-077")
async def test_a_serial_number_has_eight_digits_and_a_check_digit(town: Clinic) -> None:
    session = await town.session(slots=6)
    serials = [
        (await town.book(session, await town.person(name))).serial for name in ("甲", "乙", "丙", "丁")
    ]
    assert all(is_serial(number) for number in serials)
    assert len(set(serials)) == 4


async def test_the_last_slot_goes_once(town: Clinic) -> None:
    session = await town.session(slots=1)
    await town.book(session, await town.person("李秀英"))
    with pytest.raises(SlotFull):
        await town.book(session, await town.person("王芳"), by=TEXTER)


async def test_a_held_slot_is_out_of_sale_until_its_time_is_over(town: Clinic, clock: FrozenClock) -> None:
    session = await town.session(slots=1)
    li, wang = await town.person("李秀英"), await town.person("王芳")
    await town.store.submit(Hold(session_id=session, owner="call:1", person_id=li), CALLER)
    with pytest.raises(SlotFull):
        await town.book(session, wang)
    clock.advance(hours=1)
    async with town.hotline.work(system("timers")) as work:
        assert await lapse_due(work) == 1
    assert (await town.book(session, wang)).state == "booked"


async def test_a_lapsed_hold_still_books_when_nobody_took_the_slot(town: Clinic, clock: FrozenClock) -> None:
    session, li = await town.session(slots=1), await town.person("李秀英")
    held = await town.store.submit(Hold(session_id=session, owner="call:1", person_id=li), CALLER)
    clock.advance(hours=1)
    async with town.hotline.work(system("timers")) as work:
        await lapse_due(work)
    booked = await town.store.submit(Book(held.hold_id, li, PHONE), CALLER)
    assert booked.slot_id == held.slot_id


async def test_a_lapsed_hold_does_not_book_what_somebody_else_has(town: Clinic, clock: FrozenClock) -> None:
    session = await town.session(slots=1)
    li, wang = await town.person("李秀英"), await town.person("王芳")
    held = await town.store.submit(Hold(session_id=session, owner="call:1", person_id=li), CALLER)
    clock.advance(hours=1)
    async with town.hotline.work(system("timers")) as work:
        await lapse_due(work)
    await town.book(session, wang)
    with pytest.raises(HoldLapsed):
        await town.store.submit(Book(held.hold_id, li, PHONE), CALLER)


async def test_a_heartbeat_keeps_a_hold_and_never_shortens_it(town: Clinic, clock: FrozenClock) -> None:
    session, li = await town.session(slots=1), await town.person("李秀英")
    held = await town.store.submit(Hold(session_id=session, owner="call:1", person_id=li), CALLER)
    from datetime import timedelta

    async with town.hotline.work(CALLER) as work:
        longer = await extend(work, held.hold_id, until=held.until + timedelta(minutes=5))
        assert await extend(work, held.hold_id, until=work.now) == longer
    clock.instant = held.until
    async with town.hotline.work(system("timers")) as work:
        assert await lapse_due(work) == 0


async def test_a_new_choice_lets_the_older_one_go(town: Clinic) -> None:
    first, second = await town.session(slots=1), await town.session("wu", slots=1)
    for session in (first, second):
        await town.store.submit(Hold(session_id=session, owner="call:1"), CALLER)
    assert await town.states(first) == {"free": 1}
    assert await town.states(second) == {"held": 1}


async def test_a_hold_that_fails_keeps_the_older_choice(town: Clinic) -> None:
    first, full = await town.session(slots=1), await town.session("wu", slots=1)
    await town.book(full, await town.person("王芳"))
    await town.store.submit(Hold(session_id=first, owner="call:1"), CALLER)
    with pytest.raises(SlotFull):
        await town.store.submit(Hold(session_id=full, owner="call:1"), CALLER)
    assert await town.states(first) == {"held": 1}


async def test_giving_a_hold_up_twice_does_no_harm(town: Clinic) -> None:
    session = await town.session(slots=1)
    held = await town.store.submit(Hold(session_id=session, owner="call:1"), CALLER)
    async with town.hotline.work(CALLER) as work:
        assert await release(work, held.hold_id)
        assert not await release(work, held.hold_id)
    assert await town.states(session) == {"free": 1}


async def test_an_unknown_hold_is_refused(town: Clinic) -> None:
    with pytest.raises(HoldUnknown):
        await town.store.submit(Book("nothing", await town.person("李秀英"), PHONE), CALLER)


@pytest.mark.req("R-057", "R-069")
async def test_a_channels_share_is_its_own_until_it_is_recycled(town: Clinic, clock: FrozenClock) -> None:
    await town.rule("recycle.time", "day-1 12:00")
    session = await town.session(slots=3, shares={"web": 2})
    await town.book(session, await town.person("甲"), by=CALLER)
    with pytest.raises(ShareUsedUp):
        await town.book(session, await town.person("乙"), by=CALLER)
    await town.book(session, await town.person("丙"), by=SURFER)
    clock.set("2026-11-25 12:00")
    assert (await town.book(session, town.people["乙"], by=CALLER)).state == "booked"


@pytest.mark.req("R-087")
async def test_a_change_takes_the_new_slot_frees_the_old_and_links_both(town: Clinic) -> None:
    old_session, new_session = await town.session(slots=1), await town.session("wu", slots=1)
    li = await town.person("李秀英")
    old = await town.book(old_session, li)
    held = await town.store.submit(Hold(session_id=new_session, owner="call:1"), CALLER)
    new = await town.store.submit(Change(old.appointment_id, held.hold_id), CALLER)
    assert new.replaces == old.appointment_id
    assert await town.states(old_session) == {"free": 1}
    assert await town.states(new_session) == {"booked": 1}
    async with town.hotline.read() as db:
        was = await view.load(db, old.appointment_id)
    assert (was.state, was.replaced_by_id) == ("replaced", new.appointment_id)


async def test_a_change_within_one_session_is_not_stopped_by_the_old_appointment(town: Clinic) -> None:
    session, li = await town.session(slots=6), await town.person("李秀英")
    old = await town.book(session, li)
    last = (await town.periods(session))[-1]
    held = await town.store.submit(Hold(session_id=session, period_id=last, owner="call:1"), CALLER)
    new = await town.store.submit(Change(old.appointment_id, held.hold_id), CALLER)
    assert new.starts_at > old.starts_at
    assert await town.states(session) == {"booked": 1, "free": 5}


async def test_a_refused_change_leaves_the_old_appointment_as_it_was(town: Clinic) -> None:
    old_session, other = await town.session(slots=1), await town.session("kid", half="pm", slots=4)
    li = await town.person("李秀英")
    old = await town.book(old_session, li)
    await town.book(other, li)
    held = await town.store.submit(Hold(session_id=other, owner="call:1"), CALLER)
    with pytest.raises(OverLimitDepartmentDay):
        await town.store.submit(Change(old.appointment_id, held.hold_id), CALLER)
    async with town.hotline.read() as db:
        assert (await view.load(db, old.appointment_id)).state == "booked"
    assert await town.states(old_session) == {"booked": 1}


@pytest.mark.req("R-088")
async def test_a_cancelled_slot_can_be_booked_by_somebody_else(town: Clinic) -> None:
    session = await town.session(slots=1)
    booked = await town.book(session, await town.person("李秀英"))
    await town.store.submit(Cancel(booked.appointment_id), CALLER)
    assert (await town.book(session, await town.person("王芳"))).slot_id == booked.slot_id


@pytest.mark.req("R-189")
async def test_the_day_of_the_visit_is_too_late_to_cancel(town: Clinic, clock: FrozenClock) -> None:
    booked = await town.book(await town.session(), await town.person("李秀英"))
    clock.set("2026-11-26 07:00")
    with pytest.raises(TooLateToCancel) as refused:
        await town.store.submit(Cancel(booked.appointment_id), CALLER)
    assert refused.value.rule is not None
    assert refused.value.rule.key == "cancel.deadline"


async def test_what_is_cancelled_cannot_be_cancelled_again(town: Clinic) -> None:
    booked = await town.book(await town.session(), await town.person("李秀英"))
    await town.store.submit(Cancel(booked.appointment_id), CALLER)
    with pytest.raises(WrongState):
        await town.store.submit(Cancel(booked.appointment_id), CALLER)


async def test_nobody_cancels_what_is_not_there(town: Clinic) -> None:
    with pytest.raises(AppointmentUnknown):
        await town.store.submit(Cancel(4711), CALLER)


async def test_a_repeated_command_is_answered_as_before(town: Clinic) -> None:
    session, li = await town.session(slots=3), await town.person("李秀英")
    held = await town.store.submit(Hold(session_id=session, owner="call:1", key="h"), CALLER)
    assert await town.store.submit(Hold(session_id=session, owner="call:1", key="h"), CALLER) == held
    first = await town.store.submit(Book(held.hold_id, li, PHONE, key="b"), CALLER)
    assert await town.store.submit(Book(held.hold_id, li, PHONE, key="b"), CALLER) == first
    cancelled = await town.store.submit(Cancel(first.appointment_id, key="c"), CALLER)
    assert await town.store.submit(Cancel(first.appointment_id, key="c"), CALLER) == cancelled
    assert await town.states(session) == {"free": 3}


async def test_a_key_is_not_good_for_another_command(town: Clinic) -> None:
    await town.store.submit(Hold(session_id=await town.session(), owner="call:1", key="k"), CALLER)
    with pytest.raises(KeyReused):
        await town.store.submit(Hold(session_id=await town.session("wu"), owner="call:1", key="k"), CALLER)


async def test_a_refused_command_leaves_nothing_behind(town: Clinic) -> None:
    session, li = await town.session(slots=6), await town.person("李秀英")
    await town.book(session, li)
    held = await town.store.submit(Hold(session_id=session, owner="call:2"), CALLER)
    with pytest.raises(OverLimitDepartmentDay):
        await town.store.submit(Book(held.hold_id, li, PHONE, key="b"), CALLER)
    async with town.hotline.read() as db:
        assert (await db.execute(select(func.count()).select_from(Appointment))).scalar_one() == 1
        assert (await db.get_one(HoldRow, held.hold_id)).state == "live"


@pytest.mark.req("R-195")
async def test_booker_and_attendee_are_two_people(town: Clinic) -> None:
    session = await town.session()
    mother, child = await town.person("李秀英"), await town.person("李小明")
    held = await town.store.submit(Hold(session_id=session, owner="call:1"), CALLER)
    booked = await town.store.submit(Book(held.hold_id, child, PHONE, booker_id=mother), CALLER)
    async with town.hotline.read() as db:
        made = await db.get_one(Appointment, booked.appointment_id)
    assert (made.person_id, made.booker_id) == (child, mother)


async def test_a_session_that_is_stopped_takes_no_more_bookings(town: Clinic) -> None:
    from core.booking.stopping import stop

    session = await town.session(slots=2)
    held = await town.store.submit(Hold(session_id=session, owner="call:1"), CALLER)
    async with town.hotline.work(system("desk")) as work:
        await stop(work, session, reason="leave")
    with pytest.raises((HoldLapsed, SessionStopped)):
        await town.store.submit(Book(held.hold_id, await town.person("李秀英"), PHONE), CALLER)
    assert await town.states(session) == {"stopped": 2}
