"""Five states of a call, three ways to lose a desk in each: call, draft and clock come through all fifteen.

Real callers, the real switch, real browsers. In one call the page is closed, then the browser killed as
by kill -9, then its network cut, and after each the operator finds what was there before.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import soundfile
from playwright.async_api import Playwright, async_playwright, expect

from tests.house.seats import SOON_MS, Machine, Seat, back_to_work, machine
from tests.houses import House, serving
from tests.phones import Phone, phone

pytestmark = [
    pytest.mark.switch,
    pytest.mark.browser,
    pytest.mark.req("I-014"),
    pytest.mark.asyncio(loop_scope="module"),
]

LI = "10712345678"  # 李秀英 of the demo, alone at her number
NOTE = "要靠窗的医生"
# Longer than a desk may be silent, shorter than a telephone rings.
CUT_S = 14.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("broken")
    async with serving(folder, HOTLINE_OPERATOR_GRACE_S="40", HOTLINE_QUEUE_PATIENCE_S="300") as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def play() -> AsyncIterator[Playwright]:
    async with async_playwright() as made:
        yield made


@dataclass
class Desk:
    """One operator, on whatever computer they sit at by now."""

    house: House
    play: Playwright
    stack: AsyncExitStack
    silence: Path
    login: str = "8001"
    computer: Machine | None = None
    seat: Seat | None = None

    async def sit_down(self) -> Seat:
        self.computer = await self.stack.enter_async_context(machine(self.play, self.silence))
        self.seat = await self.computer.sit_down(self.house.web, self.login)
        return self.seat

    async def lose(self, how: str) -> Seat:
        """The desk breaks, and the operator is back at it, or at another computer."""
        assert self.computer
        assert self.seat
        if how == "page closed":
            page = await self.seat.page.context.new_page()
            await self.seat.page.close()
            await page.goto(f"{self.house.web}desk/")
            self.seat = Seat(page)
        elif how == "browser killed":
            self.computer.kill()
            await self.sit_down()
        else:
            self.computer.freeze(True)
            await asyncio.sleep(CUT_S)
            self.computer.freeze(False)
        return self.seat


@pytest_asyncio.fixture(loop_scope="module")
async def desk(house: House, play: Playwright, tmp_path: Path) -> AsyncIterator[Desk]:
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(16000), 8000, subtype="PCM_16")
    async with AsyncExitStack() as stack:
        yield Desk(house, play, stack, silence)


WAYS = ("page closed", "browser killed", "network cut")


@pytest.mark.parametrize("how", WAYS)
async def test_a_call_that_rings_survives(house: House, desk: Desk, how: str) -> None:
    """The caller waits on and rings again; a page that goes twice while it rings is not rung a third time."""
    seat = await desk.sit_down()
    await back_to_work(seat)
    async with phone(house.sip_port, LI) as caller:
        await ring(caller, seat)
        seat = await desk.lose(how)
        await there_again(seat, "振铃")
        await talk(seat)
        await to_the_end("通话", seat, caller, desk)
    await dispose(seat)


@pytest.mark.parametrize("state", ["通话", "保持", "咨询转接", "话后整理"])
async def test_call_and_draft_survive_a_closed_page_a_killed_browser_and_a_cut_network(
    house: House, play: Playwright, desk: Desk, state: str
) -> None:
    """In one call, one after the other."""
    seat = await desk.sit_down()
    await back_to_work(seat)
    async with phone(house.sip_port, LI) as caller, AsyncExitStack() as stack:
        colleague = Desk(house, play, stack, desk.silence, login="8002")
        await ring(caller, seat)
        await bring_to(state, seat, colleague)
        seconds = await clock(seat, state)
        for how in WAYS:
            seat = await desk.lose(how)
            await there_again(seat, state)
            since, seconds = seconds, await clock(seat, state)
            assert seconds >= since, f"{how}: the clock began anew"
            assert state == "话后整理" or not any(one["event"] == "ended" for one in caller.told), how
        await to_the_end(state, seat, caller, colleague)
    await dispose(seat)


async def ring(caller: Phone, seat: Seat) -> None:
    await caller.call("12320")
    await asyncio.sleep(0.5)
    await caller.press("0")
    await seat.state("振铃")
    await seat.shows("李秀英")


async def talk(seat: Seat) -> None:
    """Answer, and type what must not be lost."""
    await expect(seat.page.get_by_role("button", name="接听")).to_be_enabled(timeout=SOON_MS)
    await seat.press("F2")
    await seat.state("通话")
    await seat.page.get_by_label("备注").fill(NOTE)
    await seat.shows("已保存")


async def bring_to(state: str, seat: Seat, colleague: Desk) -> None:
    await talk(seat)
    if state == "保持":
        await seat.press("F4")
    if state == "咨询转接":
        theirs = await colleague.sit_down()
        await back_to_work(theirs)
        await seat.press("F6")
        await seat.page.get_by_role("combobox", name="转给谁").fill("8002")
        await expect(seat.page.get_by_role("listbox", name="转给谁")).to_contain_text("空闲")
        await seat.press("Enter")
        await theirs.state("振铃")  # which is said before the phone itself rings
        await expect(theirs.page.get_by_role("button", name="接听")).to_be_enabled(timeout=SOON_MS)
        await theirs.press("F2")
        await seat.shows("已接通")
    if state == "话后整理":
        await seat.press("F8")
    await seat.state(state)


async def there_again(seat: Seat, state: str) -> None:
    """Everything as it was: the state, who calls, what was typed, and sound where there was sound."""
    note = seat.page.locator("#note")
    await seat.state(state)
    if state == "话后整理":
        await expect(seat.page.get_by_role("listbox", name="小结：第一级")).to_be_visible(timeout=SOON_MS)
        return
    await seat.shows("李秀英")
    await expect(note).not_to_contain_text("连接中断", timeout=SOON_MS)
    if state == "振铃":
        return
    await expect(seat.page.get_by_label("备注")).to_have_value(NOTE, timeout=SOON_MS)
    way_on = {"通话": "保持", "保持": "取回", "咨询转接": "完成转接"}[state]
    await expect(seat.page.get_by_role("button", name=way_on)).to_be_enabled(timeout=SOON_MS)
    await seat.shows("已连上")
    await expect(note).not_to_contain_text("您不在通话里", timeout=SOON_MS)
    await expect(note).not_to_contain_text("来电人在听音乐", timeout=SOON_MS)


async def clock(seat: Seat, state: str) -> int:
    """Seconds that the strip shows; of the wrap-up, which counts down, those that are gone."""
    told = await seat.page.locator(".state-timer").inner_text()
    minutes, seconds = map(int, re.findall(r"(\d+):(\d\d)", told)[0])
    passed = minutes * 60 + seconds
    return -passed if state == "话后整理" and not told.startswith("+") else passed


async def to_the_end(state: str, seat: Seat, caller: Phone, colleague: Desk) -> None:
    """The call goes on from there as any other."""
    if state == "保持":
        await seat.press("F4")
        await seat.state("通话")
    if state != "话后整理":  # a button is locked while what was asked before is still under way
        await expect(seat.page.get_by_role("button", name="结束")).to_be_enabled(timeout=SOON_MS)
    if state == "咨询转接":
        assert colleague.seat
        await seat.press("F6")
        await seat.state("话后整理")
        await colleague.seat.state("通话")
        await colleague.seat.press("F8")
        await colleague.seat.state("话后整理")
        await dispose(colleague.seat)
    elif state != "话后整理":
        await seat.press("F8")
    await caller.until("ended")
    await seat.state("话后整理")


async def dispose(seat: Seat) -> None:
    await expect(seat.page.get_by_role("listbox", name="小结：第一级")).to_be_focused(timeout=SOON_MS)
    await seat.press("4", "1")
    await expect(seat.page.get_by_role("button", name="就绪").last).to_be_focused()
    await seat.press("F2")
    await seat.state("空闲")
