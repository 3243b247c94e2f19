"""The line in front of the writer: bounded, fair between channels, nobody twice in one batch."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from core.booking.commands import Book, Cancel, Change, Command, Hold, Outcome
from core.errors import Busy, Refusal
from core.values import Actor

Mark = tuple[str, object]


@dataclass(eq=False, slots=True)
class Asking:
    """One command on its way to an answer.

    until: of the loop's clock; who waits longer is told Busy instead of being served too late.
    refused: it is decided already, and only to be told into the story of its call.
    """

    command: Command
    by: Actor
    interaction_id: int | None
    answer: "asyncio.Future[Outcome]"
    until: float
    refused: Refusal | None = None
    marks: tuple[Mark, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.marks = marks(self.command)

    def settle(self, answer: Outcome | BaseException) -> None:
        """Give the answer; nobody may wait for it any more."""
        if self.answer.done():
            return
        if isinstance(answer, BaseException):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


def marks(command: Command) -> tuple[Mark, ...]:
    """What two commands must not share in one batch: their facts are read once, before either is done."""
    found: list[Mark] = [("key", command.key)] if command.key is not None else []
    match command:
        case Hold():
            if command.reason == "choice":
                found.append(("owner", command.owner))
            if command.person_id is not None:
                found.append(("person", command.person_id))
        case Book():
            found += [("hold", command.hold_id), ("person", command.person_id)]
            found.append(("phone", command.contact.digits))
        case Change():
            found += [("hold", command.hold_id), ("appointment", command.appointment_id)]
            if command.contact is not None:
                found.append(("phone", command.contact.digits))
        case Cancel():
            found.append(("appointment", command.appointment_id))
    return tuple(found)


class Line:
    """Who waits, by channel: one that sends thousands keeps no other waiting for more than its turn."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: dict[str, deque[Asking]] = {}
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def longest(self) -> int:
        """How many of one channel wait."""
        return max(map(len, self._waiting.values()), default=0)

    def put(self, asking: Asking) -> None:
        """Raises Busy when as many of this channel wait as may."""
        mine = self._waiting.setdefault(asking.by.channel or "", deque())
        if len(mine) >= self._most:
            raise Busy(facts={"waiting": len(mine)})
        mine.append(asking)
        self._arrived.set()

    async def somebody(self) -> None:
        """Return when at least one waits."""
        await self._arrived.wait()

    def take(self, most: int) -> list[Asking]:
        """Up to `most`, one of each channel in turn; who shares a mark with one before stays in its place."""
        taken: list[Asking] = []
        seen: set[Mark] = set()
        left: dict[str, deque[Asking]] = {name: deque() for name in self._waiting}
        while len(taken) < most and any(self._waiting.values()):
            for name, waiting in self._waiting.items():
                if not waiting or len(taken) >= most:
                    continue
                asking = waiting.popleft()
                if asking.answer.done():
                    continue
                (left[name] if not seen.isdisjoint(asking.marks) else taken).append(asking)
                seen.update(asking.marks)
        for name, behind in left.items():
            behind.extend(self._waiting[name])
        self._waiting = {name: waiting for name, waiting in left.items() if waiting}
        if not self._waiting:
            self._arrived.clear()
        return taken

    def close(self) -> list[Asking]:
        """Let whoever looks at the line go on; returns everybody who waits, who wait no more."""
        all_ = [asking for waiting in self._waiting.values() for asking in waiting]
        self._waiting = {}
        self._arrived.set()
        return all_
