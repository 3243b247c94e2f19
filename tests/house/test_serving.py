"""The house as it is run: a process of its own, called by a real telephone, killed, and asked how it is."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.settings import Settings
from hotline.asterisk import NoAsterisk, find_asterisk
from hotline.demo_people import ELDER, LI, STRANGERS_PHONE, ZHOU
from tests import audio
from tests.houses import House, alive, environment, health, page, serving, switched_on, until
from tests.phones import Phone, phone

pytestmark = pytest.mark.switch


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    try:
        await find_asterisk(Settings().cache)
    except NoAsterisk as why:
        pytest.skip(f"no Asterisk can be had here: {why}")
    async with serving(tmp_path / "house") as made:
        yield made


async def press_as_asked(telephone: Phone, *entries: str, pause_s: float = 2.0) -> None:
    """A caller who knows the menu: presses into each sentence, and lets the next one begin."""
    for entry in entries:
        await asyncio.sleep(pause_s)
        await telephone.press(entry)


async def test_a_stranger_to_us_dials_books_and_finds_everything_on_the_page(house: House) -> None:
    up = "database booking switch switch-line voice outbox texts cashiers timers disk"
    there = dict.fromkeys(up.split(), "up") | dict.fromkeys(("better-voice", "recordings"), "absent")
    # without a way out, calls wait for operators: none by day, some once the evening's reminders are due
    fine = [there | {"outbound": state} for state in ("absent", "degraded")]
    await until(lambda: health(house), lambda told: told in fine)  # every timer has run once
    async with phone(house.sip_port, LI.phone or "") as telephone:
        assert (await telephone.call("12320"))["event"] == "answered"
        await press_as_asked(telephone, "1", LI.tail.replace("X", "*"), "1")

        async def texts() -> str:
            return await page(house, "live/texts")

        shown = await until(texts, lambda text: "曾文华" in text)
        serial = re.search(r"(?<!\d)\d{8}(?!\d)|\d{2} ?\d{3} ?\d{3}", shown)
        assert serial
        await telephone.hang_up()
        await telephone.until("ended")
    appointments = await page(house, "live/appointments")
    assert "曾文华" in appointments
    assert LI.phone not in appointments
    story = re.search(r'href="/(calls/[^"]+)"', await page(house, "live/calls"))
    assert story
    told = await page(house, story[1])
    assert "曾文华" in told
    assert LI.tail not in told
    assert "hotline_texts_total" in await page(house, "metrics")


async def test_ctrl_c_ends_everything_it_started(tmp_path: Path) -> None:
    async with serving(tmp_path / "house") as house:
        switch = await switched_on(house) if house.ready["sip"] else None
        house.process.send_signal(signal.SIGINT)
        assert await house.process.wait() == 0
        if switch:
            assert not alive(switch)


async def test_two_cannot_serve_one_folder(house: House) -> None:
    second = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hotline", "serve",
        env=environment(house.folder, {}), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await second.communicate()
    assert second.returncode == 2
    assert b"another hotline serves" in said


async def test_a_switch_that_is_killed_is_missed_started_again_and_takes_calls(house: House) -> None:
    before = await switched_on(house)

    async def killed_again() -> dict[str, str]:
        """It is back within a second; killed as often as that, somebody who looks sees it missing."""
        with contextlib.suppress(LookupError, ProcessLookupError):
            os.kill(house.asterisk(), signal.SIGKILL)
        return await health(house)

    await until(killed_again, lambda parts: parts["switch-line"] == "down")
    await until(lambda: health(house), lambda parts: parts["switch"] == parts["switch-line"] == "up")
    assert house.asterisk() != before
    async with phone(house.sip_port, ELDER.phone or "") as telephone:
        assert (await telephone.call("12320"))["event"] == "answered"


async def test_without_us_a_call_is_answered_in_chinese_queued_and_its_message_kept(
    house: House, tmp_path: Path
) -> None:
    switch = await switched_on(house)
    house.process.kill()
    await house.process.wait()
    try:
        wav = tmp_path / "heard.wav"
        async with phone(house.sip_port, STRANGERS_PHONE) as telephone:
            assert (await telephone.call("12320", wav))["event"] == "answered"
            await asyncio.sleep(24)  # the sentence, the queue that finds nobody, the request to speak
            await telephone.press("#")
            assert (await telephone.until("ended"))["code"] == 200
        heard = audio.read(wav)
        found = [
            audio.heard(heard, house.sound(name))
            for name in ("core/maintenance", "core/leave-message", "core/message-taken")
        ]
        assert all(match.sure for match in found), found
        assert [match.at_s for match in found] == sorted(match.at_s for match in found)
    finally:
        os.kill(switch, signal.SIGTERM)
        await until(lambda: asyncio.to_thread(alive, switch), lambda there: not there)
    async with serving(house.folder) as again:  # what was left becomes a call we owe

        async def texts() -> str:
            return await page(again, "live/texts")

        await until(texts, lambda text: "107****0000" in text)


async def test_a_process_that_dies_in_mid_call_costs_the_caller_nothing(house: House) -> None:
    async with phone(house.sip_port, ZHOU.phone or "") as telephone:
        assert (await telephone.call("12320"))["event"] == "answered"
        await press_as_asked(telephone, "2")
        house.process.kill()
        await house.process.wait()
        await asyncio.sleep(5)
        assert [one for one in telephone.told if one["event"] == "ended"] == []
    os.kill(house.asterisk(), signal.SIGTERM)
