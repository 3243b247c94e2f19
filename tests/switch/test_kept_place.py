"""Somebody hangs up in the queue and is called in their turn: real switch, real telephones."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select

from core.contact import agents, kept
from core.contact.kept_tables import KeptPlace
from core.contact.tables import Callback
from ivr.line import Manners
from tests.clocks import RunningClock
from tests.ivr.town import LI, TownModel, a_town
from tests.phones import phone
from tests.switch.conftest import Exchange
from tests.switch.desks import Floor, floor, operators

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="session")]
FIRST = "8001"
MANNERS = Manners(patience=timedelta(0), calls_back=True)


@pytest_asyncio.fixture(loop_scope="session")
async def made(exchange: Exchange, town_model: TownModel, tmp_path: Path) -> AsyncIterator[Floor]:
    async with a_town(town_model, tmp_path / "town") as (town, clock):
        town.hotline.clock = RunningClock(clock.instant)
        async with floor(exchange, town.hotline, manners=MANNERS) as standing:
            yield standing


async def books(made: Floor) -> tuple[str, str]:
    async with made.hotline.read() as db:
        place = (await db.execute(select(KeptPlace))).scalar_one()
        return place.state, (await db.get_one(Callback, place.callback_id)).state


async def test_who_hangs_up_with_the_place_kept_is_called_when_it_is_their_turn(made: Floor) -> None:
    at = made.exchange
    async with operators(made, 1) as (desk,):
        await made.work(agents.pause, made.staff[FIRST], "rest")
        async with phone(at.sip_port, LI) as caller:
            await caller.call("12320")
            await caller.press("0")

            async def places() -> int:
                if not any(one["event"] == "ended" for one in caller.told):
                    await caller.press("1")
                    await asyncio.sleep(1)
                async with made.hotline.read() as db:
                    return len((await db.execute(select(KeptPlace.id))).all())

            await made.until(places, bool)
            await caller.until("ended")
        assert not desk.told or desk.told[-1]["event"] != "ringing"
        async with phone(at.sip_port, LI, own_port=at.outside_port) as outside:
            await made.work(agents.be_ready, made.staff[FIRST])
            await desk.answer()
            await outside.answer()
            await made.state(FIRST, "talking")
            await made.present("agent", "caller")
            await made.work(kept.follow)
            assert await books(made) == ("served", "done")
            await made.switchboard.finish(made.staff[FIRST])
            await outside.until("ended")
            await made.state(FIRST, "wrap-up")
