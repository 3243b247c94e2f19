"""The wall's figures: what each means, and that those kept up by the feed equal a recount at any second."""

import random
from datetime import datetime, timedelta

import pytest

from core import journal
from core.contact import engine, queueing
from core.contact.call_facts import Call, Interval, Wait
from core.contact.measure_rules import (
    ABANDONED,
    ANSWER_SPEED,
    CONNECTED,
    HANDLING,
    SERVICE_LEVEL,
    Measure,
    Policy,
    Span,
    micro,
    midnight,
    occupancy,
    recount,
    start_of,
)
from core.contact.measures import QUIET, Kept, recounted
from core.contact.rules import Disposition
from core.contact.stay_rules import Stay
from core.contact.tally import Tally
from core.values import day_of, system
from core.work import Hotline
from tests.clocks import FrozenClock
from tests.contact.floor import Floor

POLICIES = (Policy(), Policy(abandoned=False), Policy(short_s=20))
NOON = FrozenClock.at("2026-11-23 12:00").instant


async def heard(hotline: Hotline, kept: Kept, since: journal.Cursor, now: datetime) -> journal.Cursor:
    """Let `kept` hear what has happened after `since`; returns how far it has heard."""
    async with hotline.read() as db:
        entries = await journal.entries(db, since, 10_000)
        await kept.hear(db, entries, now)
    return entries[-1].cursor if entries else since


@pytest.mark.req("R-023")
@pytest.mark.parametrize("seed", range(4))
async def test_figures_kept_up_by_the_feed_equal_a_recount_at_every_step(
    hotline: Hotline, clock: FrozenClock, seed: int
) -> None:
    """Random days through the engine, over midnight, with a feed that tells some things twice."""
    clock.set("2026-11-23 23:30")
    dice = random.Random(seed)
    floor = Floor(hotline, clock, dice)
    await floor.hire(5)
    async with hotline.read() as db:
        kept = await Kept.load(db, clock.now())
    cursor = before = journal.START
    for number in range(160):
        await floor.step()
        again = before if dice.random() < 0.1 else cursor
        before, cursor = cursor, await heard(hotline, kept, again, clock.now())
        if number % 4:
            continue
        clock.advance(seconds=dice.choice((0, 0.2, 4, 11)))
        async with hotline.read() as db:
            for policy in POLICIES:
                assert kept.figures(clock.now(), policy) == await recounted(db, clock.now(), policy)
    async with hotline.read() as db:
        late = await Kept.load(db, clock.now())
    assert late.figures(clock.now(), Policy()) == kept.figures(clock.now(), Policy())


async def test_what_was_said_and_keyed_has_no_contact_read_again(
    hotline: Hotline, clock: FrozenClock
) -> None:
    made = {}
    async with hotline.work(system("test")) as work:
        for name in ("talks", "leaves"):
            opened = await engine.open_interaction(work, linked_id=name, dnis="12320", ani=None)
            made[name] = opened.interaction_id
        await engine.steps(work, made["talks"], [{"keys": "1"}], [work.now])
        await engine.close(work, made["leaves"], Disposition.ABANDONED_MENU)
    async with hotline.read() as db:
        kept = await Kept.load(db, clock.now())
        told = await journal.entries(db, journal.START)
        quiet = [entry for entry in told if entry.event.kind in QUIET]
        assert [entry.event.kind for entry in quiet] == ["interaction.steps"]
        assert await kept.hear(db, quiet, clock.now()) == set()
        assert await kept.hear(db, told, clock.now()) == set(made.values())


def wait(entered_s: float, lasted_s: float | None, state: str, *, entry: int = 1) -> Wait:
    entered = NOON + timedelta(seconds=entered_s)
    ended = None if lasted_s is None else entered + timedelta(seconds=lasted_s)
    return Wait(entry, 3, None, None, entered, entered, state, None, ended)


def call(number: int, *waits: Wait, stays: tuple[Stay, ...] = (), wrap: tuple[Interval, ...] = ()) -> Call:
    over = all(one.ended_at for one in waits)
    closed = max((one.ended_at for one in waits if one.ended_at), default=NOON) if over else None
    return Call(number, "in", "phone", NOON, closed, "answered", waits, stays, wrap)


ANSWERED = call(1, wait(0, 10, "served"))
LATE = call(2, wait(0, 40, "served"))
GONE_SOON = call(3, wait(0, 3, "abandoned"))
GONE = call(4, wait(0, 30, "abandoned"))
MESSAGE = call(5, wait(0, 60, "message"))
CALLBACK = call(6, wait(0, 60, "callback"))
HANDED_ON = call(7, wait(0, 5, "served"), wait(200, 30, "abandoned", entry=2))


def percent(
    measure: Measure, calls: list[Call], policy: Policy | None = None, after_s: float = 600
) -> tuple[int, int]:
    now = NOON + timedelta(seconds=after_s)
    found = recount(measure, calls, Span.TODAY, now, policy or Policy())
    return (found.total, found.count)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Policy(), (1, 3)),  # who gave up after 3 s does not count, who gave up after 30 s does
        (Policy(short_s=0), (1, 4)),
        (Policy(short_s=60), (1, 2)),
        (Policy(abandoned=False), (1, 2)),
    ],
)
def test_the_service_level_follows_its_two_switches(policy: Policy, expected: tuple[int, int]) -> None:
    assert percent(SERVICE_LEVEL, [ANSWERED, LATE, GONE_SOON, GONE], policy) == expected


