"""The ledger and the black list: what counts, what it leads to, how it ends, how it is disputed."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from core import journal
from core.booking.commands import Cancel
from core.booking.stopping import stop
from core.booking.tables import Appointment
from core.booking.visit import attend, check_in, excuse, miss_due
from core.credit.engine import active_blocks, appeal, decide, forgive, note, statement
from core.credit.tables import BlacklistEntry, CreditEvent
from core.errors import AppealClosed, Blacklisted, NotAllowed, NotFound, WrongState
from core.values import Actor, ActorKind, system
from core.work import Hotline
from tests.builders import CALLER, Clinic, clinic
from tests.clocks import FrozenClock

NIGHT, HIS = system("timers"), system("his")
JUDGE = Actor(ActorKind.STAFF, "judge", functions=frozenset({"appeals"}))
DAYS = ("2026-09-02", "2026-09-09", "2026-09-16", "2026-09-23")


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    made = await clinic(hotline)
    await made.person("李秀英")
    return made


async def book_for(town: Clinic, clock: FrozenClock, day: str) -> int:
    """李秀英 books on the day before a visit; the clock then stands after it."""
    visit = date.fromisoformat(day)
    clock.set(f"{visit - timedelta(days=1)} 10:00")
    made = await town.book(await town.session(day=visit), town.people["李秀英"])
    clock.set(f"{visit + timedelta(days=1)} 02:00")
    return made.appointment_id


async def missed(town: Clinic, clock: FrozenClock, day: str) -> int:
    appointment_id = await book_for(town, clock, day)
    async with town.hotline.work(NIGHT) as work:
        assert await miss_due(work) == 1
    return appointment_id


async def blocks(town: Clinic, clock: FrozenClock) -> list[BlacklistEntry]:
    async with town.hotline.read() as db:
        return list(await active_blocks(db, town.people["李秀英"], clock.instant))


async def ledger(town: Clinic) -> list[str]:
    async with town.hotline.read() as db:
        return list((await db.execute(select(CreditEvent.kind).order_by(CreditEvent.id))).scalars())


async def last_event(town: Clinic) -> journal.Entry:
    async with town.hotline.read() as db:
        return (await journal.entries(db, journal.START))[-1]


@pytest.mark.req("R-036", "R-196")
async def test_who_did_not_pick_up_has_missed_the_visit_the_night_after(
    town: Clinic, clock: FrozenClock
) -> None:
    appointment_id = await missed(town, clock, DAYS[0])
    async with town.hotline.work(NIGHT) as work:
        assert (await work.db.get_one(Appointment, appointment_id)).state == "no_show"
        assert await miss_due(work) == 0
    assert await ledger(town) == ["no-show"]


@pytest.mark.req("R-036", "R-053")
async def test_who_picked_up_was_there(town: Clinic, clock: FrozenClock) -> None:
    appointment_id = await book_for(town, clock, DAYS[0])
    clock.set(f"{DAYS[0]} 07:40")
    async with town.hotline.work(HIS) as work:
        await check_in(work, appointment_id, queue_number="A7")
    clock.set("2026-09-03 02:00")
    async with town.hotline.work(NIGHT) as work:
        assert await miss_due(work) == 1
    assert await ledger(town) == []


@pytest.mark.req("R-061", "R-062", "R-063")
async def test_the_third_miss_blocks_and_the_block_ends_by_the_clock(
    town: Clinic, clock: FrozenClock
) -> None:
    for day in DAYS[:3]:
        assert await blocks(town, clock) == []
        await missed(town, clock, day)
    (entry,) = await blocks(town, clock)
    assert entry.until == FrozenClock.at("2026-12-17 02:00").instant
    clock.set("2026-12-17 01:59")
    with pytest.raises(Blacklisted):
        await town.book(await town.session(day=date(2026, 12, 18)), town.people["李秀英"])
    clock.set("2026-12-17 02:00")
    await town.book(await town.session("wu", day=date(2026, 12, 18)), town.people["李秀英"])


async def test_misses_that_led_to_a_block_do_not_punish_twice(town: Clinic, clock: FrozenClock) -> None:
    await town.rule("block.no-show", "2 -> 1d", own=False, period=("year", 1))
    for day in DAYS[:2]:
        await missed(town, clock, day)
    assert len(await blocks(town, clock)) == 1
    await missed(town, clock, DAYS[2])  # the block is over; this is the first miss after it
    assert await blocks(town, clock) == []
    await missed(town, clock, DAYS[3])
    assert len(await blocks(town, clock)) == 1


@pytest.mark.req("R-036")
async def test_late_evidence_takes_the_miss_and_its_block_back(town: Clinic, clock: FrozenClock) -> None:
    made = [await missed(town, clock, day) for day in DAYS[:3]]
    async with town.hotline.work(HIS) as work:
        await attend(work, made[1], evidence="his")
    assert await blocks(town, clock) == []
    async with town.hotline.read() as db:
        said = await statement(db, town.people["李秀英"], clock.instant)
    assert [line.forgiven_why for line in said.lines] == [None, "attended:his", None]


async def test_a_miss_that_the_hospital_caused_is_excused_with_its_reason(
    town: Clinic, clock: FrozenClock
) -> None:
    made = [await missed(town, clock, day) for day in DAYS[:3]]
    async with town.hotline.work(HIS) as work:
        await excuse(work, made[0], why="text was not delivered")
        assert await forgive(work, appointment_id=made[0], why="again") == 0
    assert await blocks(town, clock) == []


async def test_only_a_miss_can_be_excused(town: Clinic, clock: FrozenClock) -> None:
    appointment_id = await book_for(town, clock, DAYS[0])
    with pytest.raises(WrongState):
        async with town.hotline.work(HIS) as work:
            await excuse(work, appointment_id, why="why not")


@pytest.mark.req("R-089")
async def test_what_a_doctors_leave_stopped_is_never_a_miss_and_never_a_cancellation(
    town: Clinic, clock: FrozenClock
) -> None:
    await town.rule("block.cancel", "1 -> 1m", own=False)
    appointment_id = await book_for(town, clock, DAYS[0])
    clock.set(f"{DAYS[0]} 07:00")
    async with town.hotline.work(system("desk")) as work:
        made = await work.db.get_one(Appointment, appointment_id)
        await stop(work, made.session_id, reason="leave")
    clock.set("2026-09-03 02:00")
    async with town.hotline.work(NIGHT) as work:
        assert await miss_due(work) == 0
    await town.store.submit(Cancel(appointment_id), CALLER)
    assert await ledger(town) == []
    assert await blocks(town, clock) == []


async def test_a_statement_gives_the_proof_of_each_line_and_the_rule_of_each_block(
    town: Clinic, clock: FrozenClock
) -> None:
    made = [await missed(town, clock, day) for day in DAYS[:3]]
    async with town.hotline.read() as db:
        said = await statement(db, town.people["李秀英"], clock.instant)
    assert [line.appointment_id for line in said.lines] == made
    assert {line.proof for line in said.lines} == {"not picked up on the visit day"}
    assert [(block.rule_key, block.rule_value) for block in said.blocks] == [("block.no-show", "3 -> 3m")]


async def test_two_lines_that_call_for_the_same_block_make_one(town: Clinic, clock: FrozenClock) -> None:
    await town.rule("block.no-show", "1 -> 1m", own=False)
    async with town.hotline.work(NIGHT) as work:
        for _ in range(2):
            await note(
                work, person_id=town.people["李秀英"], kind="no-show", appointment_id=None,
                hospital_id=town.hospital_id, proof="",
            )  # fmt: skip
    assert len(await blocks(town, clock)) == 1


async def test_the_row_that_blocked_is_named_even_when_it_says_something_else_by_now(
    town: Clinic, clock: FrozenClock
) -> None:
    row_id = await town.rule("block.no-show", "1 -> 3m", own=False)
    await missed(town, clock, DAYS[0])
    await town.rule("block.no-show", "9 -> 1d", own=False)
    await town.rule("block.no-show", "5 -> 2d", own=True)
    clock.set("2026-11-23 10:00")
    with pytest.raises(Blacklisted) as refused:
        await town.book(await town.session(), town.people["李秀英"])
    rule = refused.value.rule
    assert rule is not None
    assert (rule.row_id, rule.value, rule.hospital_id) == (row_id, "1 -> 3m", None)


# --- appeals --------------------------------------------------------------------------------------------


@pytest.fixture
async def blocked(town: Clinic, clock: FrozenClock) -> int:
    """The entry of a person who missed once too often."""
    await town.rule("block.no-show", "1 -> 3m", own=False)
    await missed(town, clock, DAYS[0])
    return (await blocks(town, clock))[0].id


async def appealed(town: Clinic, entry_id: int) -> int:
    async with town.hotline.work(CALLER) as work:
        return await appeal(work, entry_id=entry_id, words="我当天在住院")


async def decided(town: Clinic, appeal_id: int, granted: bool, by: Actor = JUDGE) -> None:
    async with town.hotline.work(by) as work:
        await decide(work, appeal_id=appeal_id, granted=granted, answer="已核实")


async def test_a_granted_appeal_lifts_the_block_at_once(
    town: Clinic, clock: FrozenClock, blocked: int
) -> None:
    await decided(town, await appealed(town, blocked), granted=True)
    assert await blocks(town, clock) == []
    entry = await last_event(town)
    assert (entry.event.kind, entry.actor) == ("appeal.decided", "judge")
    clock.set("2026-11-23 10:00")
    await town.book(await town.session(), town.people["李秀英"])


async def test_a_refused_appeal_leaves_the_block_and_another_may_be_made(
    town: Clinic, clock: FrozenClock, blocked: int
) -> None:
    await decided(town, await appealed(town, blocked), granted=False)
    assert len(await blocks(town, clock)) == 1
    await appealed(town, blocked)


async def test_an_appeal_is_made_once_decided_once_and_not_after_the_end(
    town: Clinic, clock: FrozenClock, blocked: int
) -> None:
    appeal_id = await appealed(town, blocked)
    with pytest.raises(AppealClosed):
        await appealed(town, blocked)
    await decided(town, appeal_id, granted=False)
    with pytest.raises(AppealClosed):
        await decided(town, appeal_id, granted=True)
    clock.advance(days=120)
    with pytest.raises(AppealClosed):
        await appealed(town, blocked)


async def test_only_who_may_decides_and_only_what_is_there(town: Clinic, blocked: int) -> None:
    with pytest.raises(NotAllowed):
        await decided(town, await appealed(town, blocked), granted=True, by=CALLER)
    with pytest.raises(NotFound):
        await decided(town, 4711, granted=True)
    with pytest.raises(NotFound):
        await appealed(town, 4711)
