"""What the switch tells us, in our words: typed events, and a snapshot of how things stand. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

Fields = Mapping[str, str]


@dataclass(frozen=True)
class ChannelOpened:
    """One leg of a call. Legs of one call share the linkedid; the first leg's uniqueid equals it.

    In a snapshot also what it runs: application, its data, whether it was answered and whether it talks to
    another leg.
    """

    channel: str
    uniqueid: str
    linkedid: str
    caller: str = field(repr=False)
    dialled: str
    application: str = ""
    data: str = ""
    up: bool = False
    bridged: bool = False


@dataclass(frozen=True)
class ChannelClosed:
    channel: str
    uniqueid: str
    linkedid: str
    cause: int  # Q.850


@dataclass(frozen=True)
class QueueJoined:
    queue: str
    uniqueid: str
    linkedid: str
    caller: str = field(repr=False)
    position: int


@dataclass(frozen=True)
class QueueLeft:
    """Out of the queue for whatever reason; an abandoned call says so before."""

    queue: str
    uniqueid: str
    linkedid: str


@dataclass(frozen=True)
class QueueAbandoned:
    queue: str
    uniqueid: str
    linkedid: str
    waited_s: int


@dataclass(frozen=True)
class AgentCalled:
    """An operator's phone is asked to ring: the moment for the screen pop."""

    queue: str
    agent: str
    uniqueid: str  # the caller's leg
    linkedid: str
    caller: str = field(repr=False)


@dataclass(frozen=True)
class AgentConnected:
    queue: str
    agent: str
    uniqueid: str
    linkedid: str
    waited_s: int
    rang_s: int


@dataclass(frozen=True)
class AgentMissed:
    queue: str
    agent: str
    uniqueid: str
    linkedid: str


@dataclass(frozen=True)
class AgentCompleted:
    queue: str
    agent: str
    uniqueid: str
    linkedid: str
    talked_s: int
    reason: str  # who ended it: agent, caller, transfer


@dataclass(frozen=True)
class RoomJoined:
    """A leg entered a conference: a call's room, or the consultation beside it."""

    conference: str
    uniqueid: str


@dataclass(frozen=True)
class RoomLeft:
    conference: str
    uniqueid: str


@dataclass(frozen=True)
class OriginateEnded:
    """A call we asked for was answered or was not; action_id: the one given with Originate."""

    action_id: str
    uniqueid: str
    answered: bool


@dataclass(frozen=True)
class AgentState:
    """device: Asterisk's number, 1 not in use, 2 in use, 5 unavailable, 6 ringing."""

    queue: str
    agent: str
    device: int
    paused: bool
    reason: str = ""


@dataclass(frozen=True)
class PhoneSeen:
    """An operator's phone registered, became reachable, or left."""

    agent: str
    state: str


@dataclass(frozen=True)
class Waiting:
    queue: str
    uniqueid: str
    caller: str = field(repr=False)
    position: int
    waited_s: int


@dataclass(frozen=True)
class Snapshot:
    """How the switch stands at one moment: what a listener that missed something starts from."""

    channels: tuple[ChannelOpened, ...]
    waiting: tuple[Waiting, ...]
    agents: tuple[AgentState, ...]


@dataclass(frozen=True)
class Lost:
    """From now on nothing is known until Resynced."""

    at: datetime


@dataclass(frozen=True)
class Resynced:
    """Forget everything, start from the snapshot. unknown: what nobody saw; None at the first login."""

    snapshot: Snapshot
    unknown: tuple[datetime, datetime] | None


Told = (
    ChannelOpened
    | ChannelClosed
    | QueueJoined
    | QueueLeft
    | QueueAbandoned
    | AgentCalled
    | AgentConnected
    | AgentMissed
    | AgentCompleted
    | AgentState
    | OriginateEnded
    | PhoneSeen
    | RoomJoined
    | RoomLeft
)
SwitchEvent = Told | Lost | Resynced


