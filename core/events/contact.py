"""What happens in a contact with a caller."""

from datetime import datetime
from typing import Any

from core.events.base import Event


class InteractionOpened(Event):
    """state: in which it begins; a call of ours begins with an operator or with a ringing telephone."""

    kind = "interaction.opened"
    interaction_id: int
    linked_id: str
    dnis: str
    known: bool
    state: str = "ivr"


class StepsTaken(Event):
    """What was said and keyed in a stretch of a call; keys of secret fields only as a count.

    times: of each step; none in what was written before they were kept.
    """

    kind = "interaction.steps"
    interaction_id: int
    steps: list[dict[str, Any]]
    times: list[datetime] = []


class CallerIdentified(Event):
    kind = "interaction.identified"
    interaction_id: int
    person_id: int
    by: str


class InteractionMoved(Event):
    """The call went on to another place: menu, queue, agent, message."""

    kind = "interaction.moved"
    interaction_id: int
    state: str
    detail: str | None = None


class InteractionClosed(Event):
    kind = "interaction.closed"
    interaction_id: int
    disposition: str
    reached: str


class CallbackPromised(Event):
    kind = "callback.promised"
    interaction_id: int
    callback_id: int
    due: datetime
    recording: str | None


class SwitchLost(Event):
    """We did not hear the switch for a while: what happened then is unknown."""

    kind = "switch.unknown-interval"
    since: datetime
    until: datetime
    calls_now: int


class QueueEntered(Event):
    """A caller waits for a person. klass: distribution.QueueClass; back: put back, with the old arrival."""

    kind = "queue.entered"
    interaction_id: int
    klass: int
    skill: str | None
    back: bool = False


class CallOffered(Event):
    """The distributor chose an operator: the moment of the screen pop."""

    kind = "queue.offered"
    interaction_id: int
    staff_id: int
    waited_s: int


class OfferMissed(Event):
    """The operator's phone rang in vain, or could not be reached; the caller waits on."""

    kind = "queue.missed"
    interaction_id: int
    staff_id: int
    why: str


class CallConnected(Event):
    """Caller and operator hear each other. waited_s: since the caller entered the queue."""

    kind = "queue.connected"
    interaction_id: int
    staff_id: int
    waited_s: int


class QueueEnded(Event):
    """A wait ended without an operator: abandoned, message, callback."""

    kind = "queue.ended"
    interaction_id: int
    how: str
    waited_s: int


class QueueAlarm(Event):
    """A caller waited beside a free operator for longer than may be."""

    kind = "queue.alarm"
    interaction_id: int
    staff_id: int


class AgentMoved(Event):
    """An operator's state, as it is from now on."""

    kind = "agent.moved"
    agent_id: int
    staff_id: int
    state: str
    reason: str | None
    interaction_id: int | None = None


class SkillKept(Event):
    """What callers may need, and who has it, is otherwise now. there: False when it was dropped."""

    kind = "skill.kept"
    code: str
    there: bool


class AgentWants(Event):
    """A pause or a sign-out asked for during a call; it takes effect after it."""

    kind = "agent.wants"
    agent_id: int
    staff_id: int
    wanted: str | None


class AgentLost(Event):
    """Neither page nor phone of an operator can be reached, or (found) they can be again."""

    kind = "agent.lost"
    agent_id: int
    staff_id: int
    found: bool


class AgentCorrected(Event):
    """The switch disagreed with our state; who was right, and what was done about it."""

    kind = "agent.corrected"
    staff_id: int | None
    interaction_id: int | None
    ours: str
    theirs: str
    done: str


class RoomEntered(Event):
    kind = "room.entered"
    interaction_id: int
    role: str
    staff_id: int | None


class RoomLeft(Event):
    kind = "room.left"
    interaction_id: int
    role: str
    staff_id: int | None


class ThirdMoved(Event):
    """The colleague or hospital beside the caller. state: dialling, talking, gone; target: its kind."""

    kind = "third.moved"
    interaction_id: int
    staff_id: int
    target: str
    state: str


class MatterOpened(Event):
    kind = "matter.opened"
    interaction_id: int
    matter_id: int
    staff_id: int


class MatterDisposed(Event):
    kind = "matter.disposed"
    interaction_id: int
    matter_id: int
    staff_id: int
    first: str
    second: str
    by_act: bool


class CallbackTried(Event):
    kind = "callback.tried"
    interaction_id: int
    callback_id: int
    staff_id: int


class CallbackTaken(Event):
    """A call that is owed became one operator's, or (staff_id None) anybody's again."""

    kind = "callback.taken"
    interaction_id: int
    callback_id: int
    staff_id: int | None


class CallbackSettled(Event):
    """staff_id: None when the caller was served without anybody settling it."""

    kind = "callback.settled"
    interaction_id: int
    callback_id: int
    staff_id: int | None
    state: str


class PlaceKept(Event):
    """A caller hung up; until then their place in the queue waits for them."""

    kind = "queue.place-kept"
    interaction_id: int
    callback_id: int
    until: datetime


class PlaceEnded(Event):
    """how: 'served', 'unreached', 'returned', 'lapsed'."""

    kind = "queue.place-ended"
    interaction_id: int
    callback_id: int
    how: str


class DeskMessageSent(Event):
    kind = "desk.message"
    message_id: int
    from_staff_id: int
    to_staff_id: int | None


class HandRaised(Event):
    """An operator asks a supervisor for help; the words are in the desk message."""

    kind = "desk.hand"
    staff_id: int
    message_id: int
    interaction_id: int | None


class SurgeSwitched(Event):
    """The greeting of a surge was switched on or off."""

    kind = "surge.switched"
    greeting_id: int
    on: bool


class SupervisorActed(Event):
    """Somebody stepped into another's work: listen, whisper, barge, take-over, force-…, move-…"""

    kind = "supervisor.acted"
    act: str
    staff_id: int | None
    interaction_id: int | None
    reason: str | None = None
