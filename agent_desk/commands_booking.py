"""Commands of booking: the draft of a call, its slot, and what comes of it."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk import pop_draft
from agent_desk.commands import Asked, Command, Nothing, Said, Seat
from core.booking import draft, draft_slot, draft_view, for_caller, patients
from core.booking import view as booking
from core.booking.draft_view import DraftView
from core.booking.for_caller import Given
from core.contact import agents, matters
from core.errors import DispositionMissing, NotAllowed
from core.http.access import Access
from core.schedule.tables import Session
from core.work import Work

MAY_BOOK = Access(functions=frozenset({"book"}))


class OfDraft(Asked):
    draft_id: int = Field(gt=0)


class Save(OfDraft):
    version: int = Field(gt=0)
    changes: dict[str, Any] = Field(max_length=30)


class Choose(OfDraft):
    session_id: int = Field(gt=0)
    period_id: int | None = Field(default=None, gt=0)


class New(Asked):
    """verb 'change' with the appointment that is to be moved; 'book' begins anew."""

    verb: Literal["book", "change"] = "book"
    appointment_id: int | None = Field(default=None, gt=0)


class Commit(OfDraft):
    """override: a supervisor's reason to pass a deadline."""

    version: int = Field(gt=0)
    override: str | None = Field(default=None, max_length=100)


class CancelAppointment(Asked):
    appointment_id: int = Field(gt=0)
    override: str | None = Field(default=None, max_length=100)


async def _own(seat: Seat, db: AsyncSession, draft_id: int) -> DraftView:
    """The draft of this operator's call. Raises NotFound, NotAllowed for a colleague's.

    One that nobody has taken yet is theirs only while its call is before them: others stand in the menu.
    """
    seen = await draft_view.load(db, seat.house.hotline.sealer, draft_id)
    mine = seen.staff_id == seat.staff_id
    if seen.staff_id is None and seen.interaction_id is not None:
        agent = await agents.find(db, seat.staff_id)
        mine = agent is not None and agent.interaction_id == seen.interaction_id
    if not mine:
        raise NotAllowed(facts={"what": "draft"})
    return seen


async def own_in(seat: Seat, work: Work, draft_id: int) -> DraftView:
    """The same, and what is done is done in its call."""
    seen = await _own(seat, work.db, draft_id)
    work.interaction_id = seen.interaction_id
    return seen


async def save(seat: Seat, asked: Save, _key: str) -> Said:
    """What was typed; the part `draft` follows with what is missing now, and what to read back."""
    fields = frozenset(asked.changes)
    async with seat.work() as work:
        await own_in(seat, work, asked.draft_id)
        await patients.must_reach(work.db, asked.changes, seat.by)
        saved = await draft.save(work, asked.draft_id, version=asked.version, changes=asked.changes)
    seat.floor.typed(seat.staff_id, fields)
    if saved.interaction_id is not None:
        await seat.floor.gaps.typed(saved.interaction_id, fields)
    return {"version": saved.version}


async def choose(seat: Seat, asked: Choose, _key: str) -> Said:
    async with seat.work() as work:
        await own_in(seat, work, asked.draft_id)
        await _in_scope(seat, work, asked.session_id)
        held = await draft_slot.choose(
            work, asked.draft_id, session_id=asked.session_id, period_id=asked.period_id
        )
    seat.floor.again(seat.staff_id, "draft")
    return {"version": held.version, "hold": pop_draft.hold(held.held) if held.held else None}


async def _in_scope(seat: Seat, work: Work, session_id: int) -> None:
    """A hospital's own operator books at that hospital alone (R-167)."""
    if seat.by.hospital_id is not None:
        session = await work.db.get(Session, session_id)
        seat.by.must_see(session.hospital_id if session else None)


async def release(seat: Seat, asked: OfDraft, _key: str) -> Said:
    async with seat.work() as work:
        before = await own_in(seat, work, asked.draft_id)
        if before.held is not None:
            seat.by.must_see(before.held.hospital_id)
        seen = await draft_slot.let_go(work, asked.draft_id)
    seat.floor.again(seat.staff_id, "draft")
    return {"version": seen.version}


async def begin(seat: Seat, asked: New, _key: str) -> Said:
    """The next matter of the same caller, or another beginning: a draft of its own, and a matter."""
    call = await seat.call()
    async with seat.work(call) as work:
        if asked.appointment_id is not None:
            made = await booking.load(work.db, asked.appointment_id)
            seat.by.must_see(made.hospital_id)
        before = await draft_view.of_interaction(work.db, work.sealer, call)
        if before is None:
            before = await draft.open_draft(work, interaction_id=call, staff_id=seat.staff_id)
        if before.staff_id not in (None, seat.staff_id):
            raise NotAllowed(facts={"what": "draft"})
        seen = await draft.next_matter(
            work, before.draft_id, verb=asked.verb, appointment_id=asked.appointment_id
        )
        await matters.open_matter(work, call, seat.staff_id)
    seat.floor.untyped(seat.staff_id)
    return pop_draft.written(seen)


async def next_matter(seat: Seat, _asked: Nothing, key: str) -> Said:
    """One more thing for the same caller; the matter before must have its disposition first."""
    async with seat.house.hotline.read() as db:
        left = [one.matter_id for one in await matters.unfinished(db, seat.staff_id)]
    if left:
        raise DispositionMissing(facts={"matters": left})
    return await begin(seat, New(), key)


# --- done -----------------------------------------------------------------------------------------


async def commit(seat: Seat, asked: Commit, _key: str) -> Said:
    """Book or change what the draft says; sent again it is answered as before."""
    async with seat.house.hotline.read() as db:
        seen = await _own(seat, db, asked.draft_id)

    async def act(work: Work) -> DraftView:
        return await for_caller.commit(work, asked.draft_id, version=asked.version, override=asked.override)

    done = await for_caller.attempt(seat.house.hotline, act, seat.by, seen.interaction_id)
    seat.floor.untyped(seat.staff_id)
    seat.floor.again(seat.staff_id, "matters", "caller")
    result = done.result
    return {
        "draft_id": done.draft_id,
        "version": done.version,
        "appointment_id": result.appointment_id if result else None,
        "serial": result.serial if result else None,
        "say": result.say if result else "",
    }


async def cancel(seat: Seat, asked: CancelAppointment, _key: str) -> Said:
    """Cancel for the caller, with the refund (R-088); a repeat is refused as no longer open."""
    agent = await seat.agent()

    async def act(work: Work) -> Given:
        return await for_caller.cancel_for(work, asked.appointment_id, override=asked.override)

    given = await for_caller.attempt(seat.house.hotline, act, seat.by, agent.interaction_id)
    seat.floor.again(seat.staff_id, "matters", "caller")
    return {"appointment_id": given.appointment_id, "refund_fen": given.refund_fen, "say": given.say}


COMMANDS: Mapping[str, Command[Any]] = {
    "draft.save": Command(MAY_BOOK, Save, save, "draft"),
    "draft.choose": Command(MAY_BOOK, Choose, choose, "draft"),
    "draft.release": Command(MAY_BOOK, OfDraft, release, "draft"),
    "draft.new": Command(MAY_BOOK, New, begin, "draft"),
    "draft.commit": Command(MAY_BOOK, Commit, commit, "draft"),
    "matter.next": Command(MAY_BOOK, Nothing, next_matter, "draft"),
    "appointment.cancel": Command(MAY_BOOK, CancelAppointment, cancel, "draft"),
}
