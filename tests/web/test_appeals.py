"""The page of appeals: what a block rests on, decided with an answer; and the page of satisfaction."""

from datetime import date
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from core.booking.visit import miss_due
from core.credit.engine import active_blocks, appeal
from core.credit.tables import Appeal
from core.events import TextDelivered, TextSent
from core.staff.tables import AuditEntry
from core.survey import engine as surveys
from core.survey.view import Figures
from core.values import Channel
from core.work import Hotline
from tests.builders import SEED, Clinic, clinic
from tests.clocks import FrozenClock
from tests.entering import enter, form_token
from tests.pages import Open, database_url, engine, feed, open_pages, switch, texts, voice
from tests.survey.served import operator, talk
from web.staff.surveys import HIGH, picture

__all__ = ["database_url", "engine", "feed", "open_pages", "switch", "texts", "voice"]

Client = TestClient[Any, Any]
HOME = "/staff/appeals"
DAY = date(2026, 11, 26)


@pytest.fixture
async def town(hotline: Hotline, clock: FrozenClock) -> Clinic:
    """李秀英 is blocked for one miss, of which she was told, and has appealed."""
    made = await clinic(hotline)
    person = await made.person("李秀英")
    await made.rule("block.no-show", "1 -> 3m")
    visit = await made.book(await made.session(day=DAY), person)
    async with hotline.work(SEED) as work:
        for kind in (TextSent, TextDelivered):
            work.record(kind(text_id=1, text_kind="booked", appointment_id=visit.appointment_id))
    clock.set("2026-11-27 02:00")
    async with hotline.work(SEED) as work:
        await miss_due(work)
    async with hotline.work(SEED) as work:
        (entry,) = await active_blocks(work.db, person, work.now)
        await appeal(work, entry_id=entry.id, words="我当天在住院")
    return made


async def text(client: Client, path: str = HOME) -> str:
    async with client.get(path) as answer:
        assert answer.status == 200
        return await answer.text()


async def decide(client: Client, decision: str, answer: str, appeal_id: int = 1) -> Any:
    form = {"form-token": form_token(client), "decision": decision, "answer": answer}
    return await client.post(f"{HOME}/{appeal_id}", data=form, allow_redirects=False)


async def test_an_appeal_is_shown_with_the_proof_of_its_miss(town: Clinic, open_pages: Open) -> None:
    client = await open_pages()
    await enter(client, town.hotline, "appeals")
    page = await text(client)
    for words in ("李秀英", "我当天在住院", "“预约成功”的短信已送到手机", "就诊当天没有取号", "满 1 次"):
        assert words in page


@pytest.mark.parametrize(
    ("decision", "state", "blocked"), [("granted", "granted", 0), ("refused", "refused", 1)]
)
async def test_it_is_decided_once_with_an_answer(
    town: Clinic, open_pages: Open, clock: FrozenClock, decision: str, state: str, blocked: int
) -> None:
    client = await open_pages()
    await enter(client, town.hotline, "appeals")
    empty = await decide(client, decision, " ")
    assert (empty.status, "请写下答复" in await empty.text()) == (400, True)
    assert (await decide(client, decision, "已经核实")).headers["Location"] == f"{HOME}?done={decision}"
    assert (await decide(client, decision, "再来一次")).status == 409
    assert (await decide(client, decision, "没有这个", 99)).status == 404
    async with town.hotline.read() as db:
        row = (await db.execute(select(Appeal))).scalar_one()
        acts = (await db.execute(select(AuditEntry.act).where(AuditEntry.subject_id == row.id))).scalars()
        assert len(await active_blocks(db, town.people["李秀英"], clock.instant)) == blocked
        assert (row.state, row.answer) == (state, "已经核实")
        assert f"appeal-{decision}" in set(acts)
    assert "没有要处理的申诉" in await text(client)


async def test_staff_of_another_hospital_see_and_decide_nothing_of_it(town: Clinic, open_pages: Open) -> None:
    sister = await clinic(town.hotline, 2)
    client = await open_pages()
    await enter(client, town.hotline, "appeals", hospital_id=sister.hospital_id)
    assert "李秀英" not in await text(client)
    assert (await decide(client, "granted", "通过")).status == 404


async def test_the_page_of_satisfaction_shows_figures_a_picture_and_the_low_ones(
    hotline: Hotline, clock: FrozenClock, open_pages: Open
) -> None:
    call = await talk(hotline, clock, [await operator(hotline)])
    async with hotline.work(SEED) as work:
        survey = await surveys.ask_on_the_line(work, call)
        assert survey is not None
        await surveys.answer(work, survey, 2, Channel.PHONE.value)
    client = await open_pages()
    await enter(client, hotline, "reports")
    page = await text(client, "/staff/surveys?days=30")
    for words in ("张晓梅", "2.0", "100%", "2 分", '<rect class="bad"', "近 30 天"):
        assert words in page
    sister = await clinic(hotline, 2)
    other = await open_pages()
    await enter(other, hotline, "reports", login="li", hospital_id=sister.hospital_id)
    assert "张晓梅" not in await text(other, "/staff/surveys")


def test_a_day_without_scores_has_no_bar() -> None:
    days = [(DAY, Figures(3, 0, 0, 0)), (DAY, Figures(3, 2, 6, 1))]
    assert [(one.tone, one.height) for one in picture(days)] == [("good", HIGH / 2), ("bad", HIGH / 2)]
