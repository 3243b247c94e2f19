"""A call broke off and the same number calls again: what was held is told, and one key goes on with it.

Before the last four are keyed nothing is said but when the visit is: a family has one telephone, and
what somebody is ill with is no business of whoever picks it up (docs/recovery.md).
"""

from dataclasses import dataclass

from core.accounts import drafts
from core.booking import draft_continue, draft_end, view
from core.booking.draft_continue import KeptDraft
from core.booking.draft_places import Place
from core.contact import queue_view
from core.contact.rules import Disposition
from core.errors import AppointmentUnknown, ChangedMeanwhile, HoldLapsed
from core.people.tables import Person
from core.schedule import view as schedule
from core.values import local
from ivr.booking import THINKING, book_held
from ivr.call import NeedsPerson, Prompt, choose
from ivr.changing import change_one
from ivr.choice import Choice, said_day, said_span
from ivr.identify import patient, prove
from ivr.line import Line
from ivr.queue_place import BROKEN_OFF
from ivr.words import Clock


@dataclass(frozen=True)
class Left:
    """What this number left. kept: with a slot that is still held. with_operator: an operator had it, and
    there are some."""

    kept: KeptDraft | None
    with_operator: bool


async def left(line: Line) -> Left | None:
    """What the call is to go on with; None: it begins as any other."""
    if line.number is None or not await line.left_something():
        return None
    mark = line.hotline.sealer.fingerprint(line.number.digits, "phone")
    async with line.hotline.read() as db:
        elsewhere = await drafts.held_elsewhere(db, mark, line.now)
    if elsewhere is not None:
        async with line.hotline.work(line.actor, line.interaction_id) as work:
            await drafts.bring(work, line.number)
    async with line.hotline.read() as db:
        kept = await draft_continue.kept_for(db, line.hotline.sealer, mark, line.now)
        lost = line.staffed and await queue_view.broken_off(db, mark, line.now - BROKEN_OFF)
    if kept is None and not lost:
        return None
    at_desk = kept is not None and kept.place is Place.DESK and line.staffed
    return Left(kept, lost or at_desk)


async def resume(line: Line, found: Left, opening: tuple[Prompt, ...]) -> Disposition:
    """NOTHING: it begins anew. Raises NeedsPerson for whoever had an operator: they get one back at once."""
    told = _told(line, found.kept) if found.kept else ()
    if found.with_operator:
        await line.wait_for_person()  # a phone rings while this is still being said
        await line.call.say(*opening, *told, Prompt("kept-to-person"))
        raise NeedsPerson("reconnect")
    assert found.kept is not None
    first, *rest = (*opening, *told, Prompt("kept-menu"))
    if await choose(line.call, first, "12", *rest) == "2":
        async with line.hotline.work(line.actor, line.interaction_id) as work:
            await draft_end.discard(work, found.kept.draft_id, version=found.kept.version)
        return Disposition.NOTHING
    return await _go_on(line, found.kept)


def _told(line: Line, kept: KeptDraft) -> tuple[Prompt, ...]:
    held = kept.held
    day, span = said_day(held.day, line.now), said_span(held.starts_at, held.ends_at)
    until = Clock(local(kept.until).time().replace(second=0, microsecond=0))
    return (Prompt("kept-slot", {"day": day, "span": span, "clock": until}),)


async def _go_on(line: Line, kept: KeptDraft) -> Disposition:
    """The same slot, read back to whoever knows the patient's last four."""
    try:
        async with line.hotline.work(line.actor, line.interaction_id) as work:
            await draft_continue.to_menu(work, kept, interaction_id=line.interaction_id, owner=line.owner)
    except (ChangedMeanwhile, HoldLapsed):
        await line.call.say(Prompt("kept-gone"))
        return Disposition.NOTHING
    held = kept.held
    line.held = kept.slot
    line.chosen.update(hospital_id=held.hospital_id, department_id=held.department_id)
    line.reached("redial")
    await line.keep_hold(THINKING)
    return await (_change if kept.verb == "change" else _book)(line, kept)


async def _book(line: Line, kept: KeptDraft) -> Disposition:
    person = await (patient(line) if kept.person_id is None else _proved(line, kept.person_id))
    return await book_held(line, person, await _choice(line, kept))


async def _change(line: Line, kept: KeptDraft) -> Disposition:
    try:
        async with line.hotline.read() as db:
            made = await view.load(db, kept.appointment_id or 0)
    except AppointmentUnknown:
        raise NeedsPerson("appointment-unknown") from None
    await _proved(line, made.person_id)
    return await change_one(line, made, await _choice(line, kept))


async def _proved(line: Line, person_id: int) -> Person:
    """Raises NeedsPerson, also for somebody whose papers nobody has seen: they have no last four."""
    async with line.hotline.read() as db:
        person = await db.get_one(Person, person_id)
    if person.identity_tail_print is None:
        raise NeedsPerson("unregistered")
    return await prove(line, person_id, by="tail")


async def _choice(line: Line, kept: KeptDraft) -> Choice:
    async with line.hotline.read() as db:
        session = await schedule.chosen_session(db, kept.held.session_id)
    return Choice(session, kept.held.starts_at, kept.held.ends_at, kept.slot)
