"""May this person book, change, cancel, pick up? Facts and a rule book in, a refusal or silence out; pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.booking.facts import BookingFacts, PastAppointment, SlotFacts
from core.booking.rules import FOR_LEAVE, LIVE, State
from core.credit.book import RuleBook, Ruling
from core.errors import (
    Blacklisted,
    ChannelClosed,
    HospitalNotLive,
    IdentityKindRefused,
    IdentityNeeded,
    NotOpenForBooking,
    NotReleased,
    OutsideBookingHours,
    OutsideWindow,
    OverlappingVisit,
    OverLimitDay,
    OverLimitDepartmentDay,
    OverLimitDoctorDay,
    OverLimitLive,
    OverLimitPeriod,
    OverLimitPhone,
    OverLimitSession,
    RebookTooSoon,
    Refusal,
    RuleRef,
    SessionStopped,
    TooLateToBook,
    TooOld,
    TooYoung,
    WrongSex,
)
from core.schedule.opening import too_near_from
from core.values import Channel, day_of, local


def ruled(
    book: RuleBook, slot: SlotFacts, name: str, *, channel: Channel | None = None, now: datetime | None = None
) -> Ruling:
    """What a rule says about this slot, asked for by this channel now."""
    return book.ruling(
        name,
        kind=slot.number_kind,
        department=slot.department_code,
        half=slot.half,
        channel=channel,
        now=now,
    )


def may_ask(
    slot: SlotFacts, book: RuleBook, *, channel: Channel, now: datetime, offered: bool = False
) -> None:
    """Whether anybody may book this slot by this channel now: what no choice of person can cure.

    offered: we offer it ourselves, at our own hour, and the answer may come by any channel.
    """
    if not slot.hospital_live:
        raise HospitalNotLive
    if not slot.open:
        raise NotOpenForBooking
    if slot.session_state != "published":
        raise SessionStopped(facts={"day": slot.day})
    if not offered:
        _by_this_way(slot, book, channel, now)
    if now < slot.release_at:
        raise _not_released(slot, book, now)
    if now >= slot.stop_at:
        first = ruled(book, slot, "window.first-day")
        if slot.stop_at == too_near_from(slot.day, first.value):
            raise OutsideWindow(first.ref, {"day": slot.day, "first": first.value})
        raise TooLateToBook(ruled(book, slot, "book.stop").ref, {"stop_at": slot.stop_at})


def _by_this_way(slot: SlotFacts, book: RuleBook, channel: Channel, now: datetime) -> None:
    way = ruled(book, slot, "channel.open", channel=channel, now=now)
    if not way.value:
        raise ChannelClosed(way.ref, {"channel": channel.value})
    hours = ruled(book, slot, "booking.hours", channel=channel)
    if hours.value is not None:
        opens, closes = hours.value
        if not opens <= local(now).time() < closes:
            raise OutsideBookingHours(hours.ref, {"opens": opens, "closes": closes})


def _not_released(slot: SlotFacts, book: RuleBook, now: datetime) -> NotReleased:
    """Which of the three rules of release keeps the session closed still."""
    last = ruled(book, slot, "window.last-day")
    why = last
    if day_of(now) == day_of(slot.release_at):
        why = ruled(book, slot, "release.time")
    elif day_of(now) >= slot.day - timedelta(days=last.value):
        why = ruled(book, slot, "release.day")
    return NotReleased(why.ref, {"release_at": slot.release_at, "days": last.value})


def may_book(facts: BookingFacts, book: RuleBook, *, reason: str = "choice") -> None:
    """Whether this person may book this slot now. Raises the first refusal, with the rule's row.

    What cannot be cured comes first (closed, sold before), then the person's own standing, then
    papers, then limits. An appointment that a change gives up does not count. reason: of the hold. What we
    offer may be answered at any hour by any channel; whom a leave has displaced is owed a visit, blocked or
    not.
    """
    may_ask(facts.slot, book, channel=facts.channel, now=facts.now, offered=reason != "choice")
    if reason != "leave-offer":
        _standing(facts)
    _papers(facts, book)
    _limits(facts, book)


def objections(facts: BookingFacts, book: RuleBook) -> list[Refusal]:
    """What stands in the way, the first of each sort: for a warning while there is time to choose again."""
    found = []
    for ask in (_asked, _standing_and_papers, _limits):
        try:
            ask(facts, book)
        except Refusal as refusal:
            found.append(refusal)
    return found


def _asked(facts: BookingFacts, book: RuleBook) -> None:
    may_ask(facts.slot, book, channel=facts.channel, now=facts.now)


def _standing_and_papers(facts: BookingFacts, book: RuleBook) -> None:
    _standing(facts)
    _papers(facts, book)


def _rule(facts: BookingFacts, book: RuleBook, name: str) -> Ruling:
    return ruled(book, facts.slot, name, channel=facts.channel, now=facts.now)


def _standing(facts: BookingFacts) -> None:
    for block in facts.blocks:
        here = block.hospital_id in (None, facts.slot.hospital_id)
        if here and (block.until is None or block.until > facts.now):
            ref = RuleRef(block.rule_key, block.rule_value, block.hospital_id, block.row_id)
            raise Blacklisted(ref, {"until": block.until, "rule": block.rule_key})


def _papers(facts: BookingFacts, book: RuleBook) -> None:
    person = facts.person
    needed = _rule(facts, book, "identity.needed")
    if needed.value and person.identity_kind is None:
        raise IdentityNeeded(needed.ref)
    first = _rule(facts, book, "identity.first-visit")
    if first.value is not None and not person.has_card_here:
        if person.identity_kind is None:
            raise IdentityNeeded(first.ref)
        if person.identity_kind not in first.value:
            raise IdentityKindRefused(first.ref, {"kinds": sorted(first.value)})
    youngest, oldest = _rule(facts, book, "age.min"), _rule(facts, book, "age.max")
    if youngest.value > 0 or oldest.value < 200:
        if person.birth_date is None:
            raise IdentityNeeded((youngest if youngest.value > 0 else oldest).ref)
        years = age(person.birth_date, facts.slot.day)
        if years < youngest.value:
            raise TooYoung(youngest.ref, {"age": youngest.value})
        if years > oldest.value:
            raise TooOld(oldest.ref, {"age": oldest.value})
    sex = _rule(facts, book, "sex.only")
    if sex.value != "any" and person.sex is not None and person.sex != sex.value:
        raise WrongSex(sex.ref, {"sex": sex.value})


def age(born: date, day: date) -> int:
    """Full years on a day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@dataclass(frozen=True)
