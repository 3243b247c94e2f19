"""The patient look-up: found by card, name and phone, masked, with cards, visits, credit; unmasked for a reason."""

import re
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from core.booking.visit import miss_due
from core.credit.tables import Appeal
from core.money import card
from core.people.register import add_card
from core.people.tables import Person
from core.staff.tables import AuditEntry
from core.work import Hotline
from tests.builders import SEED, Clinic, clinic
from tests.clocks import FrozenClock
from tests.entering import enter
from tests.walls import Open, calls, database_url, feed, open_wall, switch, wall_house

__all__ = ["calls", "database_url", "feed", "open_wall", "switch", "wall_house"]

LI = "10712345678"
ASKED = {"Sec-Fetch-Dest": "empty"}


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    made = await clinic(hotline)
    li = await made.person("李秀英", phone=LI)
    await made.person("王强", sex="male", phone="10755550001", identity=False)
    async with hotline.work(SEED) as work:
        person = await work.db.get_one(Person, li)
        person.initials, person.pinyin = "lxy", "li3 xiu4 ying1"
        await card.load(work, await add_card(work, li, made.hospital_id, "C0009182"), 12345)
    await made.book(await made.session("chen"), li, phone=LI)
    return made


@pytest.fixture
async def desk(open_wall: Open, hotline: Hotline) -> AsyncIterator[TestClient[Any, Any]]:
    client = await open_wall()
    await enter(client, hotline, "query", "reveal")
    return client


async def shown(client: TestClient[Any, Any], path: str, **query: str) -> str:
    async with client.get(path, params=query) as answer:
        assert answer.status == 200
        return await answer.text()


@pytest.mark.req("R-094")
async def test_found_by_each_of_what_a_caller_may_say(town: Clinic, desk: TestClient[Any, Any]) -> None:
    for words, found in (
        ("秀英", ["李秀英"]), ("lxy", ["李秀英"]), ("xiuying", ["李秀英"]), ("C0009182", ["李秀英"]),
        ("9182", ["李秀英"]), (LI, ["李秀英"]), ("5678", ["李秀英"]), ("李 5678", ["李秀英"]), ("0001", ["王强"]),
        ("王 5678", []), ("", []),
    ):  # fmt: skip
        text = await shown(desk, "/desk/patients", q=words)
        assert re.findall(r'patients/\d+">([^<]+)</a>', text) == found, words
        assert town.numbers["李秀英"] not in text


@pytest.mark.req("R-094")
async def test_base_data_masked_with_cards_visits_and_credit(
    town: Clinic, desk: TestClient[Any, Any]
) -> None:
    text = await shown(desk, f"/desk/patients/{town.people['李秀英']}")
    for part in ("李秀英", "女", "56", "107****5678", "余额 123.45 元", "****9182", "陈建国", "没有限制"):
        assert part in text
    assert LI not in text
    assert town.numbers["李秀英"] not in text
    assert "C0009182" not in text


@pytest.mark.parametrize(("field", "reason", "status"), [("phone", "verify", 200), ("identity", "complaint", 200),
                                                          ("phone", "", 400), ("name", "verify", 400)])  # fmt: skip
async def test_unmasked_for_half_a_minute_for_a_reason_that_is_kept(
    town: Clinic, desk: TestClient[Any, Any], field: str, reason: str, status: int
) -> None:
    person = town.people["李秀英"]
    page = f"/desk/patients/{person}"
    [token] = re.findall(r'name="form-token" value="([^"]+)"', await shown(desk, page))
    sent = {"form-token": token, "field": field, "reason": reason}
    async with desk.post(f"{page}/reveal", data=sent) as answer:
        text = await answer.text()
        assert answer.status == status
    whole = {"phone": LI, "identity": town.numbers["李秀英"]}.get(field, LI)
    assert (whole in text) == (status == 200)
    async with town.hotline.read() as db:
        found = await db.execute(
            select(AuditEntry.what, AuditEntry.subject_id).where(AuditEntry.act == "unmasked")
        )
        assert found.all() == ([(field, person)] if status == 200 else [])
    if status == 200:
        assert answer.headers["Refresh"] == f"30; url={page}"
        assert answer.headers["Cache-Control"] == "no-store"


async def test_staff_of_another_hospital_find_nobody_of_this_one(
    town: Clinic, open_wall: Open, hotline: Hotline
) -> None:
    sister = await clinic(hotline, 2)
    await sister.book(await sister.session("wu"), await sister.person("李明", born=date(1990, 1, 1)))
    client = await open_wall()
    await enter(client, hotline, "query", "reveal", hospital_id=sister.hospital_id)
    text = await shown(client, "/desk/patients", q="李")
    assert re.findall(r'patients/\d+">([^<]+)</a>', text) == ["李明"]
    async with client.get(f"/desk/patients/{town.people['李秀英']}", headers=ASKED) as answer:
        assert answer.status == 404
    [token] = re.findall(
        r'name="form-token" value="([^"]+)"', await shown(client, f"/desk/patients/{sister.people['李明']}")
    )
    sent = {"form-token": token, "field": "phone", "reason": "verify"}
    async with client.post(
        f"/desk/patients/{town.people['李秀英']}/reveal", data=sent, headers=ASKED
    ) as refused:
        assert refused.status == 404
        assert LI not in await refused.text()


async def test_who_may_not_unmask_is_not_offered_it(town: Clinic, open_wall: Open, hotline: Hotline) -> None:
    client = await open_wall()
    await enter(client, hotline, "query")
    page = f"/desk/patients/{town.people['李秀英']}"
    assert "reveal" not in await shown(client, page)
    async with client.post(f"{page}/reveal", headers=ASKED) as answer:
        assert answer.status == 403


async def test_the_credit_is_read_out_whole_and_appealed_by_one_key(
    town: Clinic, open_wall: Open, hotline: Hotline, clock: FrozenClock
) -> None:
    await town.rule("block.no-show", "1 -> 3m")
    clock.set("2026-11-27 02:00")
    async with hotline.work(SEED) as work:
        await miss_due(work)
    client = await open_wall()
    await enter(client, hotline, "query", "book")
    page = f"/desk/patients/{town.people['李秀英']}"
    text = await shown(client, page)
    for part in ("没有到诊", "就诊当天没有取号", "满 1 次，暂停预约 3 个月", "为来电人申诉"):
        assert part in text
    [token] = set(re.findall(r'name="form-token" value="([^"]+)"', text))
    [entry] = re.findall(r'name="entry" value="(\d+)"', text)
    for status in (200, 409):
        async with client.post(f"{page}/appeal", data={"form-token": token, "entry": entry}) as answer:
            assert answer.status == status
    async with client.post(f"{page}/appeal", data={"form-token": token, "entry": "99"}) as answer:
        assert answer.status == 404
    async with hotline.read() as db:
        found = await db.execute(select(Appeal.words, Appeal.state))
        assert found.all() == [("话务员代为申诉", "open")]
