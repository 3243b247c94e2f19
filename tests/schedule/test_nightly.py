"""Each night every live hospital's next days are published, as far as its own rules look ahead."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import select, update

from core.catalogue.tables import Hospital
from core.schedule.nightly import AHEAD, Nightly
from core.schedule.tables import Session, Template
from core.values import day_of, system
from core.work import Hotline
from tests.builders import SEED, Clinic, clinic
from tests.clocks import FrozenClock


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    made = await clinic(hotline)
    async with hotline.work(SEED) as work:
        for weekday in range(1, 8):
            work.db.add(
                Template(
                    post_id=made.posts["chen"], weekday=weekday, half="am", starts=time(8), ends=time(11),
                    period_minutes=30, capacity=6, shares={}, room="", valid_from=date(2026, 1, 1),
                )
            )  # fmt: skip
    return made


async def run(hotline: Hotline, nightly: Nightly) -> int:
    made = 0
    while True:
        batch = await hotline.run(nightly.publish, system("timers"))
        made += batch
        if not batch:
            return made


async def days(hotline: Hotline) -> list[date]:
    async with hotline.read() as db:
        return list((await db.execute(select(Session.day).order_by(Session.day))).scalars())


@pytest.mark.req("R-148")
async def test_a_night_adds_what_is_missing_and_no_more(town: Clinic, clock: FrozenClock) -> None:
    hotline, nightly = town.hotline, Nightly()
    today = day_of(clock.now())
    first = await run(hotline, nightly)
    assert first == 14 + AHEAD + 1
    assert await days(hotline) == [today + timedelta(days=n) for n in range(first)]
    assert await run(hotline, nightly) == 0
    clock.advance(days=3)  # two nights were missed
    assert await run(hotline, nightly) == 3


async def test_a_department_that_is_open_further_ahead_is_published_further_ahead(town: Clinic) -> None:
    await town.rule("window.last-day@department=03", "21")
    assert await run(town.hotline, Nightly()) == 21 + AHEAD + 1


async def test_a_hospital_that_is_not_live_publishes_nothing(town: Clinic) -> None:
    async with town.hotline.work(SEED) as work:
        await work.db.execute(update(Hospital).values(state="suspended"))
    assert await run(town.hotline, Nightly()) == 0
