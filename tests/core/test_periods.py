"""Deadlines, check periods and block lengths, in days of Asia/Shanghai."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.credit.periods import (
    PERIOD_TYPES,
    CheckPeriod,
    Deadline,
    ReleaseDay,
    block_end,
    months_later,
)
from core.values import SHANGHAI, local

DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(lambda at: at.replace(tzinfo=SHANGHAI))  # noqa: DTZ001


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@given(MOMENTS, st.sampled_from(PERIOD_TYPES), st.integers(1, 24))
def test_a_check_period_always_holds_the_moment_it_is_asked_at(at: datetime, kind: str, value: int) -> None:
    since, until = CheckPeriod(kind, value).window(at)
    assert since <= at < until


@given(MOMENTS, st.sampled_from(PERIOD_TYPES), st.integers(1, 23))
def test_a_longer_period_holds_the_shorter_one(at: datetime, kind: str, value: int) -> None:
    shorter, longer = CheckPeriod(kind, value).window(at), CheckPeriod(kind, value + 1).window(at)
    assert longer[0] <= shorter[0]
    assert longer[1] == shorter[1]


@pytest.mark.req("R-158")
@pytest.mark.parametrize(
    ("kind", "value", "since"),
    [
        ("day", 1, "2026-11-26 00:00"),
        ("week", 1, "2026-11-23 00:00"),  # Monday
        ("week", 2, "2026-11-16 00:00"),
        ("month", 1, "2026-11-01 00:00"),
        ("month", 3, "2026-09-01 00:00"),
        ("quarter", 1, "2026-10-01 00:00"),
        ("half-year", 1, "2026-07-01 00:00"),
        ("year", 1, "2026-01-01 00:00"),
        ("days", 7, "2026-11-19 15:00"),
        ("months", 3, "2026-08-26 15:00"),
        ("months", 12, "2025-11-26 15:00"),
    ],
)
def test_where_a_check_period_begins(kind: str, value: int, since: str) -> None:
    assert CheckPeriod(kind, value).window(moment("2026-11-26 15:00"))[0] == moment(since)


@given(DAYS, st.integers(-60, 60))
def test_months_later_stays_in_its_month(day: date, months: int) -> None:
    later = months_later(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day <= day.day
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


@given(
    DAYS,
    st.one_of(
        st.integers(1, 7).map(lambda n: f"weekly-{n}"),
        st.integers(1, 28).map(lambda n: f"monthly-{n}"),
        st.just("daily"),
    ),
)
def test_a_release_day_is_the_first_of_its_rhythm(day: date, text: str) -> None:
    release = ReleaseDay.parse(text)
    found = release.on_or_after(day)
    assert found >= day
    assert release.on_or_after(found) == found
    assert all(release.on_or_after(day + timedelta(days=n)) == found for n in range((found - day).days + 1))


@pytest.mark.parametrize(
    ("length", "end"),
    [
        ("90d", "2027-02-24 15:00"),
        ("3m", "2027-02-26 15:00"),
        ("month-end", "2026-12-01 00:00"),
        ("year-end", "2027-01-01 00:00"),
    ],
)
def test_when_a_block_ends(length: str, end: str) -> None:
    assert block_end(length, moment("2026-11-26 15:00")) == moment(end)


def test_a_block_for_ever_has_no_end() -> None:
    assert block_end("for-ever", moment("2026-11-26 15:00")) is None


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("day-0 07:30", "2026-10-09 07:30"),
        ("day-1 17:00", "2026-10-08 17:00"),
        ("workday-1 17:00", "2026-09-30 17:00"),  # the first to the eighth of October are holidays
        ("workday-2 17:00", "2026-09-29 17:00"),
        ("start-30m", "2026-10-09 07:30"),
        ("start-12h", "2026-10-08 20:00"),
        ("start+30m", "2026-10-09 08:30"),
    ],
)
def test_a_deadline_is_an_instant(text: str, instant: str) -> None:
    holidays = {date(2026, 10, n) for n in range(1, 9)}

    def is_working(day: date) -> bool:
        return day.isoweekday() <= 5 and day not in holidays

    visit = moment("2026-10-09 08:00")
    assert Deadline.parse(text).instant(visit.date(), visit, is_working) == moment(instant)


@given(MOMENTS)
def test_days_are_days_in_shanghai_whatever_zone_the_instant_has(at: datetime) -> None:
    from datetime import UTC

    assert CheckPeriod("day").window(at.astimezone(UTC)) == CheckPeriod("day").window(local(at))
