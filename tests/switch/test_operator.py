"""A caller who wants a person gets one: an operator's telephone rings, answers, and both are followed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from core.chance import SystemChance
from core.contact import engine as contact
from ivr.agi import AgiCall
from ivr.ami import Ami
from ivr.following import Follower
from tests.ivr.town import LI, Town, TownModel, a_town
from tests.phones import Phone, phone
from tests.switch.conftest import Exchange

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="session")]

NUMBER = "12320"


@pytest_asyncio.fixture(loop_scope="session")
async def operator(exchange: Exchange) -> AsyncIterator[Phone]:
    agent = exchange.at.agents[0]
    async with phone(exchange.sip_port, agent.number, agent.password) as telephone:
        await telephone.until("registered")
        yield telephone


async def state(made: Town, linked_id: str, *wanted: str) -> str:
    """The interaction's state, once it is one of these. Raises TimeoutError."""
    async with asyncio.timeout(15):
        while True:
            async with made.hotline.read() as db:
                found = await contact.by_linked_id(db, linked_id)
            if found and (found.state in wanted or found.disposition in wanted):
                return found.disposition or found.state
            await asyncio.sleep(0.1)


@pytest.mark.req("R-074", "I-014")
async def test_zero_brings_an_operator_and_the_call_is_followed_to_its_end(
    exchange: Exchange, operator: Phone, town_model: TownModel, tmp_path: Path
) -> None:
    async with a_town(town_model, tmp_path / "town") as (made, clock):
        follower = Follower(made.hotline)
        line = Ami(
            exchange.at.ami_port, "hotline", exchange.at.ami_secret, clock=clock, chance=SystemChance()
        )
        await line.start()
        await line.until_up()

        async def follow() -> None:
            while True:
                await follower.take(await line.events.get())

        following = asyncio.create_task(follow())
        linked: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def receive(call: AgiCall) -> None:
            linked.set_result(call.id)
            await made.desk.receive(call)

        exchange.answers[NUMBER] = receive
        try:
            async with phone(exchange.sip_port, LI) as caller:
                await caller.call(NUMBER)
                await caller.press("0")
                rings = await operator.until("ringing")
                assert LI in rings["by"]
                call_id = await linked
                assert await state(made, call_id, "offered") == "offered"
                await operator.do("answer")
                await operator.until("answered")
                assert await state(made, call_id, "talking") == "talking"
                await operator.hang_up()
                await caller.until("ended")
                assert await state(made, call_id, "closed") == "answered"
        finally:
            following.cancel()
            await line.stop()


async def test_an_operator_needs_the_right_password(exchange: Exchange) -> None:
    async with phone(exchange.sip_port, exchange.at.agents[0].number, "guessed") as telephone:
        refused = await telephone.until("registered", "not-registered")
        assert refused["event"] == "not-registered"
        assert refused["code"] in (401, 403)
