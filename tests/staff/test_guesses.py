"""The budget of tries, with many at once: who guesses, and who was right and has it forgotten."""

import asyncio
from datetime import timedelta

from core.errors import LoginLocked
from core.staff import guesses
from core.staff.rules import Budget
from core.values import Actor, ActorKind
from core.work import Hotline, Work

BY = Actor(ActorKind.SYSTEM, "test")
BUDGET = Budget("test", 5, timedelta(hours=1), pushed=False)


async def tried(hotline: Hotline) -> int:
    async def act(work: Work) -> int:
        return await guesses.take(work, BUDGET, "anybody")

    return await hotline.run(act, BY)


async def forgotten(hotline: Hotline) -> None:
    async def act(work: Work) -> None:
        await guesses.forget(work, BUDGET, "anybody")

    await hotline.run(act, BY)


async def test_of_many_who_try_at_once_no_more_get_a_try_than_there_are(hotline: Hotline) -> None:
    told = await asyncio.gather(*(tried(hotline) for _ in range(12)), return_exceptions=True)
    assert sorted(one for one in told if isinstance(one, int)) == [1, 2, 3, 4, 5]
    assert sum(isinstance(one, LoginLocked) for one in told) == 7


async def test_tries_that_are_forgotten_while_others_try_trip_nobody(hotline: Hotline) -> None:
    both = [act(hotline) for _ in range(40) for act in (tried, forgotten)]
    told = await asyncio.gather(*both, return_exceptions=True)
    assert [one for one in told if not isinstance(one, int | LoginLocked | None)] == []
