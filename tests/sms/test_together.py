"""Parcels of one moment share a unit of work, and neither their stories nor their failures."""

import asyncio

import pytest
from sqlalchemy import select

from core import owed
from core.errors import NotFound
from core.events import SessionResumed
from core.journal import JournalRow
from core.values import system
from core.work import Hotline, Work
from sms.together import Together

ME = system("test")


async def resumed(together: Together, session: int) -> object:
    async def act(work: Work) -> int:
        work.record(SessionResumed(session_id=session))
        return session

    return (await together.run(act, None))[0]


async def units(hotline: Hotline) -> list[int | None]:
    async with hotline.read() as db:
        return list(await db.scalars(select(JournalRow.session_id).order_by(JournalRow.session_id)))


async def test_what_comes_together_is_committed_once_and_each_has_its_own_answer(hotline: Hotline) -> None:
    rings: list[int] = []
    hotline.listeners.append(lambda events: rings.append(len(events)))
    together = Together(hotline, ME)
    assert await asyncio.gather(*(resumed(together, n) for n in (1, 2, 3))) == [1, 2, 3]
    assert rings == [3]
    assert await units(hotline) == [1, 2, 3]


async def test_one_that_fails_takes_none_of_the_others_with_it(hotline: Hotline) -> None:
    async def act(work: Work) -> None:
        work.record(SessionResumed(session_id=9))
        raise NotFound

    together = Together(hotline, ME)
    answers = await asyncio.gather(
        resumed(together, 1), together.run(act, None), resumed(together, 2), return_exceptions=True
    )
    assert isinstance(answers[1], NotFound)
    assert await units(hotline) == [1, 2]


async def test_an_event_for_the_outside_is_owed_as_from_a_unit_of_its_own(hotline: Hotline) -> None:
    hotline.routes = {SessionResumed.kind: ("out",)}
    together = Together(hotline, ME)
    await asyncio.gather(resumed(together, 1), resumed(together, 2))
    async with hotline.read() as db:
        assert await owed.counts(db) == {("out", "waiting"): 2}


@pytest.mark.parametrize("all_of_them", [True, False])
async def test_an_asker_that_leaves_holds_up_nobody(hotline: Hotline, all_of_them: bool) -> None:
    together = Together(hotline, ME)
    tasks = [asyncio.create_task(resumed(together, n)) for n in (1, 2)]
    await asyncio.sleep(0)
    for task in tasks if all_of_them else tasks[:1]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert all_of_them or answers[1] == 2
    assert all_of_them or 2 in await units(hotline)
    assert await resumed(together, 3) == 3
