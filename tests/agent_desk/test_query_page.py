"""The query screen: filters, search, change and cancel in place, file and audit; each hospital its own."""

import re
from collections.abc import AsyncIterator
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from core.booking import view
from core.booking.rules import State
from core.http.spreadsheet import workbook
from core.people.tables import Person
from core.schedule.tables import Hold
from core.staff.tables import AuditEntry
from core.work import Hotline
from tests.builders import SEED, SURFER, VISIT, Clinic, clinic
from tests.clocks import FrozenClock
from tests.entering import enter, form_token
from tests.walls import Open, calls, database_url, feed, open_wall, switch, wall_house

__all__ = ["calls", "database_url", "feed", "open_wall", "switch", "wall_house"]

LI, WANG = "10712345678", "10755550001"


@pytest.fixture
async def town(hotline: Hotline, clock: FrozenClock) -> Clinic:
    """Four bookings: three on Thursday here, one on Friday by the web, in two departments."""
    made = await clinic(hotline)
    li, wang = await made.person("李秀英", phone=LI), await made.person("王强", sex="male", phone=WANG)
    async with hotline.work(SEED) as work:
        for key, initials, pinyin in ((li, "lxy", "li3 xiu4 ying1"), (wang, "wq", "wang2 qiang2")):
            person = await work.db.get_one(Person, key)
            person.initials, person.pinyin = initials, pinyin
    clock.set("2026-11-20 09:00")
    await made.book(await made.session("chen"), li, phone=LI)
    clock.set("2026-11-23 10:00")
    await made.book(await made.session("wu"), wang, phone=WANG)
    await made.book(await made.session("kid", half="pm"), li, phone=LI)
    await made.book(await made.session("chen", day=date(2026, 11, 27)), wang, by=SURFER, phone=WANG)
    return made


@pytest.fixture
async def desk(open_wall: Open, hotline: Hotline) -> AsyncIterator[TestClient[Any, Any]]:
    client = await open_wall()
    await enter(client, hotline, "query", "book", "export", number="8001")
    return client


async def rows(client: TestClient[Any, Any], **query: str) -> list[str]:
    """Who stands in the list, with the department."""
    async with client.get("/desk/query", params=query) as answer:
        assert answer.status == 200
        text = await answer.text()
    return re.findall(r'patients/\d+">([^<]+)</a></td>', text)


@pytest.mark.req("R-090")
@pytest.mark.parametrize(
    ("now", "found"), [("2026-11-23 10:00", []), ("2026-11-26 07:00", ["李秀英", "王强", "李秀英"])]
)
async def test_without_a_filter_it_is_the_visits_of_today(
    town: Clinic, open_wall: Open, hotline: Hotline, clock: FrozenClock, now: str, found: list[str]
) -> None:
    clock.set(now)
    client = await open_wall()
    await enter(client, hotline, "query")
    assert await rows(client) == found


ASKED: list[tuple[dict[str, str], list[str]]] = [
    ({"day": ""}, ["李秀英", "王强", "李秀英", "王强"]),
    ({"day": "2026-11-27"}, ["王强"]),
    ({"day": "", "channel": "web"}, ["王强"]),
    ({"day": "", "department": "{kid}"}, ["李秀英"]),
    ({"day": "", "doctor": "{chen}"}, ["李秀英", "王强"]),
    ({"day": "", "state": "booked"}, ["李秀英", "王强", "李秀英", "王强"]),
    ({"day": "", "state": "cancelled"}, []),
    ({"day": "", "from": "2026-11-21T00:00"}, ["王强", "李秀英", "王强"]),
    ({"day": "", "until": "2026-11-21T00:00"}, ["李秀英"]),
    ({"day": "", "q": "秀英"}, ["李秀英", "李秀英"]),
    ({"day": "", "q": "lxy"}, ["李秀英", "李秀英"]),
    ({"day": "", "q": "lixiu"}, ["李秀英", "李秀英"]),
    ({"day": "", "q": "5678"}, ["李秀英", "李秀英"]),
    ({"day": "", "q": LI}, ["李秀英", "李秀英"]),
    ({"day": "", "q": "5678 儿科"}, ["李秀英"]),
    ({"day": "", "q": "陈建国 王"}, ["王强"]),
    ({"day": "", "q": "{serial}"}, ["李秀英"]),
    ({"day": "", "q": "%"}, []),
    ({"day": "someday", "channel": "pigeon", "hospital": "x", "page": "-1"}, ["李秀英", "王强", "李秀英", "王强"]),
]  # fmt: skip


@pytest.mark.req("R-090", "R-092")
async def test_each_filter_and_each_way_to_search(town: Clinic, desk: TestClient[Any, Any]) -> None:
    async with town.hotline.read() as db:
        [first, *_] = await view.open_of_person(db, town.people["李秀英"], town.hotline.clock.now())
    known = {"kid": town.other_department_id, "chen": town.doctors["chen"], "serial": first.serial}
    for query, found in ASKED:
        filled = {name: value.format(**known) for name, value in query.items()}
        assert await rows(desk, **filled) == found, query


