"""The figures that are kept up equal a recount from the calls, whatever comes in whatever order."""

import gc
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.contact.call_facts import Call, Wait
from core.contact.measure_rules import MEASURES, Policy, recount
from core.contact.rules import Disposition
from core.contact.stay_rules import Stay
from core.contact.tally import Tally
from tests.clocks import FrozenClock

START = FrozenClock.at("2026-11-23 21:00").instant
POLICIES = (Policy(), Policy(abandoned=False), Policy(short_s=60), Policy(short_s=0, within_s=90))
FIGURES = [(measure, span, policy) for measure in MEASURES for span in measure.spans for policy in POLICIES]
# All that has happened in a call lies within so long before it is told of for the first time.
BEFORE = timedelta(minutes=30)


@dataclass(frozen=True)
class Told:
    """What is told of a call. over: it is closed and nobody is in it any more."""

    number: int
    direction: str
    waits: tuple[str, ...]
    each_s: int
    over: bool
    booked: bool


def made(told: Told, began: datetime) -> Call:
    waits, at = [], began
    for number, state in enumerate(told.waits, 1):
        ended = None if state == "waiting" else at + timedelta(seconds=told.each_s)
        waits.append(Wait(number, 3, None, None, at, at, state, None, ended))
        at = ended or at
    closed = at + timedelta(seconds=told.each_s) if told.over else None
    served = (
        (Stay("caller", None, began, closed), Stay("agent", 1, at, closed)) if "served" in told.waits else ()
    )
    disposition = Disposition.ABANDONED_MENU if not waits else Disposition.ANSWERED
    return Call(
        told.number, told.direction, "phone", began, closed, disposition, tuple(waits), served,
        booked=told.booked,
    )  # fmt: skip


WAITS = st.sampled_from(
    [(), ("served",), ("abandoned",), ("message",), ("abandoned", "served"), ("waiting",)]
)
TOLD = st.builds(
    Told, st.integers(1, 4), st.sampled_from(["in", "in", "out"]), WAITS, st.integers(1, 500), st.booleans(),
    st.booleans(),
)  # fmt: skip
PASSES = st.integers(1, 60_000).map(lambda seconds: timedelta(seconds=seconds))
# Each step, and whether anybody looks at the figures after it.
STEPS = st.lists(st.tuples(st.one_of(TOLD, TOLD, PASSES, st.none()), st.booleans()), min_size=4, max_size=25)


@given(steps=STEPS)
def test_figures_kept_up_equal_a_recount_whatever_is_told_and_told_again(
    steps: list[tuple[Told | timedelta | None, bool]],
) -> None:
    tally, now = Tally(), START
    calls: dict[int, Call] = {}
    for step, look in [*steps, (None, True)]:
        if isinstance(step, timedelta):
            now += step
        elif isinstance(step, Told):
            began = calls[step.number].started_at if step.number in calls else now - BEFORE
            calls[step.number] = made(step, began)
            tally.put_call(calls[step.number], now)
        else:
            tally.forget(now)
        for measure, span, policy in FIGURES if look else ():
            kept = tally.sum(measure, span, now, policy)
            assert kept == recount(measure, calls.values(), span, now, policy), (measure.code, span)


def test_a_call_that_is_over_takes_little_room_however_many_figures_count_it() -> None:
    tally, many = Tally(), 2_000
    for measure, span, policy in FIGURES:
        tally.sum(measure, span, START, policy)
    told = [Told(number, "in", ("served",), 10, over=True, booked=True) for number in range(many)]
    calls = [made(one, START - BEFORE) for one in told]
    gc.collect()
    before = sys.getallocatedblocks()
    for call in calls:
        tally.put_call(call, START)
    gc.collect()
    # What it has worked out of itself, and its place by three beginnings; two objects a figure would be eighty.
    assert (sys.getallocatedblocks() - before) / many < 20
