"""Our side of an SMPP line, bound to a message centre of a test."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from core.ports import Clock
from sms.gateways.smpp.gateway import Manners, SmppGateway
from sms.gateways.smpp.pdus import Address
from sms.gateways.smpp.session import Centre
from tests.clocks import FrozenClock, SeededChance
from tests.sms.boxes import Box
from tests.sms.smsc import Smsc
from tests.waiting import until

QUICK = Manners(rebind_s=0.05, most_rebind_s=0.2, calm_s=0.05, most_calm_s=0.2, sweep_s=0.05)


def fingerprint(words: str) -> str:
    """Keyed in the house, by the sealer."""
    return hashlib.sha256(f"a key of the tests {words}".encode()).hexdigest()[:32]


@asynccontextmanager
async def house(
    port: int, box: Box, *, clock: Clock | None = None, manners: dict[str, Any] | None = None, **centre: Any
) -> AsyncIterator[SmppGateway]:
    """A gateway that stays bound to whoever listens on the port. manners, centre: what is not as usual."""
    usual = {"system_id": "house", "password": "secret", "source": Address("12320", 0, 1)}
    gateway = SmppGateway(
        Centre("smpp", "127.0.0.1", port, **(usual | centre)),
        box,
        clock or FrozenClock.at("2026-11-23 10:00"),
        SeededChance(1),
        fingerprint,
        replace(QUICK, **(manners or {})),
    )
    running = asyncio.create_task(gateway.run())
    try:
        yield gateway
    finally:
        running.cancel()
        await asyncio.wait({running})
        if not running.cancelled() and (error := running.exception()):
            raise error


@asynccontextmanager
async def bound(smsc: Smsc, box: Box, **more: Any) -> AsyncIterator[SmppGateway]:
    async with house(smsc.port, box, **more) as gateway:
        await until(lambda: gateway.bound)
        yield gateway