@pytest.mark.req("R-093")
async def test_pages_of_twenty_and_totals_of_all(hotline: Hotline, desk: TestClient[Any, Any]) -> None:
    made = await clinic(hotline)
    session = await made.session("wu", slots=23)
    for number in range(23):
        await made.book(session, await made.person(f"人{number}"))
    assert len(await rows(desk, day=VISIT.isoformat())) == 20
    assert len(await rows(desk, day=VISIT.isoformat(), page="2")) == 3
    assert len(await rows(desk, day=VISIT.isoformat(), page="99")) == 3
    assert len(await rows(desk, day=VISIT.isoformat(), all="1")) == 23
    async with desk.get("/desk/query", params={"day": VISIT.isoformat()}) as answer:
        text = await answer.text()
    assert "共 23 条" in text
    assert "预约成功 23" in text
    assert "230.00 元" in text


async def press(client: TestClient[Any, Any], page: str, action: str, **fields: str) -> tuple[int, str]:
    """Send a form that a page showed."""
    async with client.get(page) as answer:
        found = re.search(r'name="form-token" value="([^"]+)"', await answer.text())
    assert found
    async with client.post(action, data={"form-token": found[1], **fields}) as answer:
        return answer.status, await answer.text()


@pytest.mark.req("R-088", "R-092")
async def test_cancelled_in_its_place(town: Clinic, desk: TestClient[Any, Any]) -> None:
    page = f"/desk/query?day={VISIT}&open=1"
    status, text = await press(desk, page, f"/desk/query/1/cancel?day={VISIT}")
    assert status == 200
    assert "预约已取消" in text
    assert "已取消" in re.sub("预约已取消", "", text)
    async with town.hotline.read() as db:
        assert (await view.load(db, 1)).state is State.CANCELLED
    status, text = await press(desk, f"/desk/query?day={VISIT}&open=2", "/desk/query/1/cancel")
    assert status == 409
    assert "不能这样办理" in text


@pytest.mark.req("R-087", "R-092")
async def test_moved_in_its_place_to_a_place_found_by_initials(
    town: Clinic, desk: TestClient[Any, Any]
) -> None:
    other = await town.session("kid", day=date(2026, 11, 27), half="pm", slots=3)
    page = f"/desk/query?day={VISIT}&open=2"
    async with desk.get(page + "&find=ek") as answer:
        text = await answer.text()
    link = re.search(r'href="([^"]*to-department=[^"]*)"', text)
    assert link
    async with desk.get(link[1].replace("&amp;", "&").partition("#")[0]) as answer:
        choices = re.findall(r'name="to" value="(\d+)-(\d+)"', await answer.text())
    chosen = next(f"{session}-{period}" for session, period in choices if int(session) == other)
    status, text = await press(desk, page, f"/desk/query/2/change?day={VISIT}", to=chosen)
    assert status == 200
    assert "变更成功" in text
    async with town.hotline.read() as db:
        old = await view.load(db, 2)
        assert old.state is State.REPLACED
        assert old.replaced_by_id is not None
        assert (await view.load(db, old.replaced_by_id)).session_id == other


async def test_what_is_refused_is_said_on_the_page_and_nothing_is_held(
    town: Clinic, desk: TestClient[Any, Any]
) -> None:
    full = await town.session("chen", half="pm", slots=1)
    periods = await town.periods(full)
    await town.book(full, await town.person("周敏"))
    page = f"/desk/query?day={VISIT}&open=2"
    status, text = await press(desk, page, "/desk/query/2/change", to=f"{full}-{periods[0]}")
    assert status == 409
    assert "trouble" in text
    assert await town.states(full) == {"booked": 1}


@pytest.mark.req("R-189")
async def test_past_the_deadline_only_with_a_supervisor_s_reason(
    town: Clinic, open_wall: Open, hotline: Hotline, clock: FrozenClock
) -> None:
    clock.set("2026-11-26 07:00")
    client = await open_wall()
    await enter(client, hotline, "query", "book", "override-deadline")
    async with client.get("/desk/query?open=1") as answer:
        text = await answer.text()
    assert "已过退约截止时间" in text
    assert "班长特批" in text
    assert (await press(client, "/desk/query?open=1", "/desk/query/1/cancel"))[0] == 409
    fields = {"pass": "1", "override": " "}
    assert (await press(client, "/desk/query?open=1", "/desk/query/1/cancel", **fields))[0] == 400
    fields = {"pass": "1", "override": "急诊住院"}
    assert (await press(client, "/desk/query?open=1", "/desk/query/1/cancel", **fields))[0] == 200
    async with hotline.read() as db:
        acts = (await db.execute(select(AuditEntry.act, AuditEntry.reason))).all()
    assert ("override-deadline", "急诊住院") in acts


