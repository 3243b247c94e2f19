"""The day before: a visit is reminded of, and kept, moved or given up by the answer."""

from functools import partial

from core.contact.rules import Disposition
from core.errors import Refusal
from core.events import ReminderDue
from core.reminding import engine, view
from core.reminding.rules import Answer, Way
from core.reminding.view import ReminderView
from core.values import Phone, local
from core.work import Work
from sms import replies, visiting
from sms.grammar import Asked, Verb
from sms.kept import Draft
from sms.meaning import Topic
from sms.sender import BY, Sender
from sms.talk import Ask, Talk, Turn
from sms.texts import NUMBERS, Kind, clock, write

KEEP, MOVE, GIVE_UP = 1, 2, 3


async def draft_of(work: Work, event: ReminderDue, *, answers: bool) -> Draft | None:
    """A reminder, while its visit is ahead as it was; None when it is told by a call alone.

    answers: whether what patients write is taken.
    """
    if not Way(event.way).text:
        return None
    reminder = await view.load(work.db, event.reminder_id)
    visit = reminder.visit
    phone = Phone(work.sealer.open(visit.contact_sealed, "phone"))
    draft = partial(
        Draft, Kind.REMINDER, f"visit-reminder/{event.reminder_id}", event.version, visit.appointment_id,
        phone, starts_at=visit.starts_at,
    )  # fmt: skip
    if not reminder.stands(work.now):
        return draft(None, "overtaken")
    return draft(_words(reminder, answers=answers)) if phone.is_mobile else draft(None, "not a mobile")


def _words(reminder: ReminderView, *, answers: bool) -> str:
    visit = reminder.visit
    names = {
        "person": visit.person,
        "hospital": visit.hospital_short,
        "department": visit.department,
        "doctor": visit.doctor or NUMBERS.get(visit.number_kind, ""),
    }
    facts = {
        "starts": local(visit.starts_at),
        "ends": local(visit.ends_at),
        "serial": visit.serial,
        "answers": answers,
    }
    return write(Kind.REMINDER, facts, names)


# --- answers ------------------------------------------------------------------------------------------


async def answer(sender: Sender, key: int, asked: Asked) -> Turn | None:
    """1 keeps, 2 leads to other times, 3 asks for the yes to give it up; judged by what the visit is now."""
    figure = {Verb.YES: KEEP, Verb.OTHER: MOVE}.get(asked.verb, asked.choice)
    if figure not in (KEEP, MOVE, GIVE_UP):
        return None
    async with sender.hotline.read() as db:
        reminder = await view.load(db, key)
    if not reminder.ahead(sender.now):
        return await over(sender, key)
    visit = reminder.visit
    if figure == GIVE_UP:
        return await visiting.ask_cancel(sender, _about(Verb.CANCEL, key), visit)
    try:
        await note(sender, key, Answer.KEPT if figure == KEEP else Answer.CHANGED)
    except Refusal as refusal:
        return Turn(replies.refused(refusal.code), Talk(), refusal.code)
    if figure == MOVE:
        return await visiting.ask_time(sender, _about(Verb.CHANGE, key), visit)
    reply = replies.kept_visit(
        person=visit.person, department=visit.department, doctor=visit.doctor or "", starts_at=visit.starts_at
    )
    return Turn(reply, Talk(), "reminder-kept", Disposition.KEPT)


def _about(verb: Verb, key: int) -> Talk:
    return Talk(verb=verb.value, topic=Topic.REMINDER.value, about=key)


async def note(sender: Sender, key: int, said: Answer) -> None:
    """Take the answer; nobody need be called about it. Raises what `core.reminding.engine.answer` raises."""

    async def act(work: Work) -> None:
        await engine.answer(work, key, said, "sms")

    await sender.hotline.run(act, BY, sender.interaction_id)


async def over(sender: Sender, key: int) -> Turn:
    """The visit is not ahead any more as it was."""
    return Turn(replies.refused("reminder-over"), Talk(), "reminder-over", Disposition.ENQUIRED)


async def label(sender: Sender, key: int) -> str:
    async with sender.hotline.read() as db:
        visit = (await view.load(db, key)).visit
    start = local(visit.starts_at)
    return f"){visit.person}{replies.short_day(start.date())}{clock(start)}{visit.doctor or visit.department}"


async def again(sender: Sender, key: int) -> Turn:
    """It is asked once more, because the answer was to something that is over."""
    async with sender.hotline.read() as db:
        visit = (await view.load(db, key)).visit
    reply = replies.reminded(
        person=visit.person, department=visit.department, doctor=visit.doctor or "", starts_at=visit.starts_at
    )
    talk = Talk(ask=Ask.AGAIN, topic=Topic.REMINDER.value, about=key)
    return Turn(reply, talk, "reminder-told-again")
