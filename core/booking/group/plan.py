"""What one command will write, as data: decided first, written with all others of its batch; pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.booking.commands import Command, Outcome
from core.booking.group.picture import Picture
from core.credit.rules import Block
from core.events import Event
from core.ports import Chance
from core.sealing import Sealer
from core.values import Actor, Channel


class Aside(Exception):
    """Not for a batch: too rare to be worth a second telling. The plain store does it."""


@dataclass
class Plan:
    """Rows by the names of group.texts; events; the answer."""

    outcome: Outcome | None = None
    rows: dict[str, list[Sequence[Any]]] = field(default_factory=lambda: defaultdict(list))
    events: list[Event] = field(default_factory=list)
    taken: tuple[int, int] | None = None  # the free slot that it takes, and its session

    def add(self, name: str, *row: Any) -> None:
        self.rows[name].append(row)


@dataclass(frozen=True)
class Asker:
    """Who asks, as the decisions need them; and what is new: chance, ids, serial numbers, seals."""

    command: Command
    by: Actor
    interaction_id: int | None
    picture: Picture
    chance: Chance
    sealer: Sealer
    appointment_ids: Iterator[int]
    serials: Iterator[str]

    @property
    def now(self) -> datetime:
        return self.picture.now

    @property
    def channel(self) -> Channel:
        return self.by.channel or Channel.WINDOW


def no_block(due: Sequence[Block]) -> None:
    """Raises Aside: a black-list entry is rare, and has a race of its own."""
    if due:
        raise Aside
