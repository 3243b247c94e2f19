"""What is asked for again under its key happens once, on both databases."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from core.booking.repeats import once
from core.booking.tables import CommandKey
from core.errors import KeyReused, SlotFull
from core.work import Hotline, Work
from tests.builders import SEED


class Counted:
    """An act that says how often it was really done."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self) -> dict[str, Any]:
        self.times += 1
        return {"number": self.times}


async def ask(hotline: Hotline, act: Any, *, mark: str = "m", verb: str = "book") -> dict[str, Any]:
    async def asked(work: Work) -> dict[str, Any]:
        return await once(work, "api:a1:key", verb=verb, mark=mark, act=act)

    return await hotline.run(asked, SEED)


async def test_ten_at_once_are_one_and_get_one_answer(hotline: Hotline) -> None:
    act = Counted()
    answers = await asyncio.gather(*(ask(hotline, act) for _ in range(10)))
    assert answers == [{"number": 1}] * 10
    assert act.times == 1


@pytest.mark.parametrize("other", [{"mark": "another"}, {"verb": "cancel"}])
async def test_a_key_is_for_one_request(hotline: Hotline, other: dict[str, str]) -> None:
    act = Counted()
    await ask(hotline, act)
    with pytest.raises(KeyReused):
        await ask(hotline, act, **other)
    assert act.times == 1


async def test_what_was_refused_leaves_no_key(hotline: Hotline) -> None:
    async def refuse() -> dict[str, Any]:
        raise SlotFull

    with pytest.raises(SlotFull):
        await ask(hotline, refuse)
    async with hotline.read() as db:
        assert await db.scalar(select(func.count()).select_from(CommandKey)) == 0
    assert await ask(hotline, Counted()) == {"number": 1}
