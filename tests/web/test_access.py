"""Handlers declare who may use them; what declares nothing is closed; half a login opens nothing."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, make_mocked_request
from pytest_aiohttp import AiohttpClient
from sqlalchemy import select

from core.errors import NotAllowed, NotLoggedIn
from core.http.access import (
    access_of,
    actor_of,
    check_command,
    everybody,
    half_way,
    local_path,
    needs,
    own_origin,
    staff_only,
    visitor,
)
from core.http.sessions import MANNERS, SessionManners, address_of, browser_of
from core.staff import sessions
from core.staff.engine import delete_staff
from core.staff.sessions import Stage
from core.staff.tables import AuditEntry
from core.values import Actor, ActorKind
from core.work import Hotline
from tests.builders import SEED
from tests.clocks import FrozenClock
from tests.entering import account, cookie, enter
from web.app import make_app
from web.house import WebHouse

Client = TestClient[Any, Any]
JSON = {"Accept": "application/json"}


@needs("desk", "supervise")
async def desk(request: web.Request) -> web.Response:
    return web.json_response({"login": (await actor_of(request)).name})


@staff_only
async def mine(request: web.Request) -> web.Response:
    return web.Response(text="mine")


@everybody
async def public(request: web.Request) -> web.Response:
    actor = await visitor(request)
    return web.Response(text=actor.name if actor else "nobody")


@half_way(Stage.CHANGE)
async def change(request: web.Request) -> web.Response:
    return web.Response(text="change")


@needs("export", also=("query",))
async def both(request: web.Request) -> web.Response: ...


async def forgotten(request: web.Request) -> web.Response:
    return web.Response(text="nobody thought of it")


@needs("desk")
async def command() -> None: ...


async def undeclared() -> None: ...


@staff_only
async def socket(request: web.Request) -> web.WebSocketResponse:
    """Answers each word with who may send it, or with the code of the refusal."""
    line = web.WebSocketResponse()
    await line.prepare(request)
    commands: dict[str, object] = {"command": command, "undeclared": undeclared}
    async for message in line:
        try:
            await line.send_str((await check_command(request, commands[message.data])).name)
        except (NotAllowed, NotLoggedIn) as refusal:
            await line.send_str(refusal.code)
    return line


ROUTES: dict[str, Callable[[web.Request], Any]] = {
    "/t/desk": desk,
    "/t/mine": mine,
    "/t/public": public,
    "/t/change": change,
    "/t/forgotten": forgotten,
    "/t/socket": socket,
}


@pytest.fixture
async def client(house: WebHouse, aiohttp_client: AiohttpClient) -> AsyncIterator[Client]:
    app = make_app(house)
    app.add_routes([web.route("*", path, handler) for path, handler in ROUTES.items()])
    beside = web.Application()
    beside.add_routes([web.get("/desk", desk), web.get("/forgotten", forgotten)])
    app.add_subapp("/beside", beside)
    return await aiohttp_client(app)


async def answers(client: Client) -> dict[str, int]:
    paths = [*(path for path in ROUTES if path != "/t/socket"), "/beside/desk", "/beside/forgotten"]
    return {path: (await client.get(path, headers=JSON)).status for path in paths}


@pytest.mark.req("R-163")
async def test_each_finds_open_what_is_declared_for_them(client: Client, hotline: Hotline) -> None:
    closed = {"/t/forgotten": 403, "/beside/forgotten": 403, "/t/public": 200}
    assert await answers(client) == {
        "/t/desk": 401, "/t/mine": 401, "/t/change": 401, "/beside/desk": 401, **closed,
    }  # fmt: skip
    await enter(client, hotline, "reports")
    assert await answers(client) == {
        "/t/desk": 403, "/t/mine": 200, "/t/change": 200, "/beside/desk": 403, **closed,
    }  # fmt: skip
    await enter(client, hotline, "supervise", login="li")
    assert await answers(client) == {
        "/t/desk": 200, "/t/mine": 200, "/t/change": 200, "/beside/desk": 200, **closed,
    }  # fmt: skip
    assert await (await client.get("/t/public")).text() == "li"


@pytest.mark.parametrize(
    ("stage", "goes_to"),
    [(Stage.CODE, "/login/code"), (Stage.CHANGE, "/me/password"), (Stage.ENROL, "/me/second-factor")],
)
async def test_half_a_login_opens_nothing_but_its_next_step(
    client: Client, hotline: Hotline, stage: Stage, goes_to: str
) -> None:
    someone = await account(hotline, "desk")
    client.session.cookie_jar.update_cookies(await cookie(client, hotline, someone, stage=stage))
    told = await answers(client)
    assert (told["/t/desk"], told["/t/mine"]) == (403, 403)
    assert told["/t/change"] == (200 if stage is Stage.CHANGE else 403)
    assert await (await client.get("/t/public")).text() == "nobody"
    page = await client.get("/t/desk", allow_redirects=False)
    assert (page.status, page.headers["Location"]) == (303, goes_to)


async def test_who_is_not_logged_in_comes_back_to_the_page_they_wanted(client: Client) -> None:
    page = await client.get("/t/desk?call=7", allow_redirects=False)
    assert page.headers["Location"] == "/login?next=/t/desk?call%3D7"
    posted = await client.post(
        "/t/desk", headers={"Referer": "http://evil.example/t/mine"}, allow_redirects=False
    )
    assert posted.headers["Location"] == "/login?next=/t/mine"
    script = await client.get("/t/desk", headers={"Sec-Fetch-Dest": "empty"}, allow_redirects=False)
    assert script.status == 401


async def test_a_session_ends_when_idle_and_at_its_time_whatever_happens(
    client: Client, hotline: Hotline, clock: FrozenClock
) -> None:
    lives = client.app[MANNERS].lives  # type: ignore[index] # it runs
    await enter(client, hotline, "desk")
    for _ in range(23):
        clock.advance(minutes=29)
        assert (await client.get("/t/desk")).status == 200
    clock.advance(minutes=31)
    assert (await client.get("/t/desk", headers=JSON)).status == 401, "idle"
    await enter(client, hotline, "desk", login="li")
    for _ in range(lives.longest // timedelta(minutes=20) - 1):
        clock.advance(minutes=20)
        assert (await client.get("/t/desk")).status == 200
    clock.advance(minutes=20)
    assert (await client.get("/t/desk", headers=JSON)).status == 401, "the longest"


@pytest.mark.req("R-170")
async def test_an_open_socket_loses_its_rights_with_the_account(client: Client, hotline: Hotline) -> None:
    someone = await enter(client, hotline, "desk")
    assert someone.staff_id
    async with client.ws_connect("/t/socket") as line:
        for said, answer in (("command", "zhang"), ("undeclared", "not-allowed")):
            await line.send_str(said)
            assert await line.receive_str() == answer
        async with hotline.work(SEED) as work:
            await delete_staff(work, someone.staff_id)
        await line.send_str("command")
        assert await line.receive_str() == "not-logged-in"


async def test_an_ended_session_stays_ended_and_the_others_go_on(client: Client, hotline: Hotline) -> None:
    someone = await account(hotline, "desk")
    first, second = [await cookie(client, hotline, someone) for _ in range(2)]
    async with hotline.work(SEED) as work:
        await sessions.end(work, 1, "ended")
    for kept, status in ((first, 401), (second, 200)):
        assert (await client.get("/t/desk", headers=JSON, cookies=kept)).status == status
        client.session.cookie_jar.clear()


async def test_a_refusal_is_written_down_with_who_and_where(client: Client, hotline: Hotline) -> None:
    await enter(client, hotline, "reports")
    await client.get("/t/desk", headers=JSON)
    async with hotline.read() as db:
        (entry,) = (await db.execute(select(AuditEntry).where(AuditEntry.act == "refused"))).scalars().all()
    assert (entry.act, entry.actor, entry.what, entry.reason, entry.address) == (
        "refused", "zhang", "GET /t/desk", "desk|supervise", "127.0.0.1",
    )  # fmt: skip


async def test_nothing_personal_and_no_cookie_stands_in_the_table(client: Client, hotline: Hotline) -> None:
    someone = await account(hotline, "desk")
    (token,) = (await cookie(client, hotline, someone)).values()
    async with hotline.read() as db:
        row = await sessions.find(
            db,
            hotline.sealer,
            token,
            now=hotline.clock.now(),
            lives=client.app[MANNERS].lives,  # type: ignore[index]
        )
    assert row
    assert token not in str(vars(row))


def test_a_function_that_does_not_exist_cannot_be_needed() -> None:
    for wrong in (("fly",), ()):
        with pytest.raises(ValueError, match="no such function"):
            needs(*wrong)
    assert [str(access_of(one)) for one in (desk, mine, public, both, forgotten)] == [
        "desk|supervise", "staff", "everybody", "export&query", "None",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "local"),
    [
        ("/desk", True), ("/a?b=/c", True), ("//evil.example", False), ("/\\evil.example", False),
        ("https://evil.example", False), ("", False), ("/a\nb", False), ("/\t/evil.example", False),
    ],
)  # fmt: skip
def test_after_a_login_nobody_is_sent_to_another_site(path: str, local: bool) -> None:
    assert local_path(path) == (path if local else "")


@pytest.mark.req("R-167")
def test_staff_of_a_hospital_see_that_hospital_alone() -> None:
    ours = Actor(ActorKind.STAFF, "zhang", hospital_id=1)
    assert [ours.sees(hospital) for hospital in (1, 2, None)] == [True, False, False]
    assert all(replace(ours, hospital_id=None).sees(hospital) for hospital in (1, 2, None))
    with pytest.raises(NotAllowed):
        ours.must_see(2)


@pytest.mark.parametrize(
    ("peer", "named", "proxies", "address"),
    [
        ("10.0.0.7", "1.2.3.4", (), "10.0.0.7"),
        ("10.0.0.7", "1.2.3.4", ("10.0.0.0/8",), "1.2.3.4"),
        ("10.0.0.7", "6.6.6.6, 1.2.3.4, 10.0.0.9", ("10.0.0.0/8",), "1.2.3.4"),
        ("1.2.3.4", "6.6.6.6", ("10.0.0.0/8",), "1.2.3.4"),
        ("10.0.0.7", "", ("10.0.0.0/8",), "10.0.0.7"),
    ],
)
def test_an_address_is_believed_from_our_own_proxies_alone(
    peer: str, named: str, proxies: tuple[str, ...], address: str
) -> None:
    app = web.Application()
    app[MANNERS] = SessionManners(proxies=proxies)
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": named} if named else {}, app=app)
    assert address_of(request.clone(remote=peer)) == address


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36", "Chrome 141 · Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0", "Edge 141 · Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15", "Safari 18 · Mac"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140 · Linux"),
        ("curl/8.5.0", "其他程序"),
    ],
)  # fmt: skip
def test_a_browser_is_told_in_words(said: str, words: str) -> None:
    assert browser_of(make_mocked_request("GET", "/", headers={"User-Agent": said})) == words


@pytest.mark.parametrize(
    ("origin", "own"), [("http://a:1", True), ("http://b:1", False), ("null", False), (None, True)]
)
def test_the_origin_tells_our_pages_from_others(origin: str | None, own: bool) -> None:
    headers = {"Host": "a:1"} | ({"Origin": origin} if origin else {})
    assert own_origin(make_mocked_request("GET", "/", headers=headers)) is own


def test_over_https_the_cookie_is_bound_to_this_host() -> None:
    assert SessionManners(https=True).cookie.startswith("__Host-")
    assert not SessionManners().cookie.startswith("__")
