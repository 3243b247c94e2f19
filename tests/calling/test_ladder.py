"""When we may ring somebody up, and when again: by rules that need no telephone."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calling.rules import (
    DEAD_OF_NIGHT,
    LEAST_SPACING,
    MOST_TRIES,
    SPACING,
    Outcome,
    next_try,
    not_before,
    pressing,
    quiet,
    room,
    silent,
)
from core.values import SHANGHAI, local

FAR = timedelta(days=7)


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-23 {clock}").replace(tzinfo=SHANGHAI)


def again(outcome: Outcome, tries: int = 1, *, now: str = "10:00", until: timedelta = FAR) -> str | None:
    due = next_try(outcome, tries, now=at(now), until=at(now) + until, visit_at=None)
    return f"{local(due):%d %H:%M}" if due else None


@pytest.mark.req("R-089")
@pytest.mark.parametrize(
    ("outcome", "due"),
    [
        (Outcome.BUSY, "23 10:10"),
        (Outcome.NO_ANSWER, "23 11:00"),
        (Outcome.SILENT, "23 10:30"),
        (Outcome.HUNG_UP, "23 10:30"),
        (Outcome.LOST, "23 10:02"),
        (Outcome.WRONG, None),
    ],
)
def test_the_next_try_waits_as_long_as_its_reason_asks_for(outcome: Outcome, due: str | None) -> None:
    assert again(outcome) == due


@pytest.mark.parametrize("outcome", SPACING)
def test_nobody_is_rung_up_a_fourth_time(outcome: Outcome) -> None:
    assert again(outcome, MOST_TRIES - 1) is not None
    assert again(outcome, MOST_TRIES) is None


def test_tries_are_pressed_together_where_time_runs_out_and_never_made_too_late() -> None:
    assert again(Outcome.NO_ANSWER, 1, until=timedelta(minutes=90)) == "23 10:30"
    assert again(Outcome.NO_ANSWER, 2, until=timedelta(minutes=60)) == "23 10:30"
    assert again(Outcome.NO_ANSWER, 2, until=LEAST_SPACING) is None


@pytest.mark.parametrize(
    ("asked", "visit", "made"),
    [
        ("20:59", None, "23 20:59"),
        ("21:00", None, "24 08:00"),
        ("07:59", None, "23 08:00"),
        ("21:30", "24 14:00", "24 08:00"),  # far enough: the morning will do
        ("21:30", "24 11:00", "23 21:30"),  # near: at night, too …
        ("23:30", "24 10:00", "24 06:00"),  # … but not in the dead of it
        ("23:30", "24 11:00", "24 07:00"),  # … and no earlier than need be
        ("03:00", "23 08:30", "23 06:00"),
        ("21:10", "24 11:30", "23 21:30"),  # it becomes pressing in the evening
    ],
)
def test_nobody_is_woken_but_for_a_visit_that_is_near(asked: str, visit: str | None, made: str) -> None:
    about = (
        datetime.strptime(f"2026-11-{visit}", "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI) if visit else None
    )
    assert f"{local(not_before(at(asked), about)):%d %H:%M}" == made


@given(st.integers(0, 60 * 24 * 3), st.none() | st.integers(-600, 60 * 24 * 3))
def test_a_call_is_never_made_in_a_forbidden_minute(minutes: int, visit: int | None) -> None:
    asked = at("00:00") + timedelta(minutes=minutes)
    about = asked + timedelta(minutes=visit) if visit is not None else None
    made = not_before(asked, about)
    assert made >= asked
    assert not silent(made)
    assert not quiet(made) or (about is not None and timedelta() <= about - made <= pressing(made))
    assert made - asked <= timedelta(hours=11)


def test_the_dead_of_night_lies_in_the_quiet_hours() -> None:
    assert all(quiet(at(f"{clock:%H:%M}")) for clock in (DEAD_OF_NIGHT[0],))
    assert quiet(at("05:59"))
    assert silent(at("05:59"))


@pytest.mark.parametrize(
    ("waiting", "free", "there", "dialling", "calls"),
    [
        (1, 3, 3, 0, 0),  # who calls us comes first
        (0, 0, 0, 0, 10),  # nobody is there: who wants a person is promised a call
        (0, 1, 4, 0, 4),
        (0, 1, 4, 3, 1),
        (0, 0, 4, 0, 1),  # all are talking: one at a time
        (0, 0, 4, 1, 0),
        (0, 9, 9, 2, 8),
        (0, 9, 9, 12, 0),
    ],
)
def test_so_many_calls_that_whoever_presses_zero_finds_somebody(
    waiting: int, free: int, there: int, dialling: int, calls: int
) -> None:
    assert room(10, dialling, waiting=waiting, free=free, there=there) == calls
