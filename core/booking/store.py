"""The door of the hot path: hold, book, change, cancel, each once and whole.

A port, because a writer that commits many commands at once will stand behind it; whatever stands
there passes tests/contracts/test_stores.py. The rules are the same pure functions in each.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar, overload

from sqlalchemy.dialects import postgresql, sqlite

from core.booking.book import book, change
from core.booking.cancel import cancel
from core.booking.commands import (
    Book,
    Booked,
    Cancel,
    Cancelled,
    Change,
    Command,
    HeldSlot,
    Hold,
    Outcome,
    packed,
    unpacked,
)
from core.booking.hold import hold
from core.booking.tables import CommandKey
from core.errors import KeyReused, Refusal
from core.events import BookingRefused
from core.values import Actor
from core.work import Hotline, Work

C = TypeVar("C", bound=Command)

ACTS: dict[type[Command], Callable[[Work, Command], Awaitable[Outcome]]] = {
    Hold: hold,  # type: ignore[dict-item]
    Book: book,  # type: ignore[dict-item]
    Change: change,  # type: ignore[dict-item]
    Cancel: cancel,  # type: ignore[dict-item]
}


class Store(Protocol):
    """Submit one command; the answer comes after the commit, never before.

    A command with a key may be repeated: the answer is the first one's. Raises the refusal of the
    rules, KeyReused when the key came before with another command, Busy when too many wait.
    """

    @overload
    async def submit(self, command: Hold, by: Actor, interaction_id: int | None = None) -> HeldSlot: ...
    @overload
    async def submit(self, command: Book, by: Actor, interaction_id: int | None = None) -> Booked: ...
    @overload
    async def submit(self, command: Change, by: Actor, interaction_id: int | None = None) -> Booked: ...
    @overload
    async def submit(self, command: Cancel, by: Actor, interaction_id: int | None = None) -> Cancelled: ...


class PlainStore:
    """One transaction for each command, through SQLAlchemy: the reference for every other store."""

    def __init__(self, hotline: Hotline) -> None:
        self._hotline = hotline

    @overload
    async def submit(self, command: Hold, by: Actor, interaction_id: int | None = None) -> HeldSlot: ...
    @overload
    async def submit(self, command: Book, by: Actor, interaction_id: int | None = None) -> Booked: ...
    @overload
    async def submit(self, command: Change, by: Actor, interaction_id: int | None = None) -> Booked: ...
    @overload
    async def submit(self, command: Cancel, by: Actor, interaction_id: int | None = None) -> Cancelled: ...
    async def submit(self, command: Command, by: Actor, interaction_id: int | None = None) -> Outcome:
        """See Store."""

        async def act(work: Work) -> Outcome:
            return await once(work, command)

        try:
            return await self._hotline.run(act, by, interaction_id)
        except Refusal as refusal:
            await self._tell(command, refusal, by, interaction_id)
            raise

    async def _tell(self, command: Command, refusal: Refusal, by: Actor, interaction_id: int | None) -> None:
        """Put a refusal into the story of its call. One that belongs to no call is not kept:
        at the release minute there are thousands a second."""
        if interaction_id is None:
            return
        async with self._hotline.work(by, interaction_id) as work:
            work.record(told(command, refusal))


def told(command: Command, refusal: Refusal) -> BookingRefused:
    """The line of a call's story that tells of a refusal."""
    return BookingRefused(
        code=refusal.code,
        rule=refusal.rule.key if refusal.rule else None,
        verb=type(command).__name__.lower(),
        session_id=getattr(command, "session_id", None),
        person_id=getattr(command, "person_id", None),
    )


async def once(work: Work, command: Command) -> Outcome:
    """Do a command, or answer it as before if its key has been here. Raises KeyReused."""
    if command.key is None:
        return await ACTS[type(command)](work, command)
    mark = fingerprint(command)
    # The key goes in first: of two repeats at once the second waits here and then finds the first.
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    row = {
        "key": command.key, "verb": type(command).__name__.lower(), "fingerprint": mark,
        "outcome": {}, "at": work.now,
    }  # fmt: skip
    added = await work.db.execute(
        maker(CommandKey).values(row).on_conflict_do_nothing().returning(CommandKey.key)
    )
    if added.one_or_none() is None:
        before = await work.db.get_one(CommandKey, command.key)
        if before.fingerprint != mark:
            raise KeyReused
        return unpacked(before.outcome)
    outcome = await ACTS[type(command)](work, command)
    kept = await work.db.get_one(CommandKey, command.key)
    kept.outcome = packed(outcome)
    return outcome


def fingerprint(command: Command) -> str:
    """32 characters, the same for the same command; without its key, and without a phone in it."""
    words = {name: value for name, value in sorted(vars(command).items()) if name not in ("key", "contact")}
    return hashlib.blake2b(f"{type(command).__name__}{words}".encode(), digest_size=16).hexdigest()
