"""A day of the invented call centre, hour by hour up to now, lived through the engine's own functions."""

import heapq
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy import select

from core.booking.commands import Book, Hold
from core.booking.store import PlainStore
from core.contact import agents, engine, matters, queueing, stays
from core.contact.agent_rules import AgentState
from core.contact.agent_tables import AgentSkill, Skill
from core.contact.distribution import Free, Offer, QueueClass, Waiting, assign
from core.contact.rules import Disposition
from core.errors import Refusal
from core.people.tables import Person, PersonPhone
from core.schedule.tables import Session, Slot
from core.schedule.view import sellable_now
from core.staff.engine import create_staff, give_role
from core.staff.tables import Role
from core.values import Actor, ActorKind, Channel, Phone, local, system
from core.work import Hotline, Work
from hotline.demo_people import Then
from hotline.demo_words import GIVEN, SURNAMES

SWITCH = Actor(ActorKind.SYSTEM, "switch", Channel.PHONE)
SKILLS = {"complaint": "投诉建议", "cantonese": "粤语", "children": "儿童专线"}
# Calls an hour for each ten operators, by the hour of the day; the morning's release makes the peak.
RATES = (8, 6, 4, 4, 6, 15, 45, 110, 158, 150, 135, 95, 70, 80, 120, 125, 110, 75, 50, 38, 26, 18, 12, 9)
OTHER_ENDS = (
    ("enquired", "schedule", 30),
    ("enquired", "appointment", 22),
    ("advice", "where", 16),
    ("advice", "visit", 10),
    ("full", "declined", 8),
    ("leave", "waiting", 4),
    ("complaint", "suggestion", 2),
    ("hospital", "solved", 3),
    ("off-topic", "wrong", 5),
)
PAUSES = ("rest", "rest", "rest", "training", "callbacks", "meeting", "meal")
RINGS_S, TALKS_S, WRAPS_S, MENU_S, PATIENCE_S = (2, 5), (90, 340), (6, 35), (12, 50), (20, 150)
# So long before everybody goes home no call comes any more: the last ones are talked to the end.
LAST_CALL = timedelta(minutes=9)
# Who worked in the demo house before it was opened, and for how long.
OPERATORS, WORKED = 6, timedelta(minutes=100)


@dataclass(frozen=True)
class Patient:
    person_id: int
    phone: str


