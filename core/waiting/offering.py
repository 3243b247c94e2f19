"""Take one freed slot after the other to the first whom it fits; what fits nobody goes to sale.

One slot in one unit of work: the slot's row, one entry and one person are locked, in this order, and
whoever runs beside steps over them.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from core.booking.loading import asked
from core.booking.may import may_ask
from core.calling import engine as calling
from core.calling.rules import Kind as CallKind
from core.errors import NotReleased, Refusal
from core.events import WaitingOffered, WaitingPassed
from core.offers import engine as offers
from core.offers.rules import Kind
from core.schedule import slots
from core.schedule.freed import lined_until
from core.schedule.rules import SlotState
from core.schedule.tables import FreedSlot, Slot
from core.values import Actor, ActorKind, Channel, Phone
from core.waiting.eligible import Freed, at_once_no, had_it, locked, their_own_no
from core.waiting.line import Standing, displaced, standing
from core.waiting.rules import (
    Night,
    answer_minutes,
    counted,
    in_order,
    night,
    terms,
    to_call,
)
from core.waiting.tables import WaitingEntry
from core.work import Work

# Looked at again so soon where everybody whom a slot fits has another offer just now.
AGAIN = timedelta(seconds=10)

# So long a freed slot is left to a leave's own job where it has displaced patients without an offer.
DISPLACED_FIRST = timedelta(seconds=20)


async def offer_next(work: Work) -> int:
    """Settle the freed slot that has waited longest; returns 1, and 0 when none is due."""
    query = (
        select(FreedSlot, Slot)
        .join(Slot, Slot.id == FreedSlot.slot_id)
        .where(FreedSlot.due_at <= work.now)
        .order_by(FreedSlot.freed_at, FreedSlot.slot_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = (await work.db.execute(query)).one_or_none()
    if row is None:
        return 0
    word, slot = row
    if slot.state != SlotState.FREE:  # sold, stopped or closed since
        await _forget(work, word)
        return 1
    wanted = await asked(work, session_id=slot.session_id, period_id=slot.period_id)
    await _settle(work, Freed(word, slot, wanted, terms(wanted.book, wanted.slot)))
    return 1


async def _settle(work: Work, freed: Freed) -> None:
    slot = freed.wanted.slot
    try:
        may_ask(slot, freed.wanted.book, channel=Channel.PHONE, now=work.now, offered=True)
    except NotReleased:
        await _later(work, freed, lined_until(freed.wanted.book, slot))
        return
    except Refusal:
        await _to_sale(work, freed, "closed")
        return
    if work.now < (free_again := lined_until(freed.wanted.book, slot)):
        await _later(work, freed, free_again)
        return
    theirs = freed.word.freed_at + DISPLACED_FIRST
    if work.now < theirs and await displaced(work.db, slot, now=work.now):
        await _later(work, freed, theirs)
        return
    waiters = in_order(await standing(work.db, slot.department_id, slot.day), slot)
    hour, morning = night(freed.terms, slot, work.now)
    minutes = answer_minutes(freed.terms, slot, work.now)
    if not waiters:
        await _to_sale(work, freed, "nobody")
    elif not minutes or hour is Night.SALE:
        await _to_sale(work, freed, "night" if minutes else "late")
    elif hour is Night.WAIT:
        await _rest(work, freed, morning)
    elif not await _offer_to_first(work, freed, waiters):
        await _nobody_now(work, freed)


async def _offer_to_first(work: Work, freed: Freed, waiters: Sequence[Standing]) -> bool:
    had = await had_it(work, freed, waiters)
    for place, one in enumerate(waiters, start=1):
        why_not = at_once_no(freed, one, work.now, had)
        entry = None if why_not else await locked(work, one)
        if entry is None:
            freed.over.append(why_not or "busy")
            continue
        why_not = await their_own_no(work, freed, entry, one)
        if why_not:
            freed.over.append(why_not)
            continue
        number = Phone(work.sealer.open(entry.phone_sealed, "phone"))
        minutes = answer_minutes(freed.terms, freed.wanted.slot, work.now, called=not number.is_mobile)
        if not minutes:
            freed.over.append("quiet")
            continue
        await _offer(work, freed, entry, number, place=place, minutes=minutes)
        return True
    return False


async def _offer(
    work: Work, freed: Freed, entry: WaitingEntry, number: Phone, *, place: int, minutes: int
) -> None:
    # In the name of the channel they joined by: its share is theirs to have.
    by = Actor(ActorKind.SYSTEM, "waiting", Channel(entry.channel))
    entry.offer_id = await offers.make(
        replace(work, by=by),
        offers.Make(
            Kind.WAITING, entry.id, freed.slot.session_id, entry.person_id, number, minutes,
            slot_id=freed.slot.id,
        ),
    )  # fmt: skip
    entry.version += 1
    if to_call(freed.terms, number):
        await calling.ask(
            work,
            calling.Ask(
                CallKind.WAITING,
                f"offer/{entry.offer_id}",
                entry.person_id,
                number,
                due=work.now,
                until=work.now + timedelta(minutes=minutes),
                visit_at=freed.wanted.slot.starts_at,
            ),
        )
    work.record(
        WaitingOffered(
            entry_id=entry.id,
            person_id=entry.person_id,
            offer_id=entry.offer_id,
            session_id=freed.slot.session_id,
            slot_id=freed.slot.id,
            place=place,
            over=counted(freed.over),
            freed_at=freed.word.freed_at,
        )
    )
    await _forget(work, freed.word)


async def _nobody_now(work: Work, freed: Freed) -> None:
    """Whoever has another offer just now may yet refuse it: until the slot's rest is over it waits."""
    soon = "offered" in freed.over or "busy" in freed.over
    if soon and freed.rests(work.now):
        await _later(work, freed, work.now + AGAIN)
    else:
        await _to_sale(work, freed, "busy" if soon else "nobody")


async def _rest(work: Work, freed: Freed, morning: datetime) -> None:
    """It rests till morning, and then as long as it would have by day."""
    until = max(morning + freed.terms.first, freed.slot.rests_until or morning)
    await slots.rest(work, slot_id=freed.slot.id, until=until)
    await _later(work, freed, morning)


async def _to_sale(work: Work, freed: Freed, why: str) -> None:
    """General sale has it, once the random delay that it was freed with is over."""
    sale_at = freed.word.sale_at
    later = sale_at is not None and sale_at > work.now
    if freed.rests(work.now):  # else it is on sale already
        await slots.rest(work, slot_id=freed.slot.id, until=sale_at if later else None)
        work.record(
            WaitingPassed(
                session_id=freed.slot.session_id,
                slot_id=freed.slot.id,
                freed_at=freed.word.freed_at,
                why=why,
                over=counted(freed.over),
            )
        )
    await _forget(work, freed.word)


async def _later(work: Work, freed: Freed, due: datetime) -> None:
    await work.db.execute(update(FreedSlot).where(FreedSlot.slot_id == freed.word.slot_id).values(due_at=due))


async def _forget(work: Work, word: FreedSlot) -> None:
    await work.db.execute(delete(FreedSlot).where(FreedSlot.slot_id == word.slot_id))
