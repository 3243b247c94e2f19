"""Make an offer, and end it exactly once: accepted, refused, lapsed or withdrawn."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update

from core.booking import hold as holds
from core.booking.book import book, change
from core.booking.cancel import cancel
from core.booking.commands import Book, Booked, Cancel, Change, Hold
from core.errors import NotFound, OfferGone, WrongInput
from core.events import OfferAccepted, OfferEnded, OfferMade
from core.offers.rules import HOLD_REASON, REFUSALS, Kind, State
from core.offers.tables import Offer
from core.partial import written
from core.values import Phone
from core.work import Work

# The hold outlives the offer, so that an answer in its last second finds the slot still kept.
AFTER = timedelta(minutes=2)


@dataclass(frozen=True)
class Make:
    """A slot for one person: the first free one of a session, of a period, or one by name.

    source_id: the leave's case or the waiting list's entry. appointment_id: the visit that the doctor's leave
    has stopped; with kind LEAVE only. minutes: how long they may think.
    """

    kind: Kind
    source_id: int
    session_id: int
    person_id: int
    phone: Phone = field(repr=False)
    minutes: int
    appointment_id: int | None = None
    period_id: int | None = None
    slot_id: int | None = None
    why: str | None = None


async def make(work: Work, asked: Make) -> int:
    """Hold the slot and write the offer; returns its id.

    The hold is asked by the channel of `work.by`. Raises what `core.booking.hold.hold` raises; a second open
    offer for the same case, visit or waiting person breaks a unique index (IntegrityError).
    """
    held = await holds.hold(
        work,
        Hold(
            asked.session_id,
            owner=f"offer:{asked.kind}:{asked.source_id}",
            period_id=asked.period_id,
            slot_id=asked.slot_id,
            person_id=asked.person_id,
            reason=HOLD_REASON[asked.kind],
            minutes=asked.minutes + AFTER // timedelta(minutes=1),
        ),
    )
    row = Offer(
        kind=asked.kind.value,
        source_id=asked.source_id,
        state=State.OPEN.value,
        why=asked.why,
        person_id=asked.person_id,
        appointment_id=asked.appointment_id,
        hold_id=held.hold_id,
        slot_id=held.slot_id,
        session_id=held.session_id,
        phone_print=work.sealer.fingerprint(asked.phone.digits, "phone"),
        phone_sealed=work.sealer.seal(asked.phone.digits, "phone"),
        made_at=work.now,
        expires_at=work.now + timedelta(minutes=asked.minutes),
    )
    work.db.add(row)
    await work.db.flush()
    work.record(
        OfferMade(
            offer_id=row.id,
            sort=row.kind,
            source_id=row.source_id,
            person_id=row.person_id,
            appointment_id=row.appointment_id,
            session_id=row.session_id,
            until=row.expires_at,
            version=row.version,
            hold_id=row.hold_id,
        )
    )
    return row.id


async def accept(work: Work, offer_id: int) -> Booked:
    """Turn the offer into an appointment, in one transaction with its end.

    Raises NotFound, OfferGone when it has ended or its time is over (facts: state, made_id), and the refusals
    of `core.booking.book`: then the offer stands as it was.
    """
    row = await _end(work, offer_id, State.ACCEPTED, None)
    if row.kind == Kind.LEAVE:
        assert row.appointment_id is not None
        made = await change(work, Change(row.appointment_id, row.hold_id))
    else:
        number = Phone(work.sealer.open(row.phone_sealed, "phone"))
        made = await book(work, Book(row.hold_id, row.person_id, number))
    row.made_id = made.appointment_id
    work.record(
        OfferAccepted(
            offer_id=row.id,
            sort=row.kind,
            source_id=row.source_id,
            person_id=row.person_id,
            appointment_id=made.appointment_id,
            session_id=row.session_id,
            version=row.version,
        )
    )
    return made


async def refuse(work: Work, offer_id: int, why: str = "refused") -> None:
    """The person does not want it; the slot is free at once. why: one of `offers.rules.REFUSALS`.

    'cancelled' gives the stopped visit up, too, with its fee in full. Raises WrongInput, NotFound, OfferGone.
    """
    if why not in REFUSALS:
        raise WrongInput(facts={"field": "why"})
    row = await _end(work, offer_id, State.REFUSED, why)
    await _let_go(work, row, "given-up")
    if why == "cancelled" and row.appointment_id is not None:
        await cancel(work, Cancel(row.appointment_id))


async def withdraw(work: Work, offer_id: int, why: str) -> bool:
    """We take it back; False when it had ended before."""
    try:
        row = await _end(work, offer_id, State.WITHDRAWN, why)
    except OfferGone:
        return False
    await _let_go(work, row, "given-up")
    return True


async def lapse_due(work: Work, limit: int = 100) -> int:
    """End the offers that nobody answered in time, free their slots; return how many."""
    due = (
        select(Offer.id)
        .where(written(Offer.state, State.OPEN), Offer.expires_at <= work.now)
        .order_by(Offer.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    number = 0
    for offer_id in (await work.db.execute(due)).scalars().all():
        try:
            row = await _end(work, offer_id, State.LAPSED, None)
        except OfferGone:  # answered in this very moment
            continue
        await _let_go(work, row, "lapsed")
        number += 1
    return number


async def _end(work: Work, offer_id: int, to: State, why: str | None) -> Offer:
    """The one guarded step out of OPEN. Raises NotFound, OfferGone."""
    wanted = [Offer.id == offer_id, Offer.state == State.OPEN]
    if to in (State.ACCEPTED, State.REFUSED):
        wanted.append(Offer.expires_at > work.now)
    values: dict[str, object] = {
        "state": to.value,
        "ended_at": work.now,
        "channel": work.by.channel.value if work.by.channel else None,
        "version": Offer.version + 1,
    }
    if why is not None:
        values["why"] = why
    ended = await work.db.execute(update(Offer).where(*wanted).values(**values).returning(Offer.id))
    gone = ended.one_or_none() is None
    row = await work.db.get(Offer, offer_id, populate_existing=True)
    if row is None:
        raise NotFound(facts={"what": "offer"})
    if gone:
        late = row.state == State.OPEN
        raise OfferGone(facts={"state": State.LAPSED.value if late else row.state, "made_id": row.made_id})
    return row


async def _let_go(work: Work, row: Offer, why: str) -> None:
    await holds.release(work, row.hold_id, why=why)
    work.record(
        OfferEnded(
            offer_id=row.id,
            sort=row.kind,
            source_id=row.source_id,
            person_id=row.person_id,
            appointment_id=row.appointment_id,
            session_id=row.session_id,
            state=row.state,
            why=row.why,
            version=row.version,
        )
    )


def remaining(until: datetime, now: datetime) -> timedelta:
    """How long somebody may still think; never negative."""
    return max(until - now, timedelta())
