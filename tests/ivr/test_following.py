"""A call that was handed over ends as the switch says, and what nobody saw is said to be unknown."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from core import journal
from core.contact import engine as contact
from core.contact.rules import State
from core.events import SwitchLost
from core.work import Hotline
from ivr.board import Leg
from ivr.following import SWITCH, Follower
from ivr.switch_events import (
    AgentCalled,
    AgentConnected,
    AgentMissed,
    ChannelClosed,
    ChannelOpened,
    QueueJoined,
    Resynced,
    RoomJoined,
    RoomLeft,
    Snapshot,
    SwitchEvent,
)
from tests.clocks import FrozenClock

CALL = "hotline-1763.7"
OPENED = ChannelOpened("PJSIP/trunk-1", CALL, CALL, "10712345678", "12320")
CLOSED = ChannelClosed("PJSIP/trunk-1", CALL, CALL, 16)
JOINED = QueueJoined("hotline", CALL, CALL, "10712345678", 1)
OFFERED = AgentCalled("hotline", "8001", CALL, CALL, "10712345678")
MISSED = AgentMissed("hotline", "8001", CALL, CALL)
ANSWERED = AgentConnected("hotline", "8001", CALL, CALL, 3, 2)


async def call(hotline: Hotline, linked_id: str = CALL, state: State = State.QUEUED) -> None:
    async with hotline.work(SWITCH) as work:
        made = await contact.open_interaction(work, linked_id=linked_id, dnis="12320", ani="10712345678")
        if state is not State.IVR:
            await contact.move(work, made.interaction_id, state)


async def ended(hotline: Hotline, linked_id: str = CALL) -> tuple[str, str | None]:
    async with hotline.read() as db:
        found = await contact.by_linked_id(db, linked_id)
        assert found
        return found.state, found.disposition


@pytest.mark.parametrize(
    ("events", "result"),
    [
        ([OPENED, JOINED], ("queued", None)),
        ([OPENED, JOINED, OFFERED], ("offered", None)),
        ([OPENED, JOINED, OFFERED, MISSED], ("queued", None)),
        ([OPENED, JOINED, OFFERED, MISSED, CLOSED], ("closed", "abandoned-queue")),
        ([OPENED, JOINED, OFFERED, ANSWERED], ("talking", None)),
        ([OPENED, JOINED, OFFERED, ANSWERED, CLOSED], ("closed", "answered")),
        ([OPENED, JOINED, ANSWERED, CLOSED, CLOSED], ("closed", "answered")),
    ],
)
async def test_a_queued_call_is_followed_to_its_end(
    hotline: Hotline, events: list[SwitchEvent], result: tuple[str, str | None]
) -> None:
    await call(hotline)
    follower = Follower(hotline)
    for event in events:
        await follower.take(event)
    assert await ended(hotline) == result


class Heard:
    """What is made of events after the board has them."""

    def __init__(self) -> None:
        self.events: list[SwitchEvent] = []

    async def take(self, event: SwitchEvent, leg: Leg | None, here: Sequence[Leg]) -> None:
        self.events.append(event)


@pytest.mark.parametrize(
    ("before", "in_menu", "asked"),
    [
        ([OPENED], True, False),
        ([OPENED], False, True),  # another process has it, or it waits for a person
        ([OPENED, JOINED], True, True),
        ([OPENED, RoomJoined(CALL, CALL), RoomLeft(CALL, CALL)], True, True),
        ([Resynced(Snapshot((OPENED,), (), ()), None)], True, True),  # where it was before, nobody knows
        ([], True, True),
    ],
)
async def test_nothing_is_asked_about_the_end_of_a_call_that_was_only_in_our_menu(
    hotline: Hotline, before: list[SwitchEvent], in_menu: bool, asked: bool
) -> None:
    heard = Heard()
    follower = Follower(hotline, after=heard, in_menu=lambda linked_id: in_menu and linked_id == CALL)
    for event in (*before, CLOSED):
        await follower.take(event)
    assert (CLOSED in heard.events) is asked
    assert CALL not in follower.alive


async def test_a_call_lives_as_long_as_one_of_its_channels(hotline: Hotline) -> None:
    await call(hotline)
    follower = Follower(hotline)
    agent = ChannelOpened("PJSIP/8001-2", "hotline-1763.8", CALL, "", "")
    for event in (OPENED, agent, JOINED, ANSWERED, CLOSED):
        await follower.take(event)
    assert await ended(hotline) == ("talking", None)
    await follower.take(ChannelClosed("PJSIP/8001-2", "hotline-1763.8", CALL, 16))
    assert await ended(hotline) == ("closed", "answered")


async def test_while_the_dialogue_runs_the_dialogue_says_how_it_ended(hotline: Hotline) -> None:
    await call(hotline, state=State.IVR)
    follower = Follower(hotline)
    for event in (OPENED, CLOSED):
        await follower.take(event)
    assert await ended(hotline) == ("ivr", None)


async def test_after_a_loss_calls_that_are_gone_are_closed_and_those_that_are_not_live_on(
    hotline: Hotline, clock: FrozenClock
) -> None:
    await call(hotline)
    await call(hotline, "hotline-1763.9")
    await call(hotline, "terminal-abc")  # not of this switch
    clock.advance(minutes=1)
    follower = Follower(hotline)
    await follower.take(Resynced(Snapshot((OPENED,), (), ()), None))
    assert await ended(hotline) == ("queued", None)
    assert await ended(hotline, "hotline-1763.9") == ("closed", "abandoned-queue")
    assert await ended(hotline, "terminal-abc") == ("queued", None)


async def test_a_call_that_is_just_coming_in_is_not_taken_for_a_lost_one(hotline: Hotline) -> None:
    await call(hotline)
    await Follower(hotline).take(Resynced(Snapshot((), (), ()), None))
    assert await ended(hotline) == ("queued", None)


async def test_the_interval_that_nobody_saw_stands_in_the_journal(
    hotline: Hotline, clock: FrozenClock
) -> None:
    follower = Follower(hotline)
    await follower.take(OPENED)
    since, until = clock.now(), clock.now() + timedelta(seconds=40)
    await follower.unknown(since, until)
    async with hotline.read() as db:
        told = [entry.event for entry in await journal.entries(db, journal.START, 10)]
    assert told == [SwitchLost(since=since, until=until, calls_now=1)]


async def test_events_of_calls_we_never_heard_of_do_no_harm(hotline: Hotline) -> None:
    follower = Follower(hotline)
    for event in (JOINED, OFFERED, ANSWERED, CLOSED):
        await follower.take(event)
    assert follower.alive == frozenset()


class Slow:
    """Stands at whatever it hears of one call until it may go on."""

    def __init__(self) -> None:
        self.go_on, self.other, self.heard = asyncio.Event(), asyncio.Event(), list[str]()

    async def take(self, event: SwitchEvent, leg: Leg | None, here: Sequence[Leg]) -> None:
        match event:
            case RoomJoined(conference=room):
                await self.go_on.wait()
                self.heard.append(f"{room} {len(here)}")
            case ChannelClosed() | RoomLeft():
                self.heard.append(f"{leg.unique_id if leg else None} gone")
                self.other.set()
            case Resynced():
                self.heard.append("anew")
            case _:
                pass


async def test_no_call_waits_for_what_is_written_of_another(hotline: Hotline) -> None:
    await call(hotline)
    slow = Slow()
    follower = Follower(hotline, after=slow)
    other = "hotline-1763.8"
    await follower.hear(ChannelOpened("PJSIP/trunk-2", other, other, "10712345679", "12320"))
    await follower.hear(RoomJoined(other, other))
    await follower.hear(RoomLeft(other, other))
    for event in (OPENED, JOINED, OFFERED, ANSWERED, CLOSED):
        await follower.hear(event)
    await slow.other.wait()
    assert slow.heard == [f"{CALL} gone"]
    assert follower.under_way(other)
    slow.go_on.set()
    await follower.take(Resynced(Snapshot((), (), ()), None))
    # Both had left long since when it was told that they had come: it is told as it was.
    assert slow.heard[1:] == [f"{other} 1", f"{other} gone", "anew"]
    assert await ended(hotline) == ("closed", "answered")
