"""What an operator does for a caller: book, change and cancel from a draft, each in one transaction."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from core.booking import draft_view
from core.booking.book import book, change
from core.booking.cancel import cancel
from core.booking.commands import Book, Booked, Cancel, Change, Hold
from core.booking.draft_end import ended
from core.booking.draft_row import locked
from core.booking.draft_rules import given_up
from core.booking.draft_scope import within
from core.booking.draft_view import DraftView
from core.booking.hold import hold
from core.booking.loading import appointment
from core.booking.patient_of import CONTACT, contact_of, papers_of, patient_of, typed_phone
from core.booking.paying import charge_card
from core.booking.tables import ONGOING, Appointment, Draft
from core.contact import engine as contact
from core.contact import matters
from core.contact.tables import Interaction
from core.errors import ChangedMeanwhile, DraftIncomplete, NotFound, Refusal, WrongInput
from core.events import BookingRefused
from core.people.tables import Person
from core.schedule.tables import Session
from core.staff import audit
from core.values import Actor
from core.work import Hotline, Work

T = TypeVar("T")


async def commit(work: Work, draft_id: int, *, version: int, override: str | None = None) -> DraftView:
    """Book, change or cancel what the draft says; nothing is left behind when any part is refused.

    A draft that was committed before is answered as it was then: a lost answer may be asked for again.
    override: a supervisor's reason to pass a deadline. Raises DraftIncomplete, ChangedMeanwhile,
    CardMismatch, CardShort, CardChargeOff, NotAllowed outside the actor's hospital, and the refusals of the
    engine. A patient whom the actor does not see is missing from the draft.
    """
    _said_why(override)
    row = await work.db.get(Draft, draft_id, populate_existing=True)
    if row is not None and row.state not in ONGOING and row.appointment_id is not None:
        await _in_scope(work, row.appointment_id)
        return await draft_view.view_of(work.db, work.sealer, row)
    row = await locked(work, draft_id, seen=version)
    seen = await draft_view.view_of(work.db, work.sealer, row)
    if seen.held is not None:
        work.by.must_see(seen.held.hospital_id)
    seen = await within(work.db, seen, work.by)
    _complete(seen)
    if seen.verb == "cancel":
        cancelled = await cancel_for(work, int(seen.fields["appointment_id"]), override=override)
        await ended(work, row, cancelled.appointment_id)
    else:
        made = await (_change(work, row, seen, override) if seen.verb == "change" else _book(work, row, seen))
        await ended(work, row, made.appointment_id)
    return await draft_view.view_of(work.db, work.sealer, row)


def _complete(seen: DraftView) -> None:
    """A hold that has lapsed is tried all the same: its slot may still be free."""
    for lack in seen.missing:
        lapsed = lack.field == "session_id" and _same_session(seen)
        if lack.must and not lapsed:
            raise DraftIncomplete(facts={"field": lack.field, "words": lack.words})


def _same_session(seen: DraftView) -> bool:
    return seen.held is not None and seen.fields.get("session_id") == seen.held.session_id


async def _book(work: Work, row: Draft, seen: DraftView) -> Booked:
    fields = seen.fields
    assert row.hold_id is not None
    person = await patient_of(work, fields)
    number = await contact_of(work, fields, person.id)
    booker_id = await _booker(work, row, fields, person.id)
    pay = fields.get("pay")
    made = await book(
        work,
        Book(
            row.hold_id, person.id, number, booker_id=booker_id, pay_online=pay == "online" if pay else None
        ),
    )
    row.person_id = person.id
    if pay == "card":
        await charge_card(work, made.appointment_id, number=fields.get("card"))
    if row.interaction_id is not None and fields.get("attendee_is_caller", booker_id is None):
        await contact.know(work, row.interaction_id, person.id, by="agent")
    await _acted(work, row, "appointment.booked", person.id)
    return made


async def _booker(work: Work, row: Draft, fields: Mapping[str, Any], person_id: int) -> int | None:
    """Who asked for it, where that is somebody else than the patient."""
    booker = fields.get("booker_id")
    if booker is None and fields.get("attendee_is_caller") is False and row.interaction_id is not None:
        interaction = await work.db.get(Interaction, row.interaction_id)
        booker = interaction.person_id if interaction else None
    return int(booker) if booker is not None and booker != person_id else None


async def _change(work: Work, row: Draft, seen: DraftView, override: str | None) -> Booked:
    assert row.hold_id is not None
    appointment_id = int(seen.fields["appointment_id"])
    old = await _in_scope(work, appointment_id)
    await papers_of(work, await work.db.get_one(Person, old.person_id), seen.fields)
    number = typed_phone(work, seen.fields, *CONTACT)
    made = await change(work, Change(appointment_id, row.hold_id, override=override, contact=number))
    if seen.fields.get("pay") == "card":
        await charge_card(work, made.appointment_id, number=seen.fields.get("card"))
    changed = await work.db.get_one(Appointment, made.appointment_id)
    row.person_id = changed.person_id
    await _acted(work, row, "appointment.changed", changed.person_id)
    await _overridden(work, appointment_id, override)
    return made


@dataclass(frozen=True)
class Given:
    """A cancelled appointment. say: what the caller is told."""

    appointment_id: int
    refund_fen: int
    say: str


async def cancel_for(work: Work, appointment_id: int, *, override: str | None = None) -> Given:
    """Cancel for the caller, with the refund (R-088). override: a supervisor's reason.

    Raises the refusals of `core.booking.cancel`, NotAllowed outside the actor's hospital, WrongInput
    for an empty reason.
    """
    _said_why(override)
    made = await _in_scope(work, appointment_id)
    done = await cancel(work, Cancel(appointment_id, override=override))
    if work.interaction_id is not None and work.by.staff_id is not None:
        await matters.acted(
            work, work.interaction_id, work.by.staff_id, "appointment.cancelled", made.person_id
        )
    await _overridden(work, appointment_id, override)
    return Given(appointment_id, done.refund_fen, given_up(done.refund_fen, by_card=made.pay_mode == "card"))


async def move_for(
    work: Work,
    appointment_id: int,
    *,
    session_id: int,
    period_id: int | None = None,
    override: str | None = None,
) -> Booked:
    """Change an appointment to a session that was chosen from a list, in one act (R-087, R-092).

    Raises what holding and changing raise, NotAllowed when either of the two is outside the actor's
    hospital, NotFound.
    """
    _said_why(override)
    await _in_scope(work, appointment_id)
    target = await work.db.get(Session, session_id)
    if target is None:
        raise NotFound(facts={"what": "session"})
    work.by.must_see(target.hospital_id)
    held = await hold(
        work, Hold(session_id, f"query:{work.by.name}"[:64], period_id=period_id, reason="change")
    )
    made = await change(work, Change(appointment_id, held.hold_id, override=override))
    await _overridden(work, appointment_id, override)
    return made


def _said_why(override: str | None) -> None:
    if override is not None and not override.strip():
        raise WrongInput(facts={"field": "reason", "why": "empty"})


async def _in_scope(work: Work, appointment_id: int) -> Appointment:
    made = await appointment(work, appointment_id)
    work.by.must_see(made.hospital_id)
    return made


async def _acted(work: Work, row: Draft, act: str, person_id: int) -> None:
    """Fill the caller's matter from what was done; the operator only confirms it."""
    if row.interaction_id is not None and work.by.staff_id is not None:
        await matters.acted(work, row.interaction_id, work.by.staff_id, act, person_id)


async def _overridden(work: Work, appointment_id: int, override: str | None) -> None:
    if override is not None:
        await audit.note(
            work, "override-deadline", what="appointment", subject_id=appointment_id, reason=override
        )


async def attempt(
    hotline: Hotline, act: Callable[[Work], Awaitable[T]], by: Actor, interaction_id: int | None
) -> T:
    """Do an act for a caller; what refused it stands in the story of the call."""
    try:
        return await hotline.run(act, by, interaction_id)
    except (ChangedMeanwhile, DraftIncomplete):
        raise
    except Refusal as refusal:
        if interaction_id is not None:
            async with hotline.work(by, interaction_id) as work:
                work.record(
                    BookingRefused(
                        code=refusal.code,
                        rule=refusal.rule.key if refusal.rule else None,
                        verb="desk",
                        session_id=None,
                        person_id=None,
                    )
                )
        raise
