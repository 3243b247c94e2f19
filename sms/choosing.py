"""Turns towards a slot: which place, which session, which period; the slot is held as soon as it is clear."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

from core.booking.commands import Hold
from core.booking.equivalents import equivalents
from core.errors import Refusal
from core.schedule import view
from core.schedule.view import OpenPeriod, OpenSession
from core.values import Channel, day_of, local
from sms import agreeing, replies
from sms.grammar import Asked
from sms.places import Place, places
from sms.sender import BY, Sender
from sms.talk import Ask, Talk, Turn
from sms.texts import NUMBERS, clock

# Further ahead than any hospital opens; what is open is decided by each session's own instants.
HORIZON = timedelta(days=120)


async def begin(sender: Sender, asked: Asked) -> Turn:
    """The first text of a booking."""
    wish = wished(Talk(verb="book"), asked)
    found = await places(sender, asked)
    if not found:
        return Turn(replies.signed(replies.NO_PLACE), Talk(), "no-place")
    if len(found) == 1:
        return await sessions(sender, at(wish, found[0]))
    options = tuple([one.department_id, one.doctor_id, one.label] for one in found)
    return ask_place(replace(wish, ask=Ask.PLACE, options=options))


def wished(talk: Talk, asked: Asked) -> Talk:
    """The times that were written, kept with the talk."""
    said = asked.when
    return replace(
        talk,
        day=said.day.isoformat() if said.day else None,
        half=said.half,
        at=said.at.isoformat("minutes") if said.at else None,
    )


def at(talk: Talk, place: Place) -> Talk:
    return replace(talk, department_id=place.department_id, doctor_id=place.doctor_id, options=(), first=0)


def ask_place(talk: Talk) -> Turn:
    """A page of the places that may be meant."""
    reply, shown = replies.listed("要约哪个?", [label for _, _, label in talk.options], first=talk.first)
    return Turn(reply, replace(talk, shown=shown), "asked-place")


# --- sessions ----------------------------------------------------------------------------------------


async def sessions(sender: Sender, talk: Talk) -> Turn:
    """What can be had of a department or a doctor as it was wished for; the only one is held at once."""
    found = await _open(sender, talk)
    fitting = [one for one in found if _fits(one, talk)]
    if not fitting:
        return await _none_left(sender, talk, found)
    if len(fitting) == 1:
        return await hold(sender, replace(talk, session_id=fitting[0].session_id))
    return _listed(talk, fitting, "可约")


async def elsewhere(sender: Sender, talk: Talk, department_id: int, doctor_id: int | None) -> Talk | None:
    """The same doctor's other sessions, else the department's; None when nothing is open."""
    for who in (doctor_id, None) if doctor_id is not None else (None,):
        wish = replace(talk, department_id=department_id, doctor_id=who)
        if await _open(sender, wish):
            return wish
    return None


async def _open(sender: Sender, talk: Talk) -> Sequence[OpenSession]:
    assert talk.department_id is not None
    today = day_of(sender.now)
    async with sender.hotline.read() as db:
        return await view.open_sessions(
            db, department_id=talk.department_id, channel=Channel.SMS, now=sender.now, first_day=today,
            last_day=today + HORIZON, doctor_id=talk.doctor_id,
        )  # fmt: skip


def _fits(one: OpenSession, talk: Talk) -> bool:
    if talk.day is not None and one.day != date.fromisoformat(talk.day):
        return False
    if talk.half is not None and one.half != talk.half:
        return False
    if talk.at is None:
        return True
    return local(one.starts_at).time() <= time.fromisoformat(talk.at) < local(one.ends_at).time()


def _listed(talk: Talk, found: Sequence[OpenSession], head: str) -> Turn:
    one_doctor = len({(one.doctor_id, one.number_kind) for one in found}) == 1
    if one_doctor:
        head = f"{_who(found[0])}{head}"
    options = tuple([one.session_id, _label(one, with_doctor=not one_doctor)] for one in found)
    return ask_session(replace(talk, options=options, first=0), head)


def ask_session(talk: Talk, head: str = "可约", *, or_wait: bool = False) -> Turn:
    """A page of sessions. or_wait: they are others than what was asked for."""
    tail = "回数字选,或回“候补”" if or_wait else "回数字选"
    reply, shown = replies.listed(
        f"{head}:", [label for _, label in talk.options], first=talk.first, tail=tail
    )
    return Turn(reply, replace(talk, ask=Ask.SESSION, shown=shown), "asked-session")


def _who(one: OpenSession) -> str:
    return one.doctor or NUMBERS.get(one.number_kind, "")


def _label(one: OpenSession, *, with_doctor: bool) -> str:
    """)12/3周四上午李建国余5"""
    who = _who(one) if with_doctor else ""
    return f"){replies.short_day(one.day)}{replies.HALVES[one.half]}{who}余{one.left}"


async def _none_left(sender: Sender, talk: Talk, others: Sequence[OpenSession]) -> Turn:
    """Nothing as wished: other times of the same, what equals it elsewhere, or when there will be some."""
    department_id = talk.department_id
    assert department_id is not None
    timed = talk.day is not None or talk.half is not None or talk.at is not None
    talk = replace(talk, full=talk.day, day=None, half=None, at=None)
    if others and timed:
        return _listed(talk, others, "那时没有号,可约")
    async with sender.hotline.read() as db:
        opens = await view.next_release(db, department_id, sender.now)
        like = await view.next_session(db, department_id, talk.doctor_id, sender.now)
        equal = []
        if like is not None:
            equal = await equivalents(db, session_id=like, now=sender.now, channel=Channel.SMS)
    if equal and talk.verb == "book":
        offers = [one.offer for one in equal]
        options = tuple(
            [
                one.session_id,
                f"){one.hospital}{one.doctor or NUMBERS.get(one.number_kind, '')}"
                f"{replies.short_day(one.day)}余{one.free}",
            ]
            for one in offers
        )
        return ask_session(replace(talk, options=options, first=0), "约满了,相近的有", or_wait=True)
    if opens is not None:
        here = local(opens)
        words = f"现在没有号,{replies.day_words(here.date())}{clock(here)}放号,到时请再发"
        return Turn(replies.signed(words), Talk(), "not-released")
    return _full(talk)


def _full(talk: Talk) -> Turn:
    """Nothing is left; who wants to book may wait for what comes back."""
    if talk.verb != "book":
        return Turn(replies.refused("slot-full"), Talk(), "slot-full")
    return Turn(replies.signed(replies.FULL_WAIT), replace(talk, ask=Ask.WAIT, options=()), "slot-full")


# --- the slot ----------------------------------------------------------------------------------------


async def hold(sender: Sender, talk: Talk) -> Turn:
    """Keep a slot, and ask what is still missing: for whom, or the yes."""
    session_id = talk.session_id
    assert session_id is not None
    async with sender.hotline.read() as db:
        found = await view.open_periods(db, session_id=session_id, channel=Channel.SMS, now=sender.now)
    period = _period(found, talk)
    if period is None:
        return await _another_session(sender, talk)
    if talk.verb == "book" and talk.person_id is None and len(people := await sender.people()) == 1:
        talk = replace(talk, person_id=people[0].id)
    command = Hold(
        session_id=session_id,
        period_id=period.period_id,
        person_id=talk.person_id,  # who may not book is told now, not after the yes
        owner=sender.owner,
        key=sender.key(f"hold-{period.period_id}"),
    )
    try:
        held = await sender.store.submit(command, BY, sender.interaction_id)
    except Refusal as refusal:
        return Turn(replies.refused(refusal.code), Talk(), refusal.code)
    talk = replace(talk, hold_id=held.hold_id, period_id=held.period_id, at=None)
    return await agreeing.ask(sender, talk)


def _period(found: Sequence[OpenPeriod], talk: Talk) -> OpenPeriod | None:
    """The one that was asked for, else the first that was not turned down."""
    left = [one for one in found if one.period_id not in talk.passed]
    if talk.at is not None:
        wish = time.fromisoformat(talk.at)
        for one in left:
            if local(one.starts_at).time() <= wish < local(one.ends_at).time():
                return one
    return left[0] if left else None


async def _another_session(sender: Sender, talk: Talk) -> Turn:
    """No period is left of this session: all else there is of the department or doctor."""
    found: list[OpenSession] = []
    if talk.department_id is not None:
        found = [one for one in await _open(sender, talk) if one.session_id != talk.session_id]
    if not found:
        return _full(talk)
    talk = replace(talk, session_id=None, period_id=None, passed=(), at=None)
    return _listed(talk, found, "没有别的时间了,可约")


# --- answers -----------------------------------------------------------------------------------------


async def chosen(sender: Sender, talk: Talk, option: Any) -> Turn:
    """A figure named one of what was told."""
    if talk.ask is Ask.PLACE:
        return await sessions(sender, at(talk, Place(*option)))
    if talk.ask is Ask.SESSION:
        return await hold(sender, replace(talk, session_id=option[0], options=(), first=0, passed=()))
    return await agreeing.ask(sender, replace(talk, person_id=option, options=()))


def turned(talk: Talk) -> Turn:
    """The next page of what was told."""
    talk = talk.turned()
    return ask_place(talk) if talk.ask is Ask.PLACE else ask_session(talk)


async def another_time(sender: Sender, talk: Talk) -> Turn:
    """The period that is held does not suit; the next one of the session is held in its place."""
    assert talk.period_id is not None
    return await hold(sender, replace(talk, passed=(*talk.passed, talk.period_id)))
