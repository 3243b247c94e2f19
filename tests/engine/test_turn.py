"""Who writes next: in order, those first whom somebody waits for, and nobody for ever last."""

import asyncio

import pytest

from core.turn import FIRST_IN_A_ROW, Turn
from tests.waiting import until


async def line_up(turn: Turn, names: str) -> list[str]:
    """Each letter comes in this order while the turn is taken, a capital one urgently; who had it, in order."""
    had: list[str] = []

    async def one(name: str) -> None:
        async with turn.held(urgent=name.isupper()):
            had.append(name)
            await asyncio.sleep(0)

    async with turn.held():
        waiting = []
        for name in names:
            waiting.append(asyncio.create_task(one(name)))
            await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    return had


async def test_those_whom_somebody_waits_for_come_first_each_line_in_its_order() -> None:
    assert await line_up(Turn(), "abAcB") == list("ABabc")


async def test_who_is_not_urgent_has_a_turn_before_many_who_are() -> None:
    had = await line_up(Turn(), "a" + "ABCDEFGHI")
    assert had.index("a") == FIRST_IN_A_ROW


async def test_one_at_a_time_has_it() -> None:
    turn, inside = Turn(), 0

    async def one(place: int) -> None:
        nonlocal inside
        async with turn.held(urgent=place % 3 == 0):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(one(place) for place in range(50)))


@pytest.mark.parametrize("when", ["waiting", "given"])
async def test_who_leaves_the_line_takes_nothing_with_them(when: str) -> None:
    turn, had = Turn(), list[str]()

    async def one(name: str) -> None:
        async with turn.held():
            had.append(name)

    async with turn.held():
        leaves = asyncio.create_task(one("leaves"))
        stays = asyncio.create_task(one("stays"))
        await asyncio.sleep(0)
        if when == "waiting":
            leaves.cancel()
            await asyncio.sleep(0)
    if when == "given":
        leaves.cancel()
    await until(lambda: had == ["stays"])
    await stays
    async with turn.held():
        assert leaves.cancelled()
