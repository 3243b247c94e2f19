"""The life of a leave and of each case, which numbers are too many, how long an answer may take; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from core.calling.rules import quiet
from core.errors import WrongInput, WrongState
from core.schedule.rules import SlotState


class Kind(StrEnum):
    """What happens to the sessions."""

    STOP = "stop"  # 停诊
    SUBSTITUTE = "substitute"  # 替诊: another doctor sees the patients
    REDUCE = "reduce"  # 减号: only so many numbers are seen


class Source(StrEnum):
    """Who told us."""

    OPERATOR = "operator"
    ADMIN = "hospital-admin"
    MESSAGE = "hospital-message"  # from the hospital's own system; it is approved there


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"  # to whoever entered it, with words
    APPROVED = "approved"  # the sessions are closed, the list is frozen
    HANDLING = "handling"  # patients are being told
    DONE = "done"  # each case has ended
    WITHDRAWN = "withdrawn"


NEXT: Mapping[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.SUBMITTED, State.WITHDRAWN}),
    State.SUBMITTED: frozenset({State.APPROVED, State.RETURNED, State.WITHDRAWN}),
    State.RETURNED: frozenset({State.SUBMITTED, State.WITHDRAWN}),
    State.APPROVED: frozenset({State.HANDLING, State.DONE, State.WITHDRAWN}),
    State.HANDLING: frozenset({State.DONE, State.WITHDRAWN}),
    # A session that is published afterwards may bring cases; a doctor may come back early.
    State.DONE: frozenset({State.HANDLING, State.WITHDRAWN}),
    State.WITHDRAWN: frozenset(),
}
WRITABLE = frozenset({State.DRAFT, State.RETURNED})
# The sessions in its range are closed, also those that are published later.
IN_FORCE = frozenset({State.APPROVED, State.HANDLING, State.DONE})


def before(to: State) -> list[State]:
    """The states from which a leave may come to this one."""
    return [state for state, following in NEXT.items() if to in following]


def step(state: State, to: State) -> State:
    """Return `to` if the life table allows it; raises WrongState with both states."""
    if to not in NEXT[state]:
        raise WrongState(facts={"state": state.value, "wanted": to.value})
    return to


class CaseState(StrEnum):
    """Where a displaced patient stands: three that are open, five that are final.

    Which final one follows from what the appointment is (`core.leave.following`).
    """

    WAITING = "waiting"  # for an offer
    OFFERED = "offered"  # a slot is kept, an answer awaited
    DESK = "desk"  # an operator calls; `need` says why
    KEPT = "kept"  # of a substitution: the visit stands, with another doctor
    # the five ends
    ACCEPTED = "accepted"  # moved to the slot that was offered
    CHANGED = "changed"  # moved to another slot, by whatever way
    CANCELLED = "cancelled"  # given up, the fee goes back in full
    RESTORED = "restored"  # the leave was withdrawn: the visit takes place as first said
    SETTLED = "settled"  # closed by an operator with a disposition


OPEN = frozenset({CaseState.WAITING, CaseState.OFFERED, CaseState.DESK})
FINAL = frozenset(
    {
        CaseState.ACCEPTED,
        CaseState.CHANGED,
        CaseState.CANCELLED,
        CaseState.RESTORED,
        CaseState.SETTLED,
    }
)


class Need(StrEnum):
    """Why a case needs a person."""

    UNANSWERED = "unanswered"  # every try was made, or the offer lapsed
    OTHER_TIMES = "other-times"  # wants another time, and has been offered enough
    PERSON = "person"  # asked for one
    NOTHING_FOUND = "nothing-found"  # no slot could be offered


class Disposition(StrEnum):
    """How an operator closes a case whose visit still waits."""

    UNREACHABLE = "unreachable"  # tried in every way: the visit is cancelled, the fee goes back in full
    TOLD = "told"  # knows, and will change or cancel in their own time: that stays free of charge
    HOSPITAL = "hospital"  # the hospital looks after them itself


# The offer must leave so much time, and so much is left even where the visit is nearer.
LEAST = timedelta(minutes=30)
# A case without a slot is looked at again so often: what is freed goes to the displaced first.
AGAIN = timedelta(minutes=5)

# --- what may be entered ------------------------------------------------------------------------------

HALVES = ("am", "pm", "night")
REASONS: Mapping[str, str] = {
    "sick": "病假",
    "personal": "事假",
    "meeting": "会议",
    "training": "进修培训",
    "rescue": "抢救或会诊",
    "duty": "指令性任务",
    "other": "其他",
}
# Nobody knows longer ahead; what is longer is no leave but another template.
LONGEST = timedelta(days=366)
WORDS = 200


@dataclass(frozen=True)
class Enter:
    """A leave as it is entered, of a doctor or of one post of theirs, from a half-day to a half-day, both in.

    reason: a key of REASONS; words: ours, never shown to a patient. substitute_id: who sees the patients;
    with SUBSTITUTE only. keep: how many numbers of each session are seen; with REDUCE only.
    """

    hospital_id: int
    kind: Kind
    first: tuple[date, str]
    last: tuple[date, str]
    doctor_id: int | None = None
    post_id: int | None = None
    reason: str = "other"
    words: str = ""
    substitute_id: int | None = None
    keep: int | None = None


def check(asked: Enter, today: date) -> None:
    """Raises WrongInput; facts: field."""
    wrong = next((name for name, bad in _faults(asked, today) if bad), None)
    if wrong is not None:
        raise WrongInput(facts={"field": wrong})


def _faults(asked: Enter, today: date) -> Iterable[tuple[str, bool]]:
    first, last = asked.first, asked.last
    yield "doctor_id", (asked.doctor_id is None) == (asked.post_id is None)
    yield "half", first[1] not in HALVES or last[1] not in HALVES
    yield "last", _place(*last) < _place(*first) or last[0] - first[0] > LONGEST
    yield "last", last[0] < today
    yield "reason", asked.reason not in REASONS
    yield "words", len(asked.words) > WORDS
    substitute = asked.substitute_id
    yield "substitute_id", (asked.kind is Kind.SUBSTITUTE) != (substitute is not None)
    yield "substitute_id", substitute is not None and substitute == asked.doctor_id
    yield "keep", (asked.kind is Kind.REDUCE) != (asked.keep is not None)
    yield "keep", asked.keep is not None and asked.keep < 0


def covers(first: tuple[date, str], last: tuple[date, str], day: date, half: str) -> bool:
    """Whether a half-day lies in a leave's range."""
    return _place(*first) <= _place(day, half) <= _place(*last)


