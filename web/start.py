"""The start page of the demo: a phone, and what happens when it is used."""

import json
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from core import journal
from core.health import State
from core.http.access import everybody
from core.http.pages import page
from web import lists
from web.house import HOUSE, PhoneLine, WebHouse
from web.public import home
from web.wording import VOICES


@everybody
async def start(request: web.Request) -> web.StreamResponse:
    """Everything at once, complete without any script; outside the demo the public home page."""
    house = request.app[HOUSE]
    if not house.demo:
        return await home.home(request)
    line = house.phone()
    async with house.hotline.read() as db:
        # Before the lists: what happens in between is told to the page again, and does no harm.
        cursor = await journal.end(db)
        calls = await lists.calls(house, db)
        appointments = await lists.appointments(house, db)
    return page(
        request,
        "start/page.html",
        cursor=str(cursor),
        calls=calls,
        appointments=appointments,
        texts=await lists.texts(house),
        parts=lists.parts(await house.health.parts()),
        line=line,
        phone=_settings(house, line),
        cast=house.cast,
        people=house.people,
        texting=house.write_text is not None,
        no_switch=await _without_switch(house),
        now=house.hotline.clock.now(),
        progress=house.wording.progress(),
        voices=VOICES,
    )


@everybody
async def fragment(request: web.Request) -> web.Response:
    """One list, rendered as on the page; 404 outside the demo."""
    house = request.app[HOUSE]
    name = request.match_info["name"]
    if not house.demo:
        raise web.HTTPNotFound
    values: dict[str, Any] = {}
    if name == "health":
        values = {"parts": lists.parts(await house.health.parts()), "line": house.phone()}
    elif name == "texts":
        values = {"texts": await lists.texts(house)}
    else:
        async with house.hotline.read() as db:
            rows = await (lists.calls if name == "calls" else lists.appointments)(house, db)
        values = {name: rows}
    return page(request, f"lists/{name}.html", now=house.hotline.clock.now(), **values)


def _settings(house: WebHouse, line: PhoneLine | None) -> str:
    """What the phone's script needs, for a data attribute."""
    return json.dumps(asdict(line)) if line else ""


async def _without_switch(house: WebHouse) -> str:
    """Why the phone cannot be used, in a sentence; empty when it can."""
    if house.phone():
        return ""
    switch = next((part for part in await house.health.parts() if part.name == "switch"), None)
    if switch and switch.state is State.STARTING:
        return "电话交换机正在启动，马上就好。页面会自己更新。"
    return house.switch_words() or "电话交换机没有运行。网页、短信和终端里的电话都可以照常使用。"


def socket_origin(house: WebHouse) -> str:
    """Where the phone's script may connect to, for the content policy: ws://127.0.0.1:5062."""
    line = house.phone() if house.demo else None
    if line is None:
        return ""
    parts = urlsplit(line.socket_url)
    return f"{parts.scheme}://{parts.netloc}"


routes = [
    web.get("/", start, name="start"),
    web.get("/live/{name:calls|appointments|texts|health}", fragment, name="live-list"),
]
