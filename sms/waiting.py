"""The waiting list by text: stand on it, see where one stands, give the place up."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from core.contact.rules import Disposition
from core.errors import Refusal, WaitingFree, WaitingTwice
from core.people.register import register
from core.waiting import engine, view
from core.waiting.rules import State
from core.waiting.view import EntryView
from core.work import Work
from sms import agreeing, choosing, replies
from sms.grammar import Asked, Verb
from sms.places import Place, places
from sms.sender import BY, Sender
from sms.talk import Ask, Talk, Turn
from sms.texts import NUMBERS


async def begin(sender: Sender, talk: Talk, asked: Asked) -> Turn:
    """候补 with a place, or alone where a full one was just told."""
    if asked.figures is None and not asked.names:
        if talk.department_id is None:
            return Turn(replies.signed(replies.NO_WAITING_PLACE), talk, "no-place")
        full = talk if not asked.when else choosing.wished(talk, asked)
        return await _for_whom(sender, _to_wait(full))
    wish = choosing.wished(Talk(verb="wait"), asked)
    found = await places(sender, asked)
    if not found:
        return Turn(replies.signed(replies.NO_WAITING_PLACE), Talk(), "no-place")
    if len(found) == 1:
        return await _for_whom(sender, choosing.at(wish, found[0]))
    options = tuple([one.department_id, one.doctor_id, one.label] for one in found)
    return choosing.ask_place(replace(wish, ask=Ask.PLACE, options=options))


def _to_wait(talk: Talk) -> Talk:
    """Of a booking that found nothing: the same place, and the day that was full."""
    return Talk(
        verb="wait", department_id=talk.department_id, doctor_id=talk.doctor_id, person_id=talk.person_id,
        day=talk.day or talk.full, half=talk.half,
    )  # fmt: skip


async def chosen(sender: Sender, talk: Talk, option: Sequence[object] | int) -> Turn:
    """A figure named the place, or the patient."""
    if isinstance(option, int):
        return await _join(sender, replace(talk, person_id=option))
    department_id, doctor_id, label = option
    assert isinstance(department_id, int)
    assert doctor_id is None or isinstance(doctor_id, int)
    return await _for_whom(sender, choosing.at(talk, Place(department_id, doctor_id, str(label))))


async def agreed(sender: Sender, talk: Talk) -> Turn:
    """They were told that all is booked, and want to wait."""
    return await _for_whom(sender, _to_wait(talk))


async def named(sender: Sender, talk: Talk, body: str) -> Turn:
    """A patient's name from a number nobody is known by. What is no name is asked for again."""
    name = agreeing.name_in(body)
    if name is None:
        return Turn(replies.signed(replies.WRONG_NAME), talk, "asked-name")
    if not await sender.people():
        async with sender.hotline.work(BY, sender.interaction_id) as work:
            await register(work, name=name, phones=[sender.phone])
    return await _for_whom(sender, talk)


async def _for_whom(sender: Sender, talk: Talk) -> Turn:
    people = {one.id: one.name for one in await sender.people()}
    if talk.person_id not in people:
        talk = replace(talk, person_id=next(iter(people)) if len(people) == 1 else None)
    if talk.person_id is not None:
        return await _join(sender, talk)
    if not people:
        return Turn(replies.signed(replies.ASK_NAME), replace(talk, ask=Ask.NAME), "asked-name")
    reply, shown = replies.listed("为谁候补?", [f"){name}" for name in people.values()])
    talk = replace(talk, ask=Ask.WHO, options=tuple(people), first=0, shown=shown)
    return Turn(reply, talk, "asked-who")


async def _join(sender: Sender, talk: Talk) -> Turn:
    """Told where one stands; where there is a number after all, it is held instead."""
    assert talk.department_id is not None
    assert talk.person_id is not None
    day = date.fromisoformat(talk.day) if talk.day else None
    asked = engine.Join(
        talk.person_id, sender.phone, talk.department_id, talk.doctor_id, first_day=day, last_day=day,
        half=talk.half,
    )  # fmt: skip

    async def act(work: Work) -> int:
        return await engine.join(work, asked)

    try:
        entry_id = await sender.hotline.run(act, BY, sender.interaction_id)
    except WaitingTwice as there:
        before = there.facts["entry_id"]
        assert isinstance(before, int)
        entry_id = before
    except WaitingFree:
        return await choosing.sessions(sender, replace(talk, verb="book", options=(), first=0))
    except Refusal as refusal:
        return Turn(replies.refused(refusal.code), Talk(), refusal.code)
    async with sender.hotline.read() as db:
        entry = await view.load(db, entry_id)
    reply = replies.waits(**_names(entry), ahead=entry.ahead, tail="有号发短信给您。退出发“候补取消”")
    return Turn(reply, Talk(), "waits", Disposition.ENQUIRED)


