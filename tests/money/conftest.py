"""The sandbox's keys, made once: four of 2048 bits take a second."""

from collections.abc import AsyncIterator

import pytest

from core.links.unionpay.sandbox_keys import SandboxKeys, make_keys
from core.work import Hotline
from tests.clocks import FrozenClock
from tests.money.shop import Shop, open_shop


@pytest.fixture(scope="session")
def sandbox_keys() -> SandboxKeys:
    return make_keys(FrozenClock.at("2026-11-01 00:00").now())


@pytest.fixture
async def shop(hotline: Hotline, sandbox_keys: SandboxKeys, clock: FrozenClock) -> AsyncIterator[Shop]:
    async with open_shop(hotline, sandbox_keys, clock) as made:
        yield made
