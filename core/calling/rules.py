"""What an outbound call may be about, how a try may end, and when the next one may be made; pure."""

from enum import StrEnum


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
    """How one try ended. Only KEY counts as heard (lesson L19)."""

    KEY = "key"
    SILENT = "silent"  # answered, and no key: a mailbox, or somebody who only listened
    HUNG_UP = "hung-up"  # in the middle
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"  # the line, or a number that does not exist
    LOST = "lost"  # we were away when it ended
