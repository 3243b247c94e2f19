"""How a leave is getting on, and the close-out report when it is done; read-only."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.calling.rules import Outcome
from core.calling.tables import OutboundAttempt, OutboundCall
from core.leave import view
from core.leave.rules import FINAL, OPEN, CaseState, Disposition, Spread, spread
from core.leave.tables import LeaveCase, LeaveSession
from core.leave.view import LeaveView
from core.offers.rules import Kind as OfferKind
from core.offers.rules import State as OfferState
from core.offers.tables import Offer
from core.values import Actor

T = TypeVar("T")

# How a patient came to know, the strongest proof first.
KEY, TALKED, ANSWERED, ELSEWHERE, TEXT = "key", "talked", "answered", "elsewhere", "text"
WAYS: Mapping[str, str] = {
    KEY: "电话按键确认",
    TALKED: "话务员通话",
    ANSWERED: "短信或网上答复邀约",
    ELSEWHERE: "自行改约或退号",
    TEXT: "仅发出短信，未确认",
}


@dataclass(frozen=True)
class Minute:
    """So many cases had ended within so many minutes of the approval."""

    minute: int
    ended: int


@dataclass(frozen=True)
class Progress:
    """curve: one point for each minute in which a case ended, growing."""

    leave: LeaveView
    sessions: int
    curve: Sequence[Minute]


@dataclass(frozen=True)
class Report:
    """What became of everybody. ends: by final state; told: by WAYS; channels: by which the end came.

    took: minutes from the approval to the end. left: who is still open, the earliest visit first. late: how
    many cases were open still when their visit began.
    """

    leave: LeaveView
    sessions: int
    patients: int
    ends: Mapping[CaseState, int]
    told: Mapping[str, int]
    channels: Mapping[str, int]
    dispositions: Mapping[Disposition, int]
    offers: Mapping[OfferState, int]
    tries: Mapping[Outcome, int]
    took: Spread
    left: Sequence[int]
    late: int


async def progress(db: AsyncSession, leave_id: int, by: Actor) -> Progress:
    """Raises NotFound."""
    leave = await view.load(db, leave_id, by)
    cases = await _cases(db, leave_id)
    minutes = Counter(_minutes(case) for case in cases if case.state in FINAL)
    curve, ended = [], 0
    for minute, more in sorted(minutes.items()):
        ended += more
        curve.append(Minute(minute, ended))
    return Progress(leave, await _sessions(db, leave_id), curve)


async def report(db: AsyncSession, leave_id: int, by: Actor, now: datetime) -> Report:
    """Raises NotFound. Of a leave that is not done it says how far it has come."""
    leave = await view.load(db, leave_id, by)
    cases = await _cases(db, leave_id)
    made = await _offers(db, cases)
    tries = await _tries(db, cases)
    ended = [case for case in cases if case.state in FINAL]
    return Report(
        leave=leave,
        sessions=await _sessions(db, leave_id),
        patients=len(cases),
        ends=_counted(CaseState(case.state) for case in ended),
        told=_counted(
            _told(case, made.get(case.id, ()), tries.get(case.appointment_id, ())) for case in cases
        ),
        channels=_counted(case.channel for case in ended if case.channel),
        dispositions=_counted(Disposition(case.disposition) for case in ended if case.disposition),
        offers=_counted(state for states in made.values() for state in states),
        tries=_counted(outcome for outcomes in tries.values() for outcome in outcomes),
        took=spread(_minutes(case) for case in ended),
        left=[case.id for case in cases if case.state in OPEN],
        late=sum((case.ended_at or now) > case.visit_at for case in cases if case.state != CaseState.KEPT),
    )


def _told(case: LeaveCase, offers: Iterable[OfferState], tries: Iterable[Outcome]) -> str:
    if Outcome.KEY in (heard := set(tries)):
        return KEY
    if Outcome.TALKED in heard:
        return TALKED
    if {OfferState.ACCEPTED, OfferState.REFUSED} & set(offers):
        return ANSWERED
    return ELSEWHERE if case.state in (CaseState.CHANGED, CaseState.CANCELLED) else TEXT


def _minutes(case: LeaveCase) -> int:
    assert case.ended_at is not None
    return int((case.ended_at - case.opened_at).total_seconds() // 60)


def _counted(found: Iterable[T]) -> Mapping[T, int]:
    return dict(Counter(found))


async def _cases(db: AsyncSession, leave_id: int) -> Sequence[LeaveCase]:
    query = select(LeaveCase).where(LeaveCase.leave_id == leave_id)
    return (await db.execute(query.order_by(LeaveCase.visit_at, LeaveCase.id))).scalars().all()


async def _sessions(db: AsyncSession, leave_id: int) -> int:
    query = select(LeaveSession.id).where(LeaveSession.leave_id == leave_id)
    return len((await db.execute(query)).all())


async def _offers(db: AsyncSession, cases: Sequence[LeaveCase]) -> dict[int, list[OfferState]]:
    query = select(Offer.source_id, Offer.state).where(
        Offer.kind == OfferKind.LEAVE, Offer.source_id.in_([case.id for case in cases])
    )
    found: dict[int, list[OfferState]] = {}
    for case_id, state in (await db.execute(query)).all():
        found.setdefault(case_id, []).append(OfferState(state))
    return found


async def _tries(db: AsyncSession, cases: Sequence[LeaveCase]) -> dict[int, list[Outcome]]:
    """By appointment: how each try to call ended."""
    since = min((case.opened_at for case in cases), default=None)
    query = (
        select(OutboundCall.appointment_id, OutboundAttempt.outcome)
        .join(OutboundAttempt, OutboundAttempt.call_id == OutboundCall.id)
        .where(
            OutboundCall.appointment_id.in_([case.appointment_id for case in cases]),
            OutboundCall.made_at >= since,
            OutboundAttempt.outcome.is_not(None),
        )
    )
    found: dict[int, list[Outcome]] = {}
    for appointment_id, outcome in (await db.execute(query)).all():
        if appointment_id is not None and outcome is not None:
            found.setdefault(appointment_id, []).append(Outcome(outcome))
    return found
