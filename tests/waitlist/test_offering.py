"""A freed slot goes to the first whom it fits, then to the next, and to nobody past them."""

from datetime import timedelta

import pytest
import pytest_asyncio
from sqlalchemy import select

from core.booking import hold as holds
from core.booking.book import change
from core.booking.cancel import expire_due
from core.booking.commands import Change, Hold
from core.booking.stopping import stop
from core.booking.tables import Appointment
from core.calling.tables import OutboundCall
from core.errors import Refusal, SlotTaken
from core.offers import engine as offers
from core.offers.rules import Kind
from core.schedule.engine import amend
from core.schedule.tables import FreedSlot, Slot
from core.values import Phone
from core.waiting import engine, settling
from core.waiting.rules import State
from core.work import Hotline
from tests.builders import CALLER, SEED, SURFER, VISIT
from tests.builders import clinic as open_clinic
from tests.clocks import FrozenClock
from tests.waiting_list import Queue


@pytest_asyncio.fixture
async def queue(hotline: Hotline) -> Queue:
    return Queue(await open_clinic(hotline))


async def buys(queue: Queue, session: int) -> bool:
    """Whether a stranger on the web gets a slot now; gives it back at once."""
    try:
        held = await queue.clinic.store.submit(Hold(session_id=session, owner="web:stranger"), SURFER)
    except Refusal:
        return False
    async with queue.hotline.work(SURFER) as work:
        await holds.release(work, held.hold_id)
    return True


@pytest.mark.req("I-009")
async def test_a_freed_slot_goes_to_the_first_and_is_never_on_sale_in_between(queue: Queue) -> None:
    session = await queue.full()
    await queue.joins("王秀英")
    await queue.joins("李大山")
    slot = await queue.gives_up(session)
    assert not await buys(queue, session)
    await queue.runs()
    offer = await queue.offer("王秀英")
    assert offer is not None
    assert await queue.offer("李大山") is None
    assert not await buys(queue, session)
    await queue.answers("王秀英", True)
    await queue.runs()
    seen = await queue.entry("王秀英")
    assert (seen.state, seen.served_by is not None) == (State.SERVED, True)
    [row] = await queue.told("waiting.offered")
    assert (row.body["entry_id"], row.body["place"], row.body["slot_id"]) == (seen.entry_id, 1, slot)


@pytest.mark.parametrize("answer", ["refuses", "does not answer", "leaves"])
async def test_then_it_goes_to_the_next(queue: Queue, clock: FrozenClock, answer: str) -> None:
    session = await queue.full()
    first = await queue.joins("王秀英")
    await queue.joins("李大山")
    await queue.gives_up(session)
    await queue.runs()
    if answer == "refuses":
        await queue.answers("王秀英", False)
    elif answer == "leaves":
        async with queue.hotline.work(SURFER) as work:
            await engine.leave(work, first)
    else:
        clock.advance(minutes=31)
        async with queue.hotline.work(SEED) as work:
            await offers.lapse_due(work)
    assert not await buys(queue, session)
    await queue.runs()
    assert await queue.offer("王秀英") is None
    assert await queue.offer("李大山") is not None
    assert not await buys(queue, session)


async def test_what_nobody_waits_for_is_on_sale_at_once(queue: Queue) -> None:
    session = await queue.full()
    await queue.joins("王秀英", doctor_id=queue.clinic.doctors["wu"])
    await queue.gives_up(session)
    assert await buys(queue, session)


async def test_what_fits_nobody_goes_to_sale_after_its_random_delay(queue: Queue, clock: FrozenClock) -> None:
    session = await queue.full()
    await queue.clinic.rule("rerelease.delay", "5-5")
    await queue.joins("王秀英", half="pm")  # the same doctor, another half-day
    await queue.gives_up(session)
    await queue.runs()
    clock.advance(minutes=4)
    assert not await buys(queue, session)
    clock.advance(minutes=2)
    assert await buys(queue, session)
    [row] = await queue.told("waiting.passed")
    assert row.body["why"] == "nobody"


