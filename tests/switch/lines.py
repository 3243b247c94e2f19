"""A manager line to a test's switch, and the events that are waited for on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from core.chance import SystemChance, SystemClock
from ivr.ami import Ami
from ivr.dialplan import Installation
from ivr.switch_events import SwitchEvent

Event = TypeVar("Event", bound=SwitchEvent)
WITHIN_S = 40.0


@asynccontextmanager
async def line_to(at: Installation) -> AsyncIterator[Ami]:
    """A line that is up; its first event is the snapshot."""
    ami = Ami(at.ami_port, "hotline", at.ami_secret, clock=SystemClock(), chance=SystemChance())
    await ami.start()
    try:
        async with asyncio.timeout(WITHIN_S):
            await ami.until_up()
        yield ami
    finally:
        await ami.stop()


async def event(ami: Ami, kind: type[Event]) -> Event:
    """The next event of this kind; the others before it are passed over."""
    async with asyncio.timeout(WITHIN_S):
        while not isinstance(told := await ami.events.get(), kind):
            pass
    return told
