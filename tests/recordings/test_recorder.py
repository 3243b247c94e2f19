"""Silences that outlive the process that kept them: ended with the next start, and when the switch is back."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import select

from core import journal
from core.contact import engine as contact
from core.errors import CallGone, SwitchAway
from core.events import RecordingPaused
from core.recordings import engine as recordings
from core.recordings.tables import RecordingGap
from core.values import system
from core.work import Hotline
from ivr.control import Control
from ivr.recorder import SwitchRecorder
from tests.clocks import FrozenClock

TEST = system("test")


@dataclass
class Line:
    """A switch with one call, that notes what is silent."""

    legs: set[str] = field(default_factory=lambda: {"hotline-1"})
    silent: list[tuple[str, bool]] = field(default_factory=list)
    up: bool = True
    held_up: asyncio.Event | None = None

    async def record(self, leg: str, folder: Path, key: str) -> None: ...

    async def mute(self, leg: str, *, on: bool) -> None:
        if self.held_up is not None:
            await self.held_up.wait()
        if not self.up:
            raise SwitchAway
        if leg not in self.legs:
            raise CallGone
        self.silent.append((leg, on))


@pytest.fixture
def line() -> Line:
    return Line()


def started(hotline: Hotline, line: Line) -> SwitchRecorder:
    """As our process has it after a start."""
    return SwitchRecorder(hotline, Path("raw"), lambda: cast(Control, line))


@pytest.fixture
async def call(hotline: Hotline, line: Line) -> int:
    """A call that is recorded, and silent since before our start."""
    async with hotline.work(TEST) as work:
        opened = await contact.open_interaction(work, linked_id="hotline-1", dnis="12320", ani=None)
    before = started(hotline, line)
    await before.begin(opened.interaction_id, "hotline-1", 1)
    await before.gap(opened.interaction_id, True, "identity")
    assert line.silent.pop() == ("hotline-1", True)
    return opened.interaction_id


async def gaps(hotline: Hotline) -> list[bool]:
    """Of each gap whether it is open."""
    async with hotline.read() as db:
        rows = (await db.execute(select(RecordingGap).order_by(RecordingGap.id))).scalars()
        return [row.ended_at is None for row in rows]


async def told(hotline: Hotline) -> list[bool]:
    async with hotline.read() as db:
        return [one.on for one in reversed(await journal.latest(db, RecordingPaused, 9))]


async def test_a_call_that_goes_on_is_heard_again_after_our_start(
    hotline: Hotline, line: Line, call: int
) -> None:
    await started(hotline, line).again()
    assert line.silent == [("hotline-1", False)]
    assert (await gaps(hotline), await told(hotline)) == ([False], [True, False])


async def test_of_a_call_that_is_over_only_the_row_is_closed(hotline: Hotline, line: Line, call: int) -> None:
    line.legs.clear()
    await started(hotline, line).again()
    assert line.silent == []
    assert (await gaps(hotline), await told(hotline)) == ([False], [True, False])


async def test_a_gap_of_a_recording_that_is_over_ends_with_it(
    hotline: Hotline, line: Line, call: int, clock: FrozenClock
) -> None:
    async with hotline.work(TEST) as work:
        await recordings.ended(work, call)
        gap = (await work.db.execute(select(RecordingGap))).scalar_one()
        gap.ended_at = None  # as rows of earlier times are
    over = clock.now()
    clock.advance(hours=1)
    line.up = False
    await started(hotline, line).again()
    async with hotline.read() as db:
        assert (await db.execute(select(RecordingGap.ended_at))).scalar_one() == over
    assert line.silent == []


async def test_without_a_switch_the_silence_waits_for_it(hotline: Hotline, line: Line, call: int) -> None:
    recorder, line.up = started(hotline, line), False
    await recorder.again()
    assert await gaps(hotline) == [True]
    line.up = True
    await recorder.again()
    assert (await gaps(hotline), line.silent) == ([False], [("hotline-1", False)])


async def test_a_silence_that_an_operator_keeps_outlives_a_line_that_was_away(
    hotline: Hotline, line: Line, call: int
) -> None:
    recorder = started(hotline, line)
    await recorder.again()
    await recorder.gap(call, True, "card")
    line.silent.clear()
    await recorder.again()
    assert (line.silent, await gaps(hotline)) == ([], [False, True])


async def test_a_silence_asked_for_while_an_older_one_ends_is_kept_and_noted(
    hotline: Hotline, line: Line, call: int
) -> None:
    recorder, line.held_up = started(hotline, line), asyncio.Event()
    ending = asyncio.create_task(recorder.again())
    asked = asyncio.create_task(recorder.gap(call, True, "card"))
    line.held_up.set()
    await asyncio.gather(ending, asked)
    assert line.silent[-1] == ("hotline-1", True)
    assert (await gaps(hotline))[-1] is True