# --- places there are ---------------------------------------------------------------------------------


async def mine(sender: Sender, verb: Verb) -> Turn:
    """候补查询 tells the oldest wish, 候补取消 asks which is to be given up, and for the yes."""
    entries = await _entries(sender)
    if not entries:
        return Turn(replies.signed(replies.NO_WAITING), Talk(), "waits-for-nothing", Disposition.ENQUIRED)
    talk = Talk(ask=Ask.PLACES, verb=verb.value, options=tuple(one.entry_id for one in entries))
    if verb is Verb.WAITING:
        return _told(talk, entries)
    if len(entries) == 1:
        return _ask_leave(talk, entries[0])
    labels = [f"){one.person}{one.doctor or one.department}" for one in entries]
    reply, shown = replies.listed("退出哪个候补?", labels)
    return Turn(reply, replace(talk, shown=shown), "asked-place")


async def answer(sender: Sender, talk: Talk, asked: Asked) -> Turn | None:
    """What a figure, a yes or a no does to what was told of the list."""
    figure = asked.choice if asked.verb is Verb.CHOOSE else None
    if talk.ask is Ask.LEAVE:
        assert talk.about is not None
        if figure == 1 or asked.verb is Verb.YES:
            return await _leave(sender, talk.about)
        no = figure == 0 or asked.verb is Verb.NO
        return Turn(replies.signed(replies.STILL_WAITING), Talk(), "kept", Disposition.KEPT) if no else None
    entries = [one for one in await _entries(sender) if one.entry_id in talk.options]
    if not entries:
        return Turn(replies.signed(replies.NO_WAITING), Talk(), "waits-for-nothing", Disposition.ENQUIRED)
    if talk.verb == Verb.UNWAIT:
        key = talk.chosen(figure)
        meant = [one for one in entries if one.entry_id == key]
        return _ask_leave(talk, meant[0]) if meant else None
    if figure == 0 or asked.verb is Verb.MORE:
        return _told(talk.turned(), entries)
    entry = entries[min(talk.first, len(entries) - 1)]
    if figure == 1:
        return _ask_leave(talk, entry)
    return await _resume(sender, entry) if figure == 2 and entry.state is State.PAUSED else None


async def _entries(sender: Sender) -> list[EntryView]:
    """What is waited for with this number to be told, or by somebody known by it; the oldest wish first."""
    people = [one.id for one in await sender.people()]
    async with sender.hotline.read() as db:
        found = {one.entry_id: one for one in await view.by_phone(db, sender.phone_print)}
        found |= {one.entry_id: one for one in await view.by_people(db, people)}
    return sorted(found.values(), key=lambda one: (one.since, one.entry_id))


def _told(talk: Talk, entries: Sequence[EntryView]) -> Turn:
    entry = entries[min(talk.first, len(entries) - 1)]
    tail = "退出回1" + (",继续候补回2" if entry.state is State.PAUSED else "")
    more = ",下一个回0" if len(entries) > 1 else ""
    reply = replies.waits(**_names(entry), ahead=entry.ahead, tail=f"{tail}{more}")
    return Turn(reply, replace(talk, shown=1), "told-waiting")


def _names(entry: EntryView) -> dict[str, str]:
    first, last = entry.first_day, entry.last_day
    days = f"{first.month}/{first.day}" + (f"-{last.month}/{last.day}" if last != first else "")
    return {
        "person": entry.person,
        "hospital": entry.hospital_short,
        "department": entry.department,
        "doctor": entry.doctor or NUMBERS.get(entry.number_kind or "", ""),
        "days": f"{days}{replies.HALVES.get(entry.half or '', '')}",
    }


def _ask_leave(talk: Talk, entry: EntryView) -> Turn:
    reply = replies.confirm_unwait(**_names(entry))
    return Turn(reply, Talk(ask=Ask.LEAVE, verb=talk.verb, about=entry.entry_id), "asked-leave-list")


async def _leave(sender: Sender, entry_id: int) -> Turn:
    async with sender.hotline.work(BY, sender.interaction_id) as work:
        await engine.leave(work, entry_id)
    return Turn(replies.signed(replies.WAITS_NO_MORE), Talk(), "left-the-list", Disposition.CANCELLED)


async def _resume(sender: Sender, entry: EntryView) -> Turn:
    async with sender.hotline.work(BY, sender.interaction_id) as work:
        await engine.resume(work, entry.entry_id)
    return Turn(replies.signed(replies.STILL_WAITING), Talk(), "waits", Disposition.KEPT)
