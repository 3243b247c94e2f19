"""The invented call centre's day: believable, ended, and the same by both ways of reckoning."""

import random
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.contact import agents
from core.contact.agent_tables import QueueEntry, RoomStay
from core.contact.measure_rules import Policy
from core.contact.measures import Kept, recounted
from core.contact.tables import Interaction
from core.database import open_database
from core.sealing import AesSealer
from core.work import Hotline
from hotline import demo
from hotline.demo_calls import Floor
from tests.clocks import FrozenClock, SeededChance
from tests.conftest import MASTER


@pytest.fixture
async def province(sqlite_model: Path, tmp_path: Path, clock: FrozenClock) -> AsyncIterator[Hotline]:
    shutil.copy(sqlite_model, tmp_path / "demo.db")
    database = open_database(f"sqlite+aiosqlite:///{tmp_path / 'demo.db'}")
    made = Hotline(database, clock, SeededChance(1), AesSealer(MASTER), demo=True)
    await demo.seed(made, "tiny")
    yield made
    await database.close()


@pytest.mark.parametrize("goes_on", [False, True], ids=["over", "as on a photograph"])
async def test_a_day_of_calls_is_lived_through_the_engine(
    province: Hotline, clock: FrozenClock, goes_on: bool
) -> None:
    began = clock.now() - timedelta(minutes=25)
    calls = await Floor(province, random.Random(5), 3, began, goes_on=goes_on).live()
    assert calls >= 8
    async with province.read() as db:
        figures = {one.code: one for one in await recounted(db, clock.now(), Policy())}
        kept = await Kept.load(db, clock.now())
        signed_in = await agents.signed_in(db)
        still_open = [
            *(await db.scalars(select(Interaction.id).where(Interaction.closed_at.is_(None)))),
            *(await db.scalars(select(QueueEntry.id).where(QueueEntry.ended_at.is_(None)))),
            *(await db.scalars(select(RoomStay.id).where(RoomStay.left_at.is_(None)))),
        ]
    assert kept.figures(clock.now(), Policy()) == list(figures.values())
    assert figures["connected"].main.of > 5
    assert 60 < (figures["handling"].main.value or 0) < 500
    assert bool(signed_in) is bool(still_open) is goes_on
