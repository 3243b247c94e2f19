"""Forty patients of a doctor who is away: each comes to one end, nothing is sold twice, whatever breaks."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable

import pytest
import pytest_asyncio
from sqlalchemy import func, select

from core.booking.book import change
from core.booking.cancel import cancel
from core.booking.commands import Cancel, Change, Hold
from core.booking.hold import hold
from core.booking.rules import LIVE
from core.booking.rules import State as Visit
from core.booking.tables import Appointment
from core.calling import dialling, handed
from core.calling.rules import Answer, Outcome
from core.calling.rules import State as CallState
from core.calling.tables import OutboundCall
from core.errors import NotFound, Refusal
from core.journal import JournalRow
from core.leave import desk, figures, following, proof, view
from core.leave.rules import FINAL, OPEN, CaseState, Disposition, Need
from core.leave.tables import LeaveCase
from core.offers import engine as offers
from core.offers.tables import Offer
from core.schedule.rules import SlotState
from core.schedule.tables import Slot
from core.work import Hotline, Work
from tests.builders import CALLER, SURFER, TEXTER
from tests.clocks import FrozenClock
from tests.leave.stage import TIMER, Stage, later
from tests.leave.stage import stage as open_stage

WAYS = ("accept", "accept", "other-times", "cancelled", "silent", "person", "web-change", "web-cancel")


@pytest_asyncio.fixture
async def stage(hotline: Hotline) -> Stage:
    return await open_stage(hotline)


async def offered(stage: Stage) -> list[LeaveCase]:
    async with stage.hotline.read() as db:
        query = select(LeaveCase).where(LeaveCase.state == CaseState.OFFERED).order_by(LeaveCase.visit_at)
        return list((await db.execute(query)).scalars())


async def answer(stage: Stage, case: LeaveCase, way: str, free: int) -> None:
    """What a patient does about their offer. free: a session in which somebody may book on the web."""
    offer = case.offer_id
    assert offer is not None

    async def accept(work: Work) -> None:
        await offers.accept(work, offer)

    async def refuse(work: Work) -> None:
        await offers.refuse(work, offer, way)

    async def move(work: Work) -> None:
        held = await hold(work, Hold(free, f"web:{case.id}"))
        await change(work, Change(case.appointment_id, held.hold_id))

    async def give_up(work: Work) -> None:
        await cancel(work, Cancel(case.appointment_id))

    if way == "accept" or (way == "other-times" and case.offers > 1):
        await stage.hotline.run(accept, TEXTER)
    elif way in ("other-times", "cancelled", "person"):
        await stage.hotline.run(refuse, CALLER)
    elif way == "web-change":
        await stage.hotline.run(move, SURFER)
    elif way == "web-cancel":
        await stage.hotline.run(give_up, SURFER)


def dying(seed: int) -> Callable[[], int | None]:
    """Every fourth unit of work dies, at any event of it."""
    dice = random.Random(seed)
    return lambda: dice.randrange(6) if dice.random() < 0.25 else None


@pytest.mark.req("R-089", "R-083")
async def test_forty_patients_come_each_to_one_of_five_ends_though_the_process_dies_again_and_again(
    stage: Stage, clock: FrozenClock
) -> None:
    away = await stage.clinic.session(slots=40, minutes=15)
    await stage.clinic.session("zhao", day=later(1), slots=12)
    await stage.clinic.session("zhao", day=later(2), slots=10)
    await stage.clinic.session(day=later(7), slots=8)
    await stage.sister.session(slots=8)
    free = await stage.clinic.session("wu", day=later(3), slots=10)
    await stage.patients(40, away)
    leave = await stage.approved()
    way_of = {visit: WAYS[place % len(WAYS)] for place, visit in enumerate(stage.visits)}
    kill = dying(12320)
    for _ in range(5):
        await stage.settle(kill=kill)
        for case in await offered(stage):
            await answer(stage, case, way_of[case.appointment_id], free)
        await stage.balanced()
        clock.advance(minutes=60)
    await stage.settle(kill=kill)
    assert not await offered(stage)
    await operators(stage)
    await stage.settle(kill=kill)
    assert stage.killed > 20
    await stage.balanced()
    await everybody_has_one_end(stage, leave, way_of)


async def operators(stage: Stage) -> None:
    """They reach those who asked for them, and nobody else."""
    async with stage.hotline.read() as db:
        waiting = await desk.listed(db, stage.bert)
        assert [one.visit_at for one in waiting] == sorted(one.visit_at for one in waiting)
        assert await desk.count(db, stage.bert) == len(waiting)
    for one in waiting:
        async with stage.hotline.work(stage.bert) as work:
            await desk.claim(work, one.case_id)
        async with stage.hotline.work(stage.bert) as work:
            reached = one.need in (Need.PERSON, Need.OTHER_TIMES)
            await desk.settle(work, one.case_id, Disposition.TOLD if reached else Disposition.UNREACHABLE)


async def everybody_has_one_end(stage: Stage, leave: int, way_of: dict[int, str]) -> None:
    cases = await stage.cases(leave)
    assert {case.state for case in cases} <= FINAL
    ends = Counter((way_of[case.appointment_id], case.state) for case in cases)
    assert ends["accept", CaseState.ACCEPTED] + ends["other-times", CaseState.ACCEPTED] == 15
    assert ends["cancelled", CaseState.CANCELLED] == ends["web-cancel", CaseState.CANCELLED] == 5
    assert ends["web-change", CaseState.CHANGED] == 5
    assert ends["silent", CaseState.SETTLED] == ends["person", CaseState.SETTLED] == 5
    async with stage.hotline.read() as db:
        final = select(JournalRow).where(JournalRow.kind == "leave.case")
        told = Counter(
            row.body["case_id"] for row in (await db.execute(final)).scalars() if row.body["state"] in FINAL
        )
        assert told == Counter(case.id for case in cases)
        per_case = select(func.count()).select_from(Offer).group_by(Offer.source_id)
        assert max((await db.execute(per_case)).scalars()) <= 3
        owed = select(OutboundCall.id).where(OutboundCall.state.in_([CallState.WAITING, CallState.HANDED]))
        assert (await db.execute(owed)).all() == []
        live = select(Appointment.person_id).where(Appointment.state.in_(LIVE))
        assert Counter((await db.execute(live)).scalars()) == Counter(
            case.person_id for case in cases if case.made_id
        )
        seen = await figures.report(db, leave, stage.anna, stage.hotline.clock.now())
        assert (seen.leave.state, seen.patients, seen.left, seen.late) == ("done", 40, [], 0)
        assert sum(seen.ends.values()) == sum(seen.told.values()) == 40
        assert seen.channels == {"sms": 15, "phone": 15, "web": 10}
        assert seen.dispositions == {Disposition.TOLD: 5, Disposition.UNREACHABLE: 5}
        curve = (await figures.progress(db, leave, stage.anna)).curve
        assert curve[-1].ended == 40
        for case in cases:
            shown = await proof.of_case(db, case.id, stage.anna)
            assert shown.steps[-1].state == case.state
            assert (shown.heard_at is not None) == (
                way_of[case.appointment_id] in ("accept", "other-times", "cancelled", "person")
            )


async def test_a_slot_that_was_sold_meanwhile_leads_to_the_next_best(stage: Stage) -> None:
    away = await stage.clinic.session()
    near = await stage.clinic.session("zhao", day=later(1), slots=1)
    far = await stage.clinic.session("zhao", day=later(2), slots=1)
    await stage.patients(1, away)
    stranger = await stage.clinic.person("别人")
    await stage.clinic.book(near, stranger)
    leave = await stage.approved()
    await stage.settle()
    assert await stage.clinic.states(far) == {"held": 1}
    assert await stage.states(leave) == [CaseState.OFFERED]


async def test_two_processes_that_make_offers_at_once_oversell_nothing(stage: Stage) -> None:
    away = await stage.clinic.session(slots=8)
    target = await stage.clinic.session("zhao", day=later(1), slots=5)
    await stage.patients(8, away)
    leave = await stage.approved()
    await asyncio.gather(*(stage.settle() for _ in range(3)))
    states = Counter(await stage.states(leave))
    assert states == {CaseState.OFFERED: 5, CaseState.DESK: 3}
    assert await stage.clinic.states(target) == {"held": 5}
    first = [case.id for case in await stage.cases(leave) if case.state == CaseState.OFFERED]
    assert first == [case.id for case in await stage.cases(leave)][:5]
    await stage.balanced()


async def test_what_is_freed_later_goes_to_the_displaced(stage: Stage, clock: FrozenClock) -> None:
    away = await stage.clinic.session()
    target = await stage.clinic.session("zhao", day=later(1), slots=1)
    stranger = await stage.clinic.person("别人")
    sold = await stage.clinic.book(target, stranger)
    await stage.patients(1, away)
    leave = await stage.approved()
    await stage.settle()
    (case,) = await stage.cases(leave)
    assert (case.state, case.need) == (CaseState.DESK, Need.NOTHING_FOUND)
    async with stage.hotline.work(SURFER) as work:
        await cancel(work, Cancel(sold.appointment_id))
    clock.advance(minutes=6)
    await stage.settle()
    assert await stage.states(leave) == [CaseState.OFFERED]
    async with stage.hotline.read() as db:
        assert await handed.waiting(db) == []


async def test_nothing_is_offered_behind_an_operators_back(stage: Stage, clock: FrozenClock) -> None:
    away = await stage.clinic.session()
    await stage.patients(1, away)
    leave = await stage.approved()
    await stage.settle()
    (case,) = await stage.cases(leave)
    async with stage.hotline.work(stage.bert) as work:
        await desk.claim(work, case.id)
    await stage.clinic.session("zhao", day=later(1))
    clock.advance(minutes=6)
    await stage.settle()
    assert await stage.states(leave) == [CaseState.DESK]
    with pytest.raises(Refusal):
        async with stage.hotline.work(stage.anna) as work:
            await desk.claim(work, case.id)
    async with stage.hotline.work(stage.bert) as work:
        await desk.put_back(work, case.id)
    clock.advance(minutes=6)
    await stage.settle()
    assert await stage.states(leave) == [CaseState.OFFERED]


async def test_tries_that_are_used_up_make_it_an_operators_call_and_the_offer_stands(
    stage: Stage, clock: FrozenClock
) -> None:
    away = await stage.clinic.session()
    await stage.clinic.session("zhao", day=later(1))
    await stage.patients(1, away)
    leave = await stage.approved()
    for _ in range(3):
        await stage.settle()
        clock.advance(minutes=61)
        async with stage.hotline.work(TIMER) as work:
            for claimed in await dialling.claim(work, 9):
                await dialling.ended(work, claimed.leg, Outcome.NO_ANSWER)
    (case,) = await stage.cases(leave)
    async with stage.hotline.work(stage.bert) as work:
        await desk.claim(work, case.id)  # quicker than the job
        await desk.put_back(work, case.id)
    await stage.settle()
    (case,) = await stage.cases(leave)
    assert (case.state, case.need) == (CaseState.DESK, Need.UNANSWERED)
    async with stage.hotline.read() as db:
        (shown,) = await desk.listed(db, stage.bert, leave_id=leave)
    assert (shown.offer_id, shown.tries, shown.staff_id) == (case.offer_id, 3, None)
    async with stage.hotline.work(stage.bert) as work:
        assert shown.offer_id
        await offers.accept(work, shown.offer_id)
    await stage.settle()
    assert await stage.states(leave) == [CaseState.ACCEPTED]


@pytest.mark.parametrize(
    ("answer", "disposition", "visit"),
    [
        (None, Disposition.UNREACHABLE, Visit.CANCELLED),
        (Answer.ELSEWHERE, Disposition.TOLD, Visit.STOPPED),
    ],
)
async def test_a_call_settled_at_the_operators_desk_settles_the_case(
    stage: Stage, answer: Answer | None, disposition: Disposition, visit: Visit
) -> None:
    away = await stage.clinic.session()
    await stage.patients(1, away)
    leave = await stage.approved()
    await stage.settle()
    assert stage.bert.staff_id
    async with stage.hotline.work(stage.bert) as work:
        (call,) = await handed.waiting(work.db)
        await handed.take(work, call.call_id, stage.bert.staff_id)
        await handed.settle(work, call.call_id, stage.bert.staff_id, answer)
    await stage.settle()
    (case,) = await stage.cases(leave)
    assert (case.state, case.disposition, case.staff_id) == (
        CaseState.SETTLED, disposition, stage.bert.staff_id,
    )  # fmt: skip
    assert (await stage.visit(case.appointment_id)).state == visit


async def test_who_pressed_zero_and_met_nobody_is_called_by_an_operator(
    stage: Stage, clock: FrozenClock
) -> None:
    away = await stage.clinic.session()
    await stage.clinic.session("zhao", day=later(1))
    await stage.patients(1, away)
    leave = await stage.approved()
    await stage.settle()
    clock.advance(minutes=5)
    async with stage.hotline.work(TIMER) as work:
        (claimed,) = await dialling.claim(work, 1)
        await dialling.answered(work, claimed.leg)
        await dialling.ended(work, claimed.leg, Outcome.KEY, key="0", answer=Answer.PERSON)
    await stage.settle()
    assert await stage.states(leave) == [CaseState.OFFERED]
    clock.advance(minutes=10)
    await stage.settle()
    (case,) = await stage.cases(leave)
    assert (case.state, case.need) == (CaseState.DESK, Need.PERSON)
    async with stage.hotline.read() as db:
        (shown,) = await desk.listed(db, stage.bert)
    assert shown.call_id
    assert shown.offer_id == case.offer_id


async def test_what_the_patient_has_done_meanwhile_is_not_closed_over(stage: Stage) -> None:
    away = await stage.clinic.session()
    await stage.patients(1, away)
    leave = await stage.approved()
    await stage.settle()
    (case,) = await stage.cases(leave)
    async with stage.hotline.work(stage.bert) as work:
        await desk.claim(work, case.id)
    async with stage.hotline.work(SURFER) as work:
        await cancel(work, Cancel(stage.visits[0]))
    with pytest.raises(NotFound):
        async with stage.hotline.work(stage.bert) as work:
            await desk.settle(work, case.id, Disposition.TOLD)
    await stage.settle()
    assert await stage.states(leave) == [CaseState.CANCELLED]


async def test_a_patient_who_chooses_for_themselves_needs_no_call(stage: Stage) -> None:
    away = await stage.clinic.session()
    target = await stage.clinic.session("zhao", day=later(1))
    await stage.patients(1, away)
    leave = await stage.approved()
    await stage.settle()
    async with stage.hotline.work(SURFER) as work:
        await cancel(work, Cancel(stage.visits[0]))
    (case,) = await stage.cases(leave)
    async with stage.hotline.work(TIMER) as work:
        assert await following.follow(work, case.id) is CaseState.CANCELLED
        assert await following.follow(work, case.id) is CaseState.CANCELLED
    assert await stage.clinic.states(target) == {"free": 6}
    (case,) = await stage.cases(leave)
    assert case.channel == "web"
    async with stage.hotline.read() as db:
        call = (await db.execute(select(OutboundCall))).scalar_one()
    assert (call.state, call.answer) == (CallState.DONE, Answer.ELSEWHERE)


async def test_the_list_is_shown_with_its_patients_and_to_their_hospital_only(stage: Stage) -> None:
    away = await stage.clinic.session()
    await stage.patients(3, away)
    leave = await stage.approved()
    async with stage.hotline.read() as db:
        rows = await view.cases(db, leave, states=sorted(OPEN), first=1, most=1)
        assert [row.person for row in rows] == ["患者1"]
        assert "患者1" not in repr(rows[0])
        (seen,) = await view.listed(db, stage.anna)
        assert (seen.total, seen.open, seen.ended, seen.doctor) == (3, 3, 0, "陈建国")
        free = select(func.count()).where(Slot.session_id == away, Slot.state == SlotState.STOPPED)
        assert await db.scalar(free) == 6
