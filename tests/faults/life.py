"""One life of a small house: bookers, the outbox with its texts, the timers; until it ends or is ended."""

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from core.booking.cancel import expire_due
from core.booking.commands import Book, Booked, Cancel, Change, Command, HeldSlot, Hold, Outcome
from core.booking.group.store import group_store
from core.booking.hold import lapse_due
from core.booking.store import PlainStore, Store
from core.chance import SystemChance
from core.errors import Refusal
from core.outbox import Outbox, Parcel, Route
from core.people.tables import Person
from core.ports import OutgoingText
from core.schedule.tables import Session
from core.sealing import AesSealer
from core.timers import Job, Timers
from core.values import Phone
from core.wake import Wake
from core.work import Hotline
from sms import outbound
from sms.gateways.pool import Member, Pool
from sms.texter import Texter
from tests.builders import CALLER, SURFER, VISIT, clinic
from tests.clocks import FrozenClock
from tests.conftest import MASTER
from tests.faults.ledger import Answer, Ledger
from tests.faults.points import WHO, Reaper, Watched

BEGINS = FrozenClock.at("2026-11-23 08:00").instant
# A hold of a minute is over in six seconds.
SPEED = 10
EVERY_S = 0.05
BOOKERS, PEOPLE, DAYS, SLOTS = 8, 40, 5, 18
# Everybody wants the first few sessions, which have hardly anything.
HOT, HOT_SLOTS = 4, 3
# How long a booker thinks at most: the outbox and the timers want their turn as well.
THINKS_S = 0.04
JOBS = (Job("holds", EVERY_S, lapse_due), Job("unpaid", EVERY_S, expire_due))

Opening = Callable[[Hotline, Reaper], AbstractAsyncContextManager[Store]]
_PARCEL: ContextVar[str] = ContextVar("parcel")


@asynccontextmanager
async def plain(hotline: Hotline, _reaper: Reaper) -> AsyncIterator[Store]:
    yield PlainStore(hotline)


@asynccontextmanager
async def group(hotline: Hotline, reaper: Reaper) -> AsyncIterator[Store]:
    async with group_store(hotline, watch=lambda point: reaper.passing(f"batch: {point}")) as store:
        yield store


STORES: dict[str, Opening] = {"group": group, "plain": plain}


@dataclass
class FastClock:
    """Runs on from life to life, faster than ours, and may jump. since: of the machine's monotonic clock."""

    since: float
    jumped_s: float

    def now(self) -> datetime:
        return BEGINS + timedelta(seconds=self.jumped_s + (time.monotonic() - self.since) * SPEED)


@dataclass(frozen=True)
class Gateway:
    """The outside world takes every text, and keeps each that it was given."""

    ledger: Ledger
    reaper: Reaper
    name: str = "world"

    async def send(self, text: OutgoingText) -> tuple[str, ...]:
        await asyncio.sleep(0)
        self.reaper.passing("outbox: before it is sent")
        self.ledger.texted(_PARCEL.get(), text.key)
        self.reaper.passing("outbox: sent")
        return (text.key,)


@dataclass(frozen=True)
class Carrier:
    """The product's own, known to the gateway by the parcel that it carries."""

    texter: Texter

    async def carry(self, parcel: Parcel) -> None:
        _PARCEL.set(parcel.key)
        await self.texter.carry(parcel)


@dataclass
class House:
    """One process's engine. Everything that it remembers ends with it."""

    hotline: Hotline
    store: Store
    outbox: Outbox
    timers: Timers
    ledger: Ledger
    clock: FastClock

    async def ask(self, command: Command) -> Outcome | None:
        """Send a command and write down what was answered, before anything else is done."""
        assert command.key
        try:
            outcome = await self.store.submit(command, CALLER if len(command.key) % 2 else SURFER)  # type: ignore[call-overload]
        except Refusal as refusal:
            self.ledger.answered(command.key, Answer(None, refusal.code))
            return None
        self.ledger.answered(command.key, Answer(outcome))
        return outcome  # type: ignore[no-any-return]

    async def do(self, command: Command) -> Outcome | None:
        self.ledger.sent(command)
        return await self.ask(command)

    async def repeat(self, dice: random.Random) -> None:
        """What the lives before sent, and nobody heard an answer to; and some that were answered long ago."""
        commands, answers = self.ledger.commands(), self.ledger.answers()
        done = [key for key, heard in answers.items() if heard[0].outcome is not None]
        again = dice.sample(done, min(2, len(done)))
        unheard = [key for key in commands if key not in answers]
        await asyncio.gather(*(self.ask(commands[key]) for key in [*unheard, *again]))

    async def carry(self) -> None:
        WHO.set("outbox")
        await self.outbox.run()

    async def wake(self) -> None:
        WHO.set("timer")
        await self.timers.run()

    async def settle(self) -> None:
        """Until nothing is due any more."""
        while await self.timers.run_once("holds") + await self.timers.run_once("unpaid"):
            pass
        while await self.outbox.carry_due():
            pass


