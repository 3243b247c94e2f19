"""The queue for a person, and what becomes of a call in it: offered, missed, connected, put back, ended."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.contact import agents, matters, queue_view
from core.contact.agent_rules import IN_CALL, MISSES_BEFORE_PAUSE, AgentState
from core.contact.agent_tables import QueueEntry
from core.contact.distribution import Offer, QueueClass, assign, callbacks_allowed, told_place
from core.contact.engine import move
from core.contact.rules import State
from core.contact.tables import Interaction
from core.errors import CallGone
from core.events import CallConnected, CallOffered, OfferMissed, QueueEnded, QueueEntered
from core.work import Work


async def _live(work: Work, interaction_id: int) -> QueueEntry | None:
    query = select(QueueEntry).where(
        QueueEntry.interaction_id == interaction_id, QueueEntry.ended_at.is_(None)
    )
    if not work.house.database.sqlite:
        query = query.with_for_update()
    query = query.execution_options(populate_existing=True)
    return (await work.db.execute(query)).scalar_one_or_none()


async def enter(
    work: Work,
    interaction_id: int,
    *,
    klass: QueueClass = QueueClass.NORMAL,
    skill: str | None = None,
    department_id: int | None = None,
    prefers: int | None = None,
    arrived_at: datetime | None = None,
) -> bool:
    """Wait for a person; who waited before in this contact keeps the first time of arrival, what they
    want, and the place that was told. arrived_at: in an earlier contact, whose place was kept.

    False when they wait already, or the contact is closed. Raises NotFound.
    """
    if await _live(work, interaction_id) is not None:
        return False
    if not await move(work, interaction_id, State.QUEUED):
        return False
    before = await _last(work.db, interaction_id)
    entry = QueueEntry(
        interaction_id=interaction_id,
        klass=int(klass),
        skill=skill,
        prefers=prefers,
        department_id=department_id or (before.department_id if before else None),
        arrived_at=before.arrived_at if before else arrived_at or work.now,
        entered_at=work.now,
        waiting_since=work.now,
        state="waiting",
        announced=before.announced if before else None,
    )
    work.db.add(entry)
    await work.db.flush()
    work.record(
        QueueEntered(interaction_id=interaction_id, klass=int(klass), skill=skill, back=before is not None)
    )
    return True


async def _last(db: AsyncSession, interaction_id: int) -> QueueEntry | None:
    query = select(QueueEntry).where(QueueEntry.interaction_id == interaction_id)
    return (await db.execute(query.order_by(QueueEntry.id.desc()).limit(1))).scalar_one_or_none()


async def skill_wanted(db: AsyncSession, interaction_id: int) -> str | None:
    """The skill that this contact last waited for."""
    before = await _last(db, interaction_id)
    return before.skill if before else None


async def offer(work: Work, chosen: Offer) -> bool:
    """Ring this operator for this caller. False when either is not free for it any more."""
    row = await agents.live(work, chosen.staff_id)
    if row.state != AgentState.READY or row.lost_since is not None:
        return False
    taken = await work.db.execute(
        update(QueueEntry)
        .where(QueueEntry.interaction_id == chosen.interaction_id, QueueEntry.state == "waiting")
        .values(state="offered", staff_id=chosen.staff_id, offered_at=work.now)
        .returning(QueueEntry.entered_at)
    )
    found = taken.one_or_none()
    if found is None:
        return False
    await move(work, chosen.interaction_id, State.OFFERED)
    await agents.step(work, row, AgentState.RINGING, interaction_id=chosen.interaction_id)
    work.record(
        CallOffered(
            interaction_id=chosen.interaction_id,
            staff_id=chosen.staff_id,
            waited_s=_seconds(work.now, found[0]),
        )
    )
    return True


async def missed(work: Work, interaction_id: int, staff_id: int, *, why: str) -> bool:
    """The operator did not take it. The caller waits on in the old place; the operator is asked again.

    why: 'no-answer', 'refused', 'unreachable', 'page-gone'. After MISSES_BEFORE_PAUSE in a row, and at once
    when the phone cannot be reached, they are paused. Whose page went while it rang has let nobody wait:
    they are away until it is back, and may then have the same caller. False: the offer was over already.
    """
    entry = await _live(work, interaction_id)
    row = await agents.live(work, staff_id)
    if row.state != AgentState.RINGING or row.interaction_id != interaction_id:
        return False
    row.misses += 1
    away = row.misses >= MISSES_BEFORE_PAUSE or why == "unreachable"
    back_soon = why == "page-gone" and not away
    if not back_soon:
        row.missed = [*row.missed, interaction_id][-8:]
    if entry is not None and entry.state == "offered" and entry.staff_id == staff_id:
        await _unoffered(work, entry)
    if row.wanted:
        await agents.settle_wanted(work, row)
    elif back_soon:
        await agents.step(work, row, AgentState.PAUSED, reason="lost")
        await agents.lost(work, staff_id)
    elif away:
        await agents.step(work, row, AgentState.PAUSED, reason="missed")
    else:
        await agents.step(work, row, AgentState.READY)
    work.record(OfferMissed(interaction_id=interaction_id, staff_id=staff_id, why=why))
    return True


async def _unoffered(work: Work, entry: QueueEntry) -> None:
    entry.state, entry.staff_id, entry.offered_at = "waiting", None, None
    entry.waiting_since = work.now
    await move(work, entry.interaction_id, State.QUEUED)


async def unoffered(work: Work, interaction_id: int) -> bool:
    """Nobody rings for this caller although the entry says so: they wait again. False: that was untrue."""
    entry = await _live(work, interaction_id)
    if entry is None or entry.state != "offered":
        return False
    agent = await agents.find(work.db, entry.staff_id) if entry.staff_id is not None else None
    if agent and agent.state is AgentState.RINGING and agent.interaction_id == interaction_id:
        return False
    await _unoffered(work, entry)
    return True


async def connected(work: Work, interaction_id: int, staff_id: int) -> bool:
    """Caller and operator are in the room together. False when that was known.

    Raises CallGone when the call is not this operator's.
    """
    row = await agents.live(work, staff_id)
    if row.interaction_id != interaction_id:
        raise CallGone(facts={"interaction_id": interaction_id})
    if row.state in IN_CALL:
        return False
    entry = await _live(work, interaction_id)
    waited = 0
    if entry is not None:
        entry.state, entry.staff_id, entry.ended_at = "served", staff_id, work.now
        waited = _seconds(work.now, entry.entered_at)
    if not await move(work, interaction_id, State.TALKING):
        raise CallGone(facts={"interaction_id": interaction_id})
    await work.db.execute(
        update(Interaction).where(Interaction.id == interaction_id).values(staff_id=staff_id)
    )
    row.misses, row.missed = 0, []
    await agents.step(work, row, AgentState.TALKING, interaction_id=interaction_id)
    await matters.open_matter(work, interaction_id, staff_id)
    work.record(CallConnected(interaction_id=interaction_id, staff_id=staff_id, waited_s=waited))
    return True


async def within(work: Work, staff_id: int, to: AgentState) -> int:
    """Hold, consult, or talk again; returns the interaction. Raises NotSignedIn, CallGone, WrongState."""
    row = await agents.live(work, staff_id)
    interaction_id = row.interaction_id
    if row.state not in IN_CALL or interaction_id is None:
        raise CallGone(facts={"staff_id": staff_id})
    if row.state != to:
        await agents.step(work, row, to, interaction_id=interaction_id)
        await move(work, interaction_id, State.TALKING if to is AgentState.TALKING else State.HELD)
    return interaction_id


async def released(work: Work, staff_id: int, interaction_id: int) -> bool:
    """The operator's part in a call is over: wrap-up, or ready again when it had only rung.

    False when they are not in that call.
    """
    row = await agents.live(work, staff_id)
    if row.interaction_id != interaction_id:
        return False
    if row.state in IN_CALL:
        await agents.step(work, row, AgentState.WRAP_UP, interaction_id=interaction_id)
        return True
    if row.state == AgentState.RINGING:
        if row.wanted:
            await agents.settle_wanted(work, row)
        else:
            await agents.step(work, row, AgentState.READY)
        return True
    if row.state == AgentState.DIALLING:
        await agents.step(work, row, AgentState.WRAP_UP, interaction_id=interaction_id)
        return True
    return False


async def handed_over(work: Work, interaction_id: int, staff_id: int, to: int | None) -> None:
    """The call goes from one operator to another, or (to None) to a third party; the first wraps up.

    Raises NotSignedIn, CallGone, WrongState when the other is not free for it.
    """
    if not await released(work, staff_id, interaction_id):
        raise CallGone(facts={"interaction_id": interaction_id})
    if to is None:
        return
    other = await agents.live(work, to)
    if other.state not in IN_CALL or other.interaction_id != interaction_id:
        await agents.step(work, other, AgentState.TALKING, interaction_id=interaction_id)
    await work.db.execute(update(Interaction).where(Interaction.id == interaction_id).values(staff_id=to))
    await move(work, interaction_id, State.TALKING)
    await matters.open_matter(work, interaction_id, to)
    work.record(CallConnected(interaction_id=interaction_id, staff_id=to, waited_s=0))


async def spare(work: Work) -> int:
    """How many of the free operators nobody waits for: so many calls we owe may be begun (R-092, L15)."""
    now = await queue_view.standing(work.db)
    needed = assign(now.waiting, now.free, work.now, skilled=now.skilled)
    return callbacks_allowed(len(now.free), len(needed))


async def ended(work: Work, interaction_id: int, how: str) -> bool:
    """The wait is over without an operator; False: nobody waited.

    how: 'abandoned', 'message', 'callback' (the place is kept), 'listed' (on the waiting list), 'switch' (the
    switch found somebody while we were away).
    """
    entry = await _live(work, interaction_id)
    if entry is None:
        return False
    entry.state, entry.ended_at = how, work.now
    if entry.staff_id is not None:
        await released(work, entry.staff_id, interaction_id)
    work.record(
        QueueEnded(interaction_id=interaction_id, how=how, waited_s=_seconds(work.now, entry.entered_at))
    )
    return True


async def announce(work: Work, interaction_id: int) -> int | None:
    """The place to tell a waiting caller, never more than was told before; None when they do not wait."""
    entry = await _live(work, interaction_id)
    if entry is None or entry.state not in queue_view.WAITS:
        return None
    entry.announced = told_place(1 + await queue_view.before(work.db, entry), entry.announced)
    return entry.announced


def _seconds(now: datetime, then: datetime) -> int:
    return max(0, round((now - then).total_seconds()))
