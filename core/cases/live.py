"""The same state as a folded log, read from the tables as they are now; read-only."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, column, func, select, table
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.tables import Appointment, Draft
from core.calling.tables import OutboundCall
from core.cases.state import Things, narrowed
from core.contact.agent_tables import Matter, RoomStay
from core.contact.tables import Callback, Interaction
from core.leave.tables import LeaveCase
from core.money.tables import Payment, PaymentAttempt, Refund
from core.offers.tables import Offer
from core.recordings.tables import Recording
from core.reminding.tables import VisitReminder
from core.schedule.tables import Hold, Slot
from core.survey.tables import Survey
from core.waiting.tables import WaitingEntry

# Texts are kept by a face, which the core does not know: these are the columns that a case looks at.
TEXTS = table(
    "text_message",
    *(
        column(name)
        for name in ("id", "direction", "kind", "subject", "appointment_id", "journal_id", "state")
    ),
)
# An appointment in one of these has its slot, or had it until the end.
_HAVE_SLOT = ("provisional", "unpaid", "booked", "checked_in", "stopped", "attended", "no_show")
_CAME = ("paid", "refunded")
AT_ONCE = 500

Known = dict[str, dict[str, Any]]


async def live(db: AsyncSession, told: Things) -> dict[str, dict[str, dict[str, Any]]]:
    """What the tables say of the things, and the fields, that a log has told."""
    found: dict[str, Known] = {}
    for what, read in _READERS.items():
        if ids := sorted(told.get(what, {})):
            found[what] = await read(db, ids)
    _only_ours(found, told)
    return narrowed(found, told)


def _only_ours(found: dict[str, Known], told: Things) -> None:
    """A slot that somebody else has meanwhile is nobody's for this case."""
    for fields in found.get("slot", {}).values():
        what, _, id_ = str(fields["holder"] or "").partition(":")
        if id_ not in told.get(what, {}):
            fields["holder"] = None


def _plain(
    query: Select[*tuple[Any, ...]], names: Sequence[str], whole: bool = True
) -> Callable[[AsyncSession, Sequence[str]], Awaitable[Known]]:
    """A reader of one table. query: id first, then a column for each name. whole: ids are whole numbers."""
    key = next(iter(query.selected_columns))

    async def read(db: AsyncSession, ids: Sequence[str]) -> Known:
        found: Known = {}
        for some in _parts([int(id_) for id_ in ids] if whole else list(ids)):
            for row in await db.execute(query.where(key.in_(some))):
                found[str(row[0])] = dict(zip(names, row[1:], strict=True))
        return found

    return read


