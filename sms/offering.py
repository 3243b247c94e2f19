"""The texts of an offer: a slot is kept for you, answer until then; and that nobody answered."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy import select

from core.booking import view as bookings
from core.booking.view import AppointmentView
from core.events import OfferEnded, OfferMade
from core.leave.rules import CaseState
from core.leave.tables import LeaveCase
from core.offers import view
from core.offers.rules import Kind as Sort
from core.offers.rules import State
from core.offers.view import OfferView
from core.outbox import Later
from core.values import Phone, local
from core.work import Work
from sms.kept import Draft
from sms.texts import NUMBERS, Kind, write

OFFERED = {Sort.LEAVE: Kind.LEAVE_OFFER, Sort.WAITING: Kind.WAITING_OFFER}
LAPSED = {Sort.LEAVE: Kind.LEAVE_LAPSED, Sort.WAITING: Kind.WAITING_LAPSED}


# So long a stopped visit is not told of while a slot is looked for: the offer's text tells both.
LOOKS_FOR = timedelta(minutes=2)


def subject(offer_id: int) -> str:
    """What its texts, and its call, are about."""
    return f"offer/{offer_id}"


async def draft_of(work: Work, event: OfferMade | OfferEnded, *, answers: bool) -> Draft | None:
    """What an offer's event tells, as long as it is true; None of an end that needs no words.

    answers: whether what patients write is taken.
    """
    if isinstance(event, OfferEnded) and event.state != State.LAPSED:
        return None
    offer = await view.load(work.db, event.offer_id)
    stopped = None
    if offer.appointment_id is not None:
        stopped = await bookings.load(work.db, offer.appointment_id)
    said = _Told(offer, stopped, answers)
    phone = Phone(work.sealer.open(offer.phone_sealed, "phone"))
    kind = (OFFERED if isinstance(event, OfferMade) else LAPSED)[offer.kind]
    draft = partial(
        Draft, kind, subject(offer.offer_id), event.version, offer.appointment_id, phone,
        # Whose visit does not take place must know before they set out.
        starts_at=stopped.starts_at if stopped else None,
    )  # fmt: skip
    why = _why_not(work, event, offer, phone)
    return draft(None, why) if why else draft(said.words(kind, work))


async def told_with_offer(work: Work, appointment_id: int) -> bool:
    """Whether an offer tells of a stopped visit. Raises Later while one may soon be made."""
    if await view.open_for_visit(work.db, appointment_id) is not None:
        return True
    query = select(LeaveCase.opened_at).where(
        LeaveCase.appointment_id == appointment_id, LeaveCase.state == CaseState.WAITING
    )
    since = (await work.db.execute(query)).scalar_one_or_none()
    if since is not None and work.now - since < LOOKS_FOR:
        raise Later(work.now + timedelta(seconds=10))
    return False


def _why_not(work: Work, event: OfferMade | OfferEnded, offer: OfferView, phone: Phone) -> str | None:
    if offer.version != event.version:
        return "overtaken"
    if isinstance(event, OfferMade) and not offer.open(work.now):
        return "too late"
    return None if phone.is_mobile else "not a mobile"


@dataclass(frozen=True)
class _Told:
    """stopped: the visit that the offer would replace, of a leave."""

    offer: OfferView
    stopped: AppointmentView | None
    answers: bool

    def words(self, kind: Kind, work: Work) -> str:
        offer, stopped = self.offer, self.stopped
        names = {
            "person": offer.person,
            "hospital": offer.hospital_short,
            "department": offer.department,
            "doctor": offer.doctor or NUMBERS.get(offer.number_kind, ""),
        }
        facts: dict[str, object] = {
            "starts": local(offer.starts_at),
            "until": local(offer.expires_at),
            "now": local(work.now),
            "fee_fen": offer.fee_fen,
            "answers": self.answers,
        }
        if stopped is not None:
            names["was"] = stopped.doctor or NUMBERS.get(stopped.number_kind, "")
            facts["stopped"] = local(stopped.starts_at)
            facts["moved"] = stopped.hospital_id != offer.hospital_id
            facts["same"] = stopped.doctor is not None and stopped.doctor_id == offer.doctor_id
        return write(kind, facts, names)
