"""Whom a freed slot fits, in which order, when they may be asked and how long they may think; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from core.booking.may import ruled
from core.calling.rules import not_before
from core.credit.book import RuleBook
from core.schedule.facts import SlotFacts
from core.values import Phone, local

# A visit within a day is near: there is less time to think, and it may be told of at night.
NEAR = timedelta(hours=24)
# Shorter than this nobody finds their telephone; such a slot goes to sale.
SHORTEST = 3
_MINUTE = timedelta(minutes=1)


class State(StrEnum):
    """A place in line; whether an offer is open is the offer's own state."""

    WAITING = "waiting"
    PAUSED = "paused"  # did not answer several times; may go on
    SERVED = "served"
    LEFT = "left"
    LAPSED = "lapsed"  # the days they wanted are over


LIVE = (State.WAITING, State.PAUSED)


@dataclass(frozen=True)
class Want:
    """What somebody waits for: a doctor or a department, on a range of days, both ends included.

    doctor_id, number_kind, half: None for any.
    """

    department_id: int
    doctor_id: int | None
    number_kind: str | None
    first_day: date
    last_day: date
    half: str | None

    @property
    def name(self) -> str:
        """The same for two wishes that nobody may have at once: days and halves do not tell them apart."""
        return f"{self.department_id}/{self.doctor_id or '-'}/{self.number_kind or '-'}"

    def fits(self, slot: SlotFacts) -> bool:
        """Whether a slot of this session is what they wait for."""
        return (
            self.department_id == slot.department_id
            and self.doctor_id in (None, slot.doctor_id)
            and self.number_kind in (None, slot.number_kind)
            and self.first_day <= slot.day <= self.last_day
            and self.half in (None, slot.half)
        )

    def rivals(self, other: "Want") -> bool:
        """Whether one slot may fit both."""
        return (
            self.department_id == other.department_id
            and _meet(self.doctor_id, other.doctor_id)
            and _meet(self.number_kind, other.number_kind)
            and _meet(self.half, other.half)
            and self.first_day <= other.last_day
            and other.first_day <= self.last_day
        )


def _meet(one: object, other: object) -> bool:
    return one is None or other is None or one == other


class Waiter(Protocol):
    """Somebody in line."""

    @property
    def entry_id(self) -> int: ...
    @property
    def since(self) -> datetime: ...
    @property
    def want(self) -> Want: ...


W = TypeVar("W", bound=Waiter)


def in_order(waiters: Iterable[W], slot: SlotFacts) -> list[W]:
    """Whom the slot fits, first come first served; nobody has a privilege."""
    return sorted((one for one in waiters if one.want.fits(slot)), key=_order)


def ahead(mine: W, waiters: Iterable[W]) -> int:
    """How many stand before `mine` for a slot that both would take."""
    return sum(_order(one) < _order(mine) and one.want.rivals(mine.want) for one in waiters)


def _order(one: Waiter) -> tuple[datetime, int]:
    return one.since, one.entry_id


# --- when ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Terms:
    """How a hospital's freed slots are offered.

    Source: its rules waiting.first-minutes, waiting.only, waiting.answer-minutes, waiting.answer-near,
    waiting.hours, waiting.night, waiting.call.
    """

    first: timedelta  # a freed slot rests so long while nobody could be asked
    only: bool
    answer: int  # minutes
    answer_near: int
    hours: tuple[time, time] | None  # None: at any hour
    at_night: bool  # whether what cannot wait till morning is offered at night; else it goes to sale
    call: str  # never, landline, always


def terms(book: RuleBook, slot: SlotFacts) -> Terms:
    """What the rules say for this session."""

    def says(name: str) -> Any:
        return ruled(book, slot, f"waiting.{name}").value

    return Terms(
        timedelta(minutes=says("first-minutes")),
        says("only"),
        says("answer-minutes"),
        says("answer-near"),
        says("hours"),
        says("night") == "offer",
        says("call"),
    )


def answer_minutes(said: Terms, slot: SlotFacts, now: datetime, *, called: bool = False) -> int:
    """How long the slot is kept for an answer; 0 when booking closes too soon for anybody to give one.

    called: they hear of it by a call alone, which may have to wait for a better hour.
    """
    minutes = said.answer_near if slot.starts_at - now <= NEAR else said.answer
    heard = not_before(now, slot.starts_at) if called else now
    until = min(heard + timedelta(minutes=minutes), slot.stop_at)
    return (until - now) // _MINUTE if until - heard >= SHORTEST * _MINUTE else 0


class Night(StrEnum):
    """What becomes of a slot that is freed at an hour at which nobody is asked."""

    NO = "no"  # it is no such hour
    WAIT = "wait"  # it rests till morning
    OFFER = "offer"  # it cannot wait, and is offered all the same
    SALE = "sale"  # it cannot wait, and goes to sale


def night(said: Terms, slot: SlotFacts, now: datetime) -> tuple[Night, datetime]:
    """What the hour says, and when the next hour begins at which somebody may be asked."""
    if said.hours is None:
        return Night.NO, now
    opens, closes = said.hours
    clock = local(now)
    if opens <= clock.time() < closes:
        return Night.NO, now
    morning = clock.replace(hour=opens.hour, minute=opens.minute, second=0, microsecond=0)
    if morning <= clock:
        morning += timedelta(days=1)
    if slot.stop_at - morning >= timedelta(minutes=said.answer):
        return Night.WAIT, morning
    return (Night.OFFER if said.at_night else Night.SALE), morning


def to_call(said: Terms, number: Phone) -> bool:
    """Whether they are told by a call; a mobile gets a text in any case."""
    return said.call == "always" or (said.call == "landline" and not number.is_mobile)


def counted(over: Sequence[str]) -> dict[str, int]:
    """Reasons why those before did not get a slot, with how often each holds."""
    return {why: over.count(why) for why in dict.fromkeys(over)}
