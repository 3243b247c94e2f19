"""What an outbound call may be about, how a try may end, and when the next one may be made; pure."""

from datetime import datetime, time, timedelta
from enum import StrEnum

from core.values import local


class Kind(StrEnum):
    """What the call tells; each has a dialogue of its own (ivr)."""

    LEAVE = "leave-offer"  # the doctor is away: 1 accept, 2 other times, 3 cancel with refund, 0 a person
    WAITING = "waiting-offer"  # a slot was found: 1 accept, 2 not this one, 3 leave the list, 0 a person
    REMINDER = "reminder"  # the visit is tomorrow: 1 keep, 2 change, 3 cancel, 0 a person


class State(StrEnum):
    WAITING = "waiting"  # for its time
    DIALLING = "dialling"  # somebody's telephone rings, or they listen
    DONE = "done"  # a key was pressed, or the answer came another way
    HANDED = "handed"  # all tries were used: an operator calls
    DROPPED = "dropped"  # its subject is over


class Answer(StrEnum):
    """What the pressed key meant."""

    ACCEPTED = "accepted"
    OTHER_TIMES = "other-times"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    KEPT = "kept"
    CHANGED = "changed"
    PERSON = "person"
    ELSEWHERE = "elsewhere"  # answered by text, web or an operator meanwhile


class Outcome(StrEnum):
    """How one try ended. Only KEY counts as heard, and TALKED (lesson L19)."""

    KEY = "key"
    SILENT = "silent"  # answered, and no key: a mailbox, or somebody who only listened
    HUNG_UP = "hung-up"  # in the middle
    WRONG = "wrong"  # whoever answered says that the number is not the patient's
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"  # the line, or a number that does not exist
    LOST = "lost"  # we were away when it ended
    TALKED = "talked"  # an operator told them


# Requirement R-089: a campaign rings nobody more often.
MOST_TRIES = 3
# Until the next try. A line that is busy is free soon; who does not answer is out; who hung up is annoyed.
SPACING: dict[Outcome, timedelta] = {
    Outcome.BUSY: timedelta(minutes=10),
    Outcome.NO_ANSWER: timedelta(minutes=60),
    Outcome.SILENT: timedelta(minutes=30),
    Outcome.HUNG_UP: timedelta(minutes=30),
    Outcome.FAILED: timedelta(minutes=30),
    Outcome.LOST: timedelta(minutes=2),
}
# However near the visit is, nobody's telephone rings again at once.
LEAST_SPACING = timedelta(minutes=2)

# Nobody is rung up then (ux.md 4.3, rule 12) …
QUIET = (time(21), time(8))
# … but for a visit so near, as with texts (sms/quiet.py); in the early morning for whoever sets out soon.
PRESSING = timedelta(hours=14)
EARLY = timedelta(hours=4)
# Never in the dead of night: a text is there in the morning, a telephone wakes a house.
DEAD_OF_NIGHT = (time(23), time(6))

# Whoever presses 0 should find somebody: about one in four does.
CALLS_FOR_ONE_FREE = 4

# The order in which calls are made where more are due than there are lines: first the displaced.
ORDER: dict[Kind, int] = {Kind.LEAVE: 0, Kind.WAITING: 1, Kind.REMINDER: 2}


def quiet(at: datetime) -> bool:
    """Whether only pressing calls are made then."""
    return _within(QUIET, local(at).time())


def silent(at: datetime) -> bool:
    """Whether no call at all is made then."""
    return _within(DEAD_OF_NIGHT, local(at).time())


def pressing(at: datetime) -> timedelta:
    """How near a visit must be for a call in the quiet hours."""
    return EARLY if local(at).time() < QUIET[1] else PRESSING


def not_before(at: datetime, visit_at: datetime | None) -> datetime:
    """The first moment from `at` on at which this call may be made. visit_at: of the visit it is about."""
    while silent(at) or (quiet(at) and not _pressing(at, visit_at)):
        at = _next(at, visit_at)
    return at


def next_try(
    outcome: Outcome, tries: int, *, now: datetime, until: datetime, visit_at: datetime | None
) -> datetime | None:
    """When to try again; None: never, an operator calls. tries: made so far, this one among them.

    The tries that are left are pressed together where the visit, or `until`, is near.
    """
    left = MOST_TRIES - tries
    if left <= 0 or outcome not in SPACING:
        return None
    end = until if visit_at is None else min(until, visit_at)
    gap = min(SPACING[outcome], max(LEAST_SPACING, (end - now) / (left + 1)))
    due = not_before(now + gap, visit_at)
    return due if due < end else None


def room(lines: int, dialling: int, *, waiting: int, free: int, there: int) -> int:
    """How many more calls may be begun now.

    lines: the installation's limit. waiting: callers in the queue; free: operators who could take one at
    once; there: all who are there. Who calls us comes before whom we call. With nobody there, as in the
    evening, whoever presses 0 is promised a call.
    """
    if waiting:
        return 0
    most = lines if there == 0 else min(lines, max(1, CALLS_FOR_ONE_FREE * free))
    return max(0, most - dialling)


def _within(span: tuple[time, time], clock: time) -> bool:
    dusk, dawn = span
    return clock >= dusk or clock < dawn


def _pressing(at: datetime, visit_at: datetime | None) -> bool:
    return visit_at is not None and timedelta() <= visit_at - at <= pressing(at)


def _next(at: datetime, visit_at: datetime | None) -> datetime:
    """The next moment at which the answer may be another: the dawn of either night, or the visit is near."""
    here = local(at)
    later = [
        (here + timedelta(days=after)).replace(hour=dawn.hour, minute=0, second=0, microsecond=0)
        for _, dawn in (QUIET, DEAD_OF_NIGHT)
        for after in (0, 1)
    ]
    if visit_at is not None:
        later += [local(visit_at - near) for near in (PRESSING, EARLY)]
    return min(moment for moment in later if moment > here).astimezone(at.tzinfo)