def _place(day: date, half: str) -> tuple[date, int]:
    return day, HALVES.index(half) if half in HALVES else len(HALVES)


# --- which numbers are too many -----------------------------------------------------------------------


@dataclass(frozen=True)
class Number:
    """A slot of a session."""

    slot_id: int
    sequence: int
    state: SlotState


# Who holds a number has chosen it only; who has booked it is displaced last, and the latest first.
_GIVEN_UP = (SlotState.FREE, SlotState.HELD, SlotState.BOOKED)
_SEEN = frozenset({*_GIVEN_UP, SlotState.TAKEN, SlotState.USED})


def surplus(numbers: Sequence[Number], keep: int) -> list[int]:
    """The slots to stop so that no more than `keep` are seen.

    Nobody is displaced while a free number is left to stop; whoever has picked up their number stays.
    """
    over = sum(number.state in _SEEN for number in numbers) - keep
    last_first = sorted(
        (number for number in numbers if number.state in _GIVEN_UP),
        key=lambda number: (_GIVEN_UP.index(number.state), -number.sequence),
    )
    return [number.slot_id for number in last_first[: max(0, over)]]


# --- how long an answer may take ----------------------------------------------------------------------

_STEP = timedelta(minutes=15)


def answer_by(now: datetime, *, hours: int, visit_at: datetime, gone_at: datetime) -> datetime:
    """Until when an offer stands. gone_at: from then on nobody can book the slot.

    The hours are counted while telephones may ring (core.calling.rules.QUIET), so that nobody loses a slot
    in their sleep. It never stands longer than until the visit that was stopped, except that LEAST is left.
    """
    left, until = timedelta(hours=hours), now
    while left > timedelta():
        until += _STEP
        if not quiet(until - _STEP):
            left -= _STEP
    return min(until, max(visit_at, now + LEAST), gone_at)


# --- the close-out report -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Spread:
    """How long cases took, in minutes from the approval to the end; None where none has ended."""

    median: int | None
    ninety: int | None  # nine of ten took no longer
    longest: int | None


def spread(minutes: Iterable[int]) -> Spread:
    ordered = sorted(minutes)
    if not ordered:
        return Spread(None, None, None)

    def at(share: int) -> int:
        return ordered[max(0, -(-len(ordered) * share // 100) - 1)]

    return Spread(at(50), at(90), ordered[-1])