@pytest.mark.req("R-091")
async def test_the_file_holds_what_the_filters_say_masked_with_who_took_it(
    town: Clinic, desk: TestClient[Any, Any]
) -> None:
    async with desk.get("/desk/query/export", params={"day": "", "q": LI}) as answer:
        assert answer.status == 200
        assert "attachment" in answer.headers["Content-Disposition"]
        book = CalamineWorkbook.from_filelike(BytesIO(await answer.read()))
    sheet = book.get_sheet_by_name("预约查询").to_python()
    assert "尾号5678" in sheet[1][0]
    assert "zhang 于 11月23日" in sheet[2][0]
    assert "共 2 条" in sheet[2][0]
    assert [row[1] for row in sheet[4:]] == ["李秀英", "李秀英"]
    everything = "".join(str(cell) for row in sheet for cell in row)
    assert LI not in everything
    assert town.numbers["李秀英"] not in everything
    assert sheet[4][12] == 30
    async with town.hotline.read() as db:
        [entry] = (await db.execute(select(AuditEntry).where(AuditEntry.act == "exported"))).scalars()
    assert "预约 2 条" in entry.what
    assert LI not in entry.what


def test_a_name_that_looks_like_a_formula_stays_text() -> None:
    body = workbook("题", "筛选", "水印", ["姓名"], [["=1+1"], ["http://x.cn"], ["007"]])
    sheet = CalamineWorkbook.from_filelike(BytesIO(body)).get_sheet_by_name("题").to_python()
    assert [row[0] for row in sheet[4:]] == ["=1+1", "http://x.cn", "007"]


async def test_staff_of_a_hospital_see_and_touch_only_its_bookings(
    town: Clinic, open_wall: Open, hotline: Hotline
) -> None:
    sister = await clinic(hotline, 2)
    booked = await sister.book(await sister.session("wu"), await sister.person("孙丽", born=date(1990, 1, 1)))
    client = await open_wall()
    await enter(client, hotline, "query", "book", "export", hospital_id=sister.hospital_id)
    assert await rows(client, day="") == ["孙丽"]
    assert await rows(client, day="", hospital=str(town.hospital_id)) == []
    html = {"Accept": "application/json"}
    async with client.get("/desk/query?open=1", headers=html) as answer:
        assert answer.status == 403
    page = f"/desk/query?day=&open={booked.appointment_id}"
    assert (await press(client, page, "/desk/query/1/cancel"))[0] == 403
    async with client.get("/desk/query/export?day=") as answer:
        sheet = CalamineWorkbook.from_filelike(BytesIO(await answer.read())).get_sheet_by_index(0)
    assert [row[1] for row in sheet.to_python()[4:]] == ["孙丽"]


async def test_staff_of_a_hospital_move_nobody_to_another(
    town: Clinic, open_wall: Open, hotline: Hotline
) -> None:
    sister = await clinic(hotline, 2)
    target = await sister.session("wu", slots=1)
    period = (await sister.periods(target))[0]
    client = await open_wall()
    await enter(client, hotline, "query", "book", hospital_id=town.hospital_id)
    page = f"/desk/query?day={VISIT}&open=1"
    for to in (f"{target}-{period}", str(target)):
        assert (await press(client, page, "/desk/query/1/change", to=to))[0] == 403
    async with hotline.read() as db:
        assert (await view.load(db, 1)).state is State.BOOKED
        assert (await db.execute(select(Hold.id).where(Hold.session_id == target))).all() == []
    assert await sister.states(target) == {"free": 1}
    assert (await press(client, page, "/desk/query/1/change", to="99999"))[0] == 404


async def test_who_may_book_and_not_see_the_list_is_not_answered_with_it(
    town: Clinic, open_wall: Open, hotline: Hotline
) -> None:
    client = await open_wall()
    await enter(client, hotline, "book")
    form = {"form-token": form_token(client), "to": "1"}
    for act in ("cancel", "change"):
        async with client.post(f"/desk/query/1/{act}", data=form) as answer:
            assert answer.status == 403
            assert "李秀英" not in await answer.text()
    async with hotline.read() as db:
        assert (await view.load(db, 1)).state is State.BOOKED


@pytest.mark.parametrize(
    ("functions", "statuses"),
    [(("query",), (200, 403)), (("desk",), (403, 403)), (("query", "book", "export"), (200, 200))],
)
async def test_each_act_needs_its_function(
    town: Clinic, open_wall: Open, hotline: Hotline, functions: tuple[str, ...], statuses: tuple[int, int]
) -> None:
    client = await open_wall()
    await enter(client, hotline, *functions)
    asked = {"Sec-Fetch-Dest": "empty"}
    async with client.get("/desk/query", headers=asked) as seen:
        assert seen.status == statuses[0]
    async with client.get("/desk/query/export", headers=asked) as taken:
        assert taken.status == statuses[1]
    if "book" not in functions:
        async with client.post("/desk/query/1/cancel", headers=asked) as pressed:
            assert pressed.status == 403


async def test_a_form_of_another_session_changes_nothing(town: Clinic, desk: TestClient[Any, Any]) -> None:
    async with desk.post("/desk/query/1/cancel", data={"form-token": "forged"}) as answer:
        assert answer.status == 403
    async with town.hotline.read() as db:
        assert (await view.load(db, 1)).state is State.BOOKED
