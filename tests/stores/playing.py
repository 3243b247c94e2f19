"""Run a history on one store, and keep what was answered and what is in the tables afterwards."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from structlog.testing import capture_logs

from core.booking import stopping, visit
from core.booking.cancel import expire_due
from core.booking.commands import Book, Booked, Cancel, Cancelled, Change, Command, HeldSlot, Hold
from core.booking.hold import extend, lapse_due, release
from core.booking.paying import identity_came, pay
from core.booking.store import Store, fingerprint
from core.credit.engine import note, set_rule
from core.errors import Refusal
from core.money.tables import Payment
from core.schedule.engine import retime
from core.schedule.freed import await_slots
from core.values import Phone, system
from core.work import Hotline, Work
from tests.clocks import FrozenClock, SeededChance
from tests.stores.steps import (
    Ask,
    BookAsk,
    ChangeAsk,
    GiveUp,
    Heartbeat,
    History,
    HoldAsk,
    Leave,
    Miss,
    Papers,
    Pass,
    Pay,
    PickUp,
    SetRule,
    Step,
    Together,
    Wait,
)
from tests.stores.tables import WRITTEN, Row, Tables
from tests.stores.town import ACTORS, NOBODY, START, TODAY, rows_of

TIMERS = system("timers")
# Between two steps, so that no two changes are of one instant.
TICK = timedelta(milliseconds=7)
SMALL = 10_000


class SteadyChance(SeededChance):
    """Tokens and serial numbers as they fall; of a small span always the middle, however often it was asked.

    Stores draw in another order: what follows from a draw must not depend on that.
    """

    def number(self, low: int, high: int) -> int:
        return (low + high) // 2 if high - low < SMALL else super().number(low, high)


@dataclass
class Side:
    """One store on one database. open: opens the store for one history."""

    hotline: Hotline
    clock: FrozenClock
    tables: Tables
    open: Callable[[Hotline], AbstractAsyncContextManager[Store]]


@dataclass
class Told:
    """What came of a history. answers: by step, in order; orders: of each Together, how it was decided."""

    answers: list[tuple[Step, Any]] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    orders: list[tuple[Ask, ...]] = field(default_factory=list)
    fingerprints: dict[str, int] = field(default_factory=dict)  # to the label of the command
    complaints: list[str] = field(default_factory=list)  # errors that were logged


async def play(history: History, side: Side, orders: Sequence[tuple[Ask, ...]] | None = None) -> Told:
    """Begin anew, do every step, read everything.

    orders: how another store decided what came together; then it is done one after the other here.
    """
    await side.tables.begin_anew(rows_of(history.town, history.number))
    side.clock.instant = START
    side.hotline.chance = SteadyChance(history.number)
    with capture_logs() as lines:
        async with side.open(side.hotline) as store:
            player = _Player(side, store, iter(orders) if orders is not None else None)
            for step in history.steps:
                await player.step(step)
                side.clock.instant += TICK
    errors = [line for line in lines if line["log_level"] == "error"]
    player.told.complaints = [f"{line['event']} {line.get('error', '')!r}" for line in errors]
    player.told.rows = {table: await side.tables.all(table) for table in WRITTEN}
    return player.told


class _Player:
    def __init__(self, side: Side, store: Store, orders: Any) -> None:
        self._side, self._store, self._orders = side, store, orders
        self._holds: dict[int, str] = {}
        self._visits: dict[int, int] = {}
        self._free_holds: list[str] = []  # not booked yet
        self._open_visits: list[int] = []  # not ended yet
        self.told = Told()

    async def step(self, step: Step) -> None:
        if isinstance(step, Ask):
            await self._command(step)
        elif isinstance(step, Together):
            await self._together(step)
        elif isinstance(step, Pass):
            await self._pass(step)
        else:
            self.told.answers.append((step, await _answer(self._happen(step))))

    # --- commands -------------------------------------------------------------------------------------

    async def _command(self, ask: Ask, *, strict: bool = False) -> None:
        command = self._made(ask, strict=strict)
        self._keep(ask, command, await _answer(self._submit(ask, command)))

    async def _submit(self, ask: Ask, command: Any) -> Any:
        return await self._store.submit(command, ACTORS[ask.actor], ask.call)

    def _keep(self, ask: Ask, command: Command, answer: Any) -> None:
        self.told.answers.append((ask, answer))
        if command.key is not None:
            self.told.fingerprints.setdefault(fingerprint(command), ask.label)
        if isinstance(answer, HeldSlot):
            self._holds[ask.label] = answer.hold_id
            self._free_holds.append(answer.hold_id)
        if isinstance(answer, Booked):
            self._visits[ask.label] = answer.appointment_id
            self._open_visits.append(answer.appointment_id)
        if isinstance(answer, Booked) and isinstance(command, Book | Change):
            self._free_holds = [one for one in self._free_holds if one != command.hold_id]
        if isinstance(answer, Booked | Cancelled) and isinstance(command, Change | Cancel):
            self._open_visits = [one for one in self._open_visits if one != command.appointment_id]

    async def _together(self, step: Together) -> None:
        if self._orders is not None:
            for ask in next(self._orders):
                await self._command(ask, strict=True)
            return
        (mark,) = await self._side.tables.ask("select coalesce(max(id), 0) as id from journal")
        commands = {ask: self._made(ask, strict=True) for ask in step.asks}
        answers = await asyncio.gather(*(_answer(self._submit(*one)) for one in commands.items()))
        order = await self._decided(step, mark["id"])
        self.told.orders.append(order)
        answered = dict(zip(step.asks, answers, strict=True))
        for ask in order:
            self._keep(ask, commands[ask], answered[ask])

    async def _decided(self, step: Together, mark: int) -> tuple[Ask, ...]:
        """In which order they were decided: each left its story, in its own call. Who left none did nothing."""
        rows = await self._side.tables.ask(
            f"select interaction_id, min(id) as first from journal where id > {mark} group by interaction_id"
        )
        first = {row["interaction_id"]: row["first"] for row in rows}
        return tuple(sorted(step.asks, key=lambda ask: first.get(ask.call, 0)))

    def _made(self, ask: Ask, *, strict: bool) -> Command:
        what, key = ask.what, ask.key
        if isinstance(what, HoldAsk):
            return Hold(
                session_id=what.session, owner=what.owner, period_id=what.period, slot_id=what.slot,
                person_id=what.person, reason=what.reason, minutes=what.minutes, key=key,
            )  # fmt: skip
        if isinstance(what, BookAsk):
            hold = self._hold(what.hold, strict=strict)
            return Book(hold, what.person, Phone(what.phone), what.booker, what.online, key)
        visit = self._visit(what.visit, strict=strict)
        if isinstance(what, ChangeAsk):
            contact = Phone(what.phone) if what.phone else None
            return Change(visit, self._hold(what.hold, strict=strict), what.override, key, contact)
        return Cancel(visit, what.reason, what.override, key)

    def _hold(self, label: int, *, strict: bool = False) -> str:
        """What a step made; where it was refused another that is there, lest most steps ask for nothing."""
        if label in self._holds or strict or label == NOBODY or not self._free_holds:
            return self._holds.get(label, f"no hold {label}")
        return self._free_holds[-1]

    def _visit(self, label: int, *, strict: bool = False) -> int:
        if label in self._visits or strict or label == NOBODY or not self._open_visits:
            return self._visits.get(label, NOBODY)
        return self._open_visits[-1]

    # --- what happens between them --------------------------------------------------------------------

    async def _pass(self, step: Pass) -> None:
        self._side.clock.advance(minutes=step.minutes)
        if step.jobs:
            for job in (lapse_due, expire_due):
                self.told.answers.append((step, await _answer(self._work(job))))

    async def _work(self, act: Callable[[Work], Awaitable[Any]]) -> Any:
        async with self._side.hotline.work(TIMERS) as work:
            return await act(work)

    async def _happen(self, step: Step) -> Any:
        async with self._side.hotline.work(TIMERS) as work:
            return await self._act(work, step)

    async def _act(self, work: Work, step: Step) -> Any:
        match step:
            case Pay():
                return await self._pay(work, step)
            case Leave():
                return len(await self._leave(work, step))
            case SetRule():
                await set_rule(work, key=step.key, value=step.value, hospital_id=step.hospital)
                return await retime(work, step.hospital or 1) if step.retime else None
            case Heartbeat():
                until = work.now + timedelta(minutes=step.minutes)
                return await extend(work, self._hold(step.hold), until=until)
            case GiveUp():
                return await release(work, self._hold(step.hold))
            case Miss():
                return await note(
                    work, person_id=step.person, kind="no-show", appointment_id=None,
                    hospital_id=step.hospital, proof="nobody came",
                )  # fmt: skip
            case Wait():
                return await self._wait(work, step)
            case Papers():
                return await identity_came(work, self._visit(step.visit))
            case PickUp():
                return await visit.check_in(work, self._visit(step.visit))
        raise AssertionError(step)

    async def _leave(self, work: Work, step: Leave) -> list[int]:
        if step.how == "substitute":
            return await stopping.substitute(work, step.session, 2)
        if step.how == "stop" and step.slots:
            return await stopping.stop_numbers(work, step.session, step.slots)
        if step.how == "stop":
            return await stopping.stop(work, step.session, reason="ill")
        if step.slots:
            return await stopping.resume_numbers(work, step.session, step.slots)
        return await stopping.resume(work, step.session)

    async def _pay(self, work: Work, step: Pay) -> Any:
        query = select(Payment).where(Payment.appointment_id == self._visit(step.visit))
        asked = (await work.db.execute(query.order_by(Payment.id.desc()).limit(1))).scalar_one_or_none()
        if asked is None:
            return None
        return await pay(
            work, payment_id=asked.id, appointment_id=self._visit(step.visit), provider="cashier",
            txn=step.txn, amount_fen=asked.amount_fen,
        )  # fmt: skip

    async def _wait(self, work: Work, step: Wait) -> None:
        (row,) = await self._side.tables.ask(
            f"select department_id, doctor_id from session where id = {step.session}"
        )
        doctor = row["doctor_id"] if step.doctor else None
        await await_slots(work, row["department_id"], doctor, TODAY + timedelta(days=14))


async def _answer(doing: Awaitable[Any]) -> Any:
    """What was answered, or what was raised."""
    try:
        return await doing
    except Refusal as refusal:
        return refusal
    except Exception as error:
        return error
