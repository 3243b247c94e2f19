"""What time does to outbound calls: whose maker died, which came too late, which have no line."""

from collections.abc import Sequence

from sqlalchemy import Select, select, update

from core.calling import dialling, owing
from core.calling.rules import Outcome, State
from core.calling.tables import IS_OPEN, OutboundAttempt, OutboundCall
from core.contact import engine as contact
from core.contact.rules import Disposition
from core.events import OutboundSettled
from core.work import Work


async def settle_due(work: Work, limit: int = 100) -> int:
    """A job: end what nobody ends any more; returns how many."""
    return await end_lost(work, limit) + await end_late(work, limit)


async def end_lost(work: Work, limit: int = 100) -> int:
    """End the tries of whoever died while dialling; they count, and the call is made again."""
    query = (
        select(OutboundAttempt.linked_id, OutboundAttempt.interaction_id)
        .join(OutboundCall, OutboundCall.id == OutboundAttempt.call_id)
        .where(
            OutboundCall.state == State.DIALLING,
            IS_OPEN,
            OutboundCall.leased_until <= work.now,
            OutboundAttempt.ended_at.is_(None),
        )
        .order_by(OutboundCall.leased_until)
        .limit(limit)
        .with_for_update(skip_locked=True, of=OutboundCall)
    )
    number = 0
    for leg, interaction_id in (await work.db.execute(query)).all():
        if await dialling.ended(work, leg, Outcome.LOST):
            number += 1
            if interaction_id is not None:
                await contact.close(work, interaction_id, Disposition.FAILED)
    return number


async def end_late(work: Work, limit: int = 100) -> int:
    """Nobody is called about what is over; returns how many calls were dropped."""
    before = [State.WAITING, State.HANDED]
    late = select(OutboundCall.id).where(
        OutboundCall.state.in_(before), IS_OPEN, OutboundCall.until <= work.now
    )
    rows = await _settle(work, late.order_by(OutboundCall.until).limit(limit), before, State.DROPPED)
    for row in rows:
        if await owing.owed(work, row.id) is not None:
            await owing.over(work, row.id)
        work.record(
            OutboundSettled(
                call_id=row.id,
                sort=row.kind,
                person_id=row.person_id,
                appointment_id=row.appointment_id,
                state=row.state,
                answer=None,
            )
        )
    return len(rows)


async def hand_over_due(work: Work, limit: int = 100) -> int:
    """Without a way out operators make the calls that are due; returns how many were handed to them."""
    due = select(OutboundCall.id).where(
        OutboundCall.state == State.WAITING,
        OutboundCall.due_at <= work.now,
        OutboundCall.until > work.now,
    )
    rows = await _settle(work, due.order_by(OutboundCall.due_at).limit(limit), [State.WAITING], State.HANDED)
    for row in rows:
        work.record(dialling.handed_over(row))
    return len(rows)


async def _settle(work: Work, chosen: Select[int], before: list[State], to: State) -> Sequence[OutboundCall]:
    if not work.house.database.sqlite:
        chosen = chosen.with_for_update(skip_locked=True)
    settled = await work.db.execute(
        update(OutboundCall)
        .where(OutboundCall.id.in_(chosen), OutboundCall.state.in_(before))
        .values(state=to.value, ended_at=work.now if to is State.DROPPED else None)
        .returning(OutboundCall)
    )
    return settled.scalars().all()
