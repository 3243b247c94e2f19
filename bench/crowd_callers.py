"""Callers of a crowd: some by real SIP on the real switch, most invented, each with a dialogue of its own."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from bench.crowd_switch import CrowdSwitch
from bench.invite import Caller, caller
from tests.fake_asterisk import AgiCaller

# A caller who has been served dials again after this, as somebody else.
PAUSE_S = 2.0
ANSWERED_S = 20.0


class InventedCallers:
    """Each is a channel that the crowd's switch tells of, and a script that our server talks to."""

    def __init__(self, agi_port: int) -> None:
        self._agi_port = agi_port
        self._switch: CrowdSwitch | None = None
        self._talking: dict[str, asyncio.Task[None]] = {}
        self.come = 0

    def on(self, switch: CrowdSwitch) -> None:
        self._switch = switch

    @property
    def waiting(self) -> int:
        return len(self._talking)

    def arrive(self) -> None:
        """One more waits."""
        assert self._switch
        self.come += 1
        linked_id = f"crowd-{self.come}.0"
        self._switch.arrives(linked_id)
        self._talking[linked_id] = asyncio.create_task(self._wait(linked_id, f"1079{self.come:07}"))

    def moved(self, unique_id: str) -> None:
        """Fetched into a room, or gone: the script ends, as it does when a channel is moved."""
        talking = self._talking.pop(unique_id, None)
        if talking:
            talking.cancel()

    async def _wait(self, linked_id: str, number: str) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await AgiCaller().call(
                self._agi_port, "waiting", agi_uniqueid=linked_id, agi_arg_1=linked_id, agi_callerid=number
            )

    async def stop(self) -> None:
        talking = list(self._talking.values())
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)


class RealCallers:
    """So many lines that always call: who was served and put down dials again."""

    def __init__(self, count: int, sip_port: int, over: Callable[[], bool]) -> None:
        self._count, self._sip_port, self._over = count, sip_port, over
        self._lines: list[asyncio.Task[None]] = []
        self._on: set[Caller] = set()
        self.calls = self.failed = 0

    def start(self) -> None:
        self._lines = [asyncio.create_task(self._line(place)) for place in range(self._count)]

    @property
    def on_the_line(self) -> int:
        return len(self._on)

    async def _line(self, place: int) -> None:
        await asyncio.sleep(place * 0.1)
        while not self._over():
            self.calls += 1
            one = await caller(f"1078{place:07}", "12320", self._sip_port, self.calls)
            self._on.add(one)
            try:
                one.invite()
                async with asyncio.timeout(ANSWERED_S):
                    await one.answered
                await one.ended
            except TimeoutError:
                self.failed += 1
            finally:
                self._on.discard(one)
                one.hang_up()
            await asyncio.sleep(PAUSE_S)

    async def stop(self) -> None:
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)
