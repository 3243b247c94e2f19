"""Commands of calls of ours that operators make: taken, dialled, the kept slot accepted, settled."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from agent_desk import pop_outbound
from agent_desk.commands import Asked, Command, Said, Seat
from agent_desk.commands_booking import MAY_BOOK
from core.booking import draft, for_caller
from core.booking import view as booking
from core.booking.rules import State
from core.calling import handed
from core.calling.rules import Answer, Outcome
from core.contact import matters
from core.errors import NotFound, WrongState
from core.leave import desk as leaves
from core.leave.rules import Disposition
from core.offers import engine as offers
from core.work import Work

ANSWERS: Mapping[str, Answer] = {
    "changed": Answer.CHANGED,
    "cancelled": Answer.CANCELLED,
    "kept": Answer.KEPT,
    "refused": Answer.REFUSED,
    "told": Answer.ELSEWHERE,
    "hospital": Answer.ELSEWHERE,
}
# How a patient of a doctor's leave is closed whose visit still waits.
CLOSES: Mapping[str, Disposition] = {
    "told": Disposition.TOLD,
    "hospital": Disposition.HOSPITAL,
    "given-up": Disposition.UNREACHABLE,
}
# What must have become of the visit before an operator may say so.
DONE_BY: Mapping[Answer, State] = {Answer.CHANGED: State.REPLACED, Answer.CANCELLED: State.CANCELLED}


class Handed(Asked):
    call_id: int = Field(gt=0)


class Settled(Handed):
    """how: an answer; 'told': they know, and decide by themselves; 'hospital': it looks after them.

    'thinking' and 'unreached' leave the call to be made again, 'given-up' to nobody: a stopped visit is then
    cancelled, with its fee.
    """

    how: Literal[
        "changed", "cancelled", "kept", "refused", "told", "hospital", "thinking", "unreached", "given-up"
    ]


async def _seen(seat: Seat, work: Work, call_id: int) -> handed.Handed:
    """One that this operator may know of (R-167). Raises NotFound."""
    one = await handed.find(work.db, call_id)
    if not seat.by.sees(await pop_outbound.hospital_of(work.db, one)):
        raise NotFound(facts={"what": "call"})
    return one


async def take(seat: Seat, asked: Handed, _key: str) -> Said:
    async with seat.work() as work:
        await _seen(seat, work, asked.call_id)
        await handed.take(work, asked.call_id, seat.staff_id)
    return {}


async def give_back(seat: Seat, asked: Handed, _key: str) -> Said:
    async with seat.work() as work:
        await _seen(seat, work, asked.call_id)
        await handed.give_back(work, asked.call_id, seat.staff_id)
    return {}


async def dial(seat: Seat, asked: Handed, _key: str) -> Said:
    """Call them; the draft begins as a change of the visit it is about."""
    async with seat.work() as work:
        one = await _seen(seat, work, asked.call_id)
        callback_id = await handed.take(work, asked.call_id, seat.staff_id)
    call = await seat.house.calls.dial(seat.staff_id, callback_id)
    async with seat.work(call) as work:
        await handed.tried(work, asked.call_id, call)
        begun = await draft.open_draft(work, interaction_id=call, staff_id=seat.staff_id)
        if one.appointment_id is not None:
            changes = {"verb": "change", "appointment_id": one.appointment_id}
            await draft.save(work, begun.draft_id, version=begun.version, changes=changes)
    seat.floor.again(seat.staff_id, "draft", "outbound")
    return {"interaction_id": call}


async def accept(seat: Seat, asked: Handed, _key: str) -> Said:
    """The patient wants the slot that is kept for them: booked in the same transaction as the answer."""
    agent = await seat.agent()

    async def act(work: Work) -> Mapping[str, Any]:
        one = await _seen(seat, work, asked.call_id)
        offer = await pop_outbound.offer_of(work.db, one)
        if offer is None:
            raise NotFound(facts={"what": "offer"})
        seat.by.must_see(offer.hospital_id)
        made = await offers.accept(work, offer.offer_id)
        done = "appointment.changed" if one.appointment_id is not None else "appointment.booked"
        if work.interaction_id is not None:
            await matters.acted(work, work.interaction_id, seat.staff_id, done, one.person_id)
        await handed.settle(work, asked.call_id, seat.staff_id, Answer.ACCEPTED)
        return {"appointment_id": made.appointment_id, "serial": made.serial}

    told = await for_caller.attempt(seat.house.hotline, act, seat.by, agent.interaction_id)
    seat.floor.again(seat.staff_id, "matters", "caller", "draft")
    return told


async def settle(seat: Seat, asked: Settled, _key: str) -> Said:
    """How it ended. That a visit was changed or cancelled is believed only when it was."""
    async with seat.work() as work:
        one = await _seen(seat, work, asked.call_id)
        if asked.how in ("thinking", "unreached"):
            spoken = Outcome.TALKED if asked.how == "thinking" else Outcome.NO_ANSWER
            await handed.give_back(work, asked.call_id, seat.staff_id, spoken)
            return {}
        case_id = await leaves.of_subject(work.db, one.subject)
        if case_id is not None and asked.how in CLOSES:
            await leaves.settle(work, case_id, CLOSES[asked.how])
            return {}
        answer = ANSWERS.get(asked.how)
        await _really(work, one, answer)
        if answer is Answer.REFUSED and (offer := await pop_outbound.offer_of(work.db, one)):
            await offers.refuse(work, offer.offer_id)
        await handed.settle(work, asked.call_id, seat.staff_id, answer)
    return {}


async def _really(work: Work, one: handed.Handed, answer: Answer | None) -> None:
    wanted = DONE_BY.get(answer) if answer is not None else None
    if wanted is None or one.appointment_id is None:
        return
    visit = await booking.load(work.db, one.appointment_id)
    if visit.state is not wanted:
        raise WrongState(facts={"state": visit.state.value})


COMMANDS: Mapping[str, Command[Any]] = {
    "outbound.take": Command(MAY_BOOK, Handed, take, "callbacks"),
    "outbound.give-back": Command(MAY_BOOK, Handed, give_back, "callbacks"),
    "outbound.dial": Command(MAY_BOOK, Handed, dial, "calls"),
    "outbound.accept": Command(MAY_BOOK, Handed, accept, "draft"),
    "outbound.settle": Command(MAY_BOOK, Settled, settle, "callbacks"),
}
