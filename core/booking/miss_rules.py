"""Whose fault a missed visit is, by what the patient was told of it; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Fault(StrEnum):
    """Why a miss is not the patient's: it stands on the ledger with this, and does not count."""

    LEAVE = "doctor-leave"  # the doctor was away, or another one sat there
    LATE = "late-notice"  # that the visit takes place was told too late
    UNDELIVERED = "undelivered"  # the last text about it never reached the telephone


class Delivery(StrEnum):
    SENT = "sent"  # and nothing said of it since
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True)
class TextTold:
    """A text about the visit. text_kind: sms.texts.Kind. at: of what was last heard of it."""

    text_id: int
    text_kind: str
    at: datetime
    delivery: Delivery


@dataclass(frozen=True)
class CallTold:
    """A try to tell by telephone. answer: what the pressed key meant; None: nobody has heard it."""

    call_id: int
    number: int
    at: datetime
    outcome: str
    answer: str | None


@dataclass(frozen=True)
class Evidence:
    """What was told of one visit, oldest first. reminded: the answer to its reminder.

    restored_at: when a leave was last taken back for it.
    """

    texts: Sequence[TextTold] = ()
    calls: Sequence[CallTold] = ()
    reminded: str | None = None
    restored_at: datetime | None = None

    @property
    def heard(self) -> bool:
        """Whether the patient has answered anything we told them of it."""
        return self.reminded is not None or any(one.answer is not None for one in self.calls)


NOTHING = Evidence()


def fault(seen: Evidence, *, starts_at: datetime, away: bool, notice: timedelta) -> Fault | None:
    """Why a miss of this visit does not count; None: it does.

    away: the session was stopped, or somebody else sat in for its doctor. notice: rule
    `noshow.notice-hours`. Of several texts the last one decides: who had the confirmation but not the
    reminder after it may have relied on the reminder.
    """
    if away:
        return Fault.LEAVE
    if seen.restored_at is not None and starts_at - seen.restored_at < notice:
        return Fault.LATE
    if seen.heard or not seen.texts:
        return None
    last = max(seen.texts, key=lambda one: one.text_id)
    return Fault.UNDELIVERED if last.delivery is Delivery.FAILED else None
