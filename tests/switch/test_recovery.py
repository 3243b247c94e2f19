"""Real lines that are cut in the booking, with a good-bye or without one; the redial books what was held."""

import asyncio
from pathlib import Path

import pytest

from ivr.agi_call import AgiCall
from tests.ivr.recovery import CUTS, KEPT, ON, Cut
from tests.ivr.scripts import booked
from tests.ivr.town import LI, Town, TownModel, a_town
from tests.phones import Phone, phone
from tests.switch.conftest import NUMBERS, Exchange
from tests.switch.players import Player
from tests.waiting import until

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="session")]

ENDS_WITHIN_S = 90.0
NUMBER = NUMBERS[0]
BY_A_GOOD_BYE = [cut for cut in CUTS if cut.point in (3, 4, 10, 12)]


class Line:
    """A telephone that calls the town; what it heard and how the dialogue ended."""

    def __init__(self, exchange: Exchange, town: Town, telephone: Phone, keys: str) -> None:
        self.player = Player(town.keys(keys), telephone)
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.telephone = telephone

        async def receive(call: AgiCall) -> None:
            self.ended.set_result((await town.desk.receive(self.player.take(call))).value)

        async def queued(call: AgiCall) -> None:
            await call.hang_up()

        exchange.answers[NUMBER], exchange.later[NUMBER] = receive, queued

    async def over(self) -> str:
        async with asyncio.timeout(ENDS_WITHIN_S):
            return await self.ended


async def call(exchange: Exchange, town: Town, keys: str) -> list[str]:
    """Play these keys to their end; returns what was heard."""
    async with phone(exchange.sip_port, LI) as telephone:
        line = Line(exchange, town, telephone, keys)
        await telephone.call(NUMBER)
        await line.over()
        await line.player.over()
        return line.player.heard


async def held(town: Town) -> int:
    return (await town.clinic.states(town.sessions["chen"])).get("held", 0)


@pytest.mark.req("I-014")
@pytest.mark.parametrize("cut", BY_A_GOOD_BYE, ids=lambda cut: f"{cut.point} {cut.name}")
async def test_a_line_that_is_cut_by_a_good_bye_is_gone_on_with(
    cut: Cut, exchange: Exchange, town_model: TownModel, tmp_path: Path
) -> None:
    async with a_town(town_model, tmp_path / "town") as (town, clock):
        await call(exchange, town, cut.keys)
        assert await held(town) == (cut.left == KEPT)
        clock.advance(minutes=2)
        if cut.finish:
            heard = await call(exchange, town, cut.finish.replace(".", "!"))
            assert ("kept-slot" in heard) == (cut.left == KEPT)
        assert (await booked(town, clock), await held(town)) == (1, 0)


async def test_a_telephone_that_loses_its_power_is_noticed_by_its_silence(
    exchange: Exchange, town_model: TownModel, tmp_path: Path
) -> None:
    """No good-bye ever comes: the switch ends the call, and the slot waits for the redial."""
    async with a_town(town_model, tmp_path / "town") as (town, clock):
        async with phone(exchange.sip_port, LI) as telephone:
            line = Line(exchange, town, telephone, "1{tail}.....")
            await telephone.call(NUMBER)
            await until(lambda: "confirm" in line.player.heard)
            telephone.die()
            await line.over()
        assert await held(town) == 1
        clock.advance(minutes=2)
        heard = await call(exchange, town, ON.replace(".", "!"))
        assert "kept-slot" in heard
        assert (await booked(town, clock), await held(town)) == (1, 0)