@dataclass
class Floor:
    """operators: how many work. begins: when the first call came. goes_on: at the end calls are left
    ringing, waiting and talking, as on a photograph; else everybody is done and has gone home."""

    hotline: Hotline
    dice: random.Random
    operators: int
    begins: datetime
    goes_on: bool = False

    def __post_init__(self) -> None:
        self._until = self.hotline.clock.now()
        self._now = self.begins
        self._order = count()
        self._agenda: list[tuple[datetime, int, Callable[[], Awaitable[None]]]] = []
        self._waiting: dict[int, Waiting] = {}
        self._free: dict[int, Free] = {}
        self._skills: dict[int, frozenset[str]] = {}
        self._patients: Sequence[Patient] = ()
        self._callers: dict[int, Patient] = {}
        self._sessions: list[tuple[int, int]] = []
        self.calls = 0

    async def live(self) -> int:
        """Go through the time up to now; returns how many calls there were."""
        await self._prepare()
        self._draw_calls()
        while self._agenda and (self._agenda[0][0] <= self._until or not self.goes_on):
            at, _, act = heapq.heappop(self._agenda)
            self._now = min(at, self._until)
            await act()
        self._now = self._until
        if not self.goes_on:
            await self._go_home()
        return self.calls

    # --- before --------------------------------------------------------------------------------

    async def _prepare(self) -> None:
        async with self._work(system("demo")) as work:
            known = set(await work.db.scalars(select(Skill.code)))
            work.db.add_all(
                Skill(code=code, label=label) for code, label in SKILLS.items() if code not in known
            )
            role = await work.db.scalar(select(Role.id).where(Role.name == "话务员"))
            for place in range(self.operators):
                number = str(8101 + place)
                staff = await create_staff(work, login=number, name=self._name(), number=number)
                if role is not None:
                    await give_role(work, staff, role)
                mine = self.dice.sample(list(SKILLS), k=self.dice.choice((0, 0, 1, 1, 2)))
                work.db.add_all(AgentSkill(staff_id=staff, skill=skill) for skill in mine)
                self._skills[staff] = frozenset(mine)
                self._at(
                    self.begins + timedelta(seconds=self.dice.randint(0, 900)), self._come(staff, number)
                )
            rows = await work.db.execute(
                select(Person.id, PersonPhone.phone_sealed)
                .join(PersonPhone, PersonPhone.person_id == Person.id)
                .where(Person.birth_date.is_not(None))
                .limit(400)
            )
            self._patients = [
                Patient(row[0], work.sealer.open(row[1], "phone")) for row in rows.all() if row[1]
            ]
            open_now = (
                select(Session.id, Session.department_id)
                .join(Slot, Slot.session_id == Session.id)
                .where(*sellable_now(Channel.PHONE, self._until), Session.number_kind == "ordinary")
                .group_by(Session.id)
                .limit(400)
            )
            self._sessions = [(row[0], row[1]) for row in await work.db.execute(open_now)]

    def _name(self) -> str:
        surname = self.dice.choices(list(SURNAMES), list(SURNAMES.values()))[0]
        return surname + "".join(self.dice.choices(GIVEN["female"], k=self.dice.choice((1, 2))))

    def _draw_calls(self) -> None:
        at, last = self.begins, self._until - (timedelta() if self.goes_on else LAST_CALL)
        while at < last:
            rate = RATES[local(at).hour] * self.operators / 10 / 3600
            at += timedelta(seconds=self.dice.expovariate(rate))
            if at < last:
                self._at(at, self._ring())

    # --- callers -------------------------------------------------------------------------------

    def _ring(self) -> Callable[[], Awaitable[None]]:
        async def ring() -> None:
            self.calls += 1
            caller = self.dice.choice(self._patients) if self._patients else None
            async with self._work() as work:
                opened = await engine.open_interaction(
                    work, linked_id=f"demo-{work.chance.token()}", dnis="12320",
                    ani=caller.phone if caller else f"1073{self.calls:07}",
                )  # fmt: skip
                if caller:
                    self._callers[opened.interaction_id] = caller
            self._in(MENU_S, self._leave_menu(opened.interaction_id))

        return ring

    def _leave_menu(self, call: int) -> Callable[[], Awaitable[None]]:
        async def leave() -> None:
            drawn = self.dice.random()
            if drawn < 0.14:
                ends = Disposition.ABANDONED_MENU if drawn < 0.07 else Disposition.ENQUIRED
                async with self._work() as work:
                    await engine.close(work, call, ends)
                return
            skill = self.dice.choices((None, *SKILLS), (80, 6, 8, 6))[0]
            klass = self.dice.choices(list(QueueClass)[1:], (1, 3, 12, 84))[0]
            department = self.dice.choice(self._sessions)[1] if self._sessions else None
            async with self._work() as work:
                await queueing.enter(work, call, klass=klass, skill=skill, department_id=department)
            self._waiting[call] = Waiting(call, klass, self._now, skill)
            self._in(PATIENCE_S, self._give_up(call))
            await self._distribute()

        return leave

    def _give_up(self, call: int) -> Callable[[], Awaitable[None]]:
        async def give_up() -> None:
            if self._waiting.pop(call, None) is None:
                return
            how = self.dice.choices(("abandoned", "callback"), (4, 1))[0]
            async with self._work() as work:
                await queueing.ended(work, call, how)
                if how == "callback":
                    caller = self._callers.get(call)
                    await engine.promise_callback(
                        work, call, number=Phone(caller.phone) if caller else None, person_id=None,
                        due=self._now + timedelta(minutes=self.dice.choice((20, 60, 120))),
                    )  # fmt: skip
                    await engine.close(work, call, Disposition.MESSAGE)
                else:
                    await engine.close(work, call, Disposition.ABANDONED_QUEUE)

        return give_up

    # --- operators -----------------------------------------------------------------------------

    def _come(self, staff: int, number: str) -> Callable[[], Awaitable[None]]:
        async def come() -> None:
            async with self._work() as work:
                await agents.sign_in(work, staff, extension=number, device="phone")
            await self._ready(staff)

        return come

    async def _ready(self, staff: int) -> None:
        async with self._work() as work:
            await agents.be_ready(work, staff)
        self._free[staff] = Free(staff, self._skills[staff], self._now)
        await self._distribute()

    async def _distribute(self) -> None:
        skilled = frozenset(skill for mine in self._skills.values() for skill in mine)
        for offer in assign(
            list(self._waiting.values()), list(self._free.values()), self._now, skilled=skilled
        ):
            async with self._work() as work:
                await queueing.offer(work, offer)
            del self._waiting[offer.interaction_id], self._free[offer.staff_id]
            self._in(RINGS_S, self._answer(offer))

    def _answer(self, offer: Offer) -> Callable[[], Awaitable[None]]:
        call, staff = offer.interaction_id, offer.staff_id

        async def answer() -> None:
            async with self._work() as work:
                await queueing.connected(work, call, staff)
                await stays.entered(work, call, f"c{call}", "caller")
                await stays.entered(work, call, f"a{call}", "agent", staff)
            if self.dice.random() < 0.12:
                self._in((20, 60), self._hold(call, staff))
            else:
                self._in(TALKS_S, self._finish(call, staff))

        return answer

    def _hold(self, call: int, staff: int) -> Callable[[], Awaitable[None]]:
        async def hold() -> None:
            async with self._work() as work:
                await queueing.within(work, staff, AgentState.HOLDING)
                await stays.left(work, f"a{call}")
            self._in((10, 50), retrieve)

        async def retrieve() -> None:
            async with self._work() as work:
                await queueing.within(work, staff, AgentState.TALKING)
                await stays.entered(work, call, f"a{call}", "agent", staff)
            self._in(TALKS_S, self._finish(call, staff))

        return hold

    def _finish(self, call: int, staff: int) -> Callable[[], Awaitable[None]]:
        async def finish() -> None:
            said = await self._book(call, staff)
            async with self._work() as work:
                for leg in (f"a{call}", f"c{call}"):
                    await stays.left(work, leg)
                await queueing.released(work, staff, call)
                await engine.close(work, call, Disposition.ANSWERED)
            self._in(WRAPS_S, self._tidy(staff, said))

        return finish

    async def _book(self, call: int, staff: int) -> tuple[str, str]:
        """Book what is open for who calls; returns the disposition."""
        caller = self._callers.get(call)
        if caller is not None and self._sessions and self.dice.random() < 0.45:
            by = Actor(ActorKind.STAFF, "demo", Channel.PHONE, staff, frozenset({"book"}))
            store = PlainStore(self._then())
            session, _ = self.dice.choice(self._sessions)
            try:
                held = await store.submit(
                    Hold(session_id=session, owner=f"demo:{call}", person_id=caller.person_id), by, call
                )
                book = Book(hold_id=held.hold_id, person_id=caller.person_id, contact=Phone(caller.phone))
                await store.submit(book, by, call)
            except Refusal:
                return ("full", "declined")
            return ("booked", "new")
        first, second, _ = self.dice.choices(OTHER_ENDS, [end[2] for end in OTHER_ENDS])[0]
        return (first, second)

    def _tidy(self, staff: int, said: tuple[str, str]) -> Callable[[], Awaitable[None]]:
        async def tidy() -> None:
            async with self._work() as work:
                for one in await matters.unfinished(work.db, staff):
                    await matters.dispose(work, one.matter_id, *said)
            if self.dice.random() < 0.04:
                async with self._work() as work:
                    await agents.pause(work, staff, self.dice.choice(PAUSES))
                self._in((120, 900), lambda: self._ready(staff))
            else:
                await self._ready(staff)

        return tidy

    async def _go_home(self) -> None:
        async with self._work() as work:
            for one in await agents.signed_in(work.db):
                if one.staff_id in self._skills:
                    await agents.sign_out(work, one.staff_id)

    # --- time ----------------------------------------------------------------------------------

    def _at(self, at: datetime, act: Callable[[], Awaitable[None]]) -> None:
        heapq.heappush(self._agenda, (at, next(self._order), act))

    def _in(self, seconds: tuple[int, int], act: Callable[[], Awaitable[None]]) -> None:
        self._at(self._now + timedelta(seconds=self.dice.triangular(*seconds, sum(seconds) / 3)), act)

    def _then(self) -> Hotline:
        return replace(self.hotline, clock=Then(self._now))

    def _work(self, by: Actor = SWITCH) -> AbstractAsyncContextManager[Work]:
        """A unit of work at the moment of the story."""
        return self._then().work(by)
