"""Whoever is still there after the operator's good-bye is asked, and then hears the good-bye. Real switch."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select

from core.survey.tables import Survey
from ivr.agi_call import AgiCall
from ivr.survey import survey
from tests import audio
from tests.clocks import RunningClock
from tests.ivr.town import LI, TownModel, a_town
from tests.phones import phone
from tests.switch.conftest import Exchange
from tests.switch.desks import Floor, floor, operators

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="session")]

FIRST = "8001"


@pytest_asyncio.fixture(loop_scope="session")
async def made(exchange: Exchange, town_model: TownModel, tmp_path: Path) -> AsyncIterator[Floor]:
    async with a_town(town_model, tmp_path / "town") as (town, clock):
        town.hotline.clock = RunningClock(clock.instant)

        async def score(call: AgiCall) -> None:
            await survey(call, town.hotline, callback_within=timedelta(hours=2))

        exchange.after["12320"] = score
        async with floor(exchange, town.hotline) as standing:
            yield standing
        del exchange.after["12320"]


async def scored(made: Floor) -> Survey | None:
    async with made.hotline.read() as db:
        return (await db.execute(select(Survey))).scalar_one_or_none()


async def test_a_caller_scores_by_key_and_hears_the_good_bye(made: Floor, tmp_path: Path) -> None:
    wav = tmp_path / "heard.wav"
    async with operators(made, 1) as (desk,), phone(made.exchange.sip_port, LI) as caller:
        await caller.call("12320", wav)
        await caller.press("0")
        await desk.answer()
        await made.state(FIRST, "talking")
        await made.present("caller", "agent")
        # They talk for a minute that nobody has to wait for.
        made.hotline.clock = RunningClock(made.hotline.clock.now() + timedelta(minutes=1))
        await made.switchboard.finish(made.staff[FIRST])
        await made.until(lambda: scored(made), lambda row: row is not None)
        await caller.press("5")
        await caller.until("ended")
    row = await scored(made)
    assert row is not None
    assert (row.way, row.score, row.staff_id) == ("key", 5, made.staff[FIRST])
    heard = audio.read(wav)
    assert audio.heard(heard, audio.played(made.exchange.at.sounds / "core/farewell")).sure
