"""Recording of calls: begun when an operator connects, silent while something secret is said or keyed."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from weakref import WeakValueDictionary

from core.contact.view import load
from core.errors import CallGone, SwitchAway
from core.recordings import engine as recordings
from core.recordings import silences
from core.values import system
from core.work import Hotline
from ivr.control import Control

DESK = system("desk")


class Recorder(Protocol):
    async def begin(self, interaction_id: int, leg: str, staff_id: int) -> None:
        """Record this caller's leg from now on; a call that is being recorded goes on as it is."""

    async def again(self) -> None:
        """The switch is back: begin what could not be begun, end silences that nobody keeps any more."""

    async def ended(self, interaction_id: int) -> None:
        """The caller's leg is gone, and its recording whole."""

    async def gap(self, interaction_id: int, on: bool, why: str) -> None:
        """Silence from now on, or sound again."""


class NotRecording:
    """An installation that records nothing."""

    async def again(self) -> None:
        return

    async def begin(self, interaction_id: int, leg: str, staff_id: int) -> None:
        return

    async def ended(self, interaction_id: int) -> None:
        return

    async def gap(self, interaction_id: int, on: bool, why: str) -> None:
        return


class SwitchRecorder:
    """Records on the switch. folder: where it writes; control: None while there is no line."""

    def __init__(self, hotline: Hotline, folder: Path, control: Callable[[], Control | None]) -> None:
        self._hotline = hotline
        self._folder = folder
        self._control = control
        self._legs: dict[int, str] = {}
        self._missed: dict[int, tuple[str, str]] = {}  # by contact: leg and key of what could not be begun
        self._silent: set[int] = set()  # contacts whose silence somebody here keeps, and will end
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def begin(self, interaction_id: int, leg: str, staff_id: int) -> None:
        self._legs[interaction_id] = leg
        async with self._hotline.work(DESK) as work:
            key, new = await recordings.begin(work, interaction_id, staff_id)
        if new:
            self._missed[interaction_id] = leg, key
        await self._begin_missed()

    async def again(self) -> None:
        await self._begin_missed()
        await self._end_silences()

    async def _begin_missed(self) -> None:
        control = self._control()
        if control is None:
            return
        for interaction_id, (leg, key) in list(self._missed.items()):
            try:
                await control.record(leg, self._folder, key)
            except SwitchAway:
                return
            except CallGone:
                pass  # a row without sound is found missing when it is sealed
            self._missed.pop(interaction_id, None)

    async def _end_silences(self) -> None:
        """Those of before our start: sound again where the call goes on, and no row stays open."""
        async with self._hotline.work(DESK) as work:
            await silences.close_over(work)
            left = await silences.open_silences(work.db)
        for interaction_id, why in left:
            async with self._turn(interaction_id):
                if interaction_id in self._silent:  # an operator of ours is in a secret field
                    continue
                try:
                    await self._gap(interaction_id, on=False, why=why)
                except SwitchAway:
                    return  # it comes back, and tells us so

    async def ended(self, interaction_id: int) -> None:
        self._legs.pop(interaction_id, None)
        self._missed.pop(interaction_id, None)
        self._silent.discard(interaction_id)
        async with self._hotline.work(DESK) as work:
            await recordings.ended(work, interaction_id)

    async def gap(self, interaction_id: int, on: bool, why: str) -> None:
        """First the switch, then the note: a gap that is only noted would be a lie.

        Raises SwitchAway when a silence that was asked for cannot be had.
        """
        async with self._turn(interaction_id):
            await self._gap(interaction_id, on=on, why=why)
            if on:
                self._silent.add(interaction_id)
            else:
                self._silent.discard(interaction_id)

    def _turn(self, interaction_id: int) -> asyncio.Lock:
        """Switch and note of one call change together, whoever changes them."""
        return self._turns.setdefault(interaction_id, asyncio.Lock())

    async def _gap(self, interaction_id: int, *, on: bool, why: str) -> None:
        leg, control = self._legs.get(interaction_id), self._control()
        if leg is None:
            async with self._hotline.read() as db:
                leg = (await load(db, interaction_id)).linked_id
        if control is None:
            raise SwitchAway
        with suppress(CallGone):
            await control.mute(leg, on=on)
        async with self._hotline.work(DESK) as work:
            await recordings.pause(work, interaction_id, on=on, why=why)
