"""What happens in the line before a session's numbers are given out."""

from datetime import datetime

from core.events.base import Event


class LineBegun(Event):
    """The first has registered. commitment: of the draw, as the page shows it."""

    kind = "line.begun"
    session_id: int
    announced_at: datetime
    commitment: str


class LineJoined(Event):
    """drawn: whether the place takes part in the draw; else it stands behind it."""

    kind = "line.joined"
    session_id: int
    place_id: int
    person_id: int | None
    drawn: bool


class LineLeft(Event):
    kind = "line.left"
    session_id: int
    place_id: int


class TurnGiven(Event):
    kind = "line.turn-given"
    session_id: int
    place_id: int
    until: datetime


class TurnUsed(Event):
    kind = "line.turn-used"
    session_id: int
    place_id: int


class TurnPassed(Event):
    """The turn went by and nothing was held."""

    kind = "line.turn-passed"
    session_id: int
    place_id: int


class LineSoldOut(Event):
    """Nothing is left that these channels may have; so many were still waiting for it."""

    kind = "line.sold-out"
    session_id: int
    channels: list[str]
    waiting: int


class LineEnded(Event):
    """waiting: how many still stood in it."""

    kind = "line.ended"
    session_id: int
    waiting: int