def read_event(name: str, fields: Fields) -> Told | None:
    """An AMI event in our words; None for the many we have no use for. fields: names in lower case."""
    reader = _READERS.get(name.lower())
    return reader(fields) if reader else None


def read_snapshot(channels: list[Fields], queues: list[Fields]) -> Snapshot:
    """From the answers to CoreShowChannels and QueueStatus."""
    return Snapshot(
        channels=tuple(_opened(f) for f in channels if f.get("event") == "CoreShowChannel"),
        waiting=tuple(
            Waiting(
                f.get("queue", ""),
                f.get("uniqueid", ""),
                _caller(f),
                _number(f, "position"),
                _number(f, "wait"),
            )
            for f in queues
            if f.get("event") == "QueueEntry"
        ),
        agents=tuple(_member(f) for f in queues if f.get("event") == "QueueMember"),
    )


def _number(fields: Fields, name: str) -> int:
    text = fields.get(name, "")
    return int(text) if text.isascii() and text.lstrip("-").isdigit() else 0


def _caller(fields: Fields) -> str:
    number = fields.get("calleridnum", "")
    return "" if number == "<unknown>" else number


def _ids(fields: Fields) -> tuple[str, str]:
    return fields.get("uniqueid", ""), fields.get("linkedid", "")


def _agent(fields: Fields) -> str:
    interface = fields.get("interface") or fields.get("location") or fields.get("stateinterface", "")
    return fields.get("membername") or fields.get("name") or interface.removeprefix("PJSIP/")


def _opened(fields: Fields) -> ChannelOpened:
    dialled = fields.get("exten", "")
    return ChannelOpened(
        fields.get("channel", ""),
        *_ids(fields),
        _caller(fields),
        dialled,
        fields.get("application", ""),
        fields.get("applicationdata", ""),
        fields.get("channelstate") == "6",
        bool(fields.get("bridgeid")),
    )


def _member(fields: Fields) -> AgentState:
    return AgentState(
        fields.get("queue", ""),
        _agent(fields),
        _number(fields, "status"),
        fields.get("paused") == "1",
        fields.get("pausedreason", ""),
    )


_READERS: dict[str, Callable[[Fields], Told]] = {
    "newchannel": _opened,
    "hangup": lambda f: ChannelClosed(f.get("channel", ""), *_ids(f), _number(f, "cause")),
    "queuecallerjoin": lambda f: QueueJoined(
        f.get("queue", ""), *_ids(f), _caller(f), _number(f, "position")
    ),
    "queuecallerleave": lambda f: QueueLeft(f.get("queue", ""), *_ids(f)),
    "queuecallerabandon": lambda f: QueueAbandoned(f.get("queue", ""), *_ids(f), _number(f, "holdtime")),
    "agentcalled": lambda f: AgentCalled(f.get("queue", ""), _agent(f), *_ids(f), _caller(f)),
    "agentconnect": lambda f: AgentConnected(
        f.get("queue", ""), _agent(f), *_ids(f), _number(f, "holdtime"), _number(f, "ringtime")
    ),
    "agentringnoanswer": lambda f: AgentMissed(f.get("queue", ""), _agent(f), *_ids(f)),
    "agentcomplete": lambda f: AgentCompleted(
        f.get("queue", ""), _agent(f), *_ids(f), _number(f, "talktime"), f.get("reason", "")
    ),
    "originateresponse": lambda f: OriginateEnded(
        f.get("actionid", ""), f.get("uniqueid", ""), f.get("response") == "Success"
    ),
    "confbridgejoin": lambda f: RoomJoined(f.get("conference", ""), f.get("uniqueid", "")),
    "confbridgeleave": lambda f: RoomLeft(f.get("conference", ""), f.get("uniqueid", "")),
    "queuememberstatus": _member,
    "queuememberpause": _member,
    "queuememberadded": _member,
    "contactstatus": lambda f: PhoneSeen(
        f.get("endpointname") or f.get("aor", ""), f.get("contactstatus", "")
    ),
}
# Their names in lower case; dialplans/manager.conf.j2 lets the switch tell these, and no others.
READ = frozenset(_READERS)
