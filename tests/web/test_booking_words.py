"""The pure parts of the wizard: the calendar file, what must be known, what is brought."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest
from icalendar import Calendar

from core.booking.facts import SlotFacts
from core.credit.book import RuleBook, RuleRow
from core.values import instant_of
from web.booking.calendar import Visit, calendar
from web.booking.known import before_visit, to_bring

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
VISIT = Visit(
    "66005672", 3, "李秀英", "青石市第一人民医院", "心血管内科", "陈建国", "门诊楼三楼，东侧第二诊区；心电图室旁",
    datetime(2026, 11, 26, 0, 0, tzinfo=UTC), datetime(2026, 11, 26, 0, 30, tzinfo=UTC),
)  # fmt: skip
SLOT = SlotFacts(
    session_id=1, hospital_id=1, department_id=1, department_code="03.04", doctor_id=1, number_kind="expert",
    day=date(2026, 11, 26), half="am", starts_at=VISIT.starts_at, ends_at=VISIT.ends_at, release_at=NOW,
    stop_at=VISIT.starts_at, hospital_live=True, open=True, session_state="published", fee_fen=3000,
)  # fmt: skip


def test_a_calendar_file_is_as_the_standard_asks() -> None:
    content = calendar(VISIT, NOW)
    lines = content.split(b"\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, lines)) <= 75
    for line in (
        b"BEGIN:VCALENDAR", b"VERSION:2.0", b"METHOD:PUBLISH", b"UID:66005672@12320.hotline", b"SEQUENCE:3",
        b"DTSTART:20261126T000000Z", b"DTEND:20261126T003000Z", b"DTSTAMP:20261123T020000Z",
        b"TRIGGER;VALUE=DATE-TIME:20261125T120000Z", b"STATUS:CONFIRMED",
    ):  # fmt: skip
        assert line in lines, line
    [event] = Calendar.from_ical(content).walk("VEVENT")
    assert event["summary"] == "就诊：青石市第一人民医院 心血管内科 陈建国"
    assert event["location"] == "青石市第一人民医院 门诊楼三楼，东侧第二诊区；心电图室旁"
    assert "66 005 672" in event["description"]


def test_the_same_visit_is_the_same_event_and_a_later_version_follows_it() -> None:
    first = Calendar.from_ical(calendar(VISIT, NOW)).walk("VEVENT")[0]
    later = Calendar.from_ical(calendar(replace(VISIT, version=4, off=True), NOW)).walk("VEVENT")[0]
    assert first["uid"] == later["uid"]
    assert later["sequence"] == first["sequence"] + 1
    assert later["status"] == "CANCELLED"
    assert not later.walk("VALARM")


def test_an_evening_that_is_over_reminds_of_nothing() -> None:
    late = datetime(2026, 11, 25, 13, tzinfo=UTC)
    assert not Calendar.from_ical(calendar(VISIT, late)).walk("VALARM")


def test_what_a_name_holds_cannot_end_a_line() -> None:
    odd = replace(VISIT, patient="李;\r\nATTACH:x,\\", doctor="<b>陈")
    content = calendar(odd, NOW)
    assert b"\r\nATTACH" not in content
    assert Calendar.from_ical(content).walk("VEVENT")


def book(**rules: str) -> RuleBook:
    rows = [
        RuleRow(number, key.replace("__", "."), value) for number, (key, value) in enumerate(rules.items(), 1)
    ]
    return RuleBook(rows, 1, lambda day: day.isoweekday() < 6)


@pytest.mark.req("R-189", "R-053")
@pytest.mark.parametrize(
    ("rules", "online", "told"),
    [
        ({}, False, {"取号": "就诊当天，按预约的时段到", "取消": "11月25日 周三 23:59 前", "退费": None}),
        ({"cancel__deadline": "never"}, False, {"取消": "11月26日 周四 08:00 前"}),
        ({"cancel__deadline": "start-2h"}, True, {"退费": "11月26日 周四 06:00 前取消，挂号费原路全额退回"}),
        ({"refund__web": "no"}, True, {"退费": "付款后网上不能退费，请到医院窗口办理"}),
        (
            {"checkin__from": "day-0 07:00", "checkin__cutoff": "start-10m"},
            False,
            {"取号": "就诊当天 07:00 起，07:50 前"},
        ),
        ({"block__no-show": "2 -> 90d"}, False, {"爽约": "不来又没有取消算爽约，累计 2 次会暂停预约"}),
        ({"block__no-show": "off"}, False, {"爽约": None}),
    ],
)
def test_what_must_be_known_is_told_by_the_hospitals_rules(
    rules: dict[str, str], online: bool, told: dict[str, str | None]
) -> None:
    found = dict(before_visit(book(**rules), SLOT, online=online))
    assert {name: found.get(name) for name in told} == told


def test_what_is_brought_depends_on_papers_age_and_money() -> None:
    grown = to_bring(papers="护照", birth_date=date(1970, 5, 4), day=SLOT.day, pays_there=True, fee="30 元")
    assert grown[0] == "护照原件"
    assert "挂号费 30 元" in grown
    child = to_bring(papers="", birth_date=date(2020, 5, 4), day=SLOT.day, pays_there=False, fee="30 元")
    assert "先补登证件号码" in child[0]
    assert any("监护人陪同" in one for one in child)
    assert not any("挂号费" in one for one in child)
    at_eighteen = to_bring(papers="", birth_date=date(2008, 11, 26), day=SLOT.day, pays_there=False, fee="")
    assert not any("监护人" in one for one in at_eighteen)


def test_the_evening_before_is_that_of_the_visits_own_day() -> None:
    """Seven in the morning of Shanghai is the day before by UTC."""
    early = replace(VISIT, starts_at=instant_of(date(2026, 11, 26), time(7)))
    assert b"TRIGGER;VALUE=DATE-TIME:20261125T120000Z" in calendar(early, NOW)
