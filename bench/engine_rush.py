"""A session that sells out: exactly as many as there are, refusals a second, and how soon a refusal ends."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import event

from bench.engine_callers import BOOKER, STORES
from bench.engine_ground import Ground
from bench.engine_rounds import opened
from bench.engine_town import RUSH_SLOTS
from core.booking.commands import Book, Booked, Cancel, HeldSlot, Hold
from core.booking.hold import release
from core.booking.store import PlainStore, Store
from core.errors import Refusal, SlotFull
from core.values import Phone
from core.work import Hotline

CALLERS, COMERS = 64, 200
SECONDS = 1.0
# A refusal must end so soon after another process has given a number back.
PATIENCE_S = 5.0


@dataclass
class Rush:
    """refused: a second, without key and with one. asked: of the database meanwhile, for each refusal.
    elsewhere_s: until a number that another process gave back could be held."""

    refused: dict[bool, float] = field(default_factory=dict)
    asked: dict[bool, float] = field(default_factory=dict)
    elsewhere_s: float = 0.0
    wrong: list[str] = field(default_factory=list)


class Asked:
    """How often the database was asked: statements through SQLAlchemy, and batches of a store."""

    def __init__(self) -> None:
        self.number = 0

    def watch(self, point: str) -> None:
        self.number += point == "taken"

    @contextmanager
    def of(self, hotline: Hotline) -> Iterator[None]:
        def hear(*_told: Any) -> None:
            self.number += 1

        engines = {hotline.database.writer.sync_engine, hotline.database.reader.sync_engine}
        for engine in engines:
            event.listen(engine, "before_cursor_execute", hear)
        try:
            yield
        finally:
            for engine in engines:
                event.remove(engine, "before_cursor_execute", hear)


async def rush(ground: Ground, name: str) -> Rush:
    """All of it, with the store of this name, on a fresh copy."""
    found, asked = Rush(), Asked()
    async with ground.copy() as url, _standing(url, name, asked) as (hotline, store):
        bookings = await _sell_out(ground, store, found)
        with asked.of(hotline):
            for keyed in (False, True):
                found.refused[keyed], found.asked[keyed] = await _refusals(ground, store, asked, keyed=keyed)
        if len(bookings) >= 3:
            await _give_back(ground, hotline, store, bookings, found)
            found.elsewhere_s = await _given_back_elsewhere(ground, url, store, bookings[2], found)
    found.wrong = [f"{ground.kind}, {name}, rush: {word}" for word in found.wrong]
    return found


@asynccontextmanager
async def _standing(url: str, name: str, asked: Asked) -> AsyncIterator[tuple[Hotline, Store]]:
    async with opened(url) as hotline, STORES[name](hotline, asked.watch) as store:
        yield hotline, store


async def _sell_out(ground: Ground, store: Store, found: Rush) -> list[Booked]:
    """Many more people than numbers, all at once: each number is sold once, all others hear so."""
    comers, bookings, refused = iter(range(1, COMERS + 1)), list[Booked](), Counter[str]()

    async def comes() -> None:
        for number in comers:
            person = ground.town.first_person + number
            try:
                held = await _held(ground, store, person, key=f"rush-{number}")
                contact = Phone(f"10{person:09d}")
                bookings.append(
                    await store.submit(Book(held.hold_id, person, contact, key=f"rushed-{number}"), BOOKER)
                )
            except Refusal as refusal:
                refused[refusal.code] += 1

    await asyncio.gather(*(comes() for _ in range(CALLERS)))
    if len(bookings) != RUSH_SLOTS or len({one.slot_id for one in bookings}) != RUSH_SLOTS:
        found.wrong.append(f"{len(bookings)} bookings of {RUSH_SLOTS} numbers")
    if refused != {SlotFull.code: COMERS - RUSH_SLOTS}:
        found.wrong.append(f"refused {dict(refused)}")
    return bookings


async def _held(ground: Ground, store: Store, person: int, *, key: str | None = None) -> HeldSlot:
    return await store.submit(Hold(ground.town.rush, f"web:{person}", person_id=person, key=key), BOOKER)


async def _refusals(ground: Ground, store: Store, asked: Asked, *, keyed: bool) -> tuple[float, float]:
    """Refusals a second of 64 callers, and what was asked of the database for each."""
    count, before, began = 0, asked.number, time.perf_counter()

    async def knocks(caller: int) -> None:
        nonlocal count
        number = 0
        while time.perf_counter() - began < SECONDS:
            number += 1
            person = ground.town.first_person + 1000 + caller
            try:
                await _held(ground, store, person, key=f"no-{keyed}-{caller}-{number}" if keyed else None)
                raise AssertionError("a full session gave a number")
            except SlotFull:
                count += 1
            await asyncio.sleep(0)  # a face does other things too before the next one asks

    await asyncio.gather(*(knocks(caller) for caller in range(CALLERS)))
    return count / (time.perf_counter() - began), (asked.number - before) / count


async def _give_back(
    ground: Ground, hotline: Hotline, store: Store, bookings: list[Booked], found: Rush
) -> None:
    """A cancelled appointment, then a hold that is let go: the next who asks has the number."""
    person = ground.town.first_person + 2000
    await _refused(ground, store, person, found)
    await store.submit(Cancel(bookings[0].appointment_id), BOOKER)
    try:
        held = await _held(ground, store, person)
    except SlotFull:
        found.wrong.append("refused after a cancellation")
        return
    await _refused(ground, store, person + 1, found)
    # Not through the store: by whatever else works on this house's database.
    await hotline.run(partial(release, hold_id=held.hold_id), BOOKER)
    try:
        await _held(ground, store, person + 2)
    except SlotFull:
        found.wrong.append("refused after a hold was let go")


async def _refused(ground: Ground, store: Store, person: int, found: Rush) -> None:
    try:
        await _held(ground, store, person)
        found.wrong.append("a full session gave a number")
    except SlotFull:
        return


async def _given_back_elsewhere(ground: Ground, url: str, store: Store, booked: Booked, found: Rush) -> float:
    """Another process cancels, of which nobody here is told; seconds until the number can be held here."""
    person = ground.town.first_person + 3000
    await _refused(ground, store, person, found)
    async with opened(url) as other:
        await PlainStore(other).submit(Cancel(booked.appointment_id), BOOKER)
    began = time.perf_counter()
    while time.perf_counter() - began < PATIENCE_S:
        try:
            await _held(ground, store, person)
            return time.perf_counter() - began
        except SlotFull:
            await asyncio.sleep(0.02)
    found.wrong.append("refused for ever after another process has cancelled")
    return PATIENCE_S
