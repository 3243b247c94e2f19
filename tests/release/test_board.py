"""The board: thousands ask, the database hears of it once a second."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.errors import NotFound
from core.release.board import Board
from core.work import Hotline
from tests.clocks import FrozenClock
from tests.release.room import OPENS, room
from tests.statements import statements


class SlowClock(FrozenClock):
    """Two seconds go by each time somebody looks at it."""

    def now(self) -> datetime:
        self.advance(seconds=2)
        return super().now()


async def test_many_who_ask_at_once_cost_one_look(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock)
    await at.join("a")
    board = Board(hotline)
    with statements(hotline) as one:
        await board.look(at.session_id)
    cost = len(one)
    clock.advance(seconds=1)
    with statements(hotline) as many:
        looks = await asyncio.gather(*(board.look(at.session_id) for _ in range(200)))
    assert len(many) <= cost <= 8
    assert len({id(look) for look in looks}) == 1


async def test_a_line_is_looked_at_again_after_a_second(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock)
    await at.join("a")
    board = Board(hotline)
    first = await board.look(at.session_id)
    await at.join("b")
    assert await board.look(at.session_id) is first
    clock.advance(seconds=1)
    assert set((await board.look(at.session_id)).places) == {"a", "b"}


async def test_who_has_just_acted_sees_it(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock)
    await at.join("a")
    board = Board(hotline)
    await board.look(at.session_id)
    await at.join("b")
    board.forget(at.session_id)
    assert set((await board.look(at.session_id)).places) == {"a", "b"}


async def test_a_look_that_took_long_is_kept_longer(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock)
    slow = SlowClock(clock.instant)
    board = Board(replace(hotline, clock=slow))
    first = await board.look(at.session_id)  # two seconds, so it is good for eight
    assert await board.look(at.session_id) is first
    assert await board.look(at.session_id) is first
    slow.advance(seconds=8)
    assert await board.look(at.session_id) is not first


async def test_a_session_that_does_not_exist_is_no_line_for_anybody(hotline: Hotline) -> None:
    board = Board(hotline)
    asked = await asyncio.gather(*(board.look(999_999) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(one, NotFound) for one in asked)
    with pytest.raises(NotFound):
        await board.look(999_999)


async def test_who_must_wait_is_known_from_the_look(hotline: Hotline, clock: FrozenClock) -> None:
    at = await room(hotline, clock, slots=1)
    await at.join("a")
    await at.join("b")
    clock.set(OPENS)
    await at.advance()
    look = await Board(hotline).look(at.session_id)
    first, second = list(await at.places())
    now = clock.now()
    assert not look.must_wait(first, "web", now)
    assert look.must_wait(first, "web", now + timedelta(seconds=90))
    assert look.must_wait(first, "phone", now)
    assert look.must_wait(second, "web", now)
    assert look.must_wait("stranger", "web", now)
    assert not look.must_wait("stranger", "web", now + timedelta(minutes=30))
