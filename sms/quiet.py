"""Which texts go out to whom, and when: night hours, and what a number has asked not to be sent; pure."""

from datetime import datetime, time, timedelta

from core.values import local
from sms.texts import Kind

# Nobody is woken for what is not pressing (ux.md 4.3, rule 12, for calls; texts may go a little longer).
NIGHT = (time(21, 30), time(7, 0))
# What somebody must know in time, also one who wants no reminders: a doctor's leave and its end, a change,
# and what is kept for them until they answer; and a code, for which they wait before a page.
DUTIES = frozenset(
    {
        Kind.STOPPED,
        Kind.RESTORED,
        Kind.SUBSTITUTED,
        Kind.CHANGED,
        Kind.CODE,
        Kind.LEAVE_OFFER,
        Kind.LEAVE_LAPSED,
        Kind.WAITING_OFFER,
    }
)
# Brought about by us or the hospital; all other texts answer something that was just done by the patient, or,
# as what the waiting list offers, have hours of their own.
_UNASKED = frozenset(
    {
        Kind.STOPPED,
        Kind.RESTORED,
        Kind.SUBSTITUTED,
        Kind.EXPIRED,
        Kind.RELEASED,
        Kind.LEAVE_OFFER,
        Kind.LEAVE_LAPSED,
        Kind.WAITING_LAPSED,
        Kind.WAITING_PAUSED,
        Kind.REMINDER,
        Kind.SURVEY,
    }
)
# A visit so near is told of at night, too: who sets out at six must know it.
PRESSING = timedelta(hours=14)


def not_before(kind: Kind, starts_at: datetime | None, now: datetime) -> datetime | None:
    """When a text may go out if it may not now. starts_at: of the visit it is about."""
    clock = local(now)
    dusk, dawn = NIGHT
    if kind not in _UNASKED or dawn <= clock.time() < dusk:
        return None
    if starts_at is not None and starts_at - now <= PRESSING:
        return None
    morning = clock.replace(hour=dawn.hour, minute=dawn.minute, second=0, microsecond=0)
    return morning if clock < morning else morning + timedelta(days=1)


def wanted(kind: Kind, *, stopped: bool, answers_text: bool) -> bool:
    """Whether a number is sent this. answers_text: it follows from what that number has just written."""
    return not stopped or answers_text or kind in DUTIES
