"""What requests and answers are made of: strict, and described by themselves."""

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.functional_serializers import PlainSerializer

from core.values import local

# A row's id: what every JavaScript client can count.
MOST_ID = 2**53 - 1
# No request needs a page further away.
MOST_PAGES = 1000


class Asked(BaseModel):
    """A request or a part of one: nothing is guessed, and nothing unknown is passed over in silence."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Answer(BaseModel):
    """An answer or a part of one. More fields may come to it within a version."""

    model_config = ConfigDict(frozen=True)


class Nothing(Asked):
    """No path, no query, no body."""


def figures(value: Any) -> Any:
    """A number in an address, which has one way to be written. Raises ValueError."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"0|[1-9][0-9]{0,15}", value):
        raise ValueError("figures")
    return int(value)


def day(value: Any) -> Any:
    """A day has one way to be written, too: pydantic would take seconds since 1970. Raises ValueError."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("day")
    return date.fromisoformat(value)


def whole(value: Any) -> Any:
    """To JSON Schema 2.0 is an integer as 2 is: some languages write no other."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Id = Annotated[int, Field(ge=1, le=MOST_ID), BeforeValidator(whole)]
IdInAddress = Annotated[int, Field(ge=1, le=MOST_ID), BeforeValidator(figures)]
Page = Annotated[int, Field(ge=1, le=MOST_PAGES), BeforeValidator(figures)]

# Without what no keyboard writes: a database would refuse a NUL. The first and the last are no blanks.
Words = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=40, pattern=r"^[^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$"
    ),
]
Serial = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{7}$")]
HoldId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,80}$")]
Mobile = Annotated[
    str, StringConstraints(pattern=r"^1[0-9]{10}$"), WithJsonSchema(
        {"type": "string", "pattern": "^1[0-9]{10}$", "format": "cn-mobile"}
    ),
]  # fmt: skip
IdentityNumber = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-Za-z]{5,18}$"),
    WithJsonSchema({"type": "string", "pattern": "^[0-9A-Za-z]{5,18}$", "format": "cn-identity"}),
]

Day = Annotated[date, BeforeValidator(day)]
Instant = Annotated[
    datetime,
    PlainSerializer(lambda at: local(at).isoformat(timespec="seconds"), return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
Fen = Annotated[int, Field(ge=0, description="人民币，分")]
