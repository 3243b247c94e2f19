"""What a supervisor does to the floor: states, skills, the order of callers, words to operators, greetings.

Each leaves its event beside the change; who did it is the actor of the unit of work.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.contact import agents, matters
from core.contact.agent_rules import ENGAGED
from core.contact.agent_tables import Agent, DeskMessage, QueueEntry, Skill
from core.contact.agents import AgentView
from core.contact.distribution import QueueClass
from core.contact.engine import promise_callback
from core.contact.tables import Callback, Greeting, Interaction
from core.errors import CallGone, NotAllowed, NotFound, NotSignedIn, WrongInput
from core.events import CallbackTaken, DeskMessageSent, SupervisorActed, SurgeSwitched
from core.staff.tables import Staff
from core.values import Phone
from core.work import Work

LONGEST_MESSAGE = 200
LONGEST_REASON = 120
LONGEST_GREETING = 120
# A caller who was lost is called back within this, unless somebody promised another time.
CALL_BACK_WITHIN = timedelta(minutes=30)
# Page and phone away for so long: the operator has gone home.
GONE_HOME = timedelta(minutes=30)


def may_supervise(work: Work) -> None:
    """Raises NotAllowed."""
    if not work.by.may("supervise"):
        raise NotAllowed(facts={"function": "supervise"})


def noted(work: Work, act: str, *, staff_id: int | None = None, interaction_id: int | None = None,
          reason: str | None = None) -> None:  # fmt: skip
    """Leave the trace of an act; act: as core.http.event_words.SUPERVISION names them."""
    work.record(SupervisorActed(act=act, staff_id=staff_id, interaction_id=interaction_id, reason=reason))


async def force_pause(work: Work, staff_id: int) -> AgentView:
    """Put an operator on a pause of ours, after the call if there is one; what is untidy is closed.

    Raises NotAllowed, NotSignedIn.
    """
    return await _force(work, staff_id, "force-pause", "assigned")


async def force_off(work: Work, staff_id: int) -> AgentView:
    """Sign an operator out, after the call if there is one. Raises NotAllowed, NotSignedIn."""
    return await _force(work, staff_id, "force-off", "off")


async def _force(work: Work, staff_id: int, act: str, wanted: str) -> AgentView:
    may_supervise(work)
    row = await agents.live(work, staff_id)
    noted(work, act, staff_id=staff_id, interaction_id=row.interaction_id)
    if row.state not in ENGAGED:
        await matters.untidy(work, staff_id)
    if wanted == "off":
        return await agents.sign_out(work, staff_id)
    return await agents.pause(work, staff_id, wanted)


async def force_ready(work: Work, staff_id: int) -> AgentView:
    """End an operator's pause or wrap-up; what is untidy is closed as 未整理.

    Raises NotAllowed, NotSignedIn, Engaged during a call.
    """
    may_supervise(work)
    row = await agents.live(work, staff_id)
    if row.state not in ENGAGED:
        await matters.untidy(work, staff_id)
        row.wanted = None
    noted(work, "force-ready", staff_id=staff_id, interaction_id=row.interaction_id)
    return await agents.be_ready(work, staff_id)


async def gone_home(work: Work, limit: int = 50) -> int:
    """Sign out whoever could not be reached for so long that they have left without a word; how many.

    What they left without a disposition is closed as 未整理. Nobody in a call is signed out.
    """
    query = (
        select(Agent.staff_id)
        .where(
            Agent.signed_out_at.is_(None),
            Agent.lost_since < work.now - GONE_HOME,
            Agent.state.not_in([state.value for state in ENGAGED]),
        )
        .limit(limit)
    )
    gone = list(await work.db.scalars(query))
    for staff_id in gone:
        await matters.untidy(work, staff_id)
        await agents.sign_out(work, staff_id)
    return len(gone)


async def move_skills(work: Work, staff_id: int, skills: frozenset[str]) -> AgentView:
    """Give an operator these skills for the rest of the shift: which callers reach them.

    Raises NotAllowed, NotSignedIn, WrongInput for a skill that there is not.
    """
    may_supervise(work)
    row = await agents.live(work, staff_id)
    known = set(await work.db.scalars(select(Skill.code)))
    if not skills <= known:
        raise WrongInput(facts={"field": "skills"})
    row.skills = sorted(skills)
    row.version += 1
    await work.db.flush()
    noted(work, "move", staff_id=staff_id, reason=" ".join(sorted(skills)))
    return agents.view(row)


async def out_of_turn(work: Work, interaction_id: int, why: str, *, to: int | None = None) -> None:
    """Serve a waiting caller before all others, for a written reason. to: by this operator if they are free.

    Raises NotAllowed, WrongInput without a reason, CallGone when they do not wait.
    """
    may_supervise(work)
    why = why.strip()
    if not why or len(why) > LONGEST_REASON:
        raise WrongInput(facts={"field": "reason"})
    values: dict[str, object] = {"klass": int(QueueClass.FIRST)}
    if to is not None:
        values["prefers"] = to
    moved = await work.db.execute(
        update(QueueEntry)
        .where(QueueEntry.interaction_id == interaction_id, QueueEntry.state == "waiting")
        .values(**values)
        .returning(QueueEntry.id)
    )
    if moved.first() is None:
        raise CallGone(facts={"interaction_id": interaction_id})
    noted(work, "priority", staff_id=to, interaction_id=interaction_id, reason=why)


async def message(work: Work, text: str, to: int | None = None) -> int:
    """Say a line to one operator who is signed in, or to all. Raises NotAllowed, WrongInput, NotSignedIn."""
    may_supervise(work)
    text = text.strip()
    if not text or len(text) > LONGEST_MESSAGE or work.by.staff_id is None:
        raise WrongInput(facts={"field": "message"})
    if to is not None and await agents.find(work.db, to) is None:
        raise NotSignedIn(facts={"staff_id": to})
    made = DeskMessage(from_staff_id=work.by.staff_id, to_staff_id=to, text=text, sent_at=work.now)
    work.db.add(made)
    await work.db.flush()
    work.record(DeskMessageSent(message_id=made.id, from_staff_id=work.by.staff_id, to_staff_id=to))
    return made.id


@dataclass(frozen=True)
class GreetingView:
    """An announcement that can be switched. to_person: callers who hear it are led on to a person."""

    greeting_id: int
    name: str
    text: str
    on: bool
    to_person: bool


async def greetings(db: AsyncSession) -> Sequence[GreetingView]:
    rows = (await db.execute(select(Greeting).order_by(Greeting.id))).scalars()
    return [GreetingView(row.id, row.name, row.text, row.on, row.to_person) for row in rows]


async def switch_greeting(work: Work, greeting_id: int, *, on: bool, text: str | None = None) -> None:
    """Put an announcement before the menu, with these words if any are given, or take it away again.

    Raises NotAllowed, NotFound, WrongInput.
    """
    may_supervise(work)
    row = await work.db.get(Greeting, greeting_id)
    if row is None:
        raise NotFound(facts={"what": "greeting"})
    if text is not None:
        text = text.strip()
        if not text or len(text) > LONGEST_GREETING:
            raise WrongInput(facts={"field": "greeting"})
        row.text = text
    row.on = on
    await work.db.flush()
    work.record(SurgeSwitched(greeting_id=greeting_id, on=on))


async def call_back(work: Work, interaction_id: int, to: int | None = None) -> int:
    """Owe the caller of a contact a call, or hand the one we owe to somebody; returns its id.

    to: whose it is; None: anybody's. Raises NotAllowed, NotFound, WrongInput when there is no number.
    """
    may_supervise(work)
    if to is not None and await work.db.get(Staff, to) is None:
        raise NotFound(facts={"what": "staff"})
    query = select(Callback).where(Callback.interaction_id == interaction_id, Callback.state == "owed")
    owed = (await work.db.execute(query.order_by(Callback.id).limit(1))).scalar_one_or_none()
    if owed is None:
        contact = await work.db.get(Interaction, interaction_id)
        if contact is None:
            raise NotFound(facts={"what": "interaction"})
        if contact.ani_sealed is None:
            raise WrongInput(facts={"field": "phone"})
        number = Phone(work.sealer.open(contact.ani_sealed, "phone"))
        callback_id = await promise_callback(
            work, interaction_id, number=number, person_id=contact.person_id, due=work.now + CALL_BACK_WITHIN
        )
        owed = await work.db.get_one(Callback, callback_id)
    if to is not None:
        owed.staff_id = to
        await work.db.flush()
        work.record(CallbackTaken(interaction_id=interaction_id, callback_id=owed.id, staff_id=to))
    return owed.id
