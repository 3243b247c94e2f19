"""The pages of announcements: what everybody reads, full and light, and where staff write them."""

import re
from datetime import date
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from core.site import engine, view
from core.site.rules import Draft, Kind
from core.values import Actor, ActorKind
from core.work import Hotline
from tests.builders import clinic
from tests.clocks import FrozenClock
from tests.entering import enter, form_token
from tests.pages import Open

Client = TestClient[Any, Any]
TODAY = date(2026, 11, 23)
WRITER = Actor(ActorKind.STAFF, "guanli", functions=frozenset({"announcements"}))
HTML = "<script>alert(1)</script>\"'&"
PLAIN = {"kind": "notice", "title": "停水", "body": "明天停水。", "from": "2026-11-23", "until": ""}


async def published(hotline: Hotline, **changes: Any) -> int:
    draft = Draft(**{"kind": "notice", "title": "停水", "body": "明天停水。", "first_day": TODAY, **changes})
    async with hotline.work(WRITER) as work:
        made = await engine.write(work, draft)
        await engine.publish(work, made, 1)
    return made


async def text(client: Client, path: str, status: int = 200) -> str:
    answer = await client.get(path)
    assert answer.status == status, path
    return await answer.text()


async def post(client: Client, path: str, **form: str) -> Any:
    form = {"form-token": form_token(client), **form}
    return await client.post(path, data=form, allow_redirects=False)


async def kept(hotline: Hotline) -> list[view.Whole]:
    async with hotline.read() as db:
        rows, _ = await view.written(db, WRITER)
    return list(rows)


# --- everybody ----------------------------------------------------------------------------------------


@pytest.mark.req("R-072", "R-098")
@pytest.mark.parametrize("base", ["", "/m"], ids=["full", "light"])
async def test_everybody_finds_announcements_from_the_first_page(
    open_pages: Open, hotline: Hotline, base: str
) -> None:
    town = await clinic(hotline)
    made = await published(hotline, body="第一段。\n\n第二段，看 /hospitals。", pinned=True)
    own = await published(hotline, title="诊室搬迁", hospital_id=town.hospital_id)
    client = await open_pages()
    first = await text(client, f"{base}/home")
    assert f'href="{base}/announcements/{made}"' in first
    assert "诊室搬迁" not in first, "a hospital's own stand on its page"
    assert f'href="{base}/announcements/{own}"' in await text(client, f"{base}/hospitals/{town.hospital_id}")
    one = await text(client, f"{base}/announcements/{made}")
    assert "<p>第一段。</p>" in one
    assert f'<a href="{base}/hospitals">/hospitals</a>' in one


@pytest.mark.req("R-186", "R-072")
async def test_a_list_has_ten_on_a_page_and_the_four_ways_between(
    open_pages: Open, hotline: Hotline, clock: FrozenClock
) -> None:
    for number in range(25):
        clock.advance(minutes=1)
        await published(hotline, title=f"第 {number} 条", kind=Kind.NEWS if number else Kind.GUIDE)
    client = await open_pages()
    middle = await text(client, "/announcements?page=2")
    assert len(re.findall(r'href="/announcements/\d+"', middle)) == 10
    for words, href in (("首页", ""), ("前一页", ""), ("后一页", "?page=3"), ("尾页", "?page=3")):
        assert re.search(rf'href="/announcements{re.escape(href)}"[^>]*>{words}<', middle), words
    guides = await text(client, "/announcements?kind=guide")
    assert "第 0 条" in guides
    assert "第 1 条" not in guides
    await text(client, "/announcements?page=4", 404)
    for wrong in ("kind=advert", "page=x", "hospital=x"):
        await text(client, f"/announcements?{wrong}", 400)
    await text(client, "/announcements?hospital=99", 404)


@pytest.mark.parametrize("base", ["", "/m"], ids=["full", "light"])
async def test_what_is_not_published_is_not_there(open_pages: Open, hotline: Hotline, base: str) -> None:
    async with hotline.work(WRITER) as work:
        made = await engine.write(work, Draft("notice", "草稿", "还没写完。", TODAY))
    client = await open_pages()
    assert "草稿" not in await text(client, f"{base}/announcements/{made}", 404)
    assert "草稿" not in await text(client, f"{base}/home")


# --- staff --------------------------------------------------------------------------------------------


@pytest.fixture
async def client(open_pages: Open, hotline: Hotline) -> Client:
    client = await open_pages()
    await enter(client, hotline, "announcements")
    return client


