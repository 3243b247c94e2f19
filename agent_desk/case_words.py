"""A case in Chinese: its lanes, what stands in each, and how things stand after every step."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.cases.facts import TEXT_QUEUED, Fact
from core.cases.fold import taken
from core.cases.folding import Folding
from core.contact.rules import State
from core.events import read_event
from core.http import words
from core.http.call_words import STATES, disposition
from core.http.event_words import ROLES, Line, Names, lines, step
from core.http.words import QUIET, WAIT
from core.journal import Cursor, Entry

CALLER, VOICE, DESK, TEXT, SLOT, MONEY = range(6)
LANES = ("来电人", "语音", "话务员", "短信", "号源预约", "费用")

_LANES = {
    "interaction": CALLER,
    "identity": CALLER,
    "person": CALLER,
    "account": CALLER,
    "recording": VOICE,
    "queue": VOICE,
    "switch": VOICE,
    "text": TEXT,
    "slot": SLOT,
    "hold": SLOT,
    "appointment": SLOT,
    "offer": SLOT,
    "booking": SLOT,
    "session": SLOT,
    "line": SLOT,
    "waiting": SLOT,
    "reminder": SLOT,
    "outbound": VOICE,
    "survey": CALLER,
    "leave": SLOT,
    "credit": SLOT,
    "appeal": SLOT,
    "payment": MONEY,
    "refund": MONEY,
    "reconciliation": MONEY,
}
_OWN_LANE = {
    "interaction.moved": VOICE,
    "queue.offered": DESK,
    "queue.missed": DESK,
    "queue.connected": DESK,
}
_OFFER = {
    "open": ("等患者答复", WAIT),
    "accepted": ("已接受", words.GOOD),
    "refused": ("未接受", QUIET),
    "lapsed": ("到时未答复", QUIET),
    "withdrawn": ("已收回", QUIET),
}
_DRAFT = {
    "open": ("办理中", WAIT),
    "left": ("没有办完，等重拨", WAIT),
    "booked": ("已办成", words.GOOD),
    "closed": ("已结束", QUIET),
}


@dataclass(frozen=True)
class Mark:
    """One entry of the time line. stands: how things stand after it, as (words, tone)."""

    number: int
    at: datetime
    lane: int
    title: str
    details: tuple[str, ...]
    tone: str
    stands: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Called:
    """What a case calls its holds and appointments, beside the names of every story."""

    names: Names
    holds: Mapping[str, str] = field(default_factory=dict)


def marks(facts: Sequence[Fact], called: Called) -> list[Mark]:
    """A log as entries in their lanes, each step of a dialogue at its own moment."""
    state = Folding()
    made: list[Mark] = []
    for fact, lane, line in _in_order(facts, called.names):
        if fact is not None:
            taken(state, fact)
        told = Mark(len(made) + 1, line.at, lane, line.title, line.details, line.tone, stands(state, called))
        made.append(told)
    return made


def _in_order(facts: Sequence[Fact], names: Names) -> Iterator[tuple[Fact | None, int, Line]]:
    """Facts keep their order. Steps of a dialogue, which change no state, are written down later than they
    were taken: each stands before the first fact of its contact that came after it."""
    before: dict[int, list[tuple[int, Line]]] = {}
    since: dict[int | None, int] = {}
    for number, fact in enumerate(facts):
        if fact.kind != "interaction.steps":
            continue
        place = since.get(fact.interaction_id, 0)
        for at, lane, line in _steps(fact, names):
            while place < number and (
                facts[place].at <= at or facts[place].interaction_id != fact.interaction_id
            ):
                place += 1
            before.setdefault(place, []).append((lane, line))
        since[fact.interaction_id] = number
    for number, fact in enumerate(facts):
        for lane, line in before.get(number, ()):
            yield None, lane, line
        if fact.kind != "interaction.steps":
            yield fact, lane_of(fact), _line(fact, names)


def _steps(fact: Fact, names: Names) -> Iterator[tuple[datetime, int, Line]]:
    times = [datetime.fromisoformat(at) for at in fact.body.get("times", ())]
    for number, one in enumerate(fact.body["steps"]):
        at = times[number] if number < len(times) else fact.at
        title = step(one, names)
        if title:
            lane = VOICE if one.keys() & {"said", "recorded", "transferred"} else CALLER
            yield at, lane, Line(at, "", title)


def lane_of(fact: Fact) -> int:
    """The lane of an event; what nobody has a lane for is the desk's."""
    if fact.kind.startswith("room."):
        return CALLER if fact.body["role"] == "caller" else DESK
    return _OWN_LANE.get(fact.kind, _LANES.get(fact.kind.partition(".")[0], DESK))


