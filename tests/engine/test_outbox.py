"""What the journal owes the outside is carried at least once, in order, and never lost."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from core import owed
from core.errors import NotFound
from core.events import AppointmentConfirmed, Event, SessionResumed
from core.observing import Metrics
from core.outbox import Backoff, Outbox, Parcel, Route
from core.outbox_table import OutboxRow
from core.ports import OutsideError
from core.values import system
from core.wake import Wake
from core.work import Hotline, Work
from tests.clocks import FrozenClock
from tests.waiting import until

ME = system("test")
BUSY = OutsideError("gateway busy")
REFUSED = OutsideError("no such number 13812345678", permanent=True)


@dataclass
class Postman:
    """A carrier that does as its script says, then always well; remembers every try."""

    script: Iterator[Exception | None] = field(default_factory=lambda: iter(()))
    tries: list[Parcel] = field(default_factory=list)
    under_way: int = 0
    most: int = 0
    gate: asyncio.Event | None = None

    async def carry(self, parcel: Parcel) -> None:
        self.tries.append(parcel)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await (self.gate.wait() if self.gate else asyncio.sleep(0))
        finally:
            self.under_way -= 1
        if failure := next(self.script, None):
            raise failure

    @property
    def keys(self) -> list[str]:
        return [parcel.key for parcel in self.tries]

    @property
    def versions(self) -> list[int]:
        return [parcel.entry.event.version for parcel in self.tries]  # type: ignore[attr-defined]


@pytest.fixture
def owing(hotline: Hotline) -> Hotline:
    """A hotline whose events the carrier 'out' must hear of."""
    hotline.routes = {"session.resumed": ("out",), "appointment.confirmed": ("out",)}
    return hotline


def outbox(hotline: Hotline, postman: Postman, **route: object) -> Outbox:
    return Outbox(
        hotline,
        {"out": Route(postman, **route)},  # type: ignore[arg-type]
        Wake(),
        backoff=Backoff(tries=4),
    )


async def write(hotline: Hotline, *events: Event) -> None:
    for event in events:
        async with hotline.work(ME) as work:
            work.record(event)


def confirmed(appointment: int, version: int) -> Event:
    return AppointmentConfirmed(appointment_id=appointment, person_id=1, version=version)


async def states(hotline: Hotline) -> list[str]:
    async with hotline.read() as db:
        return list((await db.execute(select(OutboxRow.state).order_by(OutboxRow.id))).scalars())


async def test_an_event_is_carried_once_and_an_event_without_a_route_is_not(owing: Hotline) -> None:
    owing.routes = {"session.resumed": ("out",)}
    await write(owing, SessionResumed(session_id=1), confirmed(1, 1))
    postman = Postman()
    carrying = outbox(owing, postman)
    assert await carrying.carry_due() == 1
    assert await carrying.carry_due() == 0
    assert [parcel.entry.event for parcel in postman.tries] == [SessionResumed(session_id=1)]
    assert await states(owing) == ["done"]


async def test_a_change_that_was_rolled_back_owes_nothing(owing: Hotline) -> None:
    async def fail(work: Work) -> None:
        work.record(SessionResumed(session_id=1))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await owing.run(fail, ME)
    assert await states(owing) == []


async def test_a_failure_is_tried_again_later_with_the_same_key(owing: Hotline, clock: FrozenClock) -> None:
    await write(owing, SessionResumed(session_id=1))
    postman = Postman(iter([BUSY, BUSY]))
    carrying = outbox(owing, postman)
    await carrying.carry_due()
    assert await carrying.carry_due() == 0  # not before its wait is over
    for _ in range(2):
        clock.advance(seconds=10)
        assert await carrying.carry_due() == 1
    assert len(postman.keys) == 3
    assert len(set(postman.keys)) == 1
    assert await states(owing) == ["done"]


def test_the_waits_double_to_a_limit_and_vary(chance: object) -> None:
    waits = [Backoff().wait(n, chance).total_seconds() for n in (1, 2, 3, 9, 40)]  # type: ignore[arg-type]
    for wait, whole in zip(waits, (2, 4, 8, 512, 600), strict=True):
        assert whole / 2 <= wait <= whole
    again = {Backoff().wait(9, chance) for _ in range(20)}  # type: ignore[arg-type]
    assert len(again) > 10


async def test_what_can_never_go_is_kept_without_personal_data_and_may_be_revived(owing: Hotline) -> None:
    await write(owing, SessionResumed(session_id=1))
    postman = Postman(iter([REFUSED]))
    carrying = outbox(owing, postman)
    await carrying.carry_due()
    async with owing.read() as db:
        (letter,) = await owed.dead(db)
    assert letter.last_error == "no such number ***"
    async with owing.work(ME) as work:
        await owed.revive(work, letter.id)
    await carrying.carry_due()
    assert await states(owing) == ["done"]
    with pytest.raises(NotFound):
        async with owing.work(ME) as work:
            await owed.revive(work, letter.id)


@pytest.mark.parametrize("failure", [BUSY, ValueError("our bug")], ids=["busy", "bug"])
async def test_after_the_last_try_it_is_dead_and_the_carrier_knew(
    owing: Hotline, clock: FrozenClock, failure: Exception
) -> None:
    await write(owing, SessionResumed(session_id=1))
    postman = Postman(iter([failure] * 9))
    carrying = outbox(owing, postman)
    for _ in range(9):
        await carrying.carry_due()
        clock.advance(hours=1)
    assert [parcel.last for parcel in postman.tries] == [False, False, False, True]
    assert await states(owing) == ["dead"]


async def test_a_carrier_that_does_not_answer_is_given_up_for_now(owing: Hotline) -> None:
    await write(owing, SessionResumed(session_id=1))
    await outbox(owing, Postman(gate=asyncio.Event()), within_s=0.01).carry_due()
    async with owing.read() as db:
        row = (await db.execute(select(OutboxRow))).scalar_one()
    assert (row.state, row.taken, row.last_error) == ("waiting", False, "no answer in time")


async def test_one_appointments_events_wait_for_each_other_and_for_no_other_appointments(
    owing: Hotline, clock: FrozenClock
) -> None:
    await write(owing, confirmed(1, 1), confirmed(1, 2), confirmed(2, 7))
    postman = Postman(iter([BUSY]))
    carrying = outbox(owing, postman, at_once=1)
    while await carrying.carry_due():
        pass
    assert postman.versions == [1, 7]  # version 2 waits, appointment 2 does not
    clock.advance(seconds=10)
    while await carrying.carry_due():
        pass
    assert postman.versions == [1, 7, 1, 2]


async def test_where_order_does_not_matter_a_failing_one_is_overtaken(owing: Hotline) -> None:
    await write(owing, confirmed(1, 1), confirmed(1, 2))
    postman = Postman(iter([BUSY]))
    carrying = outbox(owing, postman, ordered=False)
    while await carrying.carry_due():
        pass
    assert postman.versions == [1, 2]


@pytest.mark.parametrize("ordered", [True, False])
async def test_two_events_of_one_appointment_are_never_under_way_together(
    owing: Hotline, ordered: bool
) -> None:
    await write(owing, *(confirmed(1, version) for version in range(1, 5)))
    postman = Postman(gate=asyncio.Event())
    others = [outbox(owing, postman, ordered=ordered) for _ in range(3)]
    carrying = asyncio.gather(*(other.carry_due() for other in others))
    await until(lambda: bool(postman.tries))
    assert await outbox(owing, postman, ordered=ordered).carry_due() == 0
    assert postman.gate
    postman.gate.set()
    await carrying
    while await others[0].carry_due():
        pass
    assert postman.most == 1
    assert postman.versions == [1, 2, 3, 4]


async def test_several_workers_carry_each_row_once(owing: Hotline) -> None:
    await write(owing, *(SessionResumed(session_id=number) for number in range(60)))
    postman = Postman()

    async def work(carrying: Outbox) -> None:
        while await carrying.carry_due():
            pass

    await asyncio.gather(*(work(outbox(owing, postman)) for _ in range(4)))
    assert len(postman.keys) == len(set(postman.keys)) == 60


async def test_who_comes_back_after_the_lease_settles_nothing(owing: Hotline, clock: FrozenClock) -> None:
    await write(owing, SessionResumed(session_id=1))
    slow = Postman(iter([REFUSED]), gate=asyncio.Event())
    late = asyncio.create_task(outbox(owing, slow).carry_due())
    await until(lambda: bool(slow.tries))
    clock.advance(minutes=10)
    quick = Postman(iter([BUSY]))
    await outbox(owing, quick).carry_due()
    assert slow.gate
    slow.gate.set()
    await late
    assert await states(owing) == ["waiting"]  # not dead: the newer try decides


async def test_wherever_the_work_is_cut_off_the_row_is_carried_in_the_end(
    owing: Hotline, clock: FrozenClock
) -> None:
    cut_off = 0
    for steps in range(0, 120, 3):
        await write(owing, SessionResumed(session_id=steps))
        postman = Postman()
        carrying = asyncio.create_task(outbox(owing, postman).carry_due())
        for _ in range(steps):
            await asyncio.sleep(0)
        cut_off += not carrying.done()
        carrying.cancel()
        await asyncio.gather(carrying, return_exceptions=True)
        clock.advance(minutes=10)
        await outbox(owing, postman).carry_due()
        assert len(set(postman.keys)) == 1
        assert set(await states(owing)) == {"done"}
    assert cut_off > 5  # or the test has proved nothing


async def test_it_runs_by_itself_wakes_on_a_commit_and_keeps_to_its_room(owing: Hotline) -> None:
    wake, postman = Wake(), Postman(gate=asyncio.Event())
    owing.committed = wake.ring
    metrics = Metrics()
    carrying = Outbox(owing, {"out": Route(postman, at_once=3)}, wake, metrics=metrics, poll_s=3600)
    running = asyncio.create_task(carrying.run())
    try:
        await write(owing, *(SessionResumed(session_id=number) for number in range(10)))
        await until(lambda: postman.under_way == 3)
        assert postman.gate
        postman.gate.set()
        await until(lambda: len(postman.tries) == 10)
        assert postman.most == 3
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_health_knows_what_is_owed(owing: Hotline, clock: FrozenClock) -> None:
    await write(owing, SessionResumed(session_id=1), SessionResumed(session_id=2))
    metrics = Metrics()
    carrying = Outbox(owing, {"out": Route(Postman(iter([REFUSED, BUSY])))}, Wake(), metrics=metrics)
    await carrying.carry_due()
    clock.advance(seconds=90)
    async with owing.read() as db:
        assert (await owed.age(db, clock.now())).total_seconds() == 90
        assert await owed.counts(db) == {("out", "waiting"): 1, ("out", "dead"): 1}
    shown = (await metrics.render()).decode()
    assert "hotline_outbox_age_seconds 90.0" in shown
    assert 'hotline_outbox_rows{carrier="out",state="dead"} 1.0' in shown
