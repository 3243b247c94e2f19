"""Turns about appointments there are: told, changed, given up after a yes."""

from collections.abc import Sequence
from dataclasses import replace

from core.booking.commands import Cancel
from core.booking.rules import State
from core.booking.view import AppointmentView
from core.contact.rules import Disposition
from core.errors import Refusal
from core.money import engine as money
from core.values import local
from sms import choosing, replies
from sms.grammar import Asked, Verb
from sms.meaning import Topic
from sms.sender import Sender
from sms.settling import as_it_is, settle
from sms.talk import Ask, Talk, Turn
from sms.texts import NUMBERS

_STATES = {State.UNPAID: ",待支付", State.PROVISIONAL: ",待补证件", State.STOPPED: ",医生停诊"}


async def begin(sender: Sender, asked: Asked) -> Turn:
    """查询, 改约 or 取消, of everything this number has ahead, of a day, or of one serial number.

    A serial number that is not theirs sounds like one that there is not: nobody learns by trying which
    there are.
    """
    found = await sender.visits()
    if asked.serial is not None:
        found = [made for made in found if made.serial == asked.serial]
        if not found:
            return Turn(replies.refused("appointment-unknown"), Talk(), "appointment-unknown")
    elif asked.verb is not Verb.CHANGE and asked.when.day is not None:
        found = [made for made in found if made.day == asked.when.day] or found
    if not found:
        return Turn(replies.signed(replies.NO_VISITS), Talk(), "no-visits", Disposition.ENQUIRED)
    talk = choosing.wished(Talk(verb=asked.verb.value), asked)
    talk = replace(talk, options=tuple(made.appointment_id for made in found))
    if asked.verb is Verb.QUERY:
        return _told(talk, found)
    if len(found) == 1:
        return await _with(sender, talk, found[0])
    return _which(replace(talk, ask=Ask.VISIT), found)


async def answer(sender: Sender, talk: Talk, asked: Asked) -> Turn | None:
    """What a figure, a yes or a no does; None when it answers nothing of what was asked."""
    figure = asked.choice if asked.verb is Verb.CHOOSE else None
    if talk.ask is Ask.CANCEL:
        if figure == 1 or asked.verb is Verb.YES:
            return await _cancel(sender, talk)
        no = figure == 0 or asked.verb is Verb.NO
        return await as_it_is(sender, talk) if no else None
    found = [made for made in await sender.visits() if made.appointment_id in talk.options]
    if not found:
        return Turn(replies.signed(replies.NO_VISITS), Talk(), "no-visits", Disposition.ENQUIRED)
    if figure == 0 or asked.verb is Verb.MORE:
        talk = talk.turned()
        return _told(talk, found) if talk.ask is Ask.ACT else _which(talk, found)
    if talk.ask is Ask.ACT:
        made = found[min(talk.first, len(found) - 1)]
        verbs = {1: Verb.CHANGE, 2: Verb.CANCEL}
        if figure not in verbs:
            return None
        return await _with(sender, replace(talk, verb=verbs[figure].value, options=()), made)
    chosen = talk.chosen(figure)
    meant = [one for one in found if one.appointment_id == chosen]
    return await _with(sender, replace(talk, options=()), meant[0]) if meant else None


def _told(talk: Talk, found: Sequence[AppointmentView]) -> Turn:
    made = found[min(talk.first, len(found) - 1)]
    reply = replies.told_visit(
        person=made.person,
        hospital=made.hospital_short,
        department=made.department,
        doctor=_who(made),
        starts_at=made.starts_at,
        serial=made.serial,
        state=_STATES.get(made.state, ""),
        more=len(found) > 1,
    )
    return Turn(reply, replace(talk, ask=Ask.ACT, shown=1), "told")


def _which(talk: Talk, found: Sequence[AppointmentView]) -> Turn:
    labels = []
    for made in found:
        start = local(made.starts_at)
        labels.append(f"){made.person}{replies.short_day(start.date())}{made.department}{_who(made)}")
    head = "取消哪个?" if talk.verb == Verb.CANCEL else "改哪个?"
    reply, shown = replies.listed(head, labels, first=talk.first)
    return Turn(reply, replace(talk, shown=shown), "asked-visit")


async def _with(sender: Sender, talk: Talk, made: AppointmentView) -> Turn:
    """One appointment is meant: ask for the yes, or for the new time."""
    if talk.verb == Verb.CHANGE:
        return await ask_time(sender, talk, made)
    return await ask_cancel(sender, talk, made)


async def ask_time(sender: Sender, talk: Talk, made: AppointmentView) -> Turn:
    """The times that it may be moved to."""
    talk = replace(talk, appointment_id=made.appointment_id, person_id=made.person_id)
    found = None
    if made.state is State.STOPPED:  # the doctor is away: the others will do as well
        found = await choosing.elsewhere(sender, talk, made.department_id, made.doctor_id)
    here = replace(talk, department_id=made.department_id, doctor_id=made.doctor_id)
    return await choosing.sessions(sender, found or here)


async def ask_cancel(sender: Sender, talk: Talk, made: AppointmentView) -> Turn:
    """Whether it is really to be given up, and what is paid back for it."""
    async with sender.hotline.read() as db:
        paid = await money.balance_of(db, made.appointment_id)
    reply = replies.confirm_cancel(
        person=made.person,
        department=made.department,
        doctor=_who(made),
        starts_at=made.starts_at,
        refund_fen=paid.left_fen,
    )
    talk = replace(talk, ask=Ask.CANCEL, appointment_id=made.appointment_id)
    return Turn(reply, talk, "asked-cancel")


async def _cancel(sender: Sender, talk: Talk) -> Turn:
    """The yes. The text that tells of it is the answer."""
    assert talk.appointment_id is not None
    command = Cancel(talk.appointment_id, key=sender.key("cancel"))
    try:
        await settle(sender, command, reminder_id=_reminder(talk))
    except Refusal as refusal:
        return Turn(replies.refused(refusal.code), Talk(), refusal.code)
    return Turn(None, Talk(), "cancelled", Disposition.CANCELLED)


def _reminder(talk: Talk) -> int | None:
    return talk.about if talk.topic == Topic.REMINDER else None


def _who(made: AppointmentView) -> str:
    return made.doctor or NUMBERS.get(made.number_kind, "")