def _line(fact: Fact, names: Names) -> Line:
    if fact.kind == TEXT_QUEUED:
        return Line(fact.at, "", "短信写好，待发送", (), WAIT)
    event = read_event(fact.kind, dict(fact.body))
    entry = Entry(Cursor(0, fact.order.journal_id), fact.at, "", fact.channel, fact.interaction_id, event)
    return lines([entry], names)[0]


# --- how things stand ---------------------------------------------------------------------------------


def stands(state: Folding, called: Called) -> tuple[tuple[str, str], ...]:
    """How things stand in a state: what goes on first, then what came of it."""
    things = state.things
    return (
        *_contacts(things.get("interaction", {})),
        *_holds(things.get("hold", {}), called),
        *_visits(things.get("appointment", {}), called),
        *((f"邀约：{_of(_OFFER, one)[0]}", _of(_OFFER, one)[1]) for one in things.get("offer", {}).values()),
        *((f"草稿：{_of(_DRAFT, one)[0]}", _of(_DRAFT, one)[1]) for one in things.get("draft", {}).values()),
        *_owed(things.get("callback", {})),
        *_texts(things.get("text", {})),
        *_money(things),
    )


_Known = Mapping[str, Mapping[str, Any]]


def _of(known: Mapping[str, tuple[str, str]], one: Mapping[str, Any]) -> tuple[str, str]:
    code = str(one.get("state", ""))
    return known.get(code, (code or "不清楚", QUIET))


def _contacts(known: _Known) -> Iterator[tuple[str, str]]:
    for id_, one in known.items():
        if one.get("state") == "closed":
            name, tone = disposition(str(one["disposition"]))
            yield f"通话 {id_} 已结束：{name}", tone
        elif "state" in one:
            room = [ROLES.get(role, role) for role, number in one.get("room", {}).items() if number]
            here = f"（{'、'.join(room)}在线）" if room else ""
            yield f"通话 {id_}：{STATES[State(one['state'])]}{here}", WAIT


def _holds(known: _Known, called: Called) -> Iterator[tuple[str, str]]:
    for id_, one in known.items():
        if one.get("state") == "live":
            yield f"号保留中：{called.holds.get(id_, '一个号')}", WAIT


def _visits(known: _Known, called: Called) -> Iterator[tuple[str, str]]:
    for id_, one in known.items():
        name, tone = words.APPOINTMENT.get(str(one.get("state", "")), ("不清楚", QUIET))
        yield f"预约 {called.names.appointments.get(int(id_), id_)}：{name}", tone


def _owed(known: _Known) -> Iterator[tuple[str, str]]:
    owed = sum(one.get("state") == "owed" for one in known.values())
    if owed:
        yield f"欠回拨 {owed} 个", WAIT


def _texts(known: _Known) -> Iterator[tuple[str, str]]:
    for code, (name, tone) in words.TEXT.items():
        number = sum(one.get("state") == code for one in known.values())
        if number:
            yield f"短信{name} {number} 条", tone


def _money(things: Mapping[str, _Known]) -> Iterator[tuple[str, str]]:
    left = sum(one.get("left_fen", 0) for one in things.get("appointment", {}).values())
    if left:
        yield f"已收 {_yuan(left)}", words.GOOD
    back = [one for one in things.get("refund", {}).values() if "amount_fen" in one]
    due = sum(one["amount_fen"] for one in back if not one["settled"])
    done = sum(one["amount_fen"] for one in back if one["settled"])
    if due:
        yield f"待退 {_yuan(due)}", WAIT
    if done:
        yield f"已退 {_yuan(done)}", QUIET


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}元"
