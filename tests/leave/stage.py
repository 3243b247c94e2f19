"""A doctor with patients, colleagues and a sister hospital, and the jobs that run after a leave."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import func, select, update

from core.booking.hold import lapse_due as holds_due
from core.booking.rules import LIVE
from core.booking.tables import Appointment
from core.calling import overdue
from core.catalogue.tables import Doctor, Hospital, Post
from core.events import Event
from core.leave import engine, entering, following, offering, timing
from core.leave.closing import Closed
from core.leave.rules import CaseState, Enter, Kind
from core.leave.tables import LeaveCase
from core.offers import engine as offers
from core.schedule.rules import SlotState
from core.schedule.tables import Hold, Session, Slot
from core.staff.tables import Staff
from core.values import Actor, ActorKind, Channel, system
from core.work import Hotline, Work
from tests.builders import SEED, VISIT, Clinic
from tests.builders import clinic as open_clinic

FUNCTIONS = frozenset({"leave", "leave-approve", "book", "desk"})
TIMER = system("timer leave")


@dataclass
class Stage:
    """`clinic` with Dr Chen, who will be away, and Dr Zhao of the same title; `sister` of the same grade."""

    hotline: Hotline
    clinic: Clinic
    sister: Clinic
    anna: Actor
    bert: Actor
    people: list[int] = field(default_factory=list)
    visits: list[int] = field(default_factory=list)
    killed: int = 0  # units of work that died

    async def patients(self, number: int, session: int) -> None:
        """Book so many into a session, each with a telephone of their own."""
        for _ in range(number):
            place = len(self.people)
            phone = f"1380099{place:04d}"
            person = await self.clinic.person(f"患者{place}", phone=phone)
            made = await self.clinic.book(session, person, phone=phone)
            self.people.append(person)
            self.visits.append(made.appointment_id)

    def asked(self, kind: Kind = Kind.STOP, **other: object) -> Enter:
        """Dr Chen is away on the day of the visits."""
        wanted: dict[str, object] = {
            "hospital_id": self.clinic.hospital_id, "kind": kind, "first": (VISIT, "am"),
            "last": (VISIT, "night"), "doctor_id": self.clinic.doctors["chen"], "reason": "sick", **other,
        }  # fmt: skip
        return Enter(**wanted)  # type: ignore[arg-type]

    async def submitted(self, asked: Enter | None = None) -> int:
        async with self.hotline.work(self.anna) as work:
            leave = await entering.enter(work, asked or self.asked())
            await engine.submit(work, leave)
        return leave

    async def approve(self, leave: int, by: Actor | None = None) -> Closed:
        async with self.hotline.work(by or self.bert) as work:
            return await engine.approve(work, leave)

    async def approved(self, asked: Enter | None = None) -> int:
        leave = await self.submitted(asked)
        await self.approve(leave)
        return leave

    async def settle(self, most: int = 200, *, kill: Callable[[], int | None] = lambda: None) -> None:
        """Run the jobs until nothing is due.

        kill: after how many events the next unit of work dies, as by a lost process; None: it lives.
        """
        jobs = (
            offers.lapse_due, holds_due, overdue.settle_due, timing.extend_due, following.follow_due,
            offering.offer_due, timing.finish_due,
        )  # fmt: skip
        for _ in range(most):
            done = 0
            for job in jobs:
                while settled := await self._run(job, kill()):
                    done += settled
            if not done:
                return
        raise AssertionError("the jobs never come to rest")

    async def _run(self, job: Callable[[Work], Awaitable[int]], events: int | None) -> int:
        try:
            return await self.hotline.run(_dying(job, events), TIMER)
        except Killed:
            self.killed += 1
            return 1

    async def cases(self, leave: int) -> list[LeaveCase]:
        async with self.hotline.read() as db:
            query = select(LeaveCase).where(LeaveCase.leave_id == leave).order_by(LeaveCase.id)
            return list((await db.execute(query)).scalars())

    async def states(self, leave: int) -> Sequence[CaseState]:
        return [CaseState(case.state) for case in await self.cases(leave)]

    async def visit(self, appointment: int) -> Appointment:
        async with self.hotline.read() as db:
            return await db.get_one(Appointment, appointment)

    async def balanced(self) -> None:
        """Every session has the slots it began with; each that is booked or held has one visit or hold."""
        async with self.hotline.read() as db:
            totals = {row[0]: row[1] for row in await db.execute(select(Session.id, Session.total))}
            counted = select(Slot.session_id, func.count()).group_by(Slot.session_id)
            assert {row[0]: row[1] for row in await db.execute(counted)} == totals
            booked = select(Slot.id).where(Slot.state == SlotState.BOOKED)
            live = select(Appointment.slot_id).where(Appointment.state.in_(LIVE))
            assert sorted((await db.execute(booked)).scalars()) == sorted((await db.execute(live)).scalars())
            held = select(Slot.id).where(Slot.state == SlotState.HELD)
            holds = select(Hold.slot_id).where(Hold.state == "live")
            assert sorted((await db.execute(held)).scalars()) == sorted((await db.execute(holds)).scalars())


class Killed(Exception):
    """The process is gone in the middle of a unit of work."""


def _dying(job: Callable[[Work], Awaitable[int]], events: int | None) -> Callable[[Work], Awaitable[int]]:
    async def act(work: Work) -> int:
        record, left = work.record, events

        def counted(event: Event) -> None:
            nonlocal left
            if left is not None:
                if left == 0:
                    raise Killed
                left -= 1
            record(event)

        work.record = counted  # type: ignore[method-assign]
        return await job(work)

    return act


async def stage(hotline: Hotline) -> Stage:
    clinic, sister = await open_clinic(hotline), await open_clinic(hotline, 2)
    async with hotline.work(SEED) as work:
        here = await work.db.get_one(Hospital, clinic.hospital_id)
        beside = update(Hospital).where(Hospital.id == sister.hospital_id)
        await work.db.execute(beside.values(region_id=here.region_id))
        zhao = Doctor(
            hospital_id=clinic.hospital_id, code="zhao", name="赵明", pinyin="zhao", initials="zm",
            title="主任医师",
        )  # fmt: skip
        work.db.add(zhao)
        await work.db.flush()
        post = Post(department_id=clinic.department_id, doctor_id=zhao.id, kind="expert", fee_fen=3000)
        work.db.add(post)
        rows = [Staff(login=login, name="职员", created_at=work.now) for login in ("anna", "bert")]
        work.db.add_all(rows)
        await work.db.flush()
        clinic.posts["zhao"], clinic.doctors["zhao"] = post.id, zhao.id
    anna, bert = (Actor(ActorKind.STAFF, row.login, Channel.PHONE, row.id, FUNCTIONS) for row in rows)
    return Stage(hotline, clinic, sister, anna, bert)


def later(days: int) -> date:
    return VISIT + timedelta(days=days)
