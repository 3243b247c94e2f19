"""When a session opens, closes and gives its shares back, by the hospital's rules; pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from core.credit.book import RuleBook
from core.values import instant_of


@dataclass(frozen=True)
class Opening:
    """The three instants that a session carries; booking compares them with now."""

    release_at: datetime
    stop_at: datetime
    recycle_at: datetime | None


def opening(
    book: RuleBook, *, day: date, starts_at: datetime, kind: str, department: str, half: str
) -> Opening:
    """Work out a session's instants (R-147 to R-150).

    Released on the first release day that has `day` in its window, at the release time; closed at
    the booking stop, and in any case when `window.first-day` says it is too near or it begins.
    """

    def says(name: str) -> Any:
        return book.ruling(name, kind=kind, department=department, half=half).value

    stop = book.deadline("book.stop", day, starts_at, kind=kind, department=department, half=half)
    too_near = too_near_from(day, says("window.first-day"))
    return Opening(
        release_at=instant_of(
            says("release.day").on_or_after(day - timedelta(days=says("window.last-day"))),
            says("release.time"),
        ),
        stop_at=min(too_near, starts_at, stop or starts_at),
        recycle_at=book.deadline("recycle.time", day, starts_at, kind=kind, department=department, half=half),
    )


def too_near_from(day: date, first: int) -> datetime:
    """The instant from which a day is nearer than the `first` bookable one."""
    return instant_of(day - timedelta(days=first - 1), time(0, 0))
