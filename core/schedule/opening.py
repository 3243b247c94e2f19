"""When a session opens, closes and gives its shares back, by the hospital's rules; pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from core.credit.book import RuleBook
from core.values import instant_of


@dataclass(frozen=True)
class Opening:
    """The three instants that a session carries; booking compares them with now."""

    release_at: datetime
    stop_at: datetime
    recycle_at: datetime | None


def opening(book: RuleBook, *, day: date, starts_at: datetime, kind: str, department: str) -> Opening:
    """Work out a session's instants (R-147 to R-150).

    Released on the first day that has `day` in its window, at the release time; closed at the
    booking stop, and in any case when `window.first-day` says it is too near.
    """
    first = int(book.ruling("window.first-day", kind=kind, department=department).value)
    last = int(book.ruling("window.last-day", kind=kind, department=department).value)
    clock: time = book.ruling("release.time", kind=kind, department=department).value
    stop = book.deadline("book.stop", day, starts_at, kind=kind, department=department)
    too_near = instant_of(day - timedelta(days=first) + timedelta(days=1), time(0, 0))
    recycle = book.deadline("recycle.time", day, starts_at, kind=kind, department=department)
    return Opening(
        release_at=instant_of(day - timedelta(days=last), clock),
        stop_at=min([too_near, starts_at] if stop is None else [too_near, stop]),
        recycle_at=recycle,
    )
