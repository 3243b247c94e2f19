"""Call reports: golden figures on a small day, on the page and in the workbook; who may have them."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from core.contact.call_facts import Call, Interval, Wait
from core.contact.call_reports import Facts, by_agent, by_disposition, by_hour, by_queue
from core.contact.stay_rules import Stay
from core.values import day_of
from core.work import Hotline
from tests.builders import clinic
from tests.clocks import FrozenClock
from tests.entering import enter
from tests.walls import Open, calls, database_url, feed, open_wall, switch, wall_house

__all__ = ["calls", "database_url", "feed", "open_wall", "switch", "wall_house"]

NINE = FrozenClock.at("2026-11-23 09:00").instant


def at(seconds: float) -> Any:
    return NINE + timedelta(seconds=seconds)


def queued(
    number: int, begin: float, waited: float, state: str, *, klass: int = 3, skill: str | None = None
) -> Call:
    wait = Wait(number, klass, skill, None, at(begin), at(begin), state, None, at(begin + waited))
    if state != "served":
        return Call(number, "in", "phone", at(begin), at(begin + waited), "abandoned-queue", (wait,))
    came, left = at(begin + waited), at(begin + waited + 100)
    stays = (Stay("caller", None, came, left), Stay("agent", 7, came, left))
    wrap = Interval(number, 1, 7, "wrap-up", None, number, left, left + timedelta(seconds=20))
    return Call(number, "in", "phone", at(begin), left, "answered", (wait,), stays, (wrap,))


def facts() -> Facts:
    calls = [
        queued(1, 0, 10, "served"),
        queued(2, 600, 30, "served", klass=2, skill="cantonese"),
        queued(3, 3700, 40, "abandoned"),
        queued(4, 3800, 40, "callback"),
    ]
    shift = [
        Interval(10, 1, 7, "ready", None, None, at(0), at(360)),
        Interval(11, 1, 7, "talking", None, 1, at(360), at(560)),
        Interval(12, 1, 7, "wrap-up", None, 1, at(560), at(600)),
        Interval(13, 1, 7, "paused", "rest", None, at(600), at(1200)),
    ]
    return Facts(
        day_of(NINE), day_of(NINE), at(7200), calls, shift,
        {("booked", "new"): 3, ("enquired", "fee"): 1}, {7: 3}, {7: ("林静", "8001")}, {"cantonese": "粤语"},
    )  # fmt: skip


def test_by_hour_each_call_is_in_the_hour_in_which_it_entered_the_queue() -> None:
    report = by_hour(facts())
    assert [row[:5] for row in report.rows] == [["09:00", 2, 2, 0, 0], ["10:00", 2, 0, 1, 1]]
    assert report.rows[0][5:] == [0.5, 0.0, 20.0, 30.0, 120.0]
    assert report.rows[1][5:] == [0.0, 0.5, None, None, None]
    assert report.total is not None
    assert report.total[1:6] == [4, 2, 1, 1, 0.25]


def test_by_queue_calls_are_told_apart_by_class_and_skill() -> None:
    rows = {row[0]: row[1] for row in by_queue(facts()).rows}
    assert rows == {"普通 · 不限技能": 3, "老年来电 · 粤语": 1}


def test_by_agent_time_is_told_with_what_came_of_it() -> None:
    (row,) = by_agent(facts()).rows
    assert row == ["林静", "8001", 2, 100.0, 20.0, 3, 18.0, 1200.0, 600.0, 0.4]


def test_by_disposition_both_levels_with_their_share() -> None:
    assert by_disposition(facts()).rows == [["预约成功", "新预约", 3, 0.75], ["查询", "查费用", 1, 0.25]]


@pytest.mark.req("R-023")
async def test_the_page_and_the_workbook_say_the_same(
    open_wall: Open, hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def known(*_given: Any) -> Facts:
        return facts()

    monkeypatch.setattr("agent_desk.reports.load", known)
    client = await open_wall()
    await enter(client, hotline, "reports", "export")
    async with client.get("/desk/reports") as answer:
        html = await answer.text()
    assert "排队15秒内接听 ÷（进入排队 − 5秒内放弃）" in html
    async with client.get("/desk/reports.xlsx") as answer:
        assert answer.status == 200
        book = CalamineWorkbook.from_filelike(BytesIO(await answer.read()))
    assert book.sheet_names == ["按小时", "按队列、技能和类别", "按话务员", "按小结"]
    rows = book.get_sheet_by_name("按小时").to_python()
    assert rows[2][:4] == ["小时", "进入排队", "接听", "放弃"]
    assert rows[4][:6] == ["09:00", 2, 2, 0, 0, 0.5]
    assert rows[6][:3] == ["合计", 4, 2]


@pytest.mark.req("R-139")
@pytest.mark.parametrize(
    ("functions", "scoped", "page", "book"),
    [
        (("reports", "export"), False, 200, 200),
        (("reports",), False, 200, 403),
        (("supervise",), False, 403, 403),
        (("reports", "export"), True, 403, 403),
    ],
    ids=["all", "no export", "no reports", "one hospital's"],
)
async def test_who_may_have_them(
    open_wall: Open, hotline: Hotline, functions: tuple[str, ...], scoped: bool, page: int, book: int
) -> None:
    client = await open_wall()
    hospital_id = (await clinic(hotline)).hospital_id if scoped else None
    await enter(client, hotline, *functions, hospital_id=hospital_id)
    for path, status in (("/desk/reports", page), ("/desk/reports.xlsx", book)):
        async with client.get(path, headers={"Sec-Fetch-Dest": "empty"}) as answer:
            assert answer.status == status


@pytest.mark.parametrize(
    "query",
    ["from=2026-11-24", "from=yesterday", "from=2026-11-23&to=2026-11-22", "from=2026-10-01&to=2026-11-23"],
)
async def test_a_range_that_cannot_be_told_is_refused(open_wall: Open, hotline: Hotline, query: str) -> None:
    client = await open_wall()
    await enter(client, hotline, "reports")
    async with client.get(f"/desk/reports?{query}") as answer:
        assert answer.status == 400
