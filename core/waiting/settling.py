"""Take note of how offers ended, end what is over, and look after slots that lie free beside the line."""

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update

from core.calling import engine as calling
from core.calling.rules import Answer
from core.credit.engine import rules_for
from core.events import WaitingLapsed, WaitingLeft, WaitingPaused
from core.offers.rules import Kind
from core.offers.rules import State as OfferState
from core.offers.tables import Offer
from core.schedule.freed import forget_awaited, leave_word
from core.schedule.rules import COMMON, SessionState, SlotState
from core.schedule.tables import FreedSlot, Session, Slot
from core.values import day_of
from core.waiting.eligible import serve
from core.waiting.rules import State
from core.waiting.tables import IS_LIVE, WaitingEntry
from core.work import Work


async def settle(work: Work, limit: int = 50) -> int:
    """Take note of offers that have ended; returns how many."""
    query = (
        select(WaitingEntry, Offer)
        .join(Offer, Offer.id == WaitingEntry.offer_id)
        .where(IS_LIVE, Offer.state != OfferState.OPEN)
        .order_by(WaitingEntry.id + 0)  # the whole table lies in that order, and is not to be read for it
        .limit(limit)
        .with_for_update(skip_locked=True, of=WaitingEntry)
    )
    rows = (await work.db.execute(query)).all()
    for entry, offer in rows:
        await _note(work, entry, offer)
    return len(rows)


async def _note(work: Work, entry: WaitingEntry, offer: Offer) -> None:
    answered = offer.state in (OfferState.ACCEPTED, OfferState.REFUSED)
    await calling.drop(work, f"offer/{offer.id}", Answer.ELSEWHERE if answered else None)
    entry.offer_id = None
    if offer.state == OfferState.ACCEPTED:
        assert offer.made_id is not None
        serve(work, entry, offer.made_id, offer.id)
        return
    entry.version += 1
    if offer.state == OfferState.REFUSED:
        entry.misses = 0
        if offer.why == "cancelled":  # they want to wait no longer
            entry.state, entry.ended_at = State.LEFT.value, work.now
            work.record(WaitingLeft(entry_id=entry.id, person_id=entry.person_id, version=entry.version))
    elif offer.state == OfferState.LAPSED:
        await _missed(work, entry)


async def _missed(work: Work, entry: WaitingEntry) -> None:
    entry.misses += 1
    book = await rules_for(work.db, entry.hospital_id)
    if entry.misses < book.ruling("waiting.misses").value:
        return
    entry.state = State.PAUSED.value
    work.record(
        WaitingPaused(
            entry_id=entry.id, person_id=entry.person_id, misses=entry.misses, version=entry.version
        )
    )


async def end_over(work: Work, limit: int = 100) -> int:
    """End the entries whose last day is here or over, without an open offer; returns how many."""
    today = day_of(work.now)
    over = (
        select(WaitingEntry.id)
        .where(IS_LIVE, WaitingEntry.last_day < today, WaitingEntry.offer_id.is_(None))
        .order_by(WaitingEntry.id + 0)  # the whole table lies in that order, and is not to be read for it
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ended = await work.db.execute(
        update(WaitingEntry)
        .where(WaitingEntry.id.in_(over))
        .values(state=State.LAPSED.value, ended_at=work.now, version=WaitingEntry.version + 1)
        .returning(WaitingEntry.id, WaitingEntry.person_id, WaitingEntry.version)
        .execution_options(synchronize_session=False)
    )
    rows = ended.all()
    for entry_id, person_id, version in rows:
        work.record(WaitingLapsed(entry_id=entry_id, person_id=person_id, version=version))
    await forget_awaited(work, today)
    return len(rows)


async def sweep(work: Work, limit: int = 50) -> int:
    """Leave word of slots that are free while somebody waits for them; returns how many.

    Nothing that is given back comes this way: it is for what was released to everybody, what a shopper let
    go, and what came free in the moment in which somebody joined. One slot of a session at a time.
    """
    recycled = Session.recycle_at.is_not(None) & (Session.recycle_at <= work.now)
    query = (
        select(Session.id, func.min(Slot.id))
        .select_from(WaitingEntry)
        .join(Session, _fits())
        .join(Slot, Slot.session_id == Session.id)
        .where(
            WaitingEntry.state == State.WAITING,
            WaitingEntry.offer_id.is_(None),
            Session.state == SessionState.PUBLISHED,
            Session.release_at <= work.now,
            Session.stop_at > work.now,
            Slot.state == SlotState.FREE,
            or_(Slot.pool.in_([COMMON, WaitingEntry.channel]), recycled),
            ~select(FreedSlot.slot_id).where(FreedSlot.session_id == Session.id).exists(),
            ~_had().exists(),
        )
        .group_by(Session.id)
        .order_by(Session.id)
        .limit(limit)
    )
    rows = (await work.db.execute(query)).all()
    for session_id, slot_id in rows:
        await leave_word(work, session_id, [slot_id])
    return len(rows)


def _fits() -> ColumnElement[bool]:
    """Want.fits, between the two tables."""
    return and_(
        Session.department_id == WaitingEntry.department_id,
        Session.day.between(WaitingEntry.first_day, WaitingEntry.last_day),
        or_(WaitingEntry.doctor_id.is_(None), WaitingEntry.doctor_id == Session.doctor_id),
        or_(WaitingEntry.number_kind.is_(None), WaitingEntry.number_kind == Session.number_kind),
        or_(WaitingEntry.half.is_(None), WaitingEntry.half == Session.half),
    )


def _had() -> Select[int]:
    """An offer of this slot, or an open or refused one of this session, to that person."""
    return (
        select(Offer.id)
        .where(
            Offer.kind == Kind.WAITING.value,
            Offer.person_id == WaitingEntry.person_id,
            Offer.session_id == Session.id,
            or_(Offer.slot_id == Slot.id, Offer.state.in_([OfferState.REFUSED, OfferState.OPEN])),
        )
        .correlate(WaitingEntry, Session, Slot)
    )