async def test_a_slot_is_not_kept_from_sale_for_longer_than_the_rule_when_the_timers_are_down(
    queue: Queue, clock: FrozenClock
) -> None:
    session = await queue.full()
    await queue.joins("王秀英")
    await queue.gives_up(session)
    clock.advance(minutes=9)
    assert not await buys(queue, session)
    clock.advance(minutes=2)
    assert await buys(queue, session)


async def test_by_rule_it_goes_to_the_list_alone_as_long_as_it_fits_anybody(
    queue: Queue, clock: FrozenClock
) -> None:
    session = await queue.full()
    await queue.clinic.rule("waiting.only", "yes")
    await queue.joins("王秀英")
    await queue.gives_up(session)
    clock.advance(hours=3)
    assert not await buys(queue, session)
    await queue.runs()
    await queue.answers("王秀英", False)
    await queue.runs()
    assert await buys(queue, session)


async def test_by_rule_nobody_has_it_before_general_sale(queue: Queue) -> None:
    session = await queue.full()
    await queue.clinic.rule("waiting.first-minutes", "0")
    await queue.joins("王秀英")
    await queue.gives_up(session)
    assert await buys(queue, session)


async def test_whoever_stays_silent_again_pauses_and_goes_on_at_the_end(
    queue: Queue, clock: FrozenClock
) -> None:
    session = await queue.full(slots=3)
    entry = await queue.joins("王秀英")
    for _ in range(2):
        await queue.gives_up(session)
        await queue.runs()
        assert await queue.offer("王秀英") is not None
        clock.advance(minutes=31)
        await queue.runs()
    assert (await queue.entry("王秀英")).state is State.PAUSED
    [row] = await queue.told("waiting.paused")
    assert row.body["misses"] == 2
    async with queue.hotline.work(SURFER) as work:
        assert await engine.resume(work, entry)
        assert not await engine.resume(work, entry)
    assert (await queue.entry("王秀英")).state is State.WAITING


async def test_nobody_is_offered_two_at_once(queue: Queue) -> None:
    session = await queue.full()
    await queue.joins("王秀英")
    await queue.joins("王秀英", doctor_id=None)
    await queue.gives_up(session)
    await queue.gives_up(session)
    await queue.runs()
    made = await queue.told("offer.made")
    assert len(made) == 1
    assert await buys(queue, session)  # the other is no better for them


async def test_while_the_only_one_thinks_about_another_visit_a_slot_rests_for_them(
    queue: Queue, clock: FrozenClock
) -> None:
    session = await queue.full()
    other = await queue.full(half="pm")
    await queue.joins("王秀英")
    await queue.gives_up(session)
    await queue.gives_up(other)
    await queue.runs()
    assert not await buys(queue, other)
    await queue.answers("王秀英", False)
    clock.advance(seconds=10)
    await queue.runs()
    offer = await queue.offer("王秀英")
    assert offer is not None
    assert offer.session_id == other


async def test_a_wish_that_came_true_by_itself_ends(queue: Queue) -> None:
    session = await queue.full()
    await queue.joins("王秀英")
    await queue.clinic.rule("waiting.first-minutes", "0")
    await queue.gives_up(session)
    await queue.clinic.book(session, queue.clinic.people["王秀英"], by=SURFER)
    await queue.clinic.rule("waiting.first-minutes", "10")
    await queue.gives_up(session)
    await queue.runs()
    assert (await queue.entry("王秀英")).state is State.SERVED
    assert await queue.told("offer.made") == []


async def test_who_may_not_have_it_is_passed_over_and_the_record_says_why(queue: Queue) -> None:
    session = await queue.full()
    other = await queue.clinic.session("wu", slots=1)
    await queue.joins("王秀英")
    await queue.joins("李大山")
    await queue.clinic.book(other, queue.clinic.people["王秀英"])  # one number a department and day
    await queue.gives_up(session)
    await queue.runs()
    assert await queue.offer("李大山") is not None
    [row] = await queue.told("waiting.offered")
    assert (row.body["place"], row.body["over"]) == (2, {"limit-department-day": 1})


async def test_another_channels_share_goes_to_who_joined_by_it(queue: Queue) -> None:
    session = await queue.full(slots=1, shares={"phone": 1})
    await queue.joins("王秀英", by=SURFER)
    await queue.joins("李大山", by=CALLER)
    await queue.gives_up(session)
    await queue.runs()
    assert await queue.offer("李大山") is not None
    assert await queue.offer("王秀英") is None