@pytest.mark.req("R-071", "R-072")
async def test_an_announcement_is_written_looked_at_published_and_withdrawn(
    client: Client, hotline: Hotline
) -> None:
    seen = await post(client, "/staff/announcements/new", act="preview", **PLAIN)
    assert "预览，还没有保存" in await seen.text()
    assert await kept(hotline) == []
    made = await post(client, "/staff/announcements/new", act="save", pinned="on", **PLAIN)
    (it,) = await kept(hotline)
    assert made.headers["Location"] == f"/staff/announcements/{it.announcement_id}?done=saved"
    assert (it.state, it.pinned, it.author) == ("draft", True, "zhang")
    path = f"/staff/announcements/{it.announcement_id}"
    assert (await post(client, f"{path}/publish", version="1")).status == 303
    assert "停水" in await text(client, "/home")
    changed = PLAIN | {"title": "停电"}
    assert (await post(client, path, act="save", version="2", **changed)).status == 303
    assert "停电" in await text(client, "/home")
    assert (await post(client, f"{path}/withdraw", version="3")).status == 303
    assert "停电" not in await text(client, "/home")
    assert "已撤下" in await text(client, "/staff/announcements")


async def test_html_in_every_field_is_words(client: Client, hotline: Hotline) -> None:
    preview = await post(
        client, "/staff/announcements/new", act="preview", **PLAIN | {"title": HTML, "body": HTML}
    )
    assert "<script>alert" not in await preview.text()
    made = await published(hotline, title=HTML, body=f"{HTML} https://x/search")
    wrong = dict.fromkeys(PLAIN, HTML) | {"hospital": HTML}
    pages = [
        await text(client, path)
        for path in (
            "/home",
            "/m/home",
            "/announcements",
            f"/announcements/{made}",
            f"/m/announcements/{made}",
            "/staff/announcements",
            f"/staff/announcements/{made}",
        )
    ]
    pages.append(await (await post(client, "/staff/announcements/new", act="save", **wrong)).text())
    assert [page for page in pages if "<script>alert" in page] == []
    assert all("&lt;script&gt;alert(1)" in page for page in pages)


async def test_what_was_typed_stays_when_it_is_not_taken(client: Client, hotline: Hotline) -> None:
    made = await published(hotline)
    path = f"/staff/announcements/{made}"
    wrong = await post(
        client, path, act="save", version="2", **PLAIN | {"title": "新题目", "until": "2026-11-01"}
    )
    page = await wrong.text()
    assert wrong.status == 400
    assert "结束日期不能早于开始日期" in page
    assert 'value="新题目"' in page
    assert (await post(client, path, act="save", version="2", **PLAIN | {"body": "别人的话。"})).status == 303
    late = await post(client, path, act="save", version="2", **PLAIN | {"title": "晚了一步"})
    page = await late.text()
    assert late.status == 409
    assert "别人的话。" in page
    assert 'value="晚了一步"' in page
    (it,) = await kept(hotline)
    assert it.title == "停水"


async def test_a_form_of_another_session_changes_nothing(client: Client, hotline: Hotline) -> None:
    made = await published(hotline)
    for path in (
        "/staff/announcements/new",
        f"/staff/announcements/{made}",
        f"/staff/announcements/{made}/withdraw",
    ):
        answer = await client.post(path, data=PLAIN | {"form-token": "stolen", "version": "2"})
        assert answer.status == 403
        origin = {"Origin": "https://elsewhere.example"}
        form = PLAIN | {"form-token": form_token(client), "version": "2"}
        assert (await client.post(path, data=form, headers=origin)).status == 403
    (it,) = await kept(hotline)
    assert (it.version, it.state) == (2, "published")


@pytest.mark.req("R-167")
async def test_an_administrator_of_a_hospital_writes_for_it_whatever_the_form_says(
    open_pages: Open, hotline: Hotline
) -> None:
    here, there = await clinic(hotline), await clinic(hotline, 2)
    theirs = await published(hotline, title="别院的", hospital_id=there.hospital_id)
    client = await open_pages()
    await enter(client, hotline, "announcements", hospital_id=here.hospital_id)
    page = await text(client, "/staff/announcements")
    assert "别院的" not in page
    await post(client, "/staff/announcements/new", act="save", hospital=str(there.hospital_id), **PLAIN)
    mine = next(one for one in await kept(hotline) if one.announcement_id != theirs)
    assert mine.hospital_id == here.hospital_id
    moved = PLAIN | {"hospital": ""}
    assert (
        await post(client, f"/staff/announcements/{mine.announcement_id}", act="save", version="1", **moved)
    ).status == 303
    assert {one.hospital_id for one in await kept(hotline)} == {here.hospital_id, there.hospital_id}
