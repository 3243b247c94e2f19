"""The release minute: the draw, who comes behind it, whose turn it is, what may be promised; pure.

The draw is commit and reveal. Before anybody registers, the SHA-256 of a secret is published; after the
release the secret itself. A ticket's place is a hash of session, instant, secret and ticket, so whoever has
seen the first can check the second, and nobody who registers can know or move where they will stand.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Protocol, TypeVar

from core.credit.book import RuleBook
from core.values import local

# Hexadecimal digits of a hash that make a place: 60 bits, so that it fits a signed number of 64.
DIGITS = 15
# Whoever comes after the release stands behind everybody who was drawn.
LATE = 1 << 61
NEAR, NEAR_S, FAR_S = 10, 5, 10  # so many before one: look again after so many seconds, else later


class PlaceState(StrEnum):
    """A place in line. Not yet released is no state: it is `now < opens_at`."""

    WAITING = "waiting"
    TURN = "turn"  # may hold a number until turn_until
    USED = "used"  # held one in their turn
    PASSED = "passed"  # let their turn go by
    LEFT = "left"  # gave the place up
    CLOSED = "closed"  # the line ended, or nothing is left that their channel may have


LIVE = (PlaceState.WAITING, PlaceState.TURN)
# Whoever has been served, passed over or sent home may stand at the end again.
ENDED = (PlaceState.USED, PlaceState.PASSED, PlaceState.LEFT, PlaceState.CLOSED)

PLACE_NEXT: Mapping[PlaceState, frozenset[PlaceState]] = {
    PlaceState.WAITING: frozenset({PlaceState.TURN, PlaceState.LEFT, PlaceState.CLOSED}),
    PlaceState.TURN: frozenset({PlaceState.USED, PlaceState.PASSED, PlaceState.LEFT, PlaceState.CLOSED}),
    **{ended: frozenset({PlaceState.WAITING}) for ended in ENDED},
}


# --- when ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Terms:
    """The rules of one line. room: whether there is one at all.

    Source: the hospital's rules release.room, release.lead, release.window (minutes), release.turn (seconds).
    """

    room: bool
    lead: timedelta
    window: timedelta
    turn: timedelta


def terms(book: RuleBook, *, kind: str, department: str, half: str) -> Terms:
    """What the rules say for a session of this kind, department (its standard code) and half-day."""

    def says(name: str) -> int:
        return int(book.ruling(name, kind=kind, department=department, half=half).value)

    return Terms(
        bool(says("release.room")),
        timedelta(minutes=says("release.lead")),
        timedelta(minutes=says("release.window")),
        timedelta(seconds=says("release.turn")),
    )


class Stage(StrEnum):
    """Where a line is in time."""

    EARLY = "early"  # too early to register
    DRAW = "draw"  # whoever registers now is in the draw
    OPEN = "open"  # numbers are given out in order
    OVER = "over"


def stage(now: datetime, *, opens_at: datetime, lead: timedelta, window: timedelta) -> Stage:
    """lead: registering begins so long before the release; window: the line stands so long after it."""
    if now < opens_at - lead:
        return Stage.EARLY
    if now < opens_at:
        return Stage.DRAW
    return Stage.OPEN if now < opens_at + window else Stage.OVER


# --- the draw -----------------------------------------------------------------------------------------


def commitment(secret: str) -> str:
    """What is published before the release: SHA-256 of the secret, in hexadecimal."""
    return sha256(secret.encode()).hexdigest()


def seed(session_id: int, opens_at: datetime, secret: str) -> str:
    """SHA-256 of `session|2026-11-24T08:00:00+08:00|secret`, in hexadecimal."""
    return sha256(
        f"{session_id}|{local(opens_at).isoformat(timespec='seconds')}|{secret}".encode()
    ).hexdigest()


def drawn(seed: str, ticket: str) -> int:
    """A ticket's place: the first 15 digits of SHA-256 of `seed|ticket`, as a number; smaller is earlier."""
    return int(sha256(f"{seed}|{ticket}".encode()).hexdigest()[:DIGITS], 16)


