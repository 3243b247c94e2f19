"""Two hundred cancel while four hundred wait: nothing lies idle, nobody is passed over, nobody has two at once.

Several timers run side by side and some are killed before they commit; patients accept, refuse, stay silent
or give their place up; strangers on the web try to buy. What happened is then audited from the tables and
the journal alone.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

import pytest
from sqlalchemy import insert, select, update

from core.booking.cancel import cancel
from core.booking.commands import Book, Cancel, Hold
from core.booking.rules import LIVE
from core.booking.tables import Appointment
from core.errors import OfferGone, Refusal
from core.journal import JournalRow
from core.offers import engine as offers
from core.offers.rules import State as OfferState
from core.offers.tables import Offer
from core.people.tables import Person
from core.schedule.facts import SlotFacts
from core.schedule.freed import await_slots
from core.schedule.tables import FreedSlot, Session, Slot
from core.schedule.tables import Hold as HoldRow
from core.schedule.view import slot_facts
from core.values import Phone
from core.waiting import engine, offering, settling
from core.waiting.rules import State, Want
from core.waiting.tables import WaitingEntry
from core.work import Hotline, Work
from tests.builders import CALLER, SEED, SURFER, VISIT, Clinic
from tests.builders import clinic as open_clinic
from tests.clocks import FrozenClock

SLOTS, WAITING = 200, 400
STEP = timedelta(seconds=60)
RULE = timedelta(minutes=10)  # waiting.first-minutes
WORKERS = 2


class Killed(Exception):
    """A process that ended before its transaction did."""


@dataclass
class Storm:
    clinic: Clinic
    clock: FrozenClock
    dice: random.Random = field(default_factory=lambda: random.Random(20261123))
    sessions: list[int] = field(default_factory=list)
    booked: list[int] = field(default_factory=list)
    minds: dict[int, tuple[str, datetime]] = field(default_factory=dict)  # offer → answer, when

    @property
    def hotline(self) -> Hotline:
        return self.clinic.hotline

    async def prepare(self) -> None:
        await self.clinic.rule("waiting.answer-minutes", "5")
        people = await self._people(SLOTS + WAITING)
        for day in range(5):
            for half, post in (("am", "chen"), ("pm", "chen"), ("am", "wu"), ("pm", "wu")):
                self.sessions.append(
                    await self.clinic.session(post, day=VISIT + timedelta(days=day), half=half, slots=10)
                )
        async with self.hotline.work(SEED) as work:
            await self._sell_out(work, people[:SLOTS])
            await self._stand(work, people[SLOTS:])
        self.dice.shuffle(self.booked)

    async def _people(self, number: int) -> list[int]:
        rows = [
            {"name": f"某人{n}", "pinyin": "mou", "initials": "m", "sex": "female",
             "created_at": self.clock.now()}
            for n in range(number)
        ]  # fmt: skip
        async with self.hotline.work(SEED) as work:
            made = await work.db.execute(insert(Person).returning(Person.id), rows)
            return sorted(made.scalars())

    async def _sell_out(self, work: Work, people: list[int]) -> None:
        """Every slot booked, as if one by one."""
        query = select(Slot, Session).join(Session).where(Session.id.in_(self.sessions)).order_by(Slot.id)
        rows = (await work.db.execute(query)).all()
        visits = [
            Appointment(
                serial=f"{number:08d}", slot_id=slot.id, session_id=session.id,
                hospital_id=session.hospital_id, department_id=session.department_id,
                doctor_id=session.doctor_id, person_id=person, contact_print="", contact_sealed=b"",
                channel="phone", day=session.day, starts_at=session.starts_at, ends_at=session.ends_at,
                sequence=slot.sequence, number_kind=session.number_kind, fee_fen=session.fee_fen,
                pay_mode="at-hospital", state="booked", fhir="booked", booked_at=work.now,
            )
            for number, ((slot, session), person) in enumerate(zip(rows, people, strict=True))
        ]  # fmt: skip
        work.db.add_all(visits)
        await work.db.execute(update(Slot).values(state="booked", fhir="busy"))
        await work.db.flush()
        self.booked = [one.id for one in visits]

    async def _stand(self, work: Work, people: list[int]) -> None:
        """Everybody in line, one second after the other."""
        doctors = [None, *(self.clinic.doctors[one] for one in ("chen", "wu"))]
        for number, person in enumerate(people):
            first = VISIT + timedelta(days=self.dice.randrange(5))
            last = first + timedelta(days=self.dice.randrange(3))
            want = Want(
                self.clinic.department_id, self.dice.choice(doctors), None, first, last,
                self.dice.choice([None, "am", "pm"]),
            )  # fmt: skip
            since = work.now - timedelta(seconds=len(people) - number)
            work.db.add(
                WaitingEntry(
                    state="waiting", person_id=person, phone_print=f"p{person}",
                    phone_sealed=work.sealer.seal(f"107{person:08d}", "phone"),
                    channel=self.dice.choice(["web", "phone"]), hospital_id=self.clinic.hospital_id,
                    **vars(want), want=want.name, joined_at=since, since=since,
                )
            )  # fmt: skip
        for doctor in doctors:
            await await_slots(work, self.clinic.department_id, doctor, VISIT + timedelta(days=7))

    # --- what happens in a minute

    async def minute(self) -> None:
        self.clock.advance(seconds=STEP.total_seconds())
        for _ in range(min(20, len(self.booked))):
            async with self.hotline.work(CALLER) as work:
                await cancel(work, Cancel(self.booked.pop()))
            if self.dice.random() < 0.3:
                await self._shop()
        await asyncio.gather(*(self._timers() for _ in range(WORKERS)), self._patients())

    async def _timers(self) -> None:
        for job in (offers.lapse_due, settling.settle, offering.offer_next):
            while True:
                kill = self.dice.random() < 0.03
                try:
                    settled = await self.hotline.run(partial(self._run, job, kill), SEED)
                except Killed:
                    continue
                if not settled:
                    break

    async def _run(self, job: Callable[[Work], Awaitable[int]], kill: bool, work: Work) -> int:
        settled = await job(work)
        if kill:
            raise Killed
        return settled

    async def _patients(self) -> None:
        async with self.hotline.read() as db:
            query = select(Offer.id, Offer.source_id).where(Offer.state == OfferState.OPEN)
            standing = (await db.execute(query.order_by(Offer.id))).all()
        for offer_id, entry_id in standing:
            if offer_id not in self.minds:
                mind = self.dice.choices(["yes", "no", "silent", "leaves"], [75, 10, 12, 3])[0]
                self.minds[offer_id] = (mind, self.clock.now() + STEP * self.dice.randrange(5))
            mind, when = self.minds[offer_id]
            if self.clock.now() >= when and mind != "silent":
                await self._answer(offer_id, entry_id, mind)

    async def _answer(self, offer_id: int, entry_id: int, mind: str) -> None:
        async def act(work: Work) -> None:
            if mind == "yes":
                await offers.accept(work, offer_id)
            elif mind == "no":
                await offers.refuse(work, offer_id)
            else:
                await engine.leave(work, entry_id)

        with suppress(OfferGone):
            await self.hotline.run(act, SURFER)

    async def _shop(self) -> None:
        """A stranger buys whatever is on sale."""
        session = self.dice.choice(self.sessions)
        try:
            held = await self.clinic.store.submit(Hold(session, "web:stranger"), SURFER)
        except Refusal:
            return
        person = (await self._people(1))[0]
        await self.clinic.store.submit(Book(held.hold_id, person, Phone(f"106{person:08d}")), SURFER)

    async def still(self) -> bool:
        async with self.hotline.read() as db:
            offer = (await db.execute(select(Offer.id).where(Offer.state == OfferState.OPEN))).first()
            word = (await db.execute(select(FreedSlot.slot_id))).first()
        return not self.booked and offer is None and word is None


# --- the audit ----------------------------------------------------------------------------------------


@dataclass
class Books:
    """Everything that was written down."""

    entries: dict[int, WaitingEntry]
    offers: list[Offer]
    journal: list[JournalRow]
    slots: dict[int, Slot]
    visits: list[Appointment]
    holds: list[HoldRow]
    facts: dict[int, SlotFacts]

    def ended(self) -> dict[int, datetime]:
        """When each entry stopped waiting: served, left or paused."""
        ends = ("waiting.served", "waiting.left", "waiting.paused")
        return {row.body["entry_id"]: row.at for row in reversed(self.journal) if row.kind in ends}


async def books(storm: Storm) -> Books:
    async with storm.hotline.read() as db:
        facts = {}
        for session in storm.sessions:
            found = await slot_facts(db, session_id=session)
            assert found is not None
            facts[session] = found[0]
        return Books(
            {one.id: one for one in (await db.execute(select(WaitingEntry))).scalars()},
            list((await db.execute(select(Offer).order_by(Offer.id))).scalars()),
            list((await db.execute(select(JournalRow).order_by(JournalRow.id))).scalars()),
            {one.id: one for one in (await db.execute(select(Slot))).scalars()},
            list((await db.execute(select(Appointment))).scalars()),
            list((await db.execute(select(HoldRow))).scalars()),
            facts,
        )


def nothing_lies_idle(kept: Books) -> int:
    """From each freeing to the next offer or to sale no more than the rule; returns how many freeings."""
    freed = [(one.slot_id, one.ended_at) for one in kept.visits if one.state == "cancelled"]
    freed += [(one.slot_id, one.ended_at) for one in kept.offers if one.state not in ("accepted", "open")]
    then: dict[int, list[datetime]] = defaultdict(list)
    for row in kept.journal:
        if row.kind in ("waiting.offered", "waiting.passed"):
            then[row.body["slot_id"]].append(row.at)
    for slot_id, at in freed:
        assert at is not None
        after = [moment for moment in then[slot_id] if moment >= at]
        assert after, f"slot {slot_id} was freed and nobody looked"
        assert min(after) - at <= RULE
    return len(freed)


def the_order_is_fair(kept: Books) -> None:
    """Whoever stood before, whom the slot fitted, could not take it at that moment."""
    ended, wants = kept.ended(), {one.id: _want(one) for one in kept.entries.values()}
    by_person: dict[int, list[Offer]] = defaultdict(list)
    for one in kept.offers:
        by_person[one.person_id].append(one)
    for row in kept.journal:
        if row.kind not in ("waiting.offered", "waiting.passed"):
            continue
        slot = kept.facts[row.body["session_id"]]
        whose = kept.entries.get(row.body.get("entry_id", 0))
        for other in kept.entries.values():
            before = whose is None or (other.since, other.id) < (whose.since, whose.id)
            if not before or not wants[other.id].fits(slot):
                continue
            over = ended.get(other.id)
            if over is not None and over <= row.at:
                continue
            assert any(_in_the_way(one, row) for one in by_person[other.person_id]), (
                f"entry {other.id} was passed over by {row.kind} {row.body}"
            )


def _want(entry: WaitingEntry) -> Want:
    return Want(
        entry.department_id, entry.doctor_id, entry.number_kind, entry.first_day, entry.last_day, entry.half
    )


def _in_the_way(one: Offer, row: JournalRow) -> bool:
    """An offer that kept somebody from this slot: open just then, of this slot before, or refused in it."""
    assert one.ended_at is not None
    if one.made_at > row.at:
        return False
    return (
        one.ended_at >= row.at
        or one.slot_id == row.body["slot_id"]
        or (one.state == "refused" and one.session_id == row.body["session_id"])
    )


def nobody_has_two_at_once(kept: Books) -> None:
    by_person: dict[int, list[Offer]] = defaultdict(list)
    for one in kept.offers:
        by_person[one.person_id].append(one)
    for made in by_person.values():
        made.sort(key=lambda one: (one.made_at, one.id))
        for before, after in pairwise(made):
            assert before.ended_at is not None
            assert before.ended_at <= after.made_at


def every_slot_is_had_once(kept: Books) -> None:
    live = [one.slot_id for one in kept.visits if one.state in LIVE]
    assert len(live) == len(set(live))
    for slot in kept.slots.values():
        assert (slot.state == "booked") is (slot.id in live)
        assert slot.state in ("booked", "free")
    assert all(one.state != "live" for one in kept.holds)
    accepted = {one.made_id for one in kept.offers if one.state == "accepted"}
    served = {one.served_by for one in kept.entries.values() if one.state == State.SERVED}
    left = {one.offer_id for one in kept.entries.values() if one.state == State.LEFT}
    # A patient's two answers may cross: they leave the list in the moment in which they accept.
    assert accepted == served | {one.made_id for one in kept.offers if one.id in left and one.made_id}
    # Whoever came by no offer found it on sale: it had been passed to everybody before.
    passed = {row.body["slot_id"] for row in kept.journal if row.kind == "waiting.passed"}
    strangers = [one for one in kept.visits if one.state in LIVE and one.id not in accepted]
    assert {one.slot_id for one in strangers} <= passed


@pytest.mark.req("I-009")
async def test_a_storm_of_cancellations_fills_the_waiting_list(hotline: Hotline, clock: FrozenClock) -> None:
    storm = Storm(await open_clinic(hotline), clock)
    await storm.prepare()
    for _ in range(240):
        await storm.minute()
        if await storm.still():
            break
    assert await storm.still()
    await storm.minute()  # the last answers are taken note of
    kept = await books(storm)
    assert nothing_lies_idle(kept) >= SLOTS
    the_order_is_fair(kept)
    nobody_has_two_at_once(kept)
    every_slot_is_had_once(kept)
    assert sum(one.state == "accepted" for one in kept.offers) > SLOTS // 2
