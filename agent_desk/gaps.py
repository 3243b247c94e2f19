"""Recordings that pause while something secret is typed, and go on by themselves."""

import asyncio

import structlog

from agent_desk.house import AgentHouse
from core.errors import Refusal

log = structlog.get_logger()

# Fields of a draft that must not be heard in a recording either.
SECRET_FIELDS = frozenset({"id_number", "card"})


class Gaps:
    """One for each call. A gap ends by its time-out, whatever becomes of the page that asked for it."""

    def __init__(self, house: AgentHouse) -> None:
        self._house = house
        self._ends: dict[int | None, asyncio.Task[None]] = {}

    def open(self, interaction_id: int | None) -> bool:
        """Whether we have paused this call's recording."""
        return interaction_id in self._ends

    async def switch(self, interaction_id: int, *, on: bool, why: str) -> None:
        """As the operator says; on lasts `gap_most_s` at the longest. Raises SwitchAway, CallGone."""
        await self._house.calls.gap(interaction_id, on=on, why=why)
        self._stop(interaction_id)
        if on:
            self._end_after(interaction_id, self._house.manners.gap_most_s, why)

    async def typed(self, interaction_id: int, fields: frozenset[str]) -> None:
        """A secret field was typed: pause, or pause on. Another field was: the secret is over."""
        secret = SECRET_FIELDS & fields
        pausing = interaction_id in self._ends
        try:
            if secret and not pausing:
                await self._house.calls.gap(interaction_id, on=True, why=min(secret))
            if secret:
                self._stop(interaction_id)
                self._end_after(interaction_id, self._house.manners.gap_s, min(secret))
            elif fields and pausing:
                self._stop(interaction_id)
                await self._house.calls.gap(interaction_id, on=False, why="typed")
        except Refusal as refusal:  # no switch, or the call is over: the typing goes on all the same
            log.info("no gap in the recording", interaction_id=interaction_id, code=refusal.code)

    def _end_after(self, interaction_id: int, seconds: float, why: str) -> None:
        async def end() -> None:
            await asyncio.sleep(seconds)
            self._ends.pop(interaction_id, None)
            try:
                await self._house.calls.gap(interaction_id, on=False, why=why)
            except Refusal as refusal:
                log.info("the gap ended with the call", interaction_id=interaction_id, code=refusal.code)

        self._ends[interaction_id] = asyncio.create_task(end(), name="end of a gap")

    def _stop(self, interaction_id: int) -> None:
        if task := self._ends.pop(interaction_id, None):
            task.cancel()

    def close(self) -> None:
        for task in self._ends.values():
            task.cancel()
        self._ends.clear()