async def test_a_moved_visit_leaves_its_slot_to_the_list(queue: Queue) -> None:
    session = await queue.full(slots=1)
    await queue.joins("王秀英", half="am")
    other = await queue.clinic.session("chen", half="pm", slots=1)
    await queue.runs()
    async with queue.hotline.work(CALLER) as work:
        held = await holds.hold(work, Hold(other, "call:1"))
        old = (await work.db.execute(select(Appointment.id))).scalar_one()
        await change(work, Change(old, held.hold_id))
    assert not await buys(queue, session)
    await queue.runs()
    assert await queue.offer("王秀英") is not None


async def test_an_unpaid_booking_that_ends_leaves_its_slot_to_the_list(
    queue: Queue, clock: FrozenClock
) -> None:
    await queue.clinic.rule("pay.mode", "online")
    session = await queue.full(slots=1)
    await queue.joins("王秀英")
    clock.advance(minutes=31)
    async with queue.hotline.work(SEED) as work:
        assert await expire_due(work) == 1
    assert not await buys(queue, session)
    await queue.runs()
    assert await queue.offer("王秀英") is not None


async def test_added_numbers_are_offered_to_the_list_first(queue: Queue) -> None:
    session = await queue.full()
    await queue.joins("王秀英")
    async with queue.hotline.work(SEED) as work:
        await amend(work, session, add=2)
    assert not await buys(queue, session)
    await queue.runs()
    assert await queue.offer("王秀英") is not None
    assert await buys(queue, session)  # the second


async def test_an_extra_session_is_offered_to_the_list_first(queue: Queue) -> None:
    await queue.joins("王秀英")
    session = await queue.clinic.session(slots=2)
    assert not await buys(queue, session)
    await queue.runs()
    assert await queue.offer("王秀英") is not None


async def test_what_a_release_gives_out_by_its_line_is_not_taken_from_it(
    queue: Queue, clock: FrozenClock
) -> None:
    await queue.clinic.rule("window.last-day", "2")  # released on Tuesday at 7:00
    await queue.joins("王秀英")
    await queue.clinic.session(slots=2)
    clock.set("2026-11-24 07:20")
    async with queue.hotline.work(SEED) as work:
        await settling.sweep(work)
    await queue.runs()
    assert await queue.offer("王秀英") is None
    clock.set("2026-11-24 08:01")  # the line's half hour is over, and it is an hour to tell people
    async with queue.hotline.work(SEED) as work:
        await settling.sweep(work)
    await queue.runs()
    assert await queue.offer("王秀英") is not None


async def test_what_a_shopper_lets_go_is_on_sale_and_offered_when_nobody_takes_it(queue: Queue) -> None:
    session = await queue.clinic.session(slots=1)
    held = await queue.clinic.store.submit(Hold(session_id=session, owner="web:1"), SURFER)
    await queue.joins("王秀英")
    async with queue.hotline.work(SURFER) as work:
        await holds.release(work, held.hold_id)
    assert await buys(queue, session)
    async with queue.hotline.work(SEED) as work:
        assert await settling.sweep(work) == 1
        assert await settling.sweep(work) == 0
    await queue.runs()
    assert await queue.offer("王秀英") is not None
    await queue.answers("王秀英", False)
    await queue.runs()
    async with queue.hotline.work(SEED) as work:
        assert await settling.sweep(work) == 0  # it fits nobody else


async def test_at_night_a_slot_rests_till_morning(queue: Queue, clock: FrozenClock) -> None:
    session = await queue.full()
    await queue.joins("王秀英")
    clock.set("2026-11-23 22:00")
    await queue.gives_up(session)
    await queue.runs()
    assert await queue.offer("王秀英") is None
    clock.set("2026-11-24 07:59")
    await queue.runs()
    assert await queue.offer("王秀英") is None
    assert not await buys(queue, session)
    clock.set("2026-11-24 08:00")
    await queue.runs()
    assert await queue.offer("王秀英") is not None


