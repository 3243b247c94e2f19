"""Which of several gateways a text is handed to, and when; pure.

In order of preference; each at its own rate; one that failed several times in a row is left alone for a
while and then tried with a single text.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

FAILURES = 3
REST, MOST_REST = timedelta(seconds=15), timedelta(minutes=2)


@dataclass(frozen=True)
class Line:
    """What is known of a gateway.

    rate: texts a second. room: how many might go at once at `counted`; below nothing when places are
    promised ahead. failures: in a row. rests_until: left alone until then. on_trial: all wait for one text.
    """

    name: str
    rate: float
    room: float
    counted: datetime
    failures: int = 0
    rests_until: datetime | None = None
    on_trial: bool = False

    @property
    def burst(self) -> float:
        """One second's worth, and never less than one text."""
        return max(1.0, self.rate)


@dataclass(frozen=True)
class Choice:
    """wait: how long until it is this text's turn at the gateway."""

    name: str
    wait: timedelta


@dataclass(frozen=True)
class Nobody:
    why: str


def line(name: str, rate: float, now: datetime) -> Line:
    """A gateway of which nothing bad is known. Raises ValueError for a rate of nothing."""
    if rate <= 0:
        raise ValueError(f"{name}: {rate} texts a second")
    return Line(name, rate, max(1.0, rate), now)


def choose(
    lines: Sequence[Line],
    now: datetime,
    *,
    only: str | None = None,
    without: Collection[str] = (),
    patience: timedelta,
) -> Choice | Nobody:
    """The first in order that may have a text at once, else the one whose turn comes first.

    lines: in order of preference. only: the one that may have had this text already. without: those
    that have refused it. patience: how long a text may wait for its turn.
    """
    asked = [one for one in lines if one.name not in without and only in (None, one.name)]
    awake = [one for one in asked if not _rests(one, now)]
    if not awake:
        return Nobody("every gateway rests" if asked else "no gateway is left")
    waits = [Choice(one.name, _wait(one, now)) for one in awake]
    best = min(waits, key=lambda choice: choice.wait)
    return best if best.wait <= patience else Nobody("every gateway is at its rate")


def reserved(line: Line, now: datetime) -> Line:
    """One place is promised. One that comes out of its rest rests on until this text tells how it is."""
    promised = replace(line, room=_room(line, now) - 1, counted=now)
    if line.rests_until is None:
        return promised
    return replace(promised, rests_until=now + _rest(line.failures), on_trial=True)


def worked(line: Line) -> Line:
    """It has answered, be it with a refusal of the text."""
    return replace(line, failures=0, rests_until=None, on_trial=False)


def failed(line: Line, now: datetime) -> Line:
    """Texts that were under way when it went to rest do not make the rest longer."""
    if line.rests_until is not None and not line.on_trial:
        return line
    failures = line.failures + 1
    rests = now + _rest(failures) if failures >= FAILURES else None
    return replace(line, failures=failures, rests_until=rests, on_trial=False)


def _rests(line: Line, now: datetime) -> bool:
    """Nobody rests longer than is allowed: a clock that was set back must not make it an hour."""
    return line.rests_until is not None and now < line.rests_until <= now + MOST_REST


def _rest(failures: int) -> timedelta:
    return min(MOST_REST, REST * (1 << min(max(failures - FAILURES, 0), 10)))


def _room(line: Line, now: datetime) -> float:
    return min(line.burst, line.room + line.rate * max(0.0, (now - line.counted).total_seconds()))


def _wait(line: Line, now: datetime) -> timedelta:
    return timedelta(seconds=max(0.0, 1 - _room(line, now)) / line.rate)