class _Limit:
    """A count that may not be passed: which rule, which appointments, which refusal."""

    rule: str
    refusal: type[Refusal]
    counts: Callable[[PastAppointment, SlotFacts], bool]


def _same_day(past: PastAppointment, slot: SlotFacts) -> bool:
    return past.day == slot.day


_LIMITS = (
    # The department's limit comes first: told it, nobody tries the next doctor in vain.
    _Limit(
        "limit.department-day",
        OverLimitDepartmentDay,
        lambda past, slot: _same_day(past, slot) and past.department_id == slot.department_id,
    ),
    _Limit(
        "limit.doctor-day",
        OverLimitDoctorDay,
        lambda past, slot: (
            _same_day(past, slot) and slot.doctor_id is not None and past.doctor_id == slot.doctor_id
        ),
    ),
    _Limit("limit.session", OverLimitSession, lambda past, slot: past.session_id == slot.session_id),
    _Limit("limit.day", OverLimitDay, _same_day),
)


def _limits(facts: BookingFacts, book: RuleBook) -> None:
    slot, now = facts.slot, facts.now
    others = [past for past in facts.history if past.id != facts.replacing]
    # A visit that took place or was missed used its number too; only what was given back did not.
    used = [past for past in others if past.state in LIVE or past.state in (State.ATTENDED, State.NO_SHOW)]
    for limit in _LIMITS:
        ruling = _rule(facts, book, limit.rule)
        scope = ruling.ref.hospital_id
        count = sum(limit.counts(past, slot) for past in used if scope is None or past.hospital_id == scope)
        if count >= ruling.value:
            raise limit.refusal(ruling.ref, {"limit": ruling.value, "day": slot.day})
    live = _rule(facts, book, "limit.live")
    ahead = [past for past in used if past.state in LIVE and past.ends_at > now]
    if len(ahead) >= live.value:
        raise OverLimitLive(live.ref, {"limit": live.value})
    _overlap(facts, book, ahead)
    if facts.replacing is None:
        _frequency(facts, book, others)
    phone = _rule(facts, book, "limit.phone-persons")
    if facts.person.person_id not in facts.phone_persons and len(facts.phone_persons) >= phone.value:
        raise OverLimitPhone(phone.ref, {"limit": phone.value})