@pytest.mark.parametrize("rule", ["offer", "sale"])
async def test_what_cannot_wait_till_morning_goes_the_way_of_the_rule(
    queue: Queue, clock: FrozenClock, rule: str
) -> None:
    await queue.clinic.rule("waiting.night", rule)
    session = await queue.full()
    await queue.joins("王秀英")
    clock.set("2026-11-25 21:00")  # booking stops at 23:59
    await queue.gives_up(session)
    await queue.runs()
    offer = await queue.offer("王秀英")
    assert (offer is not None) is (rule == "offer")
    assert await buys(queue, session) is (rule == "sale")
    if offer is not None:  # ten minutes to answer, the visit is near
        assert (offer.expires_at - offer.made_at).total_seconds() == 600


async def test_whoever_has_no_mobile_is_called(queue: Queue) -> None:
    session = await queue.full()
    await queue.joins("王秀英", phone="02887654321")
    await queue.joins("李大山")
    await queue.gives_up(session)
    await queue.gives_up(session)
    await queue.runs()
    async with queue.hotline.read() as db:
        calls = (await db.execute(select(OutboundCall))).scalars().all()
    offer = await queue.offer("王秀英")
    assert offer is not None
    assert [(one.subject, one.kind) for one in calls] == [(f"offer/{offer.offer_id}", "waiting-offer")]
    await queue.answers("王秀英", True)
    await queue.runs()
    async with queue.hotline.read() as db:
        call = (await db.execute(select(OutboundCall))).scalars().one()
    assert (call.state, call.answer) == ("done", "elsewhere")


async def test_a_slot_that_was_sold_or_stopped_leaves_no_word_behind(queue: Queue) -> None:
    session = await queue.full()
    await queue.joins("王秀英")
    await queue.gives_up(session)
    async with queue.hotline.work(SEED) as work:
        await stop(work, session, reason="leave")
    await queue.runs()
    async with queue.hotline.read() as db:
        assert (await db.execute(select(FreedSlot))).all() == []
    assert await queue.offer("王秀英") is None


async def test_a_resting_slot_cannot_be_named_by_a_shopper(queue: Queue) -> None:
    session = await queue.full()
    await queue.joins("王秀英")
    slot = await queue.gives_up(session)
    with pytest.raises(SlotTaken):
        await queue.clinic.store.submit(Hold(session, "web:1", slot_id=slot), SURFER)
    async with queue.hotline.read() as db:
        row = await db.get_one(Slot, slot)
    assert row.state == "free"
    assert row.rests_until is not None


async def test_a_number_given_by_the_list_is_told_to_the_phone_that_waited(queue: Queue) -> None:
    session = await queue.full()
    await queue.joins("王秀英", phone="13800990001")
    await queue.gives_up(session)
    await queue.runs()
    offer = await queue.offer("王秀英")
    assert offer is not None
    assert offer.phone_print == queue.hotline.sealer.fingerprint("13800990001", "phone")
    assert offer.day == VISIT


async def test_whom_a_leave_has_displaced_comes_first(queue: Queue, clock: FrozenClock) -> None:
    session = await queue.full()
    stopped = await queue.clinic.session(slots=1, day=VISIT - timedelta(days=1))
    gone = await queue.clinic.book(stopped, await queue.clinic.person("停诊的人"))
    async with queue.hotline.work(SEED) as work:
        await stop(work, stopped, reason="leave")
    await queue.joins("王秀英")
    slot = await queue.gives_up(session)
    await queue.runs()
    assert await queue.offer("王秀英") is None
    async with queue.hotline.work(CALLER) as work:  # as the leave's own job does, which sees what rests
        theirs = await offers.make(
            work,
            offers.Make(
                Kind.LEAVE, 1, session, queue.clinic.people["停诊的人"], Phone("13800990001"), 60,
                appointment_id=gone.appointment_id, slot_id=slot,
            ),
        )  # fmt: skip
    clock.advance(seconds=21)
    await queue.runs()
    assert await queue.offer("王秀英") is None
    async with queue.hotline.work(CALLER) as work:
        await offers.refuse(work, theirs, "cancelled")
    clock.advance(seconds=21)
    await queue.runs()
    assert await queue.offer("王秀英") is not None
