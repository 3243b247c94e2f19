"""Parts of a text until all are there, and names for texts to which the protocol gives none; pure."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from sms.gateways.memory import Newest
from sms.gateways.smpp.parts import Joint, words

# What stands for a part that never came. Nobody writes so, so no command is understood that has it.
MISSING = "〔第{}段没有收到〕"
# A repeat within the same five minutes after we broke down has the same name.
NAMED_FOR = timedelta(minutes=5)
# How long after a text that we could not answer the same words are taken for its repeat.
REPEATED_WITHIN = timedelta(hours=1)

Key = tuple[str, str, int, int]


@dataclass(frozen=True)
class Piece:
    """One part of a text. content: without its header."""

    sender: str
    to: str
    joint: Joint
    data_coding: int
    content: bytes

    @property
    def key(self) -> Key:
        return self.sender, self.to, self.joint.reference, self.joint.total

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(bytes((self.data_coding,)) + self.content).digest()[:8]


@dataclass(eq=False)
class Group:
    """The parts of one text that are here. since: when its first came. settled: it has been handed on."""

    key: Key
    since: datetime
    pieces: dict[int, Piece] = field(default_factory=dict)
    settled: bool = False

    @property
    def whole(self) -> bool:
        return len(self.pieces) == self.key[3]

    @property
    def content(self) -> bytes:
        """What its name is made from."""
        return b"".join(self.pieces[number].digest for number in sorted(self.pieces))

    def words(self) -> str:
        """All that was written. Parts of one alphabet are read as one, for a character may be cut in two."""
        said = ""
        runs = groupby(
            range(1, self.key[3] + 1),
            lambda number: self.pieces[number].data_coding if number in self.pieces else None,
        )
        for coding, numbers in runs:
            if coding is None:
                said += "".join(MISSING.format(number) for number in numbers)
            else:
                said += words(coding, b"".join(self.pieces[number].content for number in numbers))
        return said


class Gathering:
    """keep: how long a text waits for its parts. most: texts that may wait at once.

    settled: texts whose parts are still known when they come again. A centre that we asked to come
    again later may do so after hours.
    """

    def __init__(self, *, keep: timedelta, most: int = 1000, settled: int = 10_000) -> None:
        self._keep, self._most = keep, most
        self._groups: OrderedDict[Key, Group] = OrderedDict()
        self._left: list[Group] = []
        self._settled: Newest[Key, dict[int, bytes]] = Newest(settled)

    def add(self, piece: Piece, now: datetime) -> Group | None:
        """The text the piece belongs to; nothing when that has been handed on already."""
        number = piece.joint.number
        if self._settled.get(piece.key, {}).get(number) == piece.digest:
            return None
        group = self._groups.get(piece.key)
        if group is not None and number in group.pieces and group.pieces[number].digest != piece.digest:
            # The telephone has come round to the same reference: the older text stays as it is.
            self._left.append(self._groups.pop(piece.key))
            group = None
        if group is None:
            group = self._groups[piece.key] = Group(piece.key, now)
            if len(self._groups) > self._most:
                self._left.append(self._groups.popitem(last=False)[1])
        group.pieces[number] = piece
        return group

    def overdue(self, now: datetime) -> list[Group]:
        """Texts that wait no longer; each until it is settled."""
        begun = now - self._keep
        return [*self._left, *(group for group in self._groups.values() if group.since <= begun)]

    def settle(self, group: Group) -> None:
        """It has been handed on, whole or not."""
        group.settled = True
        digests = {number: piece.digest for number, piece in group.pieces.items()}
        self._settled[group.key] = {**self._settled.get(group.key, {}), **digests}
        if self._groups.get(group.key) is group:
            del self._groups[group.key]
        self._left = [one for one in self._left if one is not group]


# --- names --------------------------------------------------------------------------------------------


@dataclass
class Arrival:
    """One text, from when it comes until it is certain that the centre knows we have it.

    session, answer: where our answer went, and its number there; no answer: none was written.
    """

    name: str
    at: datetime
    count: int = 0
    session: int | None = None
    answer: int | None = None
    doubtful: bool = False

    def answered(self, session: int, answer: int) -> None:
        self.session, self.answer = session, answer

    def may_repeat(self, now: datetime) -> bool:
        return self.at + REPEATED_WITHIN > now and (self.answer is None or self.doubtful)


class Arrivals:
    """Tells a text that comes again, because our answer did not arrive, from the same words sent twice."""

    def __init__(self, most: int = 10_000) -> None:
        self._known: Newest[str, Arrival] = Newest(most)

    def arrive(self, fingerprint: str, now: datetime) -> Arrival:
        """A repeat has its first name again. fingerprint: of all that the message says, keyed."""
        known = self._known.get(fingerprint)
        if known is not None and known.may_repeat(now):
            known.answer, known.doubtful = None, False
            return known
        name = first_name(fingerprint, now)
        count = known.count + 1 if known is not None and known.name.startswith(f"{name}-") else 0
        fresh = self._known[fingerprint] = Arrival(f"{name}-{count}", now, count)
        return fresh

    def lost(self, session: int, certain: int) -> None:
        """A session has ended; the centre is known to have heard its answers up to `certain`."""
        for arrival in self._known.values():
            if arrival.session == session and arrival.answer is not None and arrival.answer > certain:
                arrival.doubtful = True


def first_name(fingerprint: str, now: datetime) -> str:
    """At most 60 characters; the same for a repeat within the same five minutes, also after a restart."""
    return f"{fingerprint[:40]}-{int(now.timestamp() // NAMED_FOR.total_seconds())}"
