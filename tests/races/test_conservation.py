"""Whatever is done in whatever order, slots are conserved and no appointment is lost."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from core.booking.cancel import expire_due
from core.booking.commands import Book, Cancel, Change, Hold
from core.booking.hold import lapse_due, release
from core.booking.rules import LIVE, State
from core.booking.stopping import resume, stop
from core.booking.tables import Appointment
from core.booking.visit import attend, check_in, miss_due
from core.database import open_database
from core.errors import Refusal
from core.money.tables import Payment, Refund
from core.schedule.engine import close_over
from core.schedule.tables import Hold as HoldRow
from core.schedule.tables import Session, Slot
from core.sealing import AesSealer
from core.values import Phone, system
from core.work import Hotline
from tests.builders import CALLER, SURFER, VISIT, Clinic, clinic
from tests.clocks import FrozenClock, SeededChance
from tests.conftest import MASTER

T = TypeVar("T")
TIMERS = system("timers")
SESSIONS, PEOPLE = 4, 6
STEPS = 60


class Life(RuleBasedStateMachine):
    """Hold, book, change, cancel, expire, leave, release, visit: at random, in any order."""

    new_url: Callable[[], str]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = FrozenClock.at("2026-11-23 10:00")
        database = open_database(self.new_url())
        self.hotline = Hotline(database, self.clock, SeededChance(1), AesSealer(MASTER), demo=True)
        self.holds: list[str] = []
        self.made: list[int] = []

    def run(self, act: Coroutine[Any, Any, T]) -> T | str:
        """Do it, or say which refusal it met: any other error is a bug and fails the test."""

        async def within() -> T | str:
            try:
                return await act
            except Refusal as refusal:
                return refusal.code

        return self.loop.run_until_complete(within())

    async def work(self, act: Callable[..., Coroutine[Any, Any, T]], *args: object, **more: object) -> T:
        async with self.hotline.work(TIMERS) as work:
            return await act(work, *args, **more)

    @initialize(online=st.booleans())
    def open(self, online: bool) -> None:
        async def make() -> None:
            self.town: Clinic = await clinic(self.hotline)
            for key, value in (
                ("limit.department-day", "9"),
                ("limit.day", "9"),
                ("overlap.minutes", "0"),
                ("limit.doctor-day", "9"),
                ("limit.live", "99"),
                ("limit.phone-persons", "99"),
                ("block.no-show", "99 -> 1d"),
                ("rebook.pause-minutes", "0"),
            ):
                await self.town.rule(key, value)
            if online:
                await self.town.rule("pay.mode", "online")
            self.sessions = [
                await self.town.session(post, half=half, slots=slots, shares=shares)
                for post, half, slots, shares in (
                    ("chen", "am", 3, {}), ("chen", "pm", 2, {"web": 1}), ("wu", "am", 4, {}), ("kid", "am", 2, {}),
                )
            ]  # fmt: skip
            self.persons = [await self.town.person(name) for name in "甲乙丙丁戊己"]

        self.loop.run_until_complete(make())

    places = st.integers(0, SESSIONS - 1)
    who = st.integers(0, PEOPLE - 1)
    any_index = st.integers(0, 10_000)

    @rule(place=places, person=who, web=st.booleans())
    def hold(self, place: int, person: int, web: bool) -> None:
        command = Hold(session_id=self.sessions[place], owner=f"p{person}")
        held = self.run(self.town.store.submit(command, SURFER if web else CALLER))
        if not isinstance(held, str):
            self.holds.append(held.hold_id)

    @precondition(lambda self: self.holds)
    @rule(index=any_index, person=who)
    def book(self, index: int, person: int) -> None:
        command = Book(self.holds[index % len(self.holds)], self.persons[person], Phone("10712345678"))
        booked = self.run(self.town.store.submit(command, CALLER))
        if not isinstance(booked, str):
            self.made.append(booked.appointment_id)

    @precondition(lambda self: self.holds and self.made)
    @rule(index=any_index, hold=any_index)
    def change(self, index: int, hold: int) -> None:
        command = Change(self.made[index % len(self.made)], self.holds[hold % len(self.holds)])
        changed = self.run(self.town.store.submit(command, CALLER))
        if not isinstance(changed, str):
            self.made.append(changed.appointment_id)

    @precondition(lambda self: self.made)
    @rule(index=any_index)
    def cancel(self, index: int) -> None:
        self.run(self.town.store.submit(Cancel(self.made[index % len(self.made)]), CALLER))

    @precondition(lambda self: self.holds)
    @rule(index=any_index)
    def give_up(self, index: int) -> None:
        self.run(self.work(release, self.holds[index % len(self.holds)]))

    @rule(minutes=st.sampled_from([1, 10, 60]))
    def time_passes(self, minutes: int) -> None:
        self.clock.advance(minutes=minutes)
        for act in (lapse_due, expire_due):
            self.run(self.work(act))

    @rule(place=places, back=st.booleans())
    def leave(self, place: int, back: bool) -> None:
        session = self.sessions[place]
        self.run(self.work(resume, session) if back else self.work(stop, session, reason="leave"))

    @precondition(lambda self: self.made)
    @rule(index=any_index, seen=st.booleans())
    def visit(self, index: int, seen: bool) -> None:
        appointment = self.made[index % len(self.made)]
        self.run(self.work(attend, appointment, evidence="his") if seen else self.work(check_in, appointment))

    @rule()
    def the_day_comes(self) -> None:
        if self.clock.now().date() < VISIT:
            self.clock.set("2026-11-26 07:30")

    @rule()
    def the_day_is_over(self) -> None:
        self.clock.instant = max(self.clock.instant, FrozenClock.at("2026-11-27 01:00").instant)
        for act in (miss_due, close_over):
            self.run(self.work(act))

    @invariant()
    def slots_are_conserved(self) -> None:
        if not hasattr(self, "persons"):
            return
        self.loop.run_until_complete(self._check())

    async def _check(self) -> None:
        async with self.hotline.read() as db:
            totals = dict((await db.execute(select(Session.id, Session.total))).all())
            slots = (await db.execute(select(Slot))).scalars().all()
            appointments = (await db.execute(select(Appointment))).scalars().all()
            live_holds = Counter(
                (await db.execute(select(HoldRow.slot_id).where(HoldRow.state == "live"))).scalars()
            )
            paid = (
                await db.execute(
                    select(func.coalesce(func.sum(Payment.amount_fen), 0)).where(Payment.state == "paid")
                )
            ).scalar_one()
            owed = (await db.execute(select(func.coalesce(func.sum(Refund.amount_fen), 0)))).scalar_one()
        assert Counter(slot.session_id for slot in slots) == totals
        live = Counter(a.slot_id for a in appointments if State(a.state) in LIVE)
        assert max(live.values(), default=0) <= 1
        for slot in slots:
            if slot.state in ("booked", "taken"):
                assert live[slot.id] == 1, f"slot {slot.id} is {slot.state} without an appointment"
            else:
                assert live[slot.id] == 0, f"slot {slot.id} is {slot.state} under a live appointment"
            assert live_holds[slot.id] == (slot.state == "held")
            assert (slot.hold_id is not None) == (slot.state == "held")
        assert {a.id for a in appointments} == set(self.made), "an appointment was lost or invented"
        assert owed <= paid

    def teardown(self) -> None:
        self.loop.run_until_complete(self.hotline.database.close())
        self.loop.close()


@pytest.mark.slow
@pytest.mark.req("R-087", "R-088", "R-189", "R-196")
def test_thousands_of_steps_lose_no_slot_on_sqlite(sqlite_model: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        numbers = iter(range(10**6))

        def new_url() -> str:
            copy = Path(folder) / f"{next(numbers)}.db"
            shutil.copy(sqlite_model, copy)
            return f"sqlite+aiosqlite:///{copy}"

        machine = type("OnSqlite", (Life,), {"new_url": staticmethod(new_url)})
        run_state_machine_as_test(
            machine,
            settings=settings(max_examples=40, stateful_step_count=STEPS, deadline=None, derandomize=True,
                              suppress_health_check=list(HealthCheck), database=None),
        )  # fmt: skip


@pytest.mark.slow
def test_thousands_of_steps_lose_no_slot_on_postgresql(postgres: Any) -> None:
    from contextlib import ExitStack

    with ExitStack() as stack:
        machine = type(
            "OnPostgreSQL",
            (Life,),
            {"new_url": staticmethod(lambda: stack.enter_context(postgres.database()))},
        )
        run_state_machine_as_test(
            machine,
            settings=settings(max_examples=25, stateful_step_count=STEPS, deadline=None, derandomize=True,
                              suppress_health_check=list(HealthCheck), database=None),
        )  # fmt: skip
