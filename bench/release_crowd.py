"""What people do at a release: most wait; some give up, come twice, come late, or try past the line."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from bench.release_town import TURN_S, Contender, Town
from core.booking.book import book
from core.booking.commands import Book, Booked, HeldSlot, Hold
from core.booking.hold import hold, release
from core.errors import LineFirst, LineOver, Refusal
from core.release import gate, line
from core.release.board import Board
from core.release.rules import PlaceState
from core.values import Actor, ActorKind, Channel, Phone
from core.work import Work

T = TypeVar("T")

# Acts at once, of newcomers and of people in their turn: in the house too these do not wait for all of those.
AT_ONCE = 16
LOOK_EVERY_S = 7.0
# Who has not got through when so many seconds have gone by comes late, with the others who do.
REGISTER_S, LATE_S = 60.0, 60.0


@dataclass(frozen=True)
class Temper:
    """Shares of the crowd that behave so."""

    late: float = 0.2  # come after the release
    twice: float = 0.1  # register once more, by another way
    past: float = 0.2  # try to hold without a turn
    sleepy: float = 0.1  # let their turn go by; half of them stand at the end again
    gives_back: float = 0.1  # hold a number and give it up
    leaves: float = 0.1  # give their place up while they wait


@dataclass
class Seen:
    """What came of it. waits_s: from joining or the release, whichever is later, to the turn."""

    told: Counter[str] = field(default_factory=Counter)
    joins_s: list[float] = field(default_factory=list)
    holds_s: list[float] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)
    looks: int = 0
    past: int = 0  # held a number past a line that stood


class Crowd:
    """Everybody at once, by the real engine."""

    def __init__(self, town: Town, dice: random.Random, temper: Temper = Temper()) -> None:
        self.town, self.dice, self.temper, self.seen = town, dice, temper, Seen()
        self.board = Board(town.hotline)
        self._door, self._turns = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(AT_ONCE)
        self._gate = asyncio.Semaphore(2 * AT_ONCE)
        self._opened = 0.0
        late = set(dice.sample(range(len(town.contenders)), round(temper.late * len(town.contenders))))
        self.early = [one for one in town.contenders if one.number not in late]
        self.late = [one for one in town.contenders if one.number in late]

    async def register(self) -> None:
        """Before the release: in any order, some of them twice."""
        again = [by_another_way(one) for one in self.early if self.dice.random() < self.temper.twice]
        coming = [*self.early, *again]
        self.dice.shuffle(coming)
        ends = time.monotonic() + REGISTER_S
        came = await asyncio.gather(*(self._register(one, ends) for one in coming))
        there = {one.number for one, done in zip(coming, came, strict=True) if done}
        self.late += [one for one in self.early if one.number not in there]
        self.early = [one for one in self.early if one.number in there]

    async def _register(self, one: Contender, ends: float) -> bool:
        async with self._gate:
            return time.monotonic() < ends and await self._join(one)

    async def rush(self) -> None:
        """From the release on: the early ones wait, the late ones come."""
        self._opened = time.monotonic()
        late = [(one, self.dice.uniform(0, LATE_S)) for one in self.late]
        everybody = [*((one, 0.0) for one in self.early), *late]
        await asyncio.gather(*(self._one(one, delay) for one, delay in everybody))

    async def _do(self, act: Callable[[Work], Awaitable[T]], channel: Channel, *, turn: bool = False) -> T:
        async with self._turns if turn else self._door:
            return await self.town.hotline.run(act, Actor(ActorKind.PATIENT, "bench", channel))

    async def _join(self, one: Contender) -> bool:
        act = partial(
            _joined, session_id=one.session_id, owner=one.owner, channel=one.channel, person_id=one.person_id
        )
        began = time.perf_counter()
        try:
            joined = await self._do(act, one.channel)
        except LineOver:
            self.seen.told["needs no line"] += 1
            return False
        self.seen.joins_s.append(time.perf_counter() - began)
        self.seen.told["joined" if joined.new else "stood there already"] += 1
        return True

    async def _one(self, one: Contender, delay: float) -> None:
        dice = random.Random(one.number)
        await asyncio.sleep(delay)
        if dice.random() < self.temper.past:
            await self._past(one, dice)
        if delay and not await self._join(one):
            await self._take(one, dice, one.channel)
            return
        came = time.monotonic()
        leaves_at = came + dice.uniform(1, 30) if dice.random() < self.temper.leaves else None
        while await self._stands(one, dice, came, leaves_at):  # noqa: ASYNC110 a person looks now and then
            await asyncio.sleep(LOOK_EVERY_S * dice.uniform(0.5, 1.5))

    async def _stands(
        self, one: Contender, dice: random.Random, came: float, leaves_at: float | None
    ) -> bool:
        """Look once and do what there is to do; whether they wait on."""
        look = await self.board.look(one.session_id)
        self.seen.looks += 1
        mine = look.places.get(one.whose)
        if mine is None:
            self.seen.told["sent home"] += 1
            return False
        if mine.state is PlaceState.TURN:
            self.seen.waits_s.append(time.monotonic() - max(came, self._opened))
            if dice.random() >= self.temper.sleepy:
                await self._take(one, dice, Channel(mine.channel))
                return False
            await asyncio.sleep(TURN_S + 2)
            again = dice.random() < 0.5 and await self._join(one)
            self.seen.told["slept, again in line" if again else "slept"] += 1
            return again
        look.told(mine)
        if leaves_at is not None and time.monotonic() > leaves_at:
            left = await self._do(partial(_left, session_id=one.session_id, who=one.whose), one.channel)
            self.seen.told["left the line"] += bool(left)
            return not left
        return True

    async def _past(self, one: Contender, dice: random.Random) -> None:
        """As a script does that knows the address of the next page, or the one behind it."""
        look = await self.board.look(one.session_id)
        if look.must_wait(f"stranger:{one.number}", one.channel, look.at) and dice.random() < 0.8:
            self.seen.told["refused from memory"] += 1
            return
        try:
            stood = await self._do(partial(_past_it, one=one), one.channel)
            self.seen.past += stood
            self.seen.told["held where no line stood"] += not stood
        except LineFirst:
            self.seen.told["refused past the line"] += 1
        except Refusal as refusal:
            self.seen.told[f"past: {refusal.code}"] += 1

    async def _take(self, one: Contender, dice: random.Random, channel: Channel) -> None:
        began = time.perf_counter()
        try:
            held = await self._do(partial(_held, one=one), channel, turn=True)
            self.seen.holds_s.append(time.perf_counter() - began)
            if dice.random() < self.temper.gives_back:
                await self._do(partial(_released, hold_id=held.hold_id), channel, turn=True)
                self.seen.told["gave the number back"] += 1
                return
            await asyncio.sleep(dice.uniform(0.1, 1.0))  # they choose for whom
            await self._do(partial(_booked, one=one, hold_id=held.hold_id), channel, turn=True)
            self.seen.told["booked"] += 1
        except Refusal as refusal:
            self.seen.told[f"refused: {refusal.code}"] += 1


def by_another_way(one: Contender) -> Contender:
    """The same person by another way."""
    other = Channel.PHONE if one.channel is Channel.WEB else Channel.WEB
    return Contender(one.number, one.person_id, one.session_id, other)


async def _joined(
    work: Work, *, session_id: int, owner: str, channel: Channel, person_id: int
) -> line.Joined:
    return await line.join(work, session_id, owner=owner, channel=channel, person_id=person_id)


async def _left(work: Work, *, session_id: int, who: str) -> bool:
    return await line.leave(work, session_id, who=who)


async def _held(work: Work, *, one: Contender) -> HeldSlot:
    async with gate.through(work, one.session_id, owner=one.owner, person_id=one.person_id):
        return await hold(work, Hold(one.session_id, one.owner, person_id=one.person_id))


async def _past_it(work: Work, *, one: Contender) -> bool:
    """Hold as somebody who stands in no line, and give it back; whether a line stood there all the same."""
    stands = await gate.standing(work, one.session_id)
    owner = f"stranger:{one.number}"
    async with gate.through(work, one.session_id, owner=owner):
        held = await hold(work, Hold(one.session_id, owner))
    await release(work, held.hold_id)
    return stands


async def _booked(work: Work, *, one: Contender, hold_id: str) -> Booked:
    return await book(work, Book(hold_id, one.person_id, Phone(f"10{one.person_id:09d}")))


async def _released(work: Work, *, hold_id: str) -> bool:
    return await release(work, hold_id)
