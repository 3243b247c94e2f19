"""Asterisk killed under twenty calls: nothing is left untrue, nothing stale is done, the next call books."""

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest

from core.events import SwitchLost
from hotline.demo_people import LI
from tests.faults.crowd import (
    CALLS,
    OPERATORS,
    books,
    crowd,
    ends,
    held,
    needs_asterisk,
    served,
    sooner_or_later,
    standing,
    stands,
    telephones,
    told,
)
from tests.houses import health, page, until

pytestmark = [pytest.mark.switch, pytest.mark.slow]


@pytest.mark.req("I-014")
async def test_asterisk_killed_under_twenty_calls_leaves_nothing_untrue_and_the_next_call_books(
    tmp_path: Path,
) -> None:
    await needs_asterisk()
    async with served(tmp_path / "house") as house, books(house) as book, telephones(house) as made:
        async with crowd(house, book, made) as everybody:
            before = await stands(book, lambda seen: len(seen.calls) == CALLS)
            assert set(before.operators.values()) == {"talking"}
            switch = house.asterisk()
            os.kill(switch, signal.SIGKILL)
            for desk in everybody.desks:
                desk.telephone.told.clear()  # what rings from now on would be stale

            after = await stands(book, lambda seen: seen.calls == {})
            assert (after.waiting, after.in_rooms) == (0, [])
            assert after.operators == dict.fromkeys(OPERATORS, "wrap-up")
            dispositions = await ends(book, list(before.calls))
            assert None not in dispositions.values()
            for call, state in before.calls.items():
                assert dispositions[call] in ENDS[state], (state, dispositions[call])
            await until(lambda: health(house), lambda parts: parts["switch"] == parts["switch-line"] == "up")
            assert house.asterisk() != switch
            assert len(await told(book, SwitchLost)) == 1

            # What was chosen waits for the redial, and the text that says so is written.
            assert everybody.slot in await held(book)
            await sooner_or_later(lambda: page(house, "live/texts"), lambda text: "为您留到" in text)

            # The new switch has no call, and gets none of those that were being made.
            for desk in everybody.desks:
                await desk.free()
            await asyncio.sleep(4)
            assert not any(
                one["event"] == "ringing" for desk in everybody.desks for one in desk.telephone.told
            )
            assert (await standing(book)).calls == {}

            (li,) = await made.some(LI.phone or "")
            assert (await li.call("12320"))["event"] == "answered"
            for entry in ("1", LI.tail.replace("X", "*"), "1"):
                await asyncio.sleep(2)
                await li.press(entry)
            await sooner_or_later(lambda: page(house, "live/texts"), lambda text: bool(SERIAL.search(text)))
            assert everybody.slot not in await held(book)
            await li.hang_up()
            await stands(book, lambda seen: seen.calls == {})


# How a call may end that goes with its switch, by where it was.
ENDS = {
    "ivr": {"abandoned-menu"},
    "queued": {"abandoned-queue"},
    "offered": {"abandoned-queue"},
    "talking": {"answered", "failed"},
}
SERIAL = re.compile(r"(?<!\d)\d{2} ?\d{3} ?\d{3}(?!\d)")