def _overlap(facts: BookingFacts, book: RuleBook, ahead: list[PastAppointment]) -> None:
    ruling = _rule(facts, book, "overlap.minutes")
    if not ruling.value:
        return
    apart = timedelta(minutes=ruling.value)
    for past in ahead:
        if past.starts_at < facts.slot.ends_at and facts.slot.starts_at < past.ends_at:
            near = True
        else:
            near = abs(past.starts_at - facts.slot.starts_at) < apart
        if near:
            raise OverlappingVisit(ruling.ref, {"starts_at": past.starts_at})


# How often within a period: which rule, which bookings, and what the words call them.
_OFTEN: tuple[tuple[str, Callable[[PastAppointment, SlotFacts], bool], str], ...] = (
    ("limit.doctor-period", lambda past, slot: past.doctor_id == slot.doctor_id, "doctor"),
    ("limit.department-period", lambda past, slot: past.department_id == slot.department_id, "department"),
    ("limit.period", lambda past, slot: True, "all"),
)


def _frequency(facts: BookingFacts, book: RuleBook, others: list[PastAppointment]) -> None:
    for name, counts, of in _OFTEN:
        often = _rule(facts, book, name)
        if not often.value or often.period is None or (of == "doctor" and facts.slot.doctor_id is None):
            continue
        since, until = often.period.window(facts.now)
        scope = often.ref.hospital_id
        made = sum(
            since <= past.booked_at < until
            and (scope is None or past.hospital_id == scope)
            and counts(past, facts.slot)
            # A change is not one more booking, and a doctor's leave is nobody's fault.
            and past.state not in (State.REPLACED, State.STOPPED)
            and past.reason != FOR_LEAVE
            for past in others
        )
        if made >= often.value:
            raise OverLimitPeriod(often.ref, {"limit": often.value, "since": since, "of": of})
    pause = _rule(facts, book, "rebook.pause-minutes")
    if pause.value:
        for past in others:
            if past.session_id != facts.slot.session_id or past.state is not State.CANCELLED:
                continue
            again = (past.ended_at or past.booked_at) + timedelta(minutes=pause.value)
            if facts.now < again and past.reason == "patient":
                raise RebookTooSoon(pause.ref, {"again_at": again})


# --- paying -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PayTerms:
    """How the fee is paid. pay_by: until when it must have come; None: at the hospital, or no fee."""

    mode: str
    pay_by: datetime | None


def pay_terms(
    book: RuleBook, slot: SlotFacts, *, channel: Channel, now: datetime, online: bool | None
) -> PayTerms:
    """Where and until when the fee is paid; `online` is the patient's wish where the hospital leaves
    the choice. Never later than the session's start."""
    mode = ruled(book, slot, "pay.mode", channel=channel, now=now).value
    if mode == "either":
        mode = "online" if online else "at-hospital"
    if mode != "online" or slot.fee_fen == 0:
        return PayTerms(mode, None)
    minutes = ruled(book, slot, "pay.minutes", channel=channel, now=now).value
    return PayTerms(mode, min(now + timedelta(minutes=minutes), slot.starts_at))
