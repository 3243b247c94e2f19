"""Keep a freed slot from general sale where somebody waits for it, and leave word of it for the waiting list.

Who waits is not known here: the waiting list says beforehand whose slots are awaited.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.credit.book import RuleBook
from core.credit.engine import rules_for
from core.schedule import slots
from core.schedule.facts import SlotFacts
from core.schedule.rules import SlotState
from core.schedule.tables import Awaited, FreedSlot, Slot
from core.schedule.view import slot_facts
from core.work import Work


def says(book: RuleBook, slot: SlotFacts, name: str) -> Any:
    """The value of a rule that looks at a session alone."""
    return book.ruling(name, kind=slot.number_kind, department=slot.department_code, half=slot.half).value


def lined_until(book: RuleBook, slot: SlotFacts) -> datetime:
    """Until then the session's numbers are given out in the order of its release's line."""
    if not says(book, slot, "release.room"):
        return slot.release_at
    return slot.release_at + timedelta(minutes=says(book, slot, "release.window"))


async def rest(
    work: Work,
    book: RuleBook,
    slot: SlotFacts,
    slot_ids: Sequence[int],
    *,
    sale_at: datetime | None = None,
) -> datetime | None:
    """Until when these slots, which are just freed, are kept from general sale; None: not at all.

    sale_at: until then they rest anyway. In the transaction that frees them: a slot that somebody waits
    for is never on sale for a moment in between. Source: the rules waiting.first-minutes, waiting.only.
    """
    minutes = says(book, slot, "waiting.first-minutes")
    if not minutes or not lined_until(book, slot) <= work.now < slot.stop_at:
        return sale_at
    if not await awaited(work.db, slot):
        return sale_at
    await leave_word(work, slot.session_id, slot_ids, sale_at=sale_at)
    first = work.now + timedelta(minutes=minutes)
    until = slot.stop_at if says(book, slot, "waiting.only") else first
    return max(until, sale_at or until)


async def rest_new(work: Work, session_id: int, *, above: int = 0) -> None:
    """The same for slots that a released session has just got: those numbered above `above`."""
    found = await slot_facts(work.db, session_id=session_id)
    assert found is not None
    slot, _ = found
    query = select(Slot.id).where(
        Slot.session_id == session_id, Slot.sequence > above, Slot.state == SlotState.FREE
    )
    slot_ids = list((await work.db.execute(query)).scalars())
    until = await rest(work, await rules_for(work.db, slot.hospital_id), slot, slot_ids)
    for slot_id in slot_ids if until else ():
        await slots.rest(work, slot_id=slot_id, until=until)


async def awaited(db: AsyncSession, slot: SlotFacts) -> bool:
    """Whether somebody may be waiting for a slot of this session."""
    query = select(Awaited.until).where(
        Awaited.department_id == slot.department_id,
        Awaited.doctor_id.in_([0, slot.doctor_id or 0]),
        Awaited.until >= slot.day,
    )
    return (await db.execute(query.limit(1))).first() is not None


async def awaited_among(db: AsyncSession, departments: Collection[int]) -> set[int]:
    """For which of these departments somebody may be waiting: a night publishes thousands of sessions."""
    query = select(Awaited.department_id).where(Awaited.department_id.in_(departments)).distinct()
    return set((await db.execute(query)).scalars())


async def leave_word(
    work: Work, session_id: int, slot_ids: Sequence[int], *, sale_at: datetime | None = None
) -> None:
    """Have the waiting list look at these slots; word of an older freeing is replaced."""
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    word = {"session_id": session_id, "freed_at": work.now, "sale_at": sale_at, "due_at": work.now}
    insert = maker(FreedSlot).values([{"slot_id": slot_id, **word} for slot_id in slot_ids])
    await work.db.execute(insert.on_conflict_do_update(index_elements=["slot_id"], set_=word))


async def await_slots(work: Work, department_id: int, doctor_id: int | None, until: date) -> None:
    """Say that somebody waits for slots of a department or of its doctor, on days up to `until`."""
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    insert = maker(Awaited).values(department_id=department_id, doctor_id=doctor_id or 0, until=until)
    await work.db.execute(
        insert.on_conflict_do_update(
            index_elements=["department_id", "doctor_id"],
            set_={"until": insert.excluded.until},
            where=Awaited.until < insert.excluded.until,
        )
    )


async def forget_awaited(work: Work, today: date) -> int:
    """Drop the marks of days that are over; return how many."""
    gone = await work.db.execute(
        delete(Awaited).where(Awaited.until < today).returning(Awaited.department_id)
    )
    return len(gone.all())
