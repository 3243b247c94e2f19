"""One scale for all lanes of a case: time runs evenly, but where nothing happened for long; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

# Milliseconds without anything after which the scale is broken, and what a break is drawn as.
QUIET_MS = 120_000
BREAK = 26.0
WIDTH = 1000.0
# A stretch in which all happens at once still has some width, so that a click meets it.
LEAST_MS = 2_000


@dataclass(frozen=True)
class Stretch:
    """Time from `first` to `last` (milliseconds), drawn from x0 to x1."""

    first: int
    last: int
    x0: float
    x1: float


def stretches(moments: Sequence[int], together: Sequence[tuple[int, int]] = ()) -> list[Stretch]:
    """Cut the time of a case where it was quiet, and give each piece its place in WIDTH.

    moments: in milliseconds, in any order. together: spans that are never cut, as those of a recording.
    Empty for no moment at all.
    """
    spans = sorted([*((at, at) for at in moments), *together])
    pieces: list[list[int]] = []
    for first, last in spans:
        if pieces and first - pieces[-1][1] <= QUIET_MS:
            pieces[-1][1] = max(pieces[-1][1], last)
        else:
            pieces.append([first, last])
    whole = sum(max(last - first, LEAST_MS) for first, last in pieces)
    # Many breaks must leave something for the time between them.
    gap = min(BREAK, WIDTH / 2 / max(1, len(pieces)))
    room = WIDTH - gap * (len(pieces) - 1)
    made, x = [], 0.0
    for first, last in pieces:
        width = room * max(last - first, LEAST_MS) / (whole or 1)
        made.append(Stretch(first, last, round(x, 1), round(x + width, 1)))
        x += width + gap
    return made


def place(scale: Sequence[Stretch], at: int) -> float:
    """Where a moment stands; before the first and after the last at the edges, in a break at its end."""
    for one in scale:
        if at < one.first:
            return one.x0
        if at <= one.last:
            share = (at - one.first) / max(one.last - one.first, 1)
            return round(one.x0 + share * (one.x1 - one.x0), 1)
    return scale[-1].x1 if scale else 0.0
