"""The usual texts of appointments, those of one moment in few statements; all others: sms.texter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.booking import view
from core.booking.view import AppointmentView
from core.events import AppointmentBooked, AppointmentCancelled, AppointmentConfirmed, Event
from core.outbox import Parcel
from core.ports import OutgoingText
from core.values import Phone
from core.work import Work
from sms import kept
from sms.kept import Draft
from sms.outbound import text_for, words_for
from sms.texts import Kind

# What most calls end with. Their words need nothing but the appointment, and no hour keeps them back.
KINDS = frozenset({Kind.BOOKED, Kind.CHANGED, Kind.CANCELLED})
_EVENTS = (AppointmentBooked, AppointmentConfirmed, AppointmentCancelled)


@dataclass(frozen=True)
class Outgoing:
    """A text that stands in our books. tried: the gateways that may have it already."""

    text_id: int
    text: OutgoingText
    tried: tuple[str, ...] = ()


def may_be(parcel: Parcel) -> bool:
    """Whether it is worth a look; pure."""
    return isinstance(parcel.entry.event, _EVENTS)


async def keep(own: Sequence[Work], parcels: Sequence[Parcel]) -> list[Outgoing | None]:
    """Queue each first text of an appointment to a number that has asked for nothing; None: not so usual.

    No two of them are of one appointment (the outbox brings them one after the other).
    """
    work = own[0]
    about = {parcel.entry.id: _appointment(parcel.entry.event) for parcel in parcels}
    made = await view.load_all(work.db, sorted(about.values()))
    drafts: dict[int, Draft] = {}
    for parcel in parcels:
        seen = made.get(about[parcel.entry.id])
        draft = _draft(work, parcel.entry.event, seen) if seen is not None else None
        if draft is not None:
            drafts[parcel.entry.id] = draft
    ids = await kept.keep_first(work, drafts)
    return [
        Outgoing(ids[parcel.entry.id], drafts[parcel.entry.id].outgoing) if parcel.entry.id in ids else None
        for parcel in parcels
    ]


def draft(said: Kind, made: AppointmentView, phone: Phone, now: datetime, *, link: str = "") -> Draft:
    """What is told of an appointment as it is now; pure."""
    return Draft(
        said,
        f"appointment/{made.appointment_id}",
        made.version,
        made.appointment_id,
        phone,
        words_for(said, made, now, link=link),
        starts_at=made.starts_at,
    )


def _draft(work: Work, event: Event, made: AppointmentView) -> Draft | None:
    said = text_for(event, made, work.now)
    if not isinstance(said, Kind) or said not in KINDS:
        return None
    phone = Phone(work.sealer.open(made.contact_sealed, "phone"))
    return draft(said, made, phone, work.now) if phone.is_mobile else None


def _appointment(event: Event) -> int:
    appointment_id: int = event.appointment_id  # type: ignore[attr-defined]
    return appointment_id
