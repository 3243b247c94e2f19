"""The page of texts that need a person: seen, tried again, left, and read for a reason."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from core.outbox_table import OutboxRow
from core.staff.tables import AuditEntry
from core.work import Hotline
from sms.managing import TextRoom
from tests.entering import enter, form_token
from tests.pages import Open
from tests.sms.given_up import given_up
from web.staff.texts import HIGH, picture

Client = TestClient[Any, Any]
HOME = "/staff/texts"


@pytest.fixture
async def client(open_pages: Open, hotline: Hotline) -> Client:
    room = TextRoom(lambda: [("console", True), ("smpp", False)])
    client = await open_pages(text_room=room)
    await enter(client, hotline, "texts", "reveal")
    return client


async def post(client: Client, path: str, **form: str) -> Any:
    form = {"form-token": form_token(client), **form}
    return await client.post(path, data=form, allow_redirects=False)


async def state(hotline: Hotline) -> str:
    async with hotline.read() as db:
        return (await db.execute(select(OutboxRow.state))).scalar_one()


async def test_the_page_shows_what_failed_the_gateways_and_the_day(client: Client, hotline: Hotline) -> None:
    await given_up(hotline)
    page = await (await client.get(HOME)).text()
    for words in (
        "107****5678",
        "发送失败",
        "number unknown",
        "<b>smpp</b> 联系不上",
        "<b>console</b> 正常",
        "<rect",
    ):
        assert words in page
    assert "心血管内科" not in page, "its words are not shown before somebody says why"


async def test_a_text_is_tried_again(client: Client, hotline: Hotline) -> None:
    row = await given_up(hotline)
    assert (await post(client, f"{HOME}/{row}/again")).headers["Location"] == f"{HOME}?done=again"
    assert await state(hotline) == "waiting"
    assert (await post(client, f"{HOME}/{row}/again")).status == 409
    assert (await post(client, f"{HOME}/999/again")).status == 404


async def test_a_text_is_left_with_words(client: Client, hotline: Hotline) -> None:
    row = await given_up(hotline)
    assert (await post(client, f"{HOME}/{row}/leave", reason=" ")).status == 400
    assert (await post(client, f"{HOME}/{row}/leave", reason="<script>号码已停机")).status == 303
    assert await state(hotline) == "left"
    assert "107****5678" not in await (await client.get(HOME)).text()


async def test_its_words_are_shown_once_as_words_and_written_down(client: Client, hotline: Hotline) -> None:
    row = await given_up(hotline)
    assert (await post(client, f"{HOME}/{row}/read", reason="curious")).status == 400
    page = await (await post(client, f"{HOME}/{row}/read", reason="failed")).text()
    assert "&lt;b&gt;心血管内科&lt;/b&gt;" in page
    assert "心血管内科" not in await (await client.get(HOME)).text()
    async with hotline.read() as db:
        query = select(AuditEntry.act, AuditEntry.subject_id).order_by(AuditEntry.id.desc()).limit(1)
        assert (await db.execute(query)).one() == ("text-read", 1)


async def test_reading_needs_the_function_besides(client: Client, hotline: Hotline) -> None:
    row = await given_up(hotline)
    await enter(client, hotline, "texts", login="li")
    assert "看内容" not in await (await client.get(HOME)).text()
    assert (await post(client, f"{HOME}/{row}/read", reason="failed")).status == 403


async def test_a_form_of_another_session_changes_nothing(client: Client, hotline: Hotline) -> None:
    row = await given_up(hotline)
    for path in (f"{HOME}/{row}/again", f"{HOME}/{row}/leave", f"{HOME}/{row}/read"):
        form = {"form-token": "stolen", "reason": "failed"}
        assert (await client.post(path, data=form)).status == 403
    assert await state(hotline) == "dead"


async def test_bars_stand_on_their_line_and_within_the_picture(client: Client, hotline: Hotline) -> None:
    for place in range(3):
        await given_up(hotline, state=("delivered", "failed", "unknown")[place], name=str(place))
    async with hotline.read() as db:
        blocks = picture(await TextRoom(list).figures(db, hotline.clock.now()))
    assert [block.tone for block in blocks] == ["good", "wait", "bad"]
    assert sum(block.height for block in blocks) == HIGH
    assert blocks[0].y + blocks[0].height == HIGH
    assert blocks[-1].y == 0
