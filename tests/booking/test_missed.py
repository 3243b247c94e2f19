"""爽约率: of the visits that were due, those that nobody came to; what was given up before was not due."""

from datetime import date, timedelta

from core.booking.commands import Cancel
from core.booking.missed import due_visits
from core.booking.visit import attend, miss_due
from core.work import Hotline
from tests.builders import CALLER, SEED, VISIT, clinic
from tests.clocks import FrozenClock


async def test_visits_are_due_by_hospital_when_somebody_came_or_nobody(
    hotline: Hotline, clock: FrozenClock
) -> None:
    here, there = await clinic(hotline), await clinic(hotline, 2)
    made = [await here.book(await here.session(post), await here.person(name), by=CALLER)
            for post, name in (("chen", "李"), ("wu", "王"))]  # fmt: skip
    given_up = await here.book(await here.session("chen", half="pm"), await here.person("赵"), by=CALLER)
    await there.book(await there.session("chen"), await here.person("孙"), by=CALLER)
    await here.store.submit(Cancel(given_up.appointment_id), CALLER)
    clock.set(f"{VISIT} 09:00")
    async with hotline.work(SEED) as work:
        await attend(work, made[0].appointment_id, evidence="his")
    clock.set(f"{VISIT + timedelta(days=1)} 09:00")
    async with hotline.work(SEED) as work:
        await miss_due(work)
    async with hotline.read() as db:
        found = await due_visits(db, VISIT, VISIT)
        assert [(one.hospital_id, one.due, one.missed) for one in found] == [
            (here.hospital_id, 2, 1), (there.hospital_id, 1, 1)
        ]  # fmt: skip
        assert await due_visits(db, date(2026, 11, 1), VISIT - timedelta(days=1)) == []
