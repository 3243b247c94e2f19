"""The words of our texts, with their lengths minded: one segment where it can be."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from sms.segments import segments

# The signature that carriers ask of every text.
SIGNATURE = "【12320】"
# From all that could be said down to what must be said; each template says what it drops when.
ROOMS = (3, 2, 1, 0)
# Two segments is what a patient's text may cost at most; longer names are cut for it.
MOST_SEGMENTS = 2
_WEEKDAYS = "一二三四五六日"
# What a number without a doctor is called.
NUMBERS = {"ordinary": "普通号", "expert": "专家号", "disease": "专病号", "special": "特需号"}


class Kind(StrEnum):
    """One file of texts/ each."""

    BOOKED = "booked"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    PAYMENT_DUE = "payment-due"
    PROVISIONAL = "provisional"
    STOPPED = "stopped"
    RESTORED = "restored"
    CALLBACK_PROMISED = "callback-promised"
    CALLBACK_MISSED = "callback-missed"
    SLOT_KEPT = "slot-kept"
    CODE = "code"
    RELEASED = "released"
    LEAVE_OFFER = "leave-offer"
    LEAVE_LAPSED = "leave-lapsed"
    WAITING_OFFER = "waiting-offer"
    WAITING_LAPSED = "waiting-lapsed"
    WAITING_PAUSED = "waiting-paused"
    SUBSTITUTED = "substituted"
    REMINDER = "reminder"
    SURVEY = "survey"


def day(local: datetime) -> str:
    """11月25日周三"""
    return f"{local.month}月{local.day}日周{_WEEKDAYS[local.weekday()]}"


def clock(local: datetime) -> str:
    """9:00"""
    return f"{local.hour}:{local.minute:02d}"


def yuan(fen: int) -> str:
    """25元, 25.5元"""
    whole, rest = divmod(fen, 100)
    return f"{whole}{f'.{rest:02d}'.rstrip('0') if rest else ''}元"


def plain(name: str, most: int) -> str:
    """A name on one line, cut to `most` characters."""
    name = " ".join(name.split())
    return name if len(name) <= most else name[: most - 1] + "…"


_environment = Environment(
    loader=PackageLoader("sms", "texts"),
    undefined=StrictUndefined,
    autoescape=False,  # plain text, never a page
    keep_trailing_newline=False,
)
_environment.filters |= {"day": day, "clock": clock, "yuan": yuan}


def write(kind: Kind, facts: Mapping[str, object], names: Mapping[str, str]) -> str:
    """The text of a kind: the fullest that fits one segment, else the fullest that fits two.

    names: hospital, department, doctor and the like; cut only when even the shortest text with
    them would pass two segments. facts: whatever else the template asks for, times in local time.
    """
    template = _environment.get_template(f"{kind.value}.txt")
    for most in (60, 24, 16, 12):
        short = {key: plain(name, most) for key, name in names.items()}
        drafts: list[tuple[int, str]] = []  # with their segments
        for room in ROOMS:
            lines = template.render(**facts, **short, room=room, signature=SIGNATURE).splitlines()
            draft = "".join(lines)
            drafts.append((segments(draft), draft))
            if drafts[-1][0] == 1:
                return draft
        for needs, draft in drafts:
            if needs <= MOST_SEGMENTS:
                return draft
    return drafts[-1][1]


def kinds_with_words() -> set[str]:
    """The files there are."""
    return {file.name.removesuffix(".txt") for file in files("sms").joinpath("texts").iterdir()}
