"""The proof of notice of one displaced patient (R-083): what was offered, every try to call, every answer.

Texts are joined by the pages: those about `appointment_id`, `made_id` and the offers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.calling.handed import Try, tries_of
from core.calling.tables import OutboundCall
from core.journal import JournalRow, of_kind
from core.leave import view
from core.leave.view import CaseView
from core.offers.rules import Kind as OfferKind
from core.offers.rules import State as OfferState
from core.offers.tables import Offer
from core.values import Actor


@dataclass(frozen=True)
class OfferProof:
    """One offer. why: how near it came, or what they wanted instead; channel: by which it was answered."""

    offer_id: int
    session_id: int
    state: OfferState
    why: str | None
    made_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    channel: str | None
    made_id: int | None


@dataclass(frozen=True)
class CallProof:
    """One call and each try. answer: a calling.rules.Answer; state: a calling.rules.State."""

    call_id: int
    subject: str
    state: str
    answer: str | None
    asked_at: datetime
    tries: Sequence[Try]


@dataclass(frozen=True)
class Step:
    """Where the case stood from a moment on, and who brought it there."""

    at: datetime
    state: str
    why: str | None
    actor: str
    channel: str | None


@dataclass(frozen=True)
class Proof:
    """Everything about one case, the oldest first."""

    case: CaseView
    offers: Sequence[OfferProof]
    calls: Sequence[CallProof]
    steps: Sequence[Step]

    @property
    def heard_at(self) -> datetime | None:
        """When they are known to have been told: a pressed key, a talk with an operator, an answer."""
        heard = [one.answered_at or one.began_at for call in self.calls for one in call.tries if _heard(one)]
        answered = [
            offer.ended_at
            for offer in self.offers
            if offer.ended_at is not None and offer.state in (OfferState.ACCEPTED, OfferState.REFUSED)
        ]
        return min([*heard, *answered], default=None)


def _heard(one: Try) -> bool:
    return one.outcome is not None and one.outcome.value in ("key", "talked")


async def of_case(db: AsyncSession, case_id: int, by: Actor) -> Proof:
    """Raises NotFound, also for another hospital's."""
    case = await view.case(db, case_id, by)
    return Proof(case, await _offers(db, case_id), await _calls(db, case), await _steps(db, case))


async def _offers(db: AsyncSession, case_id: int) -> Sequence[OfferProof]:
    query = (
        select(
            Offer.id, Offer.session_id, Offer.state, Offer.why, Offer.made_at, Offer.expires_at,
            Offer.ended_at, Offer.channel, Offer.made_id,
        )
        .where(Offer.kind == OfferKind.LEAVE, Offer.source_id == case_id)
        .order_by(Offer.id)
    )  # fmt: skip
    rows = (await db.execute(query)).all()
    return [OfferProof(row[0], row[1], OfferState(row[2]), *row[3:]) for row in rows]


async def _calls(db: AsyncSession, case: CaseView) -> Sequence[CallProof]:
    query = (
        select(
            OutboundCall.id, OutboundCall.subject, OutboundCall.state, OutboundCall.answer,
            OutboundCall.made_at,
        )
        .where(
            OutboundCall.appointment_id == case.appointment_id, OutboundCall.made_at >= case.opened_at
        )
        .order_by(OutboundCall.id)
    )  # fmt: skip
    rows = (await db.execute(query)).all()
    tries = await tries_of(db, [row[0] for row in rows])
    return [CallProof(*row, tries.get(row[0], ())) for row in rows]


async def _steps(db: AsyncSession, case: CaseView) -> Sequence[Step]:
    query = (
        select(JournalRow)
        .where(JournalRow.appointment_id == case.appointment_id, of_kind("leave.case"))
        .order_by(JournalRow.id)
    )
    return [
        Step(row.at, row.body["state"], row.body["why"], row.actor, row.channel)
        for row in (await db.execute(query)).scalars()
        if row.body["case_id"] == case.case_id
    ]
