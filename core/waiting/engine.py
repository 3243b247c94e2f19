"""Join the waiting list, leave it, go on after a pause."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.booking.loading import lock_key
from core.calling import engine as calling
from core.credit.engine import active_blocks, rules_for
from core.errors import (
    Blacklisted,
    HospitalNotLive,
    NotFound,
    NotOpenForBooking,
    RuleRef,
    WaitingBooked,
    WaitingFree,
    WaitingFull,
    WaitingTwice,
    WrongInput,
)
from core.events import WaitingJoined, WaitingLeft, WaitingResumed
from core.offers import engine as offers
from core.schedule.freed import await_slots
from core.values import Channel, Phone, day_of
from core.waiting import line
from core.waiting.rules import LIVE, State, Want
from core.waiting.tables import WaitingEntry
from core.work import Work

HALVES = ("am", "pm", "night")


@dataclass(frozen=True)
class Join:
    """Who waits, whom to tell, and for what: a doctor of a department, or anybody there.

    first_day: None for today. last_day: None for as far ahead as the rule waiting.days lets wait; a later
    one is cut to that. number_kind: ordinary, expert …; half: am, pm, night; None for any.
    """

    person_id: int
    phone: Phone = field(repr=False)
    department_id: int
    doctor_id: int | None = None
    number_kind: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    half: str | None = None


async def join(work: Work, asked: Join) -> int:
    """Stand at the end of the line; returns the entry's id.

    Raises NotFound (no such department, or no such doctor in it), HospitalNotLive, NotOpenForBooking,
    WrongInput for days that are over or a half nobody knows, Blacklisted, WaitingBooked for who has booked
    it already, WaitingFree where something is free (facts: which session), WaitingFull, and WaitingTwice
    for who stands there already (facts: entry_id).
    """
    place = await line.place(work.db, asked.department_id, asked.doctor_id, asked.number_kind)
    if place is None:
        raise NotFound(facts={"what": "doctor" if asked.doctor_id else "department"})
    if not place.live:
        raise HospitalNotLive
    if not place.open:
        raise NotOpenForBooking
    book = await rules_for(work.db, place.hospital_id)
    want = _want(asked, day_of(work.now), book.ruling("waiting.days").value)
    await work.lock(lock_key("person", asked.person_id))
    await _may_wait(work, asked.person_id, place.hospital_id, want)
    most = book.ruling("waiting.entries")
    entry_id = await _stand(work, asked, place.hospital_id, want)
    stands = select(func.count()).where(
        WaitingEntry.person_id == asked.person_id, WaitingEntry.state.in_(LIVE)
    )
    if (await work.db.scalar(stands) or 0) > most.value:
        raise WaitingFull(most.ref, {"limit": most.value})
    await await_slots(work, want.department_id, want.doctor_id, want.last_day)
    work.record(
        WaitingJoined(
            entry_id=entry_id,
            person_id=asked.person_id,
            department_id=want.department_id,
            doctor_id=want.doctor_id,
            version=1,
        )
    )
    return entry_id


def _want(asked: Join, today: date, days: int) -> Want:
    first = max(asked.first_day or today, today)
    furthest = today + timedelta(days=days)
    last = min(asked.last_day or furthest, furthest)
    if last < first:
        raise WrongInput(facts={"field": "last_day"})
    if asked.half is not None and asked.half not in HALVES:
        raise WrongInput(facts={"field": "half"})
    return Want(asked.department_id, asked.doctor_id, asked.number_kind, first, last, asked.half)


async def _may_wait(work: Work, person_id: int, hospital_id: int, want: Want) -> None:
    """Nobody waits for what they may not have, have, or can have at once."""
    for block in await active_blocks(work.db, person_id, work.now):
        if block.hospital_id in (None, hospital_id):
            ref = RuleRef(block.rule_key, block.rule_value, block.hospital_id, block.rule_row_id)
            raise Blacklisted(ref, {"until": block.until, "rule": block.rule_key})
    visit = await line.visit_of(work.db, person_id, want, now=work.now)
    if visit is not None:
        raise WaitingBooked(facts={"appointment_id": visit.appointment_id, "day": visit.day})
    free = await line.free_for(work.db, want, channel=work.by.channel or Channel.WINDOW, now=work.now)
    if free is not None:
        raise WaitingFree(
            facts={
                "session_id": free.session_id,
                "department_id": want.department_id,
                "doctor_id": free.doctor_id,
                "day": free.day,
                "half": free.half,
            }
        )


async def _stand(work: Work, asked: Join, hospital_id: int, want: Want) -> int:
    """Insert the entry; the unique index refuses a second one for the same. Raises WaitingTwice."""
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    row = {
        "state": State.WAITING.value,
        "person_id": asked.person_id,
        "phone_print": work.sealer.fingerprint(asked.phone.digits, "phone"),
        "phone_sealed": work.sealer.seal(asked.phone.digits, "phone"),
        "account_id": work.by.account_id,
        "channel": (work.by.channel or Channel.WINDOW).value,
        "hospital_id": hospital_id,
        **vars(want),
        "want": want.name,
        "joined_at": work.now,
        "since": work.now,
    }
    insert = maker(WaitingEntry).values(row).on_conflict_do_nothing().returning(WaitingEntry.id)
    entry_id = (await work.db.execute(insert)).scalar_one_or_none()
    if entry_id is not None:
        return entry_id
    there = select(WaitingEntry.id).where(
        WaitingEntry.person_id == asked.person_id,
        WaitingEntry.want == want.name,
        WaitingEntry.state.in_(LIVE),
    )
    raise WaitingTwice(facts={"entry_id": await work.db.scalar(there)})


async def leave(work: Work, entry_id: int) -> bool:
    """Give the place up, and the slot that is kept for it; False when it had ended. Raises NotFound."""
    ended = await work.db.execute(
        update(WaitingEntry)
        .where(WaitingEntry.id == entry_id, WaitingEntry.state.in_(LIVE))
        .values(state=State.LEFT.value, ended_at=work.now, version=WaitingEntry.version + 1)
        .returning(WaitingEntry.person_id, WaitingEntry.offer_id, WaitingEntry.version)
        .execution_options(synchronize_session=False)
    )
    row = ended.one_or_none()
    if row is None:
        await _known(work, entry_id)
        return False
    if row.offer_id is not None:
        await offers.withdraw(work, row.offer_id, "left")
        await calling.drop(work, f"offer/{row.offer_id}")
    work.record(WaitingLeft(entry_id=entry_id, person_id=row.person_id, version=row.version))
    return True


async def resume(work: Work, entry_id: int) -> bool:
    """Go on after a pause, at the end of the line; False when it does not pause. Raises NotFound."""
    goes_on = await work.db.execute(
        update(WaitingEntry)
        .where(WaitingEntry.id == entry_id, WaitingEntry.state == State.PAUSED)
        .values(state=State.WAITING.value, since=work.now, misses=0, version=WaitingEntry.version + 1)
        .returning(WaitingEntry.person_id, WaitingEntry.version)
        .execution_options(synchronize_session=False)
    )
    row = goes_on.one_or_none()
    if row is None:
        await _known(work, entry_id)
        return False
    work.record(WaitingResumed(entry_id=entry_id, person_id=row.person_id, version=row.version))
    return True


async def _known(work: Work, entry_id: int) -> None:
    if await work.db.get(WaitingEntry, entry_id) is None:
        raise NotFound(facts={"what": "waiting-entry"})
