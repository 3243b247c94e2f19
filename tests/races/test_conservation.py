"""Whatever is done in whatever order, slots are conserved and no appointment is lost."""

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
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
from tests.postgres import Cluster

T = TypeVar("T")
TIMERS = system("timers")
SESSIONS, PEOPLE = 4, 6
STEPS = 60


WEIGHTS = {
    "hold": 7, "book_newest": 4, "book_any": 4, "change": 4, "cancel": 2, "give_up": 1, "time_passes": 2,
    "leave": 1, "back": 3, "visit": 3, "days_go_by": 2,
}  # fmt: skip


@dataclass(frozen=True)
class Dice:
    """What fell for one step."""

    session: int
    person: int
    index: int
    coin: bool

    def of(self, things: list[T]) -> T:
        return things[self.index % len(things)]


class Life(RuleBasedStateMachine):
    """Hold, book, change, cancel, expire, leave, release, visit: at random, in any order."""

    new_url: Callable[[], str]
    did: Counter[str]  # what came of the steps, over all lives

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = FrozenClock.at("2026-11-23 10:00")
        database = open_database(self.new_url())
        self.hotline = Hotline(database, self.clock, SeededChance(1), AesSealer(MASTER), demo=True)
        self.holds: list[str] = []
        self.made: list[int] = []
        self.age = 0

    def run(self, name: str, act: Coroutine[Any, Any, T]) -> T | None:
        """Do it, or note which refusal it met: any other error is a bug and fails the test."""

        async def within() -> T | None:
            try:
                done = await act
            except Refusal as refusal:
                self.did[f"{name}: {refusal.code}"] += 1
                return None
            self.did[name] += 1
            return done

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
                    ("chen", "am", 2, {}), ("chen", "pm", 2, {"web": 1}), ("wu", "am", 3, {}), ("kid", "am", 1, {}),
                )
            ]  # fmt: skip
            self.persons = [await self.town.person(name) for name in "甲乙丙丁戊己"]

        self.loop.run_until_complete(make())

    # One rule, and dice of its own: left to itself, hypothesis likes small numbers and repeats, most
    # acts are refused, and a slot is hardly ever booked.
    @rule(seed=st.integers(0, 2**32))
    def step(self, seed: int) -> None:
        self.age += 1
        fell = random.Random(f"{seed} {self.age}")
        (act,) = fell.choices(list(WEIGHTS), list(WEIGHTS.values()))
        dice = Dice(
            fell.choice(self.sessions), fell.randrange(PEOPLE), fell.randrange(5040), fell.random() < 0.5
        )
        getattr(self, act)(dice)

    def hold(self, dice: Dice) -> None:
        command = Hold(session_id=dice.session, owner=f"p{dice.person}")
        held = self.run("hold", self.town.store.submit(command, SURFER if dice.coin else CALLER))
        if held is not None:
            self.holds.append(held.hold_id)

    def book_newest(self, dice: Dice) -> None:
        self._book(self.holds[-1:], dice)

    def book_any(self, dice: Dice) -> None:
        self._book(self.holds, dice)

    def _book(self, holds: list[str], dice: Dice) -> None:
        if holds:
            hold = dice.of(holds)
            command = Book(hold, self.persons[dice.person], Phone("10712345678"))
            booked = self.run("book", self.town.store.submit(command, CALLER))
            if booked is not None:
                self.made.append(booked.appointment_id)
                self._used(hold, dice)

    def _used(self, hold: str, dice: Dice) -> None:
        """Most used holds are forgotten, so that those which lapsed are tried often; some are tried again."""
        if dice.index % 4:
            self.holds.remove(hold)

    def change(self, dice: Dice) -> None:
        if self.holds and self.made:
            wanted = self.holds[-1] if dice.coin else dice.of(self.holds)
            changed = self.run("change", self.town.store.submit(Change(dice.of(self.made), wanted), CALLER))
            if changed is not None:
                self.made.append(changed.appointment_id)
                self._used(wanted, dice)

    def cancel(self, dice: Dice) -> None:
        if self.made:
            self.run("cancel", self.town.store.submit(Cancel(dice.of(self.made)), CALLER))

    def give_up(self, dice: Dice) -> None:
        if self.holds:
            self.run("give up", self.work(release, dice.of(self.holds)))

    def time_passes(self, dice: Dice) -> None:
        self.clock.advance(minutes=(1, 2, 10, 40)[dice.index % 4])
        for act in (lapse_due, expire_due):
            self.run(act.__name__, self.work(act))

    def leave(self, dice: Dice) -> None:
        self.run("leave", self.work(stop, dice.session, reason="leave"))

    def back(self, dice: Dice) -> None:
        self.run("back", self.work(resume, dice.session))

    def visit(self, dice: Dice) -> None:
        if self.made:
            made = dice.of(self.made)
            act = self.work(attend, made, evidence="his") if dice.coin else self.work(check_in, made)
            self.run("attend" if dice.coin else "check in", act)

    def days_go_by(self, _: Dice) -> None:
        """The visit day ends most of what can be done, so it comes late in a life."""
        if self.age > STEPS * 0.5 and self.clock.now().date() < VISIT:
            self.clock.set("2026-11-26 07:30")
        elif self.age > STEPS * 0.7:
            self.clock.instant = max(self.clock.instant, FrozenClock.at("2026-11-27 01:00").instant)
            for act in (miss_due, close_over):
                self.run(act.__name__, self.work(act))

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


def live(new_url: Callable[[], str], lives: int) -> None:
    """Run so many lives, and be sure that they were worth it: a machine that does nothing proves nothing."""
    did: Counter[str] = Counter()
    machine = type("Machine", (Life,), {"new_url": staticmethod(new_url), "did": did})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=lives, stateful_step_count=STEPS, deadline=None, derandomize=True,
                          suppress_health_check=list(HealthCheck), database=None),
    )  # fmt: skip
    enough = {"hold": 3, "book": 1.5, "change": 0.2, "cancel": 0.3, "leave": 0.3, "back": 0.05,
              "book: hold-lapsed": 0.3, "hold: slot-full": 0.2, "check in": 0.01, "attend": 0.03}  # fmt: skip
    assert {name: did[name] for name, each in enough.items() if did[name] < each * lives} == {}, did


@pytest.mark.slow
@pytest.mark.req("R-087", "R-088", "R-189", "R-196")
def test_over_a_thousand_steps_lose_no_slot_on_sqlite(sqlite_model: Path, in_memory: Path) -> None:
    numbers = iter(range(10**6))

    def new_url() -> str:
        copy = in_memory / f"{next(numbers)}.db"
        shutil.copy(sqlite_model, copy)
        return f"sqlite+aiosqlite:///{copy}"

    live(new_url, 20)


@pytest.mark.slow
def test_over_a_thousand_steps_lose_no_slot_on_postgresql(postgres: Cluster) -> None:
    with ExitStack() as stack:
        live(lambda: stack.enter_context(postgres.database()), 20)
