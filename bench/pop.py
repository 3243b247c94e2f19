"""From an INVITE on the wire to the pop in the operator's page, beside its raw event in a bare page."""

import asyncio
import json
import re
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

import numpy as np
import soundfile
from aiohttp import web
from playwright.async_api import Page, async_playwright

from bench.invite import caller
from bench.table import Row, show
from hotline.demo_people import ELDER
from tests.house.seats import Seat, begin_work, machine
from tests.houses import House, serving

CALLS, WARM_UP = 100, 5
WITHIN_S = 15.0
# The operator sees who calls: the state, the name, and the caller's past on the right.
WATCH_DESK = """name => {
  window.at = null;
  const there = () => {
    const [strip, right] = ["strip", "right"].map((id) => document.getElementById(id).textContent);
    return strip.includes("振铃") && strip.includes(name) && right.includes("近半年");
  };
  new MutationObserver(() => {
    if (window.at || !there()) return;
    window.at = 1;
    requestAnimationFrame(() => (window.at = performance.timeOrigin + performance.now()));
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
}"""
BARE = """<!doctype html><meta charset="utf-8"><title>bare</title><pre id="raw"></pre><script>
window.at = {};
new WebSocket(`ws://${location.host}/socket`).onmessage = ({ data }) => {
  const { kind, raw } = JSON.parse(data);
  document.getElementById("raw").textContent = raw;
  requestAnimationFrame(() => (window.at[kind] ??= performance.timeOrigin + performance.now()));
};
</script>"""


@dataclass
class Took:
    """Milliseconds from each INVITE. pop: in the desk. leg, first: raw events of the operator's leg and of
    the caller's own channel, in the bare page."""

    pop: list[float] = field(default_factory=list)
    leg: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)


async def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        took = await measured(Path(folder))
    show(f"pop ({len(took.pop)} calls, INVITE on the wire to rendered, ms)", _rows(took))


async def measured(folder: Path) -> Took:
    silence = folder / "silence.wav"
    soundfile.write(silence, np.zeros(16000), 8000, subtype="PCM_16")
    async with (
        serving(folder / "house", HOTLINE_RECORDING="no") as house,
        async_playwright() as play,
        machine(play, silence) as computer,
        _bare_page(house) as address,
    ):
        seat = await computer.sit_down(house.web)
        await begin_work(seat)
        await seat.page.evaluate(WATCH_DESK, ELDER.name)
        bare = await (await computer.browser.new_context()).new_page()
        await bare.goto(address)
        took = Took()
        for place in range(WARM_UP + CALLS):
            one = await _call(house, seat, bare, place)
            if place >= WARM_UP:
                for times, ms in zip((took.pop, took.leg, took.first), one, strict=True):
                    times.append(ms)
            if place % 20 == 0:
                print(f"  call {place} of {WARM_UP + CALLS}", flush=True)
        return took


async def _call(house: House, seat: Seat, bare: Page, place: int) -> tuple[float, float, float]:
    await seat.state("空闲")
    await seat.page.evaluate("window.at = null")
    await bare.evaluate("window.at = {}")
    dialling = await caller(str(ELDER.phone), "12320", house.sip_port, place)
    dialling.invite()
    try:
        async with asyncio.timeout(WITHIN_S):
            pop = await _until(seat.page, "window.at > 1")
            raw = await _until(bare, "window.at.leg")
    finally:
        dialling.hang_up()
    began = dialling.sent_at * 1000
    await asyncio.sleep(0.3)
    return pop - began, raw["leg"] - began, raw["first"] - began


async def _until(page: Page, there: str) -> Any:
    """`window.at` as soon as this is true; asked from outside: the page's own rules forbid eval."""
    while not await page.evaluate(there):  # noqa: ASYNC110 it is another process
        await asyncio.sleep(0.02)
    return await page.evaluate("window.at")


# --- the bare path ---------------------------------------------------------------------------------


@asynccontextmanager
async def _bare_page(house: House) -> AsyncIterator[str]:
    """A page that shows the switch's raw events, and nothing between the two but this."""
    open_ones: set[web.WebSocketResponse] = set()

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=BARE, content_type="text/html")

    async def socket(request: web.Request) -> web.WebSocketResponse:
        one = web.WebSocketResponse()
        await one.prepare(request)
        open_ones.add(one)
        async for _ in one:
            pass
        return one

    async def tell(kind: str, raw: str) -> None:
        for one in open_ones:
            await one.send_json({"kind": kind, "raw": raw})

    app = web.Application()
    app.add_routes([web.get("/", page), web.get("/socket", socket)])
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    events = asyncio.create_task(_events(house, tell))
    try:
        assert runner.addresses
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        events.cancel()
        with suppress(asyncio.CancelledError):
            await events
        await runner.cleanup()


async def _events(house: House, tell: Callable[[str, str], Any]) -> None:
    """Every Newchannel as it comes over a manager connection of its own."""
    switch = house.folder / "data" / "switch"
    port = re.search(r"^port = (\d+)", (switch / "etc" / "manager.conf").read_text(), re.MULTILINE)
    assert port
    secret = json.loads((switch / "secrets.json").read_text())["ami"]
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port[1]))
    writer.write(f"Action: Login\r\nUsername: hotline\r\nSecret: {secret}\r\n\r\n".encode())
    try:
        while True:
            raw = (await reader.readuntil(b"\r\n\r\n")).decode(errors="replace")
            if "Event: Newchannel" in raw:
                await tell("leg" if "\r\nUniqueid: desk-" in raw else "first", raw)
    finally:
        writer.close()


def _rows(took: Took) -> list[Row]:
    rows = []
    for name, at in (("p50", 50), ("p99", 99)):
        pop, leg, first = (_percentile(times, at) for times in (took.pop, took.leg, took.first))
        rows.append(
            Row(f"{name} to the pop", pop, "ms", leg, "the raw event of the operator's leg, in a bare page")
        )
        rows.append(Row(f"{name} to the caller's first raw event", first, "ms"))
    return rows


def _percentile(times: list[float], at: int) -> float:
    return quantiles(times, n=100, method="inclusive")[at - 1]