@asynccontextmanager
async def house(
    engines: tuple[AsyncEngine, AsyncEngine],
    opening: Opening,
    ledger: Ledger,
    reaper: Reaper,
    clock: FastClock,
) -> AsyncIterator[House]:
    wake = Wake()
    hotline = Hotline(
        Watched(*engines, reaper), clock, SystemChance(), AesSealer(MASTER), demo=True, routes=outbound.ROUTES,
        committed=wake.ring,
    )  # fmt: skip
    try:
        async with opening(hotline, reaper) as store:
            texter = Texter(hotline, Pool([Member(Gateway(ledger, reaper), 10_000.0)], clock))
            # A lease of 100 s: ten seconds of ours.
            outbox = Outbox(hotline, {outbound.CARRIER: Route(Carrier(texter), 8, 45.0, ordered=False)}, wake)
            yield House(hotline, store, outbox, Timers(hotline, JOBS), ledger, clock)
    finally:
        await hotline.database.close()


@dataclass
class Booker:
    """Wants a slot, again and again, and does not always stay with it."""

    house: House
    name: str
    dice: random.Random
    sessions: list[int]
    people: list[int]
    _asked: int = field(default=0)

    async def go_on(self, rounds: int | None = None) -> None:
        while rounds is None or rounds > 0:
            await self.book()
            rounds = None if rounds is None else rounds - 1

    def _key(self) -> str:
        self._asked += 1
        return f"{self.name}/{self._asked}"

    async def _do(self, command: Command) -> Outcome | None:
        await asyncio.sleep(self.dice.uniform(0, THINKS_S))
        return await self.house.do(command)

    async def _hold(self, person: int) -> HeldSlot | None:
        session = self.dice.choice(self.sessions[:HOT] if self.dice.random() < 0.3 else self.sessions[HOT:])
        key = self._key()
        held = await self._do(Hold(session, owner=f"call:{key}", person_id=person, key=key))
        return held if isinstance(held, HeldSlot) else None

    async def book(self) -> None:
        person, dice = self.dice.choice(self.people), self.dice
        held = await self._hold(person)
        if held is None or dice.random() < 0.2:
            return  # left to lapse
        contact = Phone(f"107{person:08d}")
        made = await self._do(
            Book(held.hold_id, person, contact, pay_online=dice.random() < 0.3, key=self._key())
        )
        if isinstance(made, Booked) and dice.random() < 0.5 and (other := await self._hold(person)):
            made = await self._do(Change(made.appointment_id, other.hold_id, key=self._key()))
        if isinstance(made, Booked) and dice.random() < 0.5:
            await self._do(Cancel(made.appointment_id, key=self._key()))


async def bookers(house: House, life: int, seed: int) -> list[Booker]:
    """Each wants something else in each life."""
    async with house.hotline.read() as db:
        sessions = list((await db.execute(select(Session.id).order_by(Session.id))).scalars())
        people = list((await db.execute(select(Person.id).order_by(Person.id))).scalars())
    return [
        Booker(house, f"{life}/{number}", random.Random(f"{seed} {life} {number}"), sessions, people)
        for number in range(BOOKERS)
    ]


async def found(hotline: Hotline) -> None:
    """A hospital with room, where nearly everything is allowed."""
    town = await clinic(hotline)
    for key, value in (
        ("limit.department-day", "99"), ("limit.day", "99"), ("limit.doctor-day", "99"), ("limit.session", "99"),
        ("limit.live", "999"), ("limit.phone-persons", "99"), ("overlap.minutes", "0"), ("change.max", "99"),
        ("block.no-show", "off"), ("hold.minutes", "1"), ("pay.mode", "either"), ("pay.minutes", "2"),
    ):  # fmt: skip
        await town.rule(key, value)
    places = itertools.product(range(DAYS), ("chen", "wu", "kid"), ("am", "pm"))
    for number, (day, post, half) in enumerate(places):
        slots = HOT_SLOTS if number < HOT else SLOTS
        await town.session(post, day=VISIT + timedelta(days=day - 1), half=half, slots=slots)
    for number in range(PEOPLE):
        await town.person(f"某人{number}")
