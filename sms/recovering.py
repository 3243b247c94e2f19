"""A call broke off, and its slot is kept: told by a text, and booked by its answer or by the redial, once."""

from dataclasses import replace

from core.booking import draft_continue
from core.booking import view as bookings
from core.booking.commands import Booked
from core.booking.draft_continue import KeptDraft
from core.booking.draft_end import discard
from core.booking.draft_left import KeptSlot, kept_slot
from core.booking.draft_places import Place
from core.booking.tables import Appointment, Draft
from core.contact.rules import Disposition
from core.errors import ChangedMeanwhile, Refusal
from core.events import DraftLeft
from core.values import local
from core.work import Work
from sms import agreeing, choosing, replies
from sms.grammar import Asked, Verb
from sms.kept import Draft as TextDraft
from sms.meaning import Topic
from sms.sender import BY, Sender
from sms.talk import Ask, Talk, Turn
from sms.texts import NUMBERS, Kind, write


async def draft_of(work: Work, event: DraftLeft, *, answers: bool) -> TextDraft | None:
    """Until when the slot is theirs; None when they have called again meanwhile, or no slot was held.

    answers: whether what patients write is taken.
    """
    kept = await kept_slot(work.db, work.sealer, event.draft_id, demo=work.demo)
    if kept is None or kept.until <= work.now:
        return None
    words = _words(kept, answers=answers)
    return TextDraft(Kind.SLOT_KEPT, f"draft/{event.draft_id}", kept.version, None, kept.phone, words)


def _words(kept: KeptSlot, *, answers: bool) -> str:
    held = kept.held
    names = {
        "hospital": held.hospital,
        "department": held.department,
        "doctor": held.doctor or NUMBERS.get(held.number_kind, ""),
    }
    facts = {
        "starts": local(held.starts_at),
        "ends": local(held.ends_at),
        "until": local(kept.until),
        "answers": answers,
    }
    return write(Kind.SLOT_KEPT, facts, names)


# --- answers ------------------------------------------------------------------------------------------


async def kept_for(sender: Sender, draft_id: int) -> KeptDraft | None:
    """The draft while its slot is kept and nobody goes on with it."""
    async with sender.hotline.read() as db:
        kept = await draft_continue.kept_for(db, sender.hotline.sealer, sender.phone_print, sender.now)
    return kept if kept is not None and kept.draft_id == draft_id else None


async def answer(sender: Sender, key: int, asked: Asked) -> Turn | None:
    """1 books what was agreed so far, or asks what is still missing; 0 gives the slot back."""
    kept = await kept_for(sender, key)
    if kept is None:
        return await over(sender, key)
    if asked.verb is Verb.NO or (asked.verb is Verb.CHOOSE and asked.choice == 0):
        return await _give_up(sender, kept)
    if asked.verb is not Verb.YES and asked.choice != 1:
        return None
    if kept.verb == "change" or kept.person_id is not None:
        return await agree(sender, kept, kept.person_id)
    talk = Talk(
        verb="book", topic=Topic.DRAFT.value, about=kept.draft_id, hold_id=kept.held.hold_id,
        session_id=kept.held.session_id, period_id=kept.held.period_id,
        department_id=kept.held.department_id, doctor_id=kept.held.doctor_id,
    )  # fmt: skip
    return await agreeing.ask(sender, talk)


async def confirmed(sender: Sender, talk: Talk) -> Turn:
    """The yes to what was read back, with the patient who was still missing."""
    assert talk.about is not None
    kept = await kept_for(sender, talk.about)
    return await over(sender, talk.about) if kept is None else await agree(sender, kept, talk.person_id)


async def another_time(sender: Sender, talk: Talk) -> Turn:
    """What the call held does not suit: from here on it is a booking like any other."""
    assert talk.about is not None
    async with sender.hotline.work(BY, sender.interaction_id) as work:
        await discard(work, talk.about)
    return await choosing.another_time(sender, replace(talk, topic="", about=None, hold_id=None))


async def agree(sender: Sender, kept: KeptDraft, person_id: int | None) -> Turn:
    """The text that tells of the appointment is the answer."""

    async def act(work: Work) -> Booked:
        return await draft_continue.agree(
            work, kept.draft_id, version=kept.version, place=Place.SMS, contact=sender.phone,
            person_id=person_id, key=sender.key("agree"),
        )  # fmt: skip

    try:
        made = await sender.hotline.run(act, BY, sender.interaction_id)
    except ChangedMeanwhile:
        return await over(sender, kept.draft_id)
    except Refusal as refusal:
        return Turn(replies.refused(refusal.code), Talk(), refusal.code)
    ended = Disposition.BOOKED if made.replaces is None else Disposition.CHANGED
    return Turn(None, Talk(), "booked", ended)


async def _give_up(sender: Sender, kept: KeptDraft) -> Turn:
    async with sender.hotline.work(BY, sender.interaction_id) as work:
        gone = await discard(work, kept.draft_id, version=kept.version)
    if not gone:
        return await over(sender, kept.draft_id)
    return Turn(replies.signed(replies.GIVEN_UP), Talk(), "given-up", Disposition.NOTHING)


async def over(sender: Sender, key: int) -> Turn:
    """What became of it: booked, gone on with on the telephone, or let go."""
    async with sender.hotline.read() as db:
        row = await db.get(Draft, key)
        made_id = row.appointment_id if row is not None and row.state == "booked" else None
        if made_id is not None:
            if (await db.get_one(Appointment, made_id)).interaction_id == sender.interaction_id:
                return Turn(None, Talk(), "booked", Disposition.BOOKED)  # by this very text, as it broke off
            made = await bookings.load(db, made_id)
            reply = replies.taken_before(
                person=made.person, department=made.department,
                doctor=made.doctor or NUMBERS.get(made.number_kind, ""), starts_at=made.starts_at,
                serial=made.serial,
            )  # fmt: skip
            return Turn(reply, Talk(), "draft-booked-before", Disposition.ENQUIRED)
    goes_on = row is not None and row.state in ("open", "left")
    live = (
        goes_on and row is not None and (row.state == "open" or (row.left_until or sender.now) > sender.now)
    )
    words = replies.DRAFT_GOES_ON if live else replies.DRAFT_GONE
    return Turn(replies.signed(words), Talk(), "draft-over", Disposition.ENQUIRED)


async def again(sender: Sender, key: int) -> Turn:
    """It is asked once more, because the answer was to something that is over."""
    kept = await kept_for(sender, key)
    if kept is None:
        return await over(sender, key)
    held = kept.held
    reply = replies.kept_slot(
        department=held.department, doctor=held.doctor or NUMBERS.get(held.number_kind, ""),
        starts_at=held.starts_at, until=kept.until,
    )  # fmt: skip
    talk = Talk(ask=Ask.AGAIN, topic=Topic.DRAFT.value, about=key)
    return Turn(reply, talk, "draft-told-again")
