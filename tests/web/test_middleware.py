"""What surrounds every request: other sites are kept out, and every failure is told in Chinese."""

import re
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSServerHandshakeError, web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient

from core.errors import SlotFull
from core.http.keys import PAGES
from core.http.middleware import failures, same_origin
from core.http.pages import environment
from core.http.refusals import sentence, status
from tests.pages import LINE, Open

TEMPLATES = Path("web/templates")
Serve = Callable[[], Awaitable[TestClient[Any, Any]]]


async def refuse(request: web.Request) -> web.Response:
    raise SlotFull


async def break_down(request: web.Request) -> web.Response:
    raise ZeroDivisionError("10912345678")


async def accept(request: web.Request) -> web.Response:
    await request.post()
    return web.Response(text="done")


async def socket(request: web.Request) -> web.WebSocketResponse:
    answer = web.WebSocketResponse()
    await answer.prepare(request)
    await answer.close()
    return answer


@pytest.fixture
async def serve(aiohttp_client: AiohttpClient) -> TestClient[Any, Any]:
    app = web.Application(client_max_size=1000, middlewares=[failures(), same_origin()])
    app[PAGES] = environment(TEMPLATES)
    app.router.add_get("/refuse", refuse)
    app.router.add_get("/break", break_down)
    app.router.add_post("/post", accept)
    app.router.add_get("/socket", socket)
    return await aiohttp_client(app)


@pytest.mark.parametrize(
    ("method", "path", "http_status", "code"),
    [
        ("GET", "/refuse", status(SlotFull()), "slot-full"),
        ("GET", "/break", 500, "our-fault"),
        ("GET", "/nowhere", 404, "not-found"),
        ("POST", "/refuse", 405, "method-not-allowed"),
    ],
)
async def test_a_failure_is_a_chinese_page_or_json_with_its_code(
    serve: TestClient[Any, Any], method: str, path: str, http_status: int, code: str
) -> None:
    page = await serve.request(method, path, headers={"Accept": "text/html"})
    assert (page.status, page.content_type) == (http_status, "text/html")
    text = await page.text()
    assert code in text
    assert re.search(r"<h1>[\u4e00-\u9fff]", text)
    told = await serve.request(method, path, headers={"Accept": "application/json"})
    assert (await told.json())["code"] == code
    assert page.headers.get("Allow") == told.headers.get("Allow")


async def test_a_refusal_is_said_in_its_own_words(serve: TestClient[Any, Any]) -> None:
    assert sentence(SlotFull()) in await (await serve.get("/refuse")).text()


async def test_a_breakdown_shows_nothing_of_what_broke(serve: TestClient[Any, Any]) -> None:
    text = await (await serve.get("/break")).text()
    assert "ZeroDivision" not in text
    assert "10912345678" not in text


async def test_more_than_a_form_is_refused(serve: TestClient[Any, Any]) -> None:
    answer = await serve.post("/post", data={"name": "x" * 2000})
    assert answer.status == 413


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("same", True),
        ("http://evil.example", False),
        ("null", False),
        ("http://127.0.0.1:1", False),
    ],
)
async def test_another_site_can_neither_post_nor_open_a_socket(
    serve: TestClient[Any, Any], origin: str | None, allowed: bool
) -> None:
    own = str(serve.make_url("/")).rstrip("/")
    headers = {"Origin": own if origin == "same" else origin} if origin else {}
    assert (await serve.post("/post", headers=headers)).status == (200 if allowed else 403)
    with nullcontext() if allowed else pytest.raises(WSServerHandshakeError, match="403"):
        async with serve.ws_connect("/socket", headers=headers):
            pass


@pytest.mark.parametrize("path", ["/", "/healthz", "/live/events", "/static/site.css", "/nowhere"])
async def test_every_answer_is_locked_down(open_pages: Open, path: str) -> None:
    headers = (await (await open_pages()).get(path)).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in headers


async def test_the_phone_may_reach_the_switch_and_no_other_place(open_pages: Open) -> None:
    policy = (await (await open_pages()).get("/")).headers["Content-Security-Policy"]
    assert "connect-src 'self' ws://127.0.0.1:5062;" in policy
    assert LINE.password not in policy


async def test_no_page_needs_an_inline_script_or_style(open_pages: Open) -> None:
    """The policy would block them; and every address is our own."""
    page = await (await (await open_pages()).get("/")).text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"\s(style|on\w+)=", page)
    assert not re.search(r'(src|href)="(https?:)?//', page)
