"""Talk and hold reckoned from who was in the room together."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contact import engine as contact
from core.contact import stays
from core.contact.stay_rules import Stay, times
from core.values import system
from core.work import Hotline
from tests.clocks import FrozenClock

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def at(second: float) -> datetime:
    return NOW + timedelta(seconds=second)


def stay(role: str, first: float, last: float | None, staff_id: int | None = None) -> Stay:
    return Stay(role, staff_id, at(first), None if last is None else at(last))


@pytest.mark.parametrize(
    ("told", "talk", "hold"),
    [
        ([], 0, 0),
        ([stay("caller", 0, 60)], 0, 0),
        ([stay("caller", 0, 60), stay("agent", 0, 60, 1)], 60, 0),
        ([stay("caller", 0, 60), stay("agent", 0, 20, 1), stay("agent", 30, 60, 1)], 50, 10),
        ([stay("caller", 0, 60), stay("agent", 0, 40, 1), stay("agent", 30, 60, 2)], 60, 0),
        ([stay("caller", 0, None), stay("agent", 10, 20, 1)], 10, 80),
        ([stay("caller", 0, 60), stay("third", 0, 60), stay("agent", 0, 30, 1)], 30, 30),
    ],
)
def test_talk_is_together_and_hold_is_alone_after_the_first_operator(
    told: list[Stay], talk: float, hold: float
) -> None:
    found = times(told, at(100))
    assert (found.talk.total_seconds(), found.hold.total_seconds()) == (talk, hold)


spans = st.tuples(st.integers(0, 100), st.integers(1, 60)).map(lambda s: (s[0], s[0] + s[1]))


@given(spans, st.lists(st.tuples(spans, st.integers(1, 3)), max_size=6))
def test_talk_and_hold_fill_the_callers_stay_from_the_first_operator_on(
    caller: tuple[int, int], agents: list[tuple[tuple[int, int], int]]
) -> None:
    told = [stay("caller", *caller), *(stay("agent", *span, who) for span, who in agents)]
    found = times(told, at(1000))
    assert found.talk >= timedelta() <= found.hold
    if agents:
        first = min(span[0] for span, _ in agents)
        since = max(0, caller[1] - max(caller[0], first))
        assert (found.talk + found.hold).total_seconds() == since
    assert sum(found.by_staff.values(), timedelta()) >= found.talk


async def test_a_leg_is_in_a_room_once_and_leaves_it_once(hotline: Hotline, clock: FrozenClock) -> None:
    async with hotline.work(system("test")) as work:
        call = (await contact.open_interaction(work, linked_id="1", dnis="12320", ani=None)).interaction_id
        assert await stays.entered(work, call, "1", "caller")
        assert not await stays.entered(work, call, "1", "caller")
        assert await stays.entered(work, call, "desk-1-1-1", "agent", 1)
    clock.advance(seconds=9)
    async with hotline.work(system("test")) as work:
        assert await stays.left(work, "desk-1-1-1")
        assert not await stays.left(work, "desk-1-1-1")
        assert await stays.entered(work, call, "desk-1-1-1", "agent", 1)
    async with hotline.read() as db:
        assert [one.role for one in await stays.present(db)] == ["caller", "agent"]
        found = times(await stays.of(db, call), clock.now())
    assert found.talk == timedelta(seconds=9)
