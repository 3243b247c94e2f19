"""An operator at a real page: Chromium, the desk of a house that serves, and what the page hears."""

import base64
import itertools
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.async_api import Browser, Page, Playwright, expect

from hotline.demo_staff import PASSWORD
from tests import audio
from tests.browser.conftest import FLAGS

SOON_MS = 60_000
_NUMBER = itertools.count()

# Collects what comes out of the page's loudspeaker: 8 kHz, one channel.
LISTEN = """() => {
  const context = new AudioContext({ sampleRate: 8000 });
  const source = context.createMediaStreamSource(document.getElementById("sound").srcObject);
  const ear = context.createScriptProcessor(4096, 1, 1);
  window.heard = [];
  ear.onaudioprocess = (event) => window.heard.push(new Float32Array(event.inputBuffer.getChannelData(0)));
  source.connect(ear);
  ear.connect(context.destination);
}"""
HEARD = """() => {
  const all = new Float32Array(window.heard.reduce((sum, part) => sum + part.length, 0));
  let place = 0;
  for (const part of window.heard) { all.set(part, place); place += part.length; }
  let text = "";
  for (const byte of new Uint8Array(all.buffer)) text += String.fromCharCode(byte);
  return btoa(text);
}"""
COUNT = "window.strokes = 0; addEventListener('keydown', () => window.strokes++, true)"


@dataclass
class Seat:
    """One operator's page."""

    page: Page

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def state(self, word: str) -> None:
        """Wait until the call strip says so: 振铃, 通话, 保持, 话后整理, 空闲."""
        await expect(self.page.locator("#strip")).to_contain_text(word, timeout=SOON_MS)

    async def shows(self, text: str) -> None:
        await expect(self.page.locator("#desk")).to_contain_text(text, timeout=SOON_MS)

    async def listen(self) -> None:
        await self.page.evaluate(LISTEN)

    async def heard(self) -> audio.Samples:
        raw = base64.b64decode(await self.page.evaluate(HEARD))
        return np.frombuffer(raw, dtype="<f4").astype(np.float64)

    async def strokes(self) -> int:
        found: int = await self.page.evaluate("window.strokes")
        return found


@dataclass
class Machine:
    """An operator's computer: one Chromium, whose microphone hears one file over and over."""

    browser: Browser
    mark: str

    async def sit_down(self, web: str, login: str = "8001") -> Seat:
        """Log in, sign in with the phone in the page, and be ready; all by keyboard."""
        context = await self.browser.new_context(
            viewport={"width": 1366, "height": 768}, permissions=["microphone"]
        )
        page = await context.new_page()
        await page.goto(f"{web}login?next=/desk/")
        await page.fill("input[name=login]", login)
        await page.fill("input[name=password]", PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/desk/", timeout=SOON_MS)
        return Seat(page)

    def kill(self) -> None:
        """As a crash does: every process of it, at once."""
        self._signal(signal.SIGKILL)

    def freeze(self, yes: bool) -> None:
        """Nothing comes from it and nothing is taken, as when its network is cut; and on again."""
        self._signal(signal.SIGSTOP if yes else signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for pid in _family(self.mark):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def _family(mark: str) -> set[int]:
    """The process with this word in its command line, and all that it began."""
    parents, found = {}, set()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):
            pid = int(entry.name)
            parents[pid] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if mark.encode() in (entry / "cmdline").read_bytes():
                found.add(pid)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


@asynccontextmanager
async def machine(play: Playwright, voice: Path) -> AsyncIterator[Machine]:
    """It may be killed meanwhile. voice: a WAV file that its microphone hears."""
    mark = f"--seat-of-a-test={os.getpid()}-{next(_NUMBER)}"
    flags = [*FLAGS, f"--use-file-for-fake-audio-capture={voice}", mark]
    made = await play.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
    try:
        yield Machine(made, mark)
    finally:
        with suppress(Exception):
            await made.close()


async def begin_work(seat: Seat) -> None:
    """Sign in with the phone in the page, and be ready."""
    await expect(seat.page.get_by_role("listbox", name="用哪部电话")).to_be_focused(timeout=SOON_MS)
    await seat.press("1")
    await seat.shows("签入完成")
    await seat.shows("已连上")
    await seat.press("F2")
    await seat.state("空闲")


async def back_to_work(seat: Seat) -> None:
    """Ready, from wherever the operator was left."""
    phones = seat.page.get_by_role("listbox", name="用哪部电话")
    signed_in = seat.page.get_by_role("button", name="签出")
    await expect(phones.or_(signed_in)).to_be_visible(timeout=SOON_MS)
    if await phones.is_visible():
        await begin_work(seat)
        return
    await seat.shows("已连上")
    if "空闲" not in await seat.page.locator("#strip").inner_text():
        await seat.press("F2")