def test_who_still_waits_counts_from_the_moment_the_target_is_missed() -> None:
    waiting = [call(9, wait(0, None, "waiting"))]
    assert percent(SERVICE_LEVEL, waiting, after_s=15) == (0, 0)
    assert percent(SERVICE_LEVEL, waiting, after_s=15.1) == (0, 1)


def test_a_message_and_a_callback_are_no_abandonment_but_nobody_was_connected_either() -> None:
    calls = [ANSWERED, GONE, MESSAGE, CALLBACK]
    assert percent(ABANDONED, calls) == (1, 4)
    assert percent(CONNECTED, calls) == (1, 4)


def test_an_answered_call_is_never_abandoned_however_it_was_handed_on() -> None:
    assert percent(ABANDONED, [HANDED_ON]) == (0, 1)
    assert percent(CONNECTED, [HANDED_ON]) == (1, 1)


def test_the_speed_of_answer_is_told_with_its_ninetieth_percentile() -> None:
    calls = [call(number, wait(0, number, "served")) for number in range(1, 11)]
    found = recount(ANSWER_SPEED, calls, Span.TODAY, NOON + timedelta(hours=1), Policy())
    assert (found.mean, found.p90) == (5_500_000, 9_000_000)


def test_handling_is_talk_hold_and_wrap_up_from_our_own_leg_log() -> None:
    def at(seconds: float) -> datetime:
        return NOON + timedelta(seconds=seconds)

    stays = (
        Stay("caller", None, at(10), at(110)),
        Stay("agent", 1, at(10), at(50)),
        Stay("agent", 1, at(70), at(110)),
    )
    wrap = Interval(1, 1, 1, "wrap-up", None, 1, at(110), at(125))
    one = call(1, wait(0, 10, "served"), stays=stays, wrap=(wrap,))
    found = recount(HANDLING, [one], Span.TODAY, NOON + timedelta(hours=1), Policy())
    assert found.mean == 115_000_000  # 80 talking, 20 on hold, 15 wrapping up


def test_occupancy_counts_only_what_lies_within_the_span() -> None:
    def stretch(state: str, begin_s: int, end_s: int | None) -> Interval:
        end = None if end_s is None else NOON + timedelta(seconds=end_s)
        return Interval(begin_s + 10_000, 1, 1, state, None, None, NOON + timedelta(seconds=begin_s), end)

    work = [stretch("talking", -100, 100), stretch("paused", 100, 200), stretch("ready", 200, None)]
    found = occupancy(work, NOON, NOON + timedelta(seconds=300))
    assert found.mean == 0.5


def test_stretches_of_work_are_let_go_though_nobody_asks_for_them() -> None:
    tally = Tally()
    for minute in range(600):
        began = NOON + timedelta(minutes=minute)
        ended = began + timedelta(minutes=1)
        tally.put_interval(Interval(minute + 1, 1, 1, "talking", None, None, began, ended))
    assert len(tally._shifts._recent) == 30
    found = tally.occupancy(Span.HALF_HOUR, NOON + timedelta(minutes=605))
    assert (found.mean, found.total) == (1.0, micro(timedelta(minutes=25)))


def test_today_begins_at_midnight_in_shanghai() -> None:
    before, after = (FrozenClock.at(f"2026-11-2{day}").instant for day in ("3 23:59", "4 00:01"))
    assert (
        start_of(Span.TODAY, before) == midnight(day_of(before)) == FrozenClock.at("2026-11-23 00:00").instant
    )
    assert start_of(Span.TODAY, after) == FrozenClock.at("2026-11-24 00:00").instant


def test_yesterdays_calls_are_not_on_todays_board() -> None:
    tally = Tally()
    tally.put_call(ANSWERED, NOON)
    for hours, today, last_day in ((1, 1, 1), (13, 0, 1), (25, 0, 0)):
        now = NOON + timedelta(hours=hours)
        assert tally.sum(CONNECTED, Span.TODAY, now, Policy()).count == today
        assert tally.sum(CONNECTED, Span.DAY, now, Policy()).count == last_day
    tally.forget(NOON + timedelta(hours=26))
    assert tally.calls == {}


async def test_who_waits_is_told_in_the_order_of_service(hotline: Hotline, clock: FrozenClock) -> None:
    ids = []
    for number, klass in enumerate((3, 3, 0)):
        clock.advance(seconds=1)
        async with hotline.work(system("switch")) as work:
            opened = await engine.open_interaction(work, linked_id=f"w{number}", dnis="12320", ani=None)
            await queueing.enter(work, opened.interaction_id, klass=queueing.QueueClass(klass))
        ids.append(opened.interaction_id)
    async with hotline.read() as db:
        kept = await Kept.load(db, clock.now())
    assert [one.interaction_id for one in kept.tally.waiting()] == [ids[2], ids[0], ids[1]]
