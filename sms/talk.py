"""What a number was last asked, as plain data; pure.

A talk holds ids, never a name or a number of a person. An answer means something only until the talk ends;
after that the same figure is no answer to anything.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from core.contact.rules import Disposition

# From our question to the answer; a hold ends sooner or later than this by its own rule.
LASTS = timedelta(minutes=30)


class Ask(StrEnum):
    """What the last answer asked for."""

    NOTHING = ""
    PLACE = "place"  # which department or doctor is meant
    SESSION = "session"
    WHO = "who"
    NAME = "name"
    BOOK = "book"  # 1 to confirm
    VISIT = "visit"  # which appointment
    ACT = "act"  # what to do with the one that was told
    CANCEL = "cancel"
    CHANGE = "change"
    AGAIN = "again"  # what we asked ourselves, told once more
    WHICH = "which"  # which of several was answered
    WAIT = "wait"  # 1 to stand on the waiting list
    PLACES = "places"  # what is to be done with a place on it
    LEAVE = "leave"  # whether to give it up


@dataclass(frozen=True)
class Talk:
    """options: what figures mean, by ids or [department, doctor] pairs, all pages in a row; first: how many
    came before the page that was told. verb: book, change, cancel, query or wait, where the choice leads.

    topic, about: of sms.meaning, and the id, where the talk goes on with what we asked ourselves; said: the
    figure, or the word, that was answered before it was asked which is meant. full: the day that had no
    number left, for the waiting list."""

    ask: Ask = Ask.NOTHING
    verb: str = ""
    options: tuple[Any, ...] = ()
    first: int = 0
    shown: int = 0
    department_id: int | None = None
    doctor_id: int | None = None
    session_id: int | None = None
    period_id: int | None = None
    hold_id: str | None = None
    person_id: int | None = None
    appointment_id: int | None = None
    topic: str = ""
    about: int | None = None
    said: str = ""
    full: str | None = None
    day: str | None = None  # the wish that was written, ISO
    half: str | None = None
    at: str | None = None
    passed: tuple[int, ...] = field(default=())  # periods that were turned down

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Self:
        """From the database; what an older version kept besides is forgotten."""
        known = {one.name for one in fields(cls)}
        values = {name: value for name, value in kept.items() if name in known}
        for name in ("options", "passed"):
            values[name] = tuple(values.get(name, ()))
        return cls(**{**values, "ask": Ask(values.get("ask", ""))})

    def kept(self) -> dict[str, Any]:
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }

    def chosen(self, number: int | None) -> Any | None:
        """What a figure stands for on the page that was told; None: for nothing."""
        if number is None or not 1 <= number <= self.shown:
            return None
        return self.options[self.first + number - 1]

    def turned(self) -> Self:
        """The next page; after the last one the first again."""
        after = self.first + self.shown
        return replace(self, first=after if after < len(self.options) else 0)


@dataclass(frozen=True)
class Turn:
    """What comes of one text. reply: None when what was done sends its own text (预约成功 …).

    end: the matter is done, and how. outcome: a stable code for the story.
    """

    reply: str | None
    talk: Talk
    outcome: str
    end: Disposition | None = None
