"""A real caller, the real switch, a real page: booked by keyboard alone, and nothing lost when things break."""

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import soundfile
from playwright.async_api import Playwright, async_playwright, expect

from tests import audio
from tests.house.seats import COUNT, SOON_MS, Machine, Seat, back_to_work, machine
from tests.houses import House, health, serving, until
from tests.phones import Phone, phone

pytestmark = [pytest.mark.switch, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

LI = "10712345678"  # 李秀英 of the demo, alone at her number
MOST_KEYSTROKES = 25
# Sentences of one voice: what was said must fit better than what was not.
OURS = ("core/leave-message", "core/message-missing", "core/message-taken", "core/queue-wait")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("desk")
    async with serving(folder, HOTLINE_RECORDING="yes", HOTLINE_OPERATOR_GRACE_S="20") as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def play() -> AsyncIterator[Playwright]:
    async with async_playwright() as made:
        yield made


def spoken(house: House, name: str, path: Path) -> Path:
    """One of our own sentences, as a voice that is nobody else's in this call."""
    samples = np.concatenate([house.sound(name), np.zeros(2000)])
    soundfile.write(path, samples, 8000, subtype="PCM_16")
    return path


@pytest_asyncio.fixture(loop_scope="module")
async def computer(house: House, play: Playwright, tmp_path: Path) -> AsyncIterator[Machine]:
    async with machine(play, spoken(house, "core/leave-message", tmp_path / "operator.wav")) as made:
        yield made


async def dial(caller: Phone, wav: Path | None = None) -> None:
    await caller.call("12320", wav)
    await asyncio.sleep(0.5)
    await caller.press("0")


@pytest.mark.req("R-074", "R-076", "R-077", "R-078", "R-080", "R-082", "R-085", "I-014")
async def test_a_known_caller_is_booked_by_keyboard_alone(
    house: House, computer: Machine, tmp_path: Path
) -> None:
    seat = await computer.sit_down(house.web)
    await back_to_work(seat)
    await seat.page.evaluate(COUNT)
    voice = spoken(house, "core/message-missing", tmp_path / "caller.wav")
    async with phone(house.sip_port, LI) as caller:
        await dial(caller, tmp_path / "heard.wav")
        await seat.state("振铃")
        await seat.shows("李秀英")
        await seat.press("F2")
        await seat.state("通话")
        await caller.play(voice)
        await seat.listen()
        await asyncio.sleep(2)
        await book(seat)
        await seat.press("F8")
        await caller.until("ended")
        await seat.state("话后整理")
        page_heard = await seat.heard()
        await seat.press("Enter")
        await expect(seat.page.get_by_role("button", name="就绪").last).to_be_focused()
        await seat.press("F2")
        await seat.state("空闲")
        assert await seat.strokes() <= MOST_KEYSTROKES
    caller_heard = audio.read(tmp_path / "heard.wav")
    assert_heard(house, caller_heard, "core/leave-message")
    assert_heard(house, page_heard, "core/message-missing")


def assert_heard(house: House, recording: audio.Samples, name: str) -> None:
    """Browsers clean and level what a microphone hears, so the fit is not perfect; nothing else fits as well."""
    fits = {one: audio.anywhere(recording, house.sound(one)) for one in OURS}
    others = max(fit for one, fit in fits.items() if one != name)
    assert fits[name] > max(0.45, others + 0.1), fits


async def choose_free(seat: Seat, name: str) -> None:
    """The digit of the first one that has something left."""
    options = seat.page.get_by_role("listbox", name=name).get_by_role("option")
    for place in range(await options.count()):
        if await options.nth(place).get_attribute("aria-disabled") is None:
            return await seat.press(str(place + 1))
    raise AssertionError(f"nothing is free among {name}")


async def book(seat: Seat) -> None:
    """The first doctor of cardiology that is free, first session, first period."""
    await expect(seat.page.get_by_role("combobox", name="医院、科室或医生")).to_be_focused()
    await seat.press("x", "n", "k", "1")
    await expect(seat.page.get_by_role("listbox", name="班次")).to_be_focused()
    await choose_free(seat, "班次")
    await expect(seat.page.get_by_role("listbox", name="时段")).to_be_focused()
    await choose_free(seat, "时段")
    await expect(seat.page.locator(".last .read-back")).to_contain_text("心血管内科")
    await seat.press("Control+Enter")
    await expect(seat.page.locator(".result-serial")).to_have_text(re.compile(r"\d\d \d{3} \d{3}"))


@pytest.mark.req("I-014")
async def test_page_browser_and_network_may_break_and_call_and_draft_survive(
    house: House, play: Playwright, computer: Machine, tmp_path: Path
) -> None:
    """Ringing, talking, holding, wrapping up: each time the page comes back to where it was."""
    heard = tmp_path / "heard.wav"
    async with AsyncExitStack() as stack:
        caller = await stack.enter_async_context(phone(house.sip_port, LI))
        seat = await computer.sit_down(house.web)
        await back_to_work(seat)
        await dial(caller, heard)
        await seat.state("振铃")
        await seat.page.reload()  # while it rings: the caller waits on, and rings again by itself
        await seat.shows("已连上")
        await seat.state("振铃")
        await seat.press("F2")
        await seat.state("通话")
        await seat.shows("李秀英")
        await seat.page.get_by_label("备注").fill("要靠窗的医生")
        await seat.shows("已保存")
        computer.kill()  # as kill -9 does, in the middle of a talk
        await asyncio.sleep(4)
        other = await stack.enter_async_context(machine(play, tmp_path / "operator.wav"))
        seat = await other.sit_down(house.web)
        await seat.state("通话")
        await expect(seat.page.get_by_label("备注")).to_have_value("要靠窗的医生")
        await expect(seat.page.locator("#note")).not_to_contain_text("来电人在听音乐", timeout=SOON_MS)
        await seat.press("F4")
        await seat.state("保持")
        await seat.page.reload()
        await seat.state("保持")
        await expect(seat.page.get_by_role("button", name="取回")).to_be_enabled(timeout=SOON_MS)
        await seat.shows("已连上")
        await seat.press("F4")
        await seat.state("通话")
        other.freeze(True)  # the network is cut: nothing comes, nothing goes, nobody says good-bye
        await asyncio.sleep(14)
        other.freeze(False)
        await asyncio.sleep(4)
        await expect(seat.page.locator("#note")).not_to_contain_text("连接中断", timeout=SOON_MS)
        await seat.state("通话")
        await expect(seat.page.locator("#note")).not_to_contain_text("来电人在听音乐", timeout=SOON_MS)
        await seat.press("F8")
        await caller.until("ended")
        await seat.state("话后整理")
        await seat.page.reload()
        await seat.state("话后整理")
        await expect(seat.page.get_by_role("listbox", name="小结：第一级")).to_be_focused(timeout=SOON_MS)
        await seat.press("4", "1")
        await expect(seat.page.get_by_role("button", name="就绪").last).to_be_focused()
        await seat.press("F2")
        await seat.state("空闲")
    music = audio.played(house.folder / "data" / "switch" / "music" / "calm")
    assert audio.anywhere(audio.read(heard), music) > audio.SURE


async def test_a_consultation_survives_the_page_and_is_completed_by_another(
    house: House, computer: Machine
) -> None:
    mine = await computer.sit_down(house.web)
    await back_to_work(mine)
    async with phone(house.sip_port, LI) as caller:
        await dial(caller)
        await mine.state("振铃")
        await mine.press("F2")
        await mine.state("通话")
        theirs = await computer.sit_down(house.web, "8002")
        await back_to_work(theirs)
        await mine.press("F6")
        await mine.page.get_by_role("combobox", name="转给谁").fill("8002")
        await expect(mine.page.get_by_role("listbox", name="转给谁")).to_contain_text("空闲")
        await mine.press("Enter")
        await mine.state("咨询转接")
        await theirs.state("振铃")
        await mine.page.reload()  # before the colleague has answered
        await mine.state("咨询转接")
        await theirs.press("F2")
        await mine.shows("已接通")
        await theirs.page.reload()  # and the colleague's, after
        await theirs.shows("李秀英")
        await mine.page.reload()
        await mine.shows("已接通")
        await expect(mine.page.get_by_role("button", name="完成转接")).to_be_enabled(timeout=SOON_MS)
        await mine.press("F6")
        await mine.state("话后整理")
        await theirs.state("通话")
        await theirs.shows("李秀英")
        await caller.hang_up()
        await theirs.state("话后整理")
    for seat in (mine, theirs):
        await seat.press("4", "1")
        await expect(seat.page.get_by_role("button", name="就绪").last).to_be_focused()
    await mine.press("F2")
    await mine.state("空闲")


async def test_a_supervisor_listens_and_takes_over_with_the_phone_in_the_page(
    house: House, computer: Machine, tmp_path: Path
) -> None:
    """What was asked for on the wall is answered by the desk itself: no key is pressed there."""
    mine = await computer.sit_down(house.web)
    await back_to_work(mine)
    async with phone(house.sip_port, LI) as caller:
        await dial(caller)
        await mine.state("振铃")
        await mine.press("F2")
        await mine.state("通话")
        boss = await computer.sit_down(house.web, "9001")
        await expect(boss.page.get_by_role("listbox", name="用哪部电话")).to_be_focused(timeout=SOON_MS)
        await boss.press("1")
        await boss.shows("已连上")
        await caller.play(spoken(house, "core/message-missing", tmp_path / "caller.wav"))
        wall = await boss.page.context.new_page()
        await wall.goto(f"{house.web}wall/")
        await wall.get_by_role("button", name=re.compile("^监听")).first.click()
        async with asyncio.timeout(SOON_MS / 1000):  # asked from outside: the page's own rules forbid eval
            active = "document.getElementById('sound').srcObject?.active"
            while not await boss.page.evaluate(active):  # noqa: ASYNC110 it is another process
                await asyncio.sleep(0.1)
        await boss.listen()
        await asyncio.sleep(5)
        heard = await boss.heard()  # both of them
        fits = {name: audio.anywhere(heard, house.sound(name)) for name in OURS}
        assert min(fits["core/leave-message"], fits["core/message-missing"]) > 0.5, fits
        assert max(fits["core/message-taken"], fits["core/queue-wait"]) < 0.5, fits
        await wall.get_by_role("link", name=re.compile("林静")).first.click()
        await wall.locator("summary", has_text="接管").click()
        await wall.get_by_role("button", name=re.compile("确认接管")).click()
        await mine.state("话后整理")
        await boss.state("通话")
        await boss.shows("李秀英")
        await boss.press("F8")
        await caller.until("ended")
        await boss.state("话后整理")
    for seat in (mine, boss):
        await expect(seat.page.get_by_role("listbox", name="小结：第一级")).to_be_visible(timeout=SOON_MS)
        await seat.page.get_by_role("listbox", name="小结：第一级").focus()
        await seat.press("4", "1")
        await expect(seat.page.get_by_role("button", name="就绪").last).to_be_focused()
    await mine.press("F2")
    await mine.state("空闲")
    await wall.close()


async def line_back(house: House) -> float:
    """When the line to the switch was up again after it was lost, on the clock of this process."""
    await until(lambda: health(house), lambda told: told["switch-line"] != "up")
    await until(lambda: health(house), lambda told: told["switch-line"] == "up")
    return time.monotonic()


async def test_a_killed_switch_leaves_no_state_untrue(
    house: House, computer: Machine, tell: Callable[[str], None]
) -> None:
    seat = await computer.sit_down(house.web)
    await back_to_work(seat)
    async with phone(house.sip_port, LI) as caller:
        await dial(caller)
        await seat.state("振铃")
        await seat.press("F2")
        await seat.state("通话")
        os.kill(house.asterisk(), signal.SIGKILL)
        back = asyncio.create_task(line_back(house))
        await seat.state("话后整理")
        late = time.monotonic() - await back
    tell(f"desk: a state of before the switch's death was true {max(0.0, late):.1f} s after its return")
    await seat.press("4", "1")
    await expect(seat.page.get_by_role("button", name="就绪").last).to_be_focused()
    await seat.press("F2")
    await seat.state("空闲")
    await seat.shows("已连上")
    async with phone(house.sip_port, LI) as caller:
        await dial(caller)
        await seat.state("振铃")
        await caller.hang_up()
        await seat.state("空闲")
