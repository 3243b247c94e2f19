"""May this visit be given up, moved, picked up now? By the rules as they were promised; pure."""

from datetime import date, datetime, timedelta
from typing import Protocol

from core.booking.facts import SlotFacts
from core.booking.may import ruled
from core.booking.rules import FOR_LEAVE, OPEN, State
from core.credit.book import RuleBook, Ruling
from core.credit.keys import parsed
from core.errors import (
    IdentityNeeded,
    NotAllowed,
    NotCheckInDay,
    NotPaid,
    Refusal,
    RuleRef,
    TooLateToCancel,
    TooLateToChange,
    TooLateToCheckIn,
    TooManyChanges,
    WebRefundNotAllowed,
    WrongState,
)
from core.values import Actor, Channel, day_of


class MadeAppointment(Protocol):
    """What is asked of an appointment here."""

    id: int
    state: str
    day: date
    starts_at: datetime
    ends_at: datetime
    pay_mode: str
    changes: int
    reason: str | None
    promised: dict[str, object]


def may_cancel(
    made: MadeAppointment,
    book: RuleBook,
    *,
    slot: SlotFacts,
    now: datetime,
    by: Actor,
    override: str | None = None,
) -> None:
    """Whether it may be given up now.

    A visit that the doctor's leave stopped may be, always, by everybody; one that it made another, until it
    begins. Money not yet paid never holds anybody. A supervisor may pass the deadline with a reason.
    """
    _open(made, "cancelled")
    if for_leave(made, now):
        return
    if override is not None:
        if not by.may("override-deadline"):
            raise NotAllowed(facts={"function": "override-deadline"})
        return
    paid_online = made.pay_mode == "online" and made.state == State.BOOKED
    if by.channel is Channel.WEB and paid_online:
        web = ruled(book, slot, "refund.web")
        if not web.value:
            raise WebRefundNotAllowed(web.ref)
    _in_time(made, book, "cancel.deadline", TooLateToCancel, slot=slot, now=now, by=by)


def may_change(
    made: MadeAppointment,
    book: RuleBook,
    *,
    slot: SlotFacts,
    now: datetime,
    by: Actor,
    override: str | None = None,
) -> None:
    """Whether it may be moved now, and was not moved too often.

    A supervisor may pass the deadline with a reason, not the number of moves.
    """
    _open(made, "replaced")
    if for_leave(made, now):
        return
    if override is None:
        _in_time(made, book, "change.deadline", TooLateToChange, slot=slot, now=now, by=by)
    elif not by.may("override-deadline"):
        raise NotAllowed(facts={"function": "override-deadline"})
    most = _promised(made, book, "change.max", slot=slot)
    if made.changes >= most.value:
        raise TooManyChanges(most.ref, {"limit": most.value})


def for_leave(made: MadeAppointment, now: datetime) -> bool:
    """Whether a doctor's leave is why it may be given up or moved, free of charge and of every deadline."""
    return made.state == State.STOPPED or (made.reason == FOR_LEAVE and now < made.starts_at)


def may_check_in(made: MadeAppointment, book: RuleBook, *, slot: SlotFacts, now: datetime) -> None:
    """Whether the number may be picked up now: booked, paid, on the day, not too late."""
    if made.state == State.UNPAID:
        raise NotPaid
    if made.state == State.PROVISIONAL:
        raise IdentityNeeded
    if made.state != State.BOOKED:
        raise WrongState(facts={"state": made.state, "wanted": "checked_in"})
    opens = _promised(made, book, "checkin.from", slot=slot)
    first = opens.value.instant(made.day, made.starts_at, book.is_working)
    if day_of(now) != made.day or (first is not None and now < first):
        raise NotCheckInDay(opens.ref, {"day": made.day})
    cutoff = _promised(made, book, "checkin.cutoff", slot=slot)
    last = cutoff.value.instant(made.day, made.starts_at, book.is_working)
    if last is not None and now > last:
        raise TooLateToCheckIn(cutoff.ref, {"until": last})
    late = ruled(book, slot, "noshow.late-minutes")
    if late.value and now > made.ends_at + timedelta(minutes=late.value):
        raise TooLateToCheckIn(late.ref, {"until": made.ends_at + timedelta(minutes=late.value)})


def _open(made: MadeAppointment, wanted: str) -> None:
    if made.state not in OPEN:
        raise WrongState(facts={"state": made.state, "wanted": wanted})


def _promised(
    made: MadeAppointment,
    book: RuleBook,
    name: str,
    *,
    slot: SlotFacts,
    channel: Channel | None = None,
) -> Ruling:
    """The rule as it was promised when the visit was booked, else as it is now."""
    now = ruled(book, slot, name, channel=channel)
    then = made.promised.get(f"{name}@channel={channel}", made.promised.get(name))
    if then is None or then == now.ref.value:
        return now
    return Ruling(parsed(name, str(then)), RuleRef(name, str(then), now.ref.hospital_id, None), now.period)


def _in_time(
    made: MadeAppointment,
    book: RuleBook,
    name: str,
    refusal: type[Refusal],
    *,
    slot: SlotFacts,
    now: datetime,
    by: Actor,
) -> None:
    if made.state == State.UNPAID:
        return  # nothing was given for it yet
    ruling = _promised(made, book, name, slot=slot, channel=by.channel)
    last = ruling.value.instant(made.day, made.starts_at, book.is_working)
    if last is not None and now > last:
        raise refusal(ruling.ref, {"until": last})
    if now >= made.starts_at:
        raise refusal(ruling.ref, {"until": made.starts_at})
