"""Whom a slot fits, who stands before whom, and when they may be asked."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

import pytest

from core.schedule.facts import SlotFacts
from core.values import SHANGHAI, Phone
from core.waiting.rules import (
    Night,
    Terms,
    Want,
    ahead,
    answer_minutes,
    counted,
    in_order,
    night,
    to_call,
)

DAY = date(2026, 11, 26)
WANT = Want(1, None, None, DAY, DAY, None)
TERMS = Terms(timedelta(minutes=10), False, 30, 10, (time(8), time(20)), True, "landline")


def at(clock: str, day: date = DAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), SHANGHAI)


SLOT = SlotFacts(
    session_id=1, hospital_id=1, department_id=1, department_code="03.04", doctor_id=7,
    number_kind="expert", day=DAY, half="am", starts_at=at("08:00"), ends_at=at("11:00"),
    release_at=at("07:00", date(2026, 11, 19)), stop_at=at("23:59", date(2026, 11, 25)),
    hospital_live=True, open=True, session_state="published",
)  # fmt: skip

TEN = at("10:00")


@dataclass(frozen=True)
class Somebody:
    entry_id: int
    want: Want
    since: datetime = TEN


@pytest.mark.parametrize(
    ("wish", "fits"),
    [
        ({}, True),
        ({"doctor_id": 7, "number_kind": "expert", "half": "am"}, True),
        ({"department_id": 2}, False),
        ({"doctor_id": 8}, False),
        ({"number_kind": "ordinary"}, False),
        ({"half": "pm"}, False),
        ({"first_day": DAY + timedelta(days=1), "last_day": DAY + timedelta(days=2)}, False),
        ({"last_day": DAY - timedelta(days=1)}, False),
    ],
)
def test_a_slot_fits_a_wish_in_every_point(wish: dict[str, object], fits: bool) -> None:
    assert replace(WANT, **wish).fits(SLOT) is fits  # type: ignore[arg-type]


def test_who_came_first_is_first_and_whom_it_does_not_fit_is_not_in_line() -> None:
    late = Somebody(1, WANT, at("10:01"))
    line = [late, Somebody(4, WANT), Somebody(3, WANT), Somebody(2, replace(WANT, half="pm"))]
    assert [one.entry_id for one in in_order(line, SLOT)] == [3, 4, 1]
    assert ahead(late, line) == 3
    assert ahead(replace(late, want=replace(WANT, half="am")), line) == 2


def test_whoever_rivals_somebody_is_rivalled_by_them() -> None:
    others = [
        replace(WANT, doctor_id=7), replace(WANT, doctor_id=8), replace(WANT, half="am"),
        replace(WANT, half="pm"), replace(WANT, last_day=DAY + timedelta(days=3)),
        replace(WANT, first_day=DAY + timedelta(days=1), last_day=DAY + timedelta(days=3)),
    ]  # fmt: skip
    for one in others:
        for other in others:
            assert one.rivals(other) is other.rivals(one)
    assert not others[0].rivals(others[1])
    assert not others[2].rivals(others[3])
    assert not others[2].rivals(others[5])


@pytest.mark.parametrize(
    ("now", "minutes"),
    [
        (at("10:00", date(2026, 11, 23)), 30),
        (at("10:00", date(2026, 11, 25)), 10),
        (at("23:54", date(2026, 11, 25)), 5),
        (at("23:57", date(2026, 11, 25)), 0),
    ],
)
def test_there_is_less_time_to_think_the_nearer_the_visit(now: datetime, minutes: int) -> None:
    assert answer_minutes(TERMS, SLOT, now) == minutes


def test_whoever_is_only_called_has_their_minutes_from_the_call_on() -> None:
    dawn = at("07:00", date(2026, 11, 23))  # nobody is called before eight
    assert answer_minutes(TERMS, SLOT, dawn, called=True) == 60 + 30


def test_at_night_a_slot_waits_if_it_can() -> None:
    evening = at("21:00", date(2026, 11, 23))
    assert night(TERMS, SLOT, evening) == (Night.WAIT, at("08:00", date(2026, 11, 24)))
    assert night(TERMS, SLOT, at("19:59", date(2026, 11, 23)))[0] is Night.NO
    last = at("21:00", date(2026, 11, 25))
    assert night(TERMS, SLOT, last)[0] is Night.OFFER
    assert night(replace(TERMS, at_night=False), SLOT, last)[0] is Night.SALE
    assert night(replace(TERMS, hours=None), SLOT, last)[0] is Night.NO


@pytest.mark.parametrize(
    ("rule", "called"), [("never", [False, False]), ("landline", [True, False]), ("always", [True, True])]
)
def test_the_rule_says_who_is_called(rule: str, called: list[bool]) -> None:
    numbers = (Phone("02887654321"), Phone("13800990001"))
    assert [to_call(replace(TERMS, call=rule), one) for one in numbers] == called


def test_reasons_are_counted() -> None:
    assert counted(["had", "offered", "had"]) == {"had": 2, "offered": 1}
