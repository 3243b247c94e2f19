"""Turns from a held slot to an appointment: for whom, read back, and the yes."""

import re
from dataclasses import replace

from core.booking.commands import Book, Change
from core.booking.draft_end import discard
from core.booking.draft_pay import Before, Paying, paying
from core.booking.draft_rules import HeldFacts
from core.booking.draft_view import held_facts
from core.booking.hold import release
from core.booking.loading import asked_of
from core.booking.view import load
from core.contact.rules import Disposition
from core.errors import Refusal
from core.money import engine as money
from core.people.register import register
from core.values import Channel, local
from sms import replies
from sms.meaning import Topic
from sms.sender import BY, Sender
from sms.settling import as_it_is, settle
from sms.talk import Ask, Talk, Turn
from sms.texts import NUMBERS, clock, yuan

_NAME = re.compile(r"[\u3400-\u9fff][\u3400-\u9fff·]{1,19}")
_WAYS = {"at-hospital": "到院付", "online": "网上付", "card": "卡内扣"}
LAPSED = Turn(replies.refused("hold-lapsed"), Talk(), "hold-lapsed")


async def ask(sender: Sender, talk: Talk) -> Turn:
    """What is still missing of a held slot: the patient, or the yes."""
    async with sender.hotline.read() as db:
        held = await held_facts(db, talk.hold_id or "")
    if held is None or not held.live or held.until <= sender.now:
        return LAPSED
    if talk.verb == "change":
        return await _read_back_change(sender, talk, held)
    people = {one.id: one.name for one in await sender.people()}
    if talk.person_id is None and len(people) == 1:
        talk = replace(talk, person_id=next(iter(people)))
    if talk.person_id in people:
        return await _read_back(sender, talk, held, people[talk.person_id])
    if people:
        reply, shown = replies.listed("为谁约?", [f"){name}" for name in people.values()])
        return Turn(
            reply, replace(talk, ask=Ask.WHO, options=tuple(people), first=0, shown=shown), "asked-who"
        )
    until = clock(local(held.until))
    reply = replies.first_fitting(f"号为您留到{until}。{replies.ASK_NAME},回0放弃", replies.ASK_NAME)
    return Turn(reply, replace(talk, ask=Ask.NAME), "asked-name")


async def named(sender: Sender, talk: Talk, body: str) -> Turn:
    """A patient's name from a number nobody is known by; they are provisional until their papers are seen.

    What is no name is asked for again. The same text twice registers one person.
    """
    name = name_in(body)
    if name is None:
        return Turn(replies.signed(replies.WRONG_NAME), talk, "asked-name")
    if not await sender.people():
        async with sender.hotline.work(BY, sender.interaction_id) as work:
            await register(work, name=name, phones=[sender.phone])
    return await ask(sender, talk)


def name_in(body: str) -> str | None:
    """A person's name, where a text is nothing else."""
    name = re.sub(r"[\s。.,，!！]", "", body)
    return name if _NAME.fullmatch(name) else None


# --- read back ---------------------------------------------------------------------------------------


async def _read_back(sender: Sender, talk: Talk, held: HeldFacts, person: str) -> Turn:
    reply = replies.confirm_booking(
        person=person,
        hospital=held.hospital,
        department=held.department,
        doctor=_who(held),
        starts_at=held.starts_at,
        fee=_fee(await _paying(sender, held)),
        until=held.until,
    )
    return Turn(reply, replace(talk, ask=Ask.BOOK, options=()), "held")


async def _read_back_change(sender: Sender, talk: Talk, held: HeldFacts) -> Turn:
    assert talk.appointment_id is not None
    async with sender.hotline.read() as db:
        old = await load(db, talk.appointment_id)
        paid = await money.balance_of(db, old.appointment_id)
    before = Before(old.pay_mode, paid.left_fen, moved=old.hospital_id != held.hospital_id)
    pay = await _paying(sender, held, before)
    reply = replies.confirm_change(
        department=held.department,
        doctor=_who(held),
        was=old.starts_at,
        now=held.starts_at,
        until=held.until,
        due=f",补{yuan(pay.due_fen)}" if pay.due_fen and paid.left_fen else "",
        back=f",退{yuan(pay.back_fen)}" if pay.back_fen else "",
    )
    return Turn(reply, replace(talk, ask=Ask.CHANGE), "held")


async def _paying(sender: Sender, held: HeldFacts, before: Before | None = None) -> Paying:
    async with sender.hotline.read() as db:
        wanted = await asked_of(db, session_id=held.session_id, period_id=held.period_id)
    return paying(
        wanted.book,
        wanted.slot,
        channel=Channel.SMS,
        now=sender.now,
        wish=None,
        has_card=False,
        before=before,
    )


def _who(held: HeldFacts) -> str:
    return held.doctor or NUMBERS.get(held.number_kind, "")


def _fee(pay: Paying) -> str:
    """20元到院付"""
    return f"{yuan(pay.fee_fen)}{_WAYS.get(pay.way, '')}" if pay.fee_fen else "免挂号费"


# --- the yes, and the no -------------------------------------------------------------------------------


async def agree(sender: Sender, talk: Talk) -> Turn:
    """The yes. The text that tells of the booking or the change is the answer to it."""
    assert talk.hold_id is not None
    try:
        if talk.ask is Ask.CHANGE:
            assert talk.appointment_id is not None
            move = Change(talk.appointment_id, talk.hold_id, key=sender.key("change"))
            await settle(sender, move)
            return Turn(None, Talk(), "changed", Disposition.CHANGED)
        assert talk.person_id is not None
        book = Book(talk.hold_id, talk.person_id, sender.phone, key=sender.key("book"))
        await sender.store.submit(book, BY, sender.interaction_id)
    except Refusal as refusal:
        return Turn(replies.refused(refusal.code), Talk(), refusal.code)
    return Turn(None, Talk(), "booked", Disposition.BOOKED)


async def let_go(sender: Sender, talk: Talk) -> None:
    """The slot that the talk holds is free again; one that a broken call holds is kept for that."""
    if talk.hold_id is not None and talk.topic != Topic.DRAFT:
        async with sender.hotline.work(BY, sender.interaction_id) as work:
            await release(work, talk.hold_id)


async def give_up(sender: Sender, talk: Talk) -> Turn:
    """Let the slot go; an appointment that was to be changed stays as it is."""
    await let_go(sender, talk)
    if talk.topic == Topic.DRAFT and talk.about is not None:
        async with sender.hotline.work(BY, sender.interaction_id) as work:
            await discard(work, talk.about)
    if talk.verb == "wait" or talk.ask is Ask.WAIT:
        return Turn(replies.signed(replies.NOTHING_DONE), Talk(), "left-as-it-is", Disposition.NOTHING)
    if talk.verb == "change" and talk.appointment_id is not None:
        return await as_it_is(sender, talk)
    return Turn(replies.signed(replies.GIVEN_UP), Talk(), "given-up", Disposition.NOTHING)
