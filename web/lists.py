"""What the start page lists: calls, appointments and texts, masked for everybody's eyes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.booking import view as booking
from core.contact import view as contact
from core.contact.view import InteractionView
from core.health import Part
from core.http import words
from core.http.call_words import ending, place
from core.http.pages import surname
from core.values import Phone
from web.house import TextShown, WebHouse

ROWS = 8


@dataclass(frozen=True)
class CallRow:
    """A call, or a talk by text. seconds: how long it lasted, or has lasted so far."""

    interaction_id: int
    channel: str
    caller: str
    dnis: str
    where: str
    tone: str
    going_on: bool
    started_at: datetime
    seconds: int


@dataclass(frozen=True)
class AppointmentRow:
    appointment_id: int
    serial: str
    person: str
    hospital: str
    department: str
    doctor: str
    day: date
    starts_at: datetime
    ends_at: datetime
    state: str
    tone: str
    channel: str
    booked_at: datetime


@dataclass(frozen=True)
class TextRow:
    """ours: whether we sent it; else its number wrote it to us."""

    text_id: int
    ours: bool
    number: str
    body: str
    state: str
    tone: str
    at: datetime


@dataclass(frozen=True)
class PartRow:
    name: str
    title: str
    state: str
    tone: str
    words: str
    percent: int | None


async def calls(house: WebHouse, db: AsyncSession) -> list[CallRow]:
    now = house.hotline.clock.now()
    return [call_row(house, seen, now) for seen in await contact.recent(db, ROWS)]


def call_row(house: WebHouse, seen: InteractionView, now: datetime) -> CallRow:
    where, tone = place(seen) if seen.open else ending(seen)
    until = seen.closed_at or now
    return CallRow(
        seen.interaction_id,
        seen.channel,
        caller(house, seen.ani_sealed),
        seen.dnis,
        where,
        tone,
        seen.open,
        seen.started_at,
        max(0, int((until - seen.started_at).total_seconds())),
    )


def caller(house: WebHouse, sealed: bytes | None) -> str:
    """A number as everybody may see it: 138****5678."""
    return Phone(house.hotline.sealer.open(sealed, "phone")).masked if sealed else "未显示号码"


async def appointments(house: WebHouse, db: AsyncSession) -> list[AppointmentRow]:
    return [_appointment(view) for view in await booking.recent(db, ROWS)]


def _appointment(view: booking.AppointmentView) -> AppointmentRow:
    state, tone = words.APPOINTMENT[view.state.value]
    return AppointmentRow(
        view.appointment_id,
        view.serial,
        surname(view.person),
        view.hospital_short or view.hospital,
        view.department,
        " ".join(filter(None, (view.doctor, view.title))) or "普通号",
        view.day,
        view.starts_at,
        view.ends_at,
        state,
        tone,
        words.CHANNEL.get(view.channel, view.channel),
        view.booked_at,
    )


async def texts(house: WebHouse) -> list[TextRow]:
    return [_text(text) for text in await house.texts(ROWS)]


def _text(text: TextShown) -> TextRow:
    state, tone = words.TEXT[text.state]
    body = text.body or "（没有写出来）"
    return TextRow(text.text_id, text.direction == "out", text.phone_masked, body, state, tone, text.at)


def parts(told: Sequence[Part]) -> list[PartRow]:
    return [
        PartRow(
            part.name,
            words.PARTS.get(part.name, part.name),
            *words.HEALTH[part.state],
            part.words,
            None if part.progress is None else int(part.progress * 100),
        )
        for part in told
    ]
