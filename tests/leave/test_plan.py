"""The plan oversells nothing, loses nobody, and offers nobody less than they had."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import WrongInput
from core.leave.plan import AHEAD, Displaced, Place, Room, Rung, choices, in_order, plan
from core.leave.rules import LEAST, Enter, Kind, Number, Spread, answer_by, check, covers, spread, surplus
from core.schedule.rules import SlotState
from core.values import day_of
from tests.builders import VISIT
from tests.clocks import FrozenClock

NOW = FrozenClock.at("2026-11-23 10:00").instant
APART = timedelta(minutes=30)
HALF_HOUR = timedelta(minutes=30)
CHEN = Place(1, 1, "三甲", 1, "03.04", 1, "主任医师", "expert")


def at(local: str) -> datetime:
    return FrozenClock.at(local).instant.astimezone(UTC)


places = st.builds(
    Place,
    hospital_id=st.sampled_from([1, 2, 3]),
    region_id=st.sampled_from([1, 2]),
    level=st.sampled_from(["三甲", "二甲"]),
    department_id=st.sampled_from([1, 2, 3]),
    standard_code=st.sampled_from(["03.04", "07", ""]),
    doctor_id=st.sampled_from([None, 1, 2, 3]),
    title=st.sampled_from([None, "主任医师", "主治医师"]),
    number_kind=st.sampled_from(["expert", "ordinary"]),
)
moments = st.integers(0, 20 * 48).map(lambda half: NOW + half * HALF_HOUR)


@st.composite
def cases(draw: st.DrawFn) -> list[Displaced]:
    found = []
    for case_id in range(1, draw(st.integers(0, 8)) + 1):
        starts, busy = draw(moments), draw(st.lists(moments, max_size=2))
        found.append(
            Displaced(
                case_id, draw(st.integers(1, 4)), draw(places), starts, starts + HALF_HOUR, 1000,
                draw(st.booleans()), tuple((one, one + HALF_HOUR) for one in busy),
                frozenset(draw(st.lists(st.integers(1, 6), max_size=2))),
            )
        )  # fmt: skip
    return found


@st.composite
def rooms(draw: st.DrawFn) -> list[Room]:
    found = []
    for period_id in range(1, draw(st.integers(0, 10)) + 1):
        starts = draw(moments)
        gone = starts - draw(st.integers(0, 40)) * HALF_HOUR
        found.append(
            Room(
                draw(st.integers(1, 6)), period_id, draw(places), starts, starts + HALF_HOUR,
                draw(st.sampled_from([800, 1000])), gone, draw(st.integers(0, 3)),
            )
        )  # fmt: skip
    return found


@given(cases(), rooms())
def test_a_plan_oversells_nothing_and_loses_nobody(who: list[Displaced], free: list[Room]) -> None:
    planned = plan(who, free, now=NOW, apart=APART)
    assert set(planned) == {case.case_id for case in who}
    given_out = Counter(choice.period_id for choice in planned.values() if choice)
    for room in free:
        assert given_out[room.period_id] <= room.free


@given(cases(), rooms())
def test_what_is_offered_is_never_less_or_at_a_bad_time(who: list[Displaced], free: list[Room]) -> None:
    by_period = {room.period_id: room for room in free}
    planned = plan(who, free, now=NOW, apart=APART)
    spans: dict[int, list[tuple[datetime, datetime]]] = {}
    for case in who:
        choice = planned[case.case_id]
        if choice is None:
            continue
        room = by_period[choice.period_id]
        was, there = case.place, room.place
        assert there.number_kind == was.number_kind
        if choice.rung is Rung.SAME_DOCTOR:
            assert there.doctor_id == was.doctor_id is not None
            assert room.starts_at > case.starts_at
        else:
            assert there.title == was.title
        if choice.rung is Rung.SAME_GRADE:
            assert there.hospital_id == was.hospital_id
        if choice.rung is Rung.SISTER:
            assert (there.level, there.region_id) == (was.level, was.region_id)
        assert room.session_id not in case.tried
        assert min(room.gone_at, room.starts_at) >= NOW + LEAST
        assert timedelta() <= day_of(room.starts_at) - day_of(case.starts_at) <= AHEAD
        spans.setdefault(case.person_id, list(case.busy)).extend(case.busy)
        for starts, ends in case.busy:
            assert not (starts < room.ends_at and room.starts_at < ends)
            assert abs(starts - room.starts_at) >= APART
    for person in {case.person_id for case in who}:
        chosen = [planned[case.case_id] for case in who if case.person_id == person]
        times = sorted(choice.starts_at for choice in chosen if choice)
        assert all(after - before >= APART for before, after in pairwise(times))


@given(cases(), rooms())
def test_nobody_is_passed_over_while_something_fits(who: list[Displaced], free: list[Room]) -> None:
    """Whoever gets nothing, or less, does so because those before them have it."""
    planned = plan(who, free, now=NOW, apart=APART)
    for place, case in enumerate(in_order(who)):
        alone = plan([case], free, now=NOW, apart=APART)[case.case_id]
        got = planned[case.case_id]
        if alone is not None and got != alone:
            earlier = [planned[one.case_id] for one in in_order(who)[:place]]
            taken = sum(choice is not None and choice.period_id == alone.period_id for choice in earlier)
            same_person = any(one.person_id == case.person_id for one in in_order(who)[:place])
            room = next(room for room in free if room.period_id == alone.period_id)
            assert taken == room.free or same_person


def room(session: int, place: Place, starts: str, *, fee: int = 1000, free: int = 1) -> Room:
    moment = at(starts)
    return Room(session, session, place, moment, moment + HALF_HOUR, fee, moment, free)


def ranked(*rooms: Room) -> list[tuple[int, Rung]]:
    visit = at("2026-11-26 09:00")
    case = Displaced(1, 1, CHEN, visit, visit + HALF_HOUR, 1000)
    return [(one.session_id, one.rung) for one in choices(case, rooms, now=NOW, apart=APART)]


def test_the_same_doctor_comes_first_then_the_grade_then_a_sister() -> None:
    zhao = Place(1, 1, "三甲", 1, "03.04", 2, "主任医师", "expert")
    other_ward = Place(1, 1, "三甲", 5, "03.04", 4, "主任医师", "expert")
    sister = Place(2, 1, "三甲", 9, "03.04", 3, "主任医师", "expert")
    assert ranked(
        room(4, sister, "2026-11-26 09:00"),
        room(3, other_ward, "2026-11-26 09:00"),
        room(2, zhao, "2026-11-26 10:00"),
        room(5, zhao, "2026-11-27 09:00"),
        room(1, CHEN, "2026-12-03 09:00"),
    ) == [
        (1, Rung.SAME_DOCTOR),
        (2, Rung.SAME_GRADE),
        (5, Rung.SAME_GRADE),
        (3, Rung.SAME_GRADE),
        (4, Rung.SISTER),
    ]


@pytest.mark.parametrize(
    "there",
    [
        Place(1, 1, "三甲", 1, "03.04", 2, "主治医师", "expert"),
        Place(1, 1, "三甲", 1, "03.04", 2, "主任医师", "ordinary"),
        Place(1, 1, "三甲", 1, "03.04", 1, "主任医师", "special"),
        Place(2, 1, "二甲", 9, "03.04", 3, "主任医师", "expert"),
        Place(2, 2, "三甲", 9, "03.04", 3, "主任医师", "expert"),
        Place(2, 1, "三甲", 9, "07", 3, "主任医师", "expert"),
    ],
)
def test_another_grade_region_or_specialty_is_no_offer(there: Place) -> None:
    assert ranked(room(1, there, "2026-11-27 09:00")) == []


@pytest.mark.parametrize("starts", ["2026-11-25 09:00", "2026-12-11 09:00"])
def test_nobody_is_asked_to_come_on_an_earlier_day_or_weeks_later(starts: str) -> None:
    zhao = Place(1, 1, "三甲", 1, "03.04", 2, "主任医师", "expert")
    assert ranked(room(1, zhao, starts)) == []


def test_the_earlier_visit_gets_the_last_slot_and_of_two_the_elder() -> None:
    zhao = Place(1, 1, "三甲", 1, "03.04", 2, "主任医师", "expert")
    early, late = at("2026-11-26 08:00"), at("2026-11-26 09:00")
    who = [
        Displaced(1, 1, CHEN, late, late + HALF_HOUR, 1000),
        Displaced(2, 2, CHEN, early, early + HALF_HOUR, 1000),
        Displaced(3, 3, CHEN, early, early + HALF_HOUR, 1000, elder=True),
    ]
    planned = plan(who, [room(1, zhao, "2026-11-27 09:00")], now=NOW, apart=APART)
    assert [case for case, choice in planned.items() if choice] == [3]


# --- numbers, halves, hours -----------------------------------------------------------------------------

FREE, HELD, BOOKED, TAKEN = SlotState.FREE, SlotState.HELD, SlotState.BOOKED, SlotState.TAKEN


def test_free_numbers_are_stopped_before_anybody_is_displaced_and_the_latest_first() -> None:
    states = [TAKEN, BOOKED, FREE, BOOKED, HELD, BOOKED, FREE, SlotState.STOPPED]
    numbers = [Number(place, place, state) for place, state in enumerate(states, 1)]
    assert surplus(numbers, 6) == [7]
    assert surplus(numbers, 4) == [7, 3, 5]
    assert surplus(numbers, 2) == [7, 3, 5, 6, 4]
    assert surplus(numbers, 0) == [7, 3, 5, 6, 4, 2]
    assert surplus(numbers, 9) == []


def test_a_leave_covers_half_days_from_its_first_to_its_last() -> None:
    first, last = (day_of(at("2026-11-26 09:00")), "pm"), (day_of(at("2026-11-28 09:00")), "am")
    inside = [(26, "pm"), (26, "night"), (27, "am"), (28, "am")]
    for day in (25, 26, 27, 28, 29):
        for half in ("am", "pm", "night"):
            covered = covers(first, last, day_of(at(f"2026-11-{day} 09:00")), half)
            assert covered == ((day, half) in inside or day == 27)


@pytest.mark.parametrize(
    ("now", "visit", "gone", "until"),
    [
        ("2026-11-23 10:00", "2026-11-26 09:00", "2026-11-30 09:00", "2026-11-23 14:00"),
        ("2026-11-23 20:00", "2026-11-26 09:00", "2026-11-30 09:00", "2026-11-24 11:00"),
        ("2026-11-25 20:00", "2026-11-26 09:00", "2026-11-30 09:00", "2026-11-26 09:00"),
        ("2026-11-26 08:50", "2026-11-26 09:00", "2026-11-30 09:00", "2026-11-26 09:20"),
        ("2026-11-23 10:00", "2026-11-26 09:00", "2026-11-23 12:00", "2026-11-23 12:00"),
    ],
)
def test_an_answer_may_take_four_waking_hours_and_never_too_long(
    now: str, visit: str, gone: str, until: str
) -> None:
    assert answer_by(at(now), hours=4, visit_at=at(visit), gone_at=at(gone)) == at(until)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"doctor_id": None}, "doctor_id"),
        ({"post_id": 1}, "doctor_id"),
        ({"first": (VISIT, "noon")}, "half"),
        ({"last": (VISIT - timedelta(days=1), "am")}, "last"),
        ({"first": (VISIT, "pm")}, "last"),
        ({"first": (VISIT - timedelta(days=9), "am"), "last": (VISIT - timedelta(days=8), "am")}, "last"),
        ({"last": (VISIT + timedelta(days=400), "am")}, "last"),
        ({"reason": "holiday"}, "reason"),
        ({"words": "字" * 201}, "words"),
        ({"kind": Kind.REDUCE}, "keep"),
        ({"keep": 3}, "keep"),
        ({"kind": Kind.SUBSTITUTE}, "substitute_id"),
        ({"kind": Kind.SUBSTITUTE, "substitute_id": 1}, "substitute_id"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, Any], field: str) -> None:
    asked = Enter(1, Kind.STOP, (VISIT, "am"), (VISIT, "am"), doctor_id=1)
    check(asked, day_of(NOW))
    with pytest.raises(WrongInput) as refused:
        check(replace(asked, **change), day_of(NOW))
    assert refused.value.facts["field"] == field


def test_half_of_the_cases_and_nine_of_ten() -> None:
    assert spread(range(1, 11)) == Spread(5, 9, 10)
    assert spread([]) == Spread(None, None, None)
