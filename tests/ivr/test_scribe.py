"""What becomes known of many calls is written in one unit of work, and is what each alone would have left."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core import journal
from core.booking import call_notes, draft
from core.booking.call_notes import CallEnd, DraftNote, Note
from core.booking.commands import Hold as Wanted
from core.booking.draft_view import opened
from core.booking.tables import Draft
from core.contact import engine as contact
from core.contact.engine import Arrival
from core.contact.rules import Disposition
from core.contact.tables import Interaction
from core.schedule.tables import Hold
from core.values import Actor, ActorKind, Channel
from core.work import Hotline
from ivr.scribe import IVR, Scribe
from tests.builders import Clinic, clinic

GRACE = timedelta(minutes=10)
AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
CALLER = Actor(ActorKind.PATIENT, "ivr", Channel.PHONE)
GONE, BOOKED = CallEnd(Disposition.ABANDONED_MENU, GRACE), CallEnd(Disposition.BOOKED, GRACE)


def said(**more: Any) -> Note:
    return Note(0, steps=({"said": ["greeting"]},), times=(AT,), **more)


def chose(*, hold: str | None = None, stage: str = "hospital", **changes: Any) -> Note:
    return said(stage=stage, drafts=(DraftNote(changes, hold),))


def did(appointment: int | None, **more: Any) -> Note:
    return said(stage="booked", drafts=(DraftNote({}, None, (appointment,)),), **more)


class Stories:
    """Calls as the menu tells of them. Each has a number and slots of its own; they name them by letters."""

    def __init__(self, made: Clinic, session: int, person: int, appointments: Sequence[int]) -> None:
        self.made, self.session, self.person, self.appointments = made, session, person, list(appointments)
        self.holds: dict[str, str] = {}

    async def calls(self) -> list[list[Note]]:
        first = chose(verb="book", person_id=self.person, contact_phone="10712345678")
        known = said(known=(self.person, "tail"), stage="identify")
        a, b = await self._hold("a"), await self._hold("b")
        late, given = await self._hold("late"), await self._hold("given")
        return [
            [said(stage="main", end=GONE)],
            [first, known, said(end=GONE)],
            [first, chose(hospital_id=1), chose(hold=a, stage="held", session_id=7), said(end=GONE)],
            [first, chose(hold=b, stage="held"), did(self.appointments.pop()), said(end=BOOKED)],
            [first, did(self.appointments.pop(), end=BOOKED)],
            [first, chose(hold=late, stage="held"), did(None), chose(verb="cancel"), did(None, end=GONE)],
            [first, chose(hold=given, stage="held"), chose(hold=None, session_id=None), said(end=GONE)],
            [chose(verb="cancel"), did(self.appointments.pop()), said(end=BOOKED)],
            [said(), said(known=(self.person, "serial"))],
        ]

    async def _hold(self, name: str) -> str:
        held = await self.made.store.submit(Wanted(self.session, f"call:{name}{len(self.holds)}"), CALLER)
        self.holds[name] = held.hold_id
        return held.hold_id


async def stories(hotline: Hotline) -> Stories:
    made = await clinic(hotline)
    person = await made.person("李秀英", phone="10712345678")
    session = await made.session(slots=30)
    others = [await made.person(f"客{number}") for number in range(6)]
    booked = [await made.book(session, who, phone=f"1079999000{who % 10}") for who in others]
    return Stories(made, session, person, [one.appointment_id for one in booked])


async def arrived(hotline: Hotline, calls: list[list[Note]], which: str) -> list[list[Note]]:
    """The same stories, told of calls that there are."""
    found = []
    for place, notes in enumerate(calls):
        number = f"1060000{place:02d}{ord(which):02d}"
        async with hotline.work(IVR) as work:
            call = await contact.open_interaction(
                work, linked_id=f"{which}{place}", dnis="12320", ani=number[:11]
            )
        mark = hotline.sealer.fingerprint(number, "phone")
        found.append(
            [
                Note(
                    call.interaction_id, mark, one.steps, one.times, one.known, one.stage, one.drafts, one.end
                )
                for one in notes
            ]
        )
    return found


async def left(hotline: Hotline, calls: list[list[Note]]) -> list[Any]:
    """What each call has left behind, without ids."""
    async with hotline.read() as db:
        entries = await journal.entries(db, journal.START)
        found = []
        for notes in calls:
            call = notes[0].interaction_id
            row = await db.get_one(Interaction, call)
            query = select(Draft).where(Draft.interaction_id == call).order_by(Draft.id)
            drafts = [
                (
                    (one.state, one.place, one.person_id, one.appointment_id is None),
                    (opened(hotline.sealer, one), one.closed_at, one.left_until, await held_by(db, one)),
                )
                for one in (await db.execute(query)).scalars()
            ]
            mine = [one.event for one in entries if one.interaction_id == call]
            steps = [line for event in mine for line in getattr(event, "steps", ())]
            kinds = Counter(event.kind for event in mine if event.kind != "interaction.steps")
            contact_row = (row.state, row.disposition, row.reached, row.person_id, row.closed_at)
            found.append((contact_row, drafts, steps, kinds))
    return found


async def held_by(db: AsyncSession, one: Draft) -> str | None:
    """How the hold of a draft stands; None: it has none."""
    return await db.scalar(select(Hold.state).where(Hold.id == one.hold_id))


async def as_alone(hotline: Hotline, told: Stories, together: list[list[Note]]) -> None:
    """The same stories, each note by itself, leave the same."""
    alone = await arrived(hotline, await told.calls(), "a")
    for notes in alone:
        for note in notes:
            async with hotline.work(IVR, note.interaction_id) as work:
                await call_notes.alone(work, note)
    assert await left(hotline, together) == await left(hotline, alone)


@pytest.mark.req("R-088")
async def test_written_together_calls_leave_what_each_alone_would(hotline: Hotline) -> None:
    told = await stories(hotline)
    together = await arrived(hotline, await told.calls(), "t")
    scribe = Scribe(hotline)
    for turn in range(max(map(len, together))):
        for notes in together:
            if turn < len(notes):
                scribe.put(notes[turn])
        await scribe.stop()
    await as_alone(hotline, told, together)


async def test_notes_that_lay_for_a_while_leave_the_same(hotline: Hotline) -> None:
    told = await stories(hotline)
    together = await arrived(hotline, await told.calls(), "t")
    scribe = Scribe(hotline)
    for notes in together:
        for note in notes:
            scribe.put(note)
    await scribe.stop()
    await as_alone(hotline, told, together)


async def test_calls_that_come_together_are_opened_and_noted_in_one_unit_each(hotline: Hotline) -> None:
    scribe, commits = Scribe(hotline), list[int]()
    hotline.committed = lambda: commits.append(1)
    made = await asyncio.gather(*(scribe.open(Arrival(f"c{one}", "12320", None)) for one in range(8)))
    assert len({one.interaction_id for one in made}) == 8
    assert len(commits) == 1
    for one in made:
        scribe.put(Note(one.interaction_id, steps=({"keys": "1"},), times=(AT,), stage="main"))
    await scribe.stop()
    assert len(commits) == 2


async def test_many_notes_are_written_in_parts_and_those_that_end_a_call_first(
    hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.scribe.AT_ONCE", 2)
    scribe, units = Scribe(hotline), list[set[int]]()
    made = await asyncio.gather(*(scribe.open(Arrival(f"c{one}", "12320", None)) for one in range(5)))
    calls = [one.interaction_id for one in made]
    hotline.listeners.append(lambda events: units.append({one.interaction_id for one in events}))  # type: ignore[attr-defined]
    for call in calls:
        scribe.put(Note(call, steps=({"keys": "1"},), times=(AT,), end=GONE if call in calls[3:] else None))
    await scribe.stop()
    assert units == [set(calls[3:]), set(calls[:2]), {calls[2]}]


async def test_the_same_call_opened_twice_at_once_is_one(hotline: Hotline) -> None:
    scribe, same = Scribe(hotline), Arrival("c1", "12320", "10712345678")
    first, again = await asyncio.gather(scribe.open(same), scribe.open(same))
    later = await scribe.open(same)
    assert first.interaction_id == again.interaction_id == later.interaction_id
    assert (first.new, later.new) == (True, False)


async def test_a_draft_that_a_desk_went_on_with_is_not_written_over(hotline: Hotline) -> None:
    told = await stories(hotline)
    ((note,),) = await arrived(hotline, [[chose(verb="book", hospital_id=1)]], "t")
    scribe = Scribe(hotline)
    scribe.put(note)
    await scribe.settled(note.interaction_id)
    async with hotline.work(CALLER) as work:
        seen = await draft.open_draft(work, interaction_id=note.interaction_id)
        await draft.save(work, seen.draft_id, version=seen.version, changes={"name": "李秀英"})
    later = DraftNote({"person_id": told.person}, None)
    scribe.put(Note(note.interaction_id, note.ani_print, stage="identify", drafts=(later,)))
    await scribe.settled(note.interaction_id)
    async with hotline.read() as db:
        (row,) = (
            await db.execute(select(Draft).where(Draft.interaction_id == note.interaction_id))
        ).scalars()
        fields = opened(hotline.sealer, row)
    assert (fields["name"], fields["hospital_id"], fields["person_id"]) == ("李秀英", 1, told.person)