def replayed(seed: str, tickets: Iterable[str]) -> list[str]:
    """The order of the draw, as anybody can work it out from what is published."""
    return sorted(tickets, key=lambda ticket: (drawn(seed, ticket), ticket))


def late(now: datetime) -> int:
    """The place of somebody who comes after the release: behind the draw, first come first served."""
    return LATE + round(now.timestamp() * 1_000_000)


# --- whose turn it is ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Numbers:
    """Free numbers of a session. own: by the channel whose guaranteed share they are; common: everybody's.

    From the recycle instant on the engine sells every share to all: then everything is common.
    """

    own: Mapping[str, int]
    common: int

    def for_channel(self, channel: str) -> int:
        """As many as this channel may have, if nobody else takes a common one."""
        return self.own.get(channel, 0) + self.common

    def without(self, promised: Mapping[str, int]) -> "Numbers":
        """What is left when so many of each channel have been promised one: of their own share first."""
        own, common = self._less(promised)
        # Somebody outside the line may have taken what was promised; that costs no other channel's share.
        return Numbers(own, max(0, common))

    def cover(self, promised: Mapping[str, int]) -> bool:
        """Whether there is one for each of so many of each channel."""
        return self._less(promised)[1] >= 0

    def _less(self, promised: Mapping[str, int]) -> tuple[Mapping[str, int], int]:
        """What is left of own and of common ones; of these less than nothing where they do not suffice."""
        own, common = dict(self.own), self.common
        for channel, count in promised.items():
            from_own = min(own.get(channel, 0), count)
            own[channel] = own.get(channel, 0) - from_own
            common -= count - from_own
        return own, common


class Stands(Protocol):
    @property
    def channel(self) -> str: ...


S = TypeVar("S", bound=Stands)


def allotted(line: Iterable[S], numbers: Numbers) -> list[S]:
    """Who of a line, in its order, may have a number: of the own share first, then of the common ones.

    So a channel's share is its own whatever others do, and the common numbers go to whoever is foremost,
    by whichever way they came.
    """
    own, common = dict(numbers.own), numbers.common
    chosen = []
    for one in line:
        if own.get(one.channel, 0) > 0:
            own[one.channel] -= 1
        elif common > 0:
            common -= 1
        else:
            continue
        chosen.append(one)
    return chosen


def sharing(channel: str, ahead: Mapping[str, int], numbers: Numbers) -> int:
    """How many of other channels, before somebody of this one, will take of the common numbers."""
    return sum(
        max(0, count - numbers.own.get(other, 0)) for other, count in ahead.items() if other != channel
    )


def reaches(channel: str, ahead: Mapping[str, int], numbers: Numbers) -> bool:
    """Whether the numbers that are free now go as far as somebody with so many of each channel before them.

    Says what `allotted` would, without the whole line: who is ahead takes of their own share first, and what
    they lack of the common ones.
    """
    before, own = ahead.get(channel, 0), numbers.own.get(channel, 0)
    return before < own or before - own + sharing(channel, ahead, numbers) < numbers.common


# --- what may be promised -----------------------------------------------------------------------------


class Chance(StrEnum):
    LIKELY = "likely"  # the numbers that are free now go as far as this place
    SHORT = "short"  # only if somebody before gives up
    NONE = "none"  # nothing is free, and nothing held that could come back


def outlook(channel: str, ahead: Mapping[str, int], numbers: Numbers, held: Numbers) -> Chance:
    """How it looks for somebody of this channel. ahead: before them, by channel, who have their turn too.

    held: numbers that others are just choosing, and may give back.
    """
    if reaches(channel, ahead, numbers):
        return Chance.LIKELY
    hope = numbers.for_channel(channel) + held.for_channel(channel)
    return Chance.SHORT if hope else Chance.NONE


def look_again_s(before: int) -> int:
    """Seconds until it is worth looking again: a line of thousands asks seldom."""
    return NEAR_S if before < NEAR else FAR_S
