"""The callback that an operator owes while they have a call of ours, and how their tries ended."""

from sqlalchemy import or_, select, update

from core.calling.rules import Outcome
from core.calling.tables import OutboundAttempt, OutboundCall
from core.contact.callbacks import HANDED
from core.contact.tables import Callback, Interaction
from core.events import HandedTaken
from core.values import Channel
from core.work import Work


async def owed(work: Work, call_id: int) -> int | None:
    """The callback that stands for a call while an operator has it."""
    query = (
        select(Callback.id)
        .join(Interaction, Interaction.id == Callback.interaction_id)
        .where(Interaction.linked_id == f"handed-{call_id}", Callback.state == "owed")
    )
    return (await work.db.execute(query)).scalar_one_or_none()


async def owe(work: Work, row: OutboundCall) -> int:
    """Make it; the caller has locked the call."""
    contact = await work.db.scalar(select(Interaction).where(Interaction.linked_id == f"handed-{row.id}"))
    if contact is None:
        contact = Interaction(
            linked_id=f"handed-{row.id}",
            channel=Channel.PHONE.value,
            direction="out",
            dnis="",
            person_id=row.person_id,
            state="closed",
            reached=HANDED,
            started_at=work.now,
            closed_at=work.now,
        )
        work.db.add(contact)
        await work.db.flush()
    made = Callback(
        interaction_id=contact.id,
        person_id=row.person_id,
        phone_sealed=row.phone_sealed,
        promised_for=row.visit_at or row.until,
        state="owed",
        created_at=work.now,
    )
    work.db.add(made)
    await work.db.flush()
    return made.id


async def ended(work: Work, call_id: int, outcome: Outcome | None) -> None:
    """How the operator's last try ended, if nobody knows yet. outcome: None where they have not said."""
    query = (
        select(OutboundAttempt, Interaction.answered_at)
        .join(Interaction, Interaction.id == OutboundAttempt.interaction_id)
        .where(
            OutboundAttempt.call_id == call_id,
            or_(OutboundAttempt.outcome.is_(None), OutboundAttempt.outcome == Outcome.LOST.value),
            OutboundAttempt.linked_id.startswith("desk-"),
        )
        .order_by(OutboundAttempt.number.desc())
        .limit(1)
    )
    for row, answered_at in (await work.db.execute(query)).all():
        how = outcome or (Outcome.TALKED if answered_at else Outcome.NO_ANSWER)
        row.outcome, row.ended_at = how.value, work.now
        row.answered_at = (answered_at or row.began_at) if how is Outcome.TALKED else None


async def over(work: Work, call_id: int) -> None:
    """The answer came another way, or its subject is over: whoever had it owes nothing any more."""
    await ended(work, call_id, None)
    callback_id = await owed(work, call_id)
    await work.db.execute(
        update(Callback).where(Callback.id == callback_id).values(state="given-up", settled_at=work.now)
    )
    work.record(HandedTaken(call_id=call_id, staff_id=None))
