"""Commands of matters: dispositions, the next matter, a number in full."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import Field

from agent_desk.commands import Asked, Command, Said, Seat
from agent_desk.commands_shift import AT_THE_DESK
from agent_desk.pop import REASONS_REVEAL
from core.booking import patients
from core.contact import matters
from core.errors import NotAllowed, NotFound, WrongInput
from core.http.access import Access
from core.staff import audit

# A number that was shown is hidden again by the page after so long.
SHOWN_FOR = timedelta(seconds=30)


class Dispose(Asked):
    matter_id: int = Field(gt=0)
    first: str = Field(max_length=12)
    second: str = Field(max_length=12)


class Reveal(Asked):
    person_id: int = Field(gt=0)
    field: str = Field(max_length=12)
    reason: str = Field(min_length=2, max_length=60)


async def dispose(seat: Seat, asked: Dispose, _key: str) -> Said:
    """One's own matters; those of others a supervisor may correct."""
    async with seat.work() as work:
        seen = await matters.find(work.db, asked.matter_id)
        if seen is None:
            raise NotFound(facts={"what": "matter"})
        others = seen.staff_id != seat.staff_id
        if others and not (seat.by.may("supervise") and seat.by.sees(None)):
            raise NotAllowed(facts={"what": "matter"})
        done = await matters.dispose(work, asked.matter_id, asked.first, asked.second)
        if others:
            what = f"改小结 {asked.first}/{asked.second}"
            await audit.note(work, "supervised", what=what, subject_id=asked.matter_id)
        left = await matters.unfinished(work.db, seat.staff_id)
    return {"matter_id": done.matter_id, "by_act": done.by_act, "unfinished": len(left)}


async def reveal(seat: Seat, asked: Reveal, _key: str) -> Said:
    """A masked value in full, for a moment: an act with a reason, written down; of one's own patients."""
    if asked.reason not in REASONS_REVEAL:
        raise WrongInput(facts={"field": "reason"})
    agent = await seat.agent()
    async with seat.work(agent.interaction_id) as work:
        value = await patients.unmask(work, asked.person_id, asked.field, asked.reason)
        until = work.now + SHOWN_FOR
    return {"value": value, "until": until}


COMMANDS: Mapping[str, Command[Any]] = {
    "dispose": Command(AT_THE_DESK, Dispose, dispose, "draft"),
    "reveal": Command(Access(functions=frozenset({"reveal"})), Reveal, reveal),
}