def _parts(ids: list[Any]) -> Iterable[list[Any]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


_appointments_plain = _plain(
    select(
        Appointment.id, Appointment.state, Appointment.version, Appointment.slot_id, Appointment.session_id,
        Appointment.person_id, Appointment.replaces_id, Appointment.replaced_by_id, Appointment.reason,
        Appointment.interaction_id,
    ),
    ("state", "version", "slot_id", "session_id", "person_id", "replaces", "replaced_by", "reason",
     "interaction_id"),
)  # fmt: skip


async def _appointments(db: AsyncSession, ids: Sequence[str]) -> Known:
    found = await _appointments_plain(db, ids)
    for fields in found.values():
        fields["left_fen"] = 0
    sums = select(Payment.appointment_id, func.sum(Payment.amount_fen - Payment.owed_fen)).where(
        Payment.state.in_(_CAME)
    )
    for some in _parts([int(id_) for id_ in ids]):
        query = sums.where(Payment.appointment_id.in_(some)).group_by(Payment.appointment_id)
        for id_, left in await db.execute(query):
            found[str(id_)]["left_fen"] = int(left)
    return found


async def _slots(db: AsyncSession, ids: Sequence[str]) -> Known:
    found: Known = {}
    for some in _parts([int(id_) for id_ in ids]):
        for id_, state, hold_id in await db.execute(
            select(Slot.id, Slot.state, Slot.hold_id).where(Slot.id.in_(some))
        ):
            found[str(id_)] = {"holder": f"hold:{hold_id}" if state == "held" else None}
        visits = select(Appointment.slot_id, Appointment.id).where(
            Appointment.slot_id.in_(some), Appointment.state.in_(_HAVE_SLOT)
        )
        for slot_id, appointment_id in await db.execute(visits.order_by(Appointment.id)):
            found[str(slot_id)] = {"holder": f"appointment:{appointment_id}"}
    return found


_interactions_plain = _plain(
    select(
        Interaction.id, Interaction.state, Interaction.disposition, Interaction.person_id,
        Interaction.staff_id,
    ),
    ("state", "disposition", "person_id", "staff_id"),
)  # fmt: skip


async def _interactions(db: AsyncSession, ids: Sequence[str]) -> Known:
    found = await _interactions_plain(db, ids)
    for fields in found.values():
        fields["room"] = {}
    for some in _parts([int(id_) for id_ in ids]):
        present = (
            select(RoomStay.interaction_id, RoomStay.role, func.count())
            .where(RoomStay.interaction_id.in_(some), RoomStay.left_at.is_(None))
            .group_by(RoomStay.interaction_id, RoomStay.role)
        )
        for id_, role, number in await db.execute(present):
            found[str(id_)]["room"][role] = number
    return found


_payments_plain = _plain(
    select(Payment.id, Payment.amount_fen, Payment.state.in_(_CAME)), ("amount_fen", "paid")
)


async def _payments(db: AsyncSession, ids: Sequence[str]) -> Known:
    found = await _payments_plain(db, ids)
    for fields in found.values():
        fields["paid"], fields["tries"] = bool(fields["paid"]), 0
    for some in _parts([int(id_) for id_ in ids]):
        tries = select(PaymentAttempt.payment_id, func.max(PaymentAttempt.number))
        grouped = tries.where(PaymentAttempt.payment_id.in_(some)).group_by(PaymentAttempt.payment_id)
        for id_, number in await db.execute(grouped):
            found[str(id_)]["tries"] = number
    return found


_refunds_plain = _plain(
    select(Refund.id, Refund.amount_fen, Refund.appointment_id, Refund.reason, Refund.sendings, Refund.state),
    ("amount_fen", "appointment_id", "reason", "sendings", "settled"),
)


async def _refunds(db: AsyncSession, ids: Sequence[str]) -> Known:
    found = await _refunds_plain(db, ids)
    for fields in found.values():
        fields["settled"] = fields["settled"] == "refunded"
    return found


_READERS: Mapping[str, Callable[[AsyncSession, Sequence[str]], Awaitable[Known]]] = {
    "appointment": _appointments,
    "hold": _plain(
        select(Hold.id, Hold.state, Hold.slot_id, Hold.session_id, Hold.person_id, Hold.reason),
        ("state", "slot_id", "session_id", "person_id", "reason"),
        whole=False,
    ),
    "slot": _slots,
    "offer": _plain(
        select(
            Offer.id, Offer.state, Offer.version, Offer.kind, Offer.source_id, Offer.person_id,
            Offer.appointment_id, Offer.session_id, Offer.made_id, Offer.hold_id, Offer.why,
        ),
        ("state", "version", "sort", "source_id", "person_id", "appointment_id", "session_id", "made_id",
         "hold_id", "why"),
    ),
    "draft": _plain(
        select(Draft.id, Draft.state, Draft.interaction_id, Draft.staff_id, Draft.appointment_id),
        ("state", "interaction_id", "staff_id", "appointment_id"),
    ),
    "interaction": _interactions,
    "matter": _plain(
        select(Matter.id, Matter.interaction_id, Matter.staff_id, Matter.first, Matter.second),
        ("interaction_id", "staff_id", "first", "second"),
    ),
    "callback": _plain(
        select(Callback.id, Callback.state, Callback.interaction_id, Callback.staff_id, Callback.tries),
        ("state", "interaction_id", "staff_id", "tries"),
    ),
    "call": _plain(
        select(OutboundCall.id, OutboundCall.state, OutboundCall.subject, OutboundCall.tries),
        ("state", "subject", "tries"),
    ),
    "leave-case": _plain(
        select(
            LeaveCase.id, LeaveCase.state, LeaveCase.version, LeaveCase.leave_id, LeaveCase.appointment_id
        ),
        ("state", "version", "leave_id", "appointment_id"),
    ),
    "waiting": _plain(
        select(
            WaitingEntry.id, WaitingEntry.state, WaitingEntry.person_id, WaitingEntry.department_id,
            WaitingEntry.doctor_id, WaitingEntry.served_by,
        ),
        ("state", "person_id", "department_id", "doctor_id", "served_by"),
    ),
    "reminder": _plain(
        select(VisitReminder.id, VisitReminder.state, VisitReminder.answer),
        ("state", "answer"),
    ),
    "survey": _plain(
        select(Survey.id, Survey.state, Survey.score), ("state", "score")
    ),
    "text": _plain(select(TEXTS.c.id, TEXTS.c.state), ("state",)),
    "payment": _payments,
    "refund": _refunds,
    "recording": _plain(
        select(Recording.id, Recording.state, Recording.seconds, Recording.hold_reason.is_not(None)),
        ("state", "seconds", "held"),
    ),
}  # fmt: skip
