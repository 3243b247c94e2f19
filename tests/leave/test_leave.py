"""A leave closes its sessions once, for everybody in them, and can be taken back."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest
import pytest_asyncio
from sqlalchemy import select

from core.booking.book import change
from core.booking.cancel import cancel
from core.booking.commands import Cancel, Change, Hold
from core.booking.hold import hold
from core.booking.rules import FOR_LEAVE
from core.booking.rules import State as Visit
from core.booking.tables import Appointment
from core.credit.tables import CreditEvent
from core.errors import (
    FourEyes,
    HoldLapsed,
    KeyReused,
    NotAllowed,
    NotFound,
    OfferGone,
    SessionStopped,
    WrongInput,
    WrongState,
)
from core.leave import engine, entering, view
from core.leave.plan import Rung
from core.leave.rules import CaseState, Kind, Source, State
from core.leave.tables import Leave
from core.offers import engine as offers
from core.offers.tables import Offer
from core.schedule.rules import SlotState
from core.schedule.tables import Session
from core.values import Actor, ActorKind
from core.work import Hotline
from tests.builders import CALLER, SEED, SURFER, TEXTER
from tests.clocks import FrozenClock
from tests.leave.stage import Stage, later
from tests.leave.stage import stage as open_stage

HIS = Actor(ActorKind.HOSPITAL, "his-1")


@pytest_asyncio.fixture
async def stage(hotline: Hotline) -> Stage:
    return await open_stage(hotline)


async def state(stage: Stage, leave: int) -> str:
    async with stage.hotline.read() as db:
        return (await db.get_one(Leave, leave)).state


async def session_state(stage: Stage, session: int) -> str:
    async with stage.hotline.read() as db:
        return (await db.get_one(Session, session)).state


async def only_offer(stage: Stage) -> Offer:
    async with stage.hotline.read() as db:
        return (await db.execute(select(Offer).order_by(Offer.id.desc()).limit(1))).scalar_one()


@pytest.mark.req("R-089")
async def test_an_approved_leave_stops_its_sessions_and_freezes_the_list(stage: Stage) -> None:
    away = [await stage.clinic.session(), await stage.clinic.session(half="pm")]
    stays = await stage.clinic.session("zhao")
    await stage.patients(2, away[0])
    await stage.patients(1, away[1])
    await stage.patients(1, stays)
    leave = await stage.submitted()
    assert await session_state(stage, away[0]) == "published"
    closed = await stage.approve(leave)
    assert (closed.sessions, closed.cases) == (2, 3)
    assert [await session_state(stage, one) for one in (*away, stays)] == ["stopped", "stopped", "published"]
    assert [case.appointment_id for case in await stage.cases(leave)] == stage.visits[:3]
    assert [(await stage.visit(one)).state for one in stage.visits] == [*["stopped"] * 3, "booked"]
    with pytest.raises(SessionStopped):
        await stage.clinic.book(away[0], stage.people[3])


async def test_half_a_day_and_one_post_are_closed_alone(stage: Stage) -> None:
    morning, evening = await stage.clinic.session(), await stage.clinic.session(half="pm")
    tomorrow = await stage.clinic.session(day=later(1))
    last = (later(0), "pm")
    post = stage.asked(doctor_id=None, post_id=stage.clinic.posts["chen"], first=last, last=last)
    await stage.approved(post)
    states = [await session_state(stage, one) for one in (morning, evening, tomorrow)]
    assert states == ["published", "stopped", "published"]


async def test_whoever_entered_a_leave_does_not_approve_it(stage: Stage) -> None:
    leave = await stage.submitted()
    with pytest.raises(FourEyes):
        await stage.approve(leave, stage.anna)
    await stage.clinic.rule("leave.four-eyes", "no", own=False)
    await stage.approve(leave, stage.anna)
    assert await state(stage, leave) == "approved"


async def test_nobody_does_what_their_roles_do_not_allow(stage: Stage) -> None:
    leave = await stage.submitted()
    clerk = replace(stage.bert, functions=frozenset({"leave"}))
    with pytest.raises(NotAllowed):
        await stage.approve(leave, clerk)
    with pytest.raises(NotAllowed):
        async with stage.hotline.work(replace(stage.anna, functions=frozenset())) as work:
            await entering.enter(work, stage.asked())
    stranger = replace(stage.bert, hospital_id=stage.sister.hospital_id)
    with pytest.raises(NotFound):
        await stage.approve(leave, stranger)
    with pytest.raises(NotAllowed):
        async with stage.hotline.work(stranger) as work:
            await entering.enter(work, stage.asked())


async def test_two_approvals_at_once_count_once(stage: Stage) -> None:
    session = await stage.clinic.session()
    await stage.patients(2, session)
    leave = await stage.submitted()

    async def approved() -> bool:
        try:
            await stage.hotline.run(lambda work: engine.approve(work, leave), stage.bert)
        except WrongState:
            return False
        return True

    assert sum(await asyncio.gather(*(approved() for _ in range(4)))) == 1
    assert len(await stage.cases(leave)) == 2


async def test_a_returned_leave_is_written_anew_and_submitted_again(stage: Stage) -> None:
    leave = await stage.submitted()
    async with stage.hotline.work(stage.bert) as work:
        await engine.send_back(work, leave, "时间不对")
    async with stage.hotline.work(stage.anna) as work:
        await entering.amend(work, leave, stage.asked(last=(later(1), "am")))
        await engine.submit(work, leave)
    await stage.approve(leave)
    with pytest.raises(WrongState):
        async with stage.hotline.work(stage.anna) as work:
            await entering.amend(work, leave, stage.asked())
    async with stage.hotline.read() as db:
        seen = await view.load(db, leave, stage.anna)
    assert (seen.last_day, seen.answer, seen.entered_by, seen.approved_by) == (
        later(1), "时间不对", "anna", "bert",
    )  # fmt: skip


async def test_a_leave_of_nobody_is_not_written_down(stage: Stage) -> None:
    for nobody in ({"doctor_id": None}, {"doctor_id": 999}, {"doctor_id": stage.sister.doctors["chen"]}):
        with pytest.raises((WrongInput, NotFound)):
            async with stage.hotline.work(stage.anna) as work:
                await entering.enter(work, stage.asked(**nobody))  # type: ignore[arg-type]


@pytest.mark.req("R-089")
async def test_a_hospitals_message_holds_at_once_and_counts_once(stage: Stage) -> None:
    session = await stage.clinic.session()
    await stage.patients(1, session)

    async def told(asked: object = None) -> int:
        wanted = asked or stage.asked()
        return await stage.hotline.run(lambda work: engine.from_hospital(work, wanted, "HIS-77"), HIS)

    first, second = await asyncio.gather(told(), told())
    assert first == second == await told()
    assert len(await stage.cases(first)) == 1
    assert await state(stage, first) == "approved"
    with pytest.raises(KeyReused):
        await told(stage.asked(last=(later(3), "pm")))
    async with stage.hotline.read() as db:
        assert (await view.load(db, first, stage.anna)).source is Source.MESSAGE
        assert await entering.of_message(db, stage.clinic.hospital_id, "HIS-77") == first
    async with stage.hotline.work(HIS) as work:
        await engine.withdraw(work, first, "复诊")
    assert (await stage.visit(stage.visits[0])).state == Visit.BOOKED


async def test_a_message_is_believed_from_hospitals_only(stage: Stage) -> None:
    for by in (stage.anna, CALLER):
        with pytest.raises(NotAllowed):
            async with stage.hotline.work(by) as work:
                await engine.from_hospital(work, stage.asked(), "x")


async def test_a_session_that_is_published_later_is_closed_too(stage: Stage) -> None:
    leave = await stage.approved(stage.asked(last=(later(1), "am")))
    await stage.settle()
    assert await state(stage, leave) == "done"
    inside, outside = await stage.clinic.session(day=later(1)), await stage.clinic.session(day=later(2))
    late = await stage.clinic.session(day=later(1), half="pm")
    await stage.patients(1, inside)
    await stage.settle()
    states = [await session_state(stage, one) for one in (inside, outside, late)]
    assert states == ["stopped", "published", "published"]
    assert len(await stage.cases(leave)) == 1
    assert await state(stage, leave) == "handling"


# --- reduce, substitute ---------------------------------------------------------------------------------


@pytest.mark.req("R-089")
async def test_a_reduction_displaces_the_latest_numbers_and_no_more(stage: Stage) -> None:
    session = await stage.clinic.session(slots=6)
    await stage.patients(5, session)
    leave = await stage.approved(stage.asked(Kind.REDUCE, keep=3))
    assert [case.appointment_id for case in await stage.cases(leave)] == stage.visits[3:]
    assert await stage.clinic.states(session) == {"booked": 3, "stopped": 3}
    async with stage.hotline.work(CALLER) as work:
        await cancel(work, Cancel(stage.visits[0]))
    assert await stage.clinic.states(session) == {"free": 1, "booked": 2, "stopped": 3}
    async with stage.hotline.work(stage.anna) as work:
        done = await engine.withdraw(work, leave, "医生回来了")
    assert done.restored == 2
    assert await stage.clinic.states(session) == {"free": 2, "booked": 4}
    await stage.balanced()


async def test_a_substitute_sees_the_patients_and_giving_up_is_free(stage: Stage, clock: FrozenClock) -> None:
    session = await stage.clinic.session()
    await stage.patients(2, session)
    zhao = stage.clinic.doctors["zhao"]
    leave = await stage.approved(stage.asked(Kind.SUBSTITUTE, substitute_id=zhao))
    assert [(await stage.visit(one)).state for one in stage.visits] == ["booked", "booked"]
    assert [(await stage.visit(one)).doctor_id for one in stage.visits] == [zhao, zhao]
    assert await stage.states(leave) == [CaseState.KEPT] * 2
    clock.set("2026-11-26 07:30")  # long after the deadline
    async with stage.hotline.work(TEXTER) as work:
        await cancel(work, Cancel(stage.visits[0]))
    await stage.settle()
    assert await stage.states(leave) == [CaseState.CANCELLED, CaseState.KEPT]
    assert (await stage.visit(stage.visits[0])).reason == FOR_LEAVE
    async with stage.hotline.work(SEED) as work:
        kinds = (await work.db.execute(select(CreditEvent.kind))).scalars().all()
    assert "cancel" not in kinds
    assert "same-day-cancel" not in kinds


async def test_the_first_doctor_comes_back_after_a_substitution(stage: Stage) -> None:
    session = await stage.clinic.session()
    await stage.patients(1, session)
    zhao, chen = stage.clinic.doctors["zhao"], stage.clinic.doctors["chen"]
    leave = await stage.approved(stage.asked(Kind.SUBSTITUTE, substitute_id=zhao))
    async with stage.hotline.work(stage.anna) as work:
        await engine.withdraw(work, leave, "回来了")
    visit = await stage.visit(stage.visits[0])
    assert (visit.doctor_id, visit.reason, visit.state) == (chen, None, "booked")
    assert await stage.states(leave) == [CaseState.RESTORED]


async def test_a_substitute_with_patients_of_their_own_is_refused(stage: Stage) -> None:
    await stage.clinic.session()
    await stage.clinic.session("zhao")
    with pytest.raises(WrongInput) as refused:
        await stage.submitted(stage.asked(Kind.SUBSTITUTE, substitute_id=stage.clinic.doctors["zhao"]))
    assert refused.value.facts["why"] == "busy"


# --- withdrawn at each stage ----------------------------------------------------------------------------


@pytest.mark.req("R-089")
@pytest.mark.parametrize("stage_name", ["draft", "submitted", "approved", "handling", "done"])
async def test_a_leave_is_withdrawn_at_any_stage(stage: Stage, stage_name: str) -> None:
    session = await stage.clinic.session()
    colleague = await stage.clinic.session("zhao", day=later(1))
    await stage.patients(2, session)
    if stage_name == "draft":
        async with stage.hotline.work(stage.anna) as work:
            leave = await entering.enter(work, stage.asked())
    else:
        leave = await stage.submitted()
    if stage_name in ("approved", "handling", "done"):
        await stage.approve(leave)
    if stage_name in ("handling", "done"):
        await stage.settle()
        assert await stage.clinic.states(colleague) == {"free": 4, "held": 2}
    if stage_name == "done":
        for visit in stage.visits:
            async with stage.hotline.work(SURFER) as work:
                await cancel(work, Cancel(visit))
        await stage.settle()
    assert await state(stage, leave) == stage_name
    async with stage.hotline.work(stage.anna) as work:
        done = await engine.withdraw(work, leave, "不用请假了")
    await stage.settle()
    assert await state(stage, leave) == State.WITHDRAWN
    assert await session_state(stage, session) == "published"
    assert (await stage.clinic.states(colleague)).get("held") is None
    booked = 0 if stage_name == "done" else 2
    assert (await stage.clinic.states(session)).get("booked", 0) == booked
    assert done.restored == (2 if stage_name in ("approved", "handling") else 0)
    with pytest.raises(WrongState):
        async with stage.hotline.work(stage.anna) as work:
            await engine.withdraw(work, leave, "again")
    await stage.balanced()


async def test_whoever_has_moved_stays_moved_when_the_leave_is_withdrawn(stage: Stage) -> None:
    session = await stage.clinic.session()
    await stage.clinic.session("zhao", day=later(1))
    await stage.patients(2, session)
    leave = await stage.approved()
    await stage.settle()
    first = (await stage.cases(leave))[0]
    assert first.offer_id
    async with stage.hotline.work(TEXTER) as work:
        await offers.accept(work, first.offer_id)
    async with stage.hotline.work(stage.anna) as work:
        done = await engine.withdraw(work, leave, "回来了")
    await stage.settle()
    assert (done.restored, done.stayed) == (1, 1)
    assert await stage.states(leave) == [CaseState.ACCEPTED, CaseState.RESTORED]
    assert await stage.clinic.states(session) == {"free": 5, "booked": 1}
    await stage.balanced()


async def test_an_acceptance_and_a_withdrawal_at_once_leave_one_visit(stage: Stage) -> None:
    session = await stage.clinic.session()
    await stage.clinic.session("zhao", day=later(1))
    await stage.patients(3, session)
    leave = await stage.approved()
    await stage.settle()
    made = [case.offer_id for case in await stage.cases(leave)]

    async def accept(offer: int | None) -> None:
        assert offer
        with suppress(OfferGone, HoldLapsed, WrongState):  # either may win
            await stage.hotline.run(lambda work: offers.accept(work, offer), TEXTER)

    async def withdraw() -> None:
        await stage.hotline.run(lambda work: engine.withdraw(work, leave, "回来了"), stage.anna)

    await asyncio.gather(accept(made[0]), withdraw(), accept(made[1]), accept(made[2]))
    await stage.settle()
    for person in stage.people:
        async with stage.hotline.read() as db:
            live = select(Appointment.id).where(
                Appointment.person_id == person, Appointment.state == Visit.BOOKED
            )
            assert len((await db.execute(live)).all()) == 1
    assert set(await stage.states(leave)) <= {CaseState.ACCEPTED, CaseState.RESTORED}
    await stage.balanced()


async def test_a_session_that_has_begun_is_not_opened_again(stage: Stage, clock: FrozenClock) -> None:
    morning, noon = await stage.clinic.session(), await stage.clinic.session(half="pm")
    await stage.patients(1, morning)
    await stage.patients(1, noon)
    leave = await stage.approved()
    clock.set("2026-11-26 09:00")
    async with stage.hotline.work(stage.anna) as work:
        done = await engine.withdraw(work, leave, "下午回来")
    assert done.restored == 1
    assert [await session_state(stage, one) for one in (morning, noon)] == ["stopped", "published"]
    assert await stage.states(leave) == [CaseState.WAITING, CaseState.RESTORED]


async def test_what_was_not_paid_yet_may_still_be_paid_after_a_withdrawal(
    stage: Stage, clock: FrozenClock
) -> None:
    await stage.clinic.rule("pay.mode", "online")
    session = await stage.clinic.session()
    await stage.patients(1, session)
    leave = await stage.approved()
    clock.advance(hours=5)
    async with stage.hotline.work(stage.anna) as work:
        await engine.withdraw(work, leave, "回来了")
    visit = await stage.visit(stage.visits[0])
    assert visit.state == Visit.UNPAID
    assert visit.pay_by
    assert (visit.pay_by - clock.now()).total_seconds() == 30 * 60


# --- what others had in a closed session ----------------------------------------------------------------


async def test_offers_in_a_session_that_closes_are_taken_back(stage: Stage) -> None:
    session = await stage.clinic.session()
    target = await stage.clinic.session("zhao", day=later(1))
    other = await stage.clinic.session("zhao", day=later(2))
    await stage.patients(1, session)
    leave = await stage.approved()
    await stage.settle()
    assert (await only_offer(stage)).session_id == target
    away = stage.asked(doctor_id=stage.clinic.doctors["zhao"], first=(later(1), "am"), last=(later(1), "am"))
    await stage.approved(away)
    await stage.settle()
    offer = await only_offer(stage)
    assert (offer.session_id, offer.state) == (other, "open")
    (case,) = await stage.cases(leave)
    assert (case.state, case.offers) == (CaseState.OFFERED, 1)
    await stage.balanced()


async def test_a_look_beforehand_says_what_would_be_found(stage: Stage, clock: FrozenClock) -> None:
    session = await stage.clinic.session(slots=4)
    await stage.clinic.session(day=later(1), slots=1)
    await stage.clinic.session("zhao", slots=2)
    await stage.patients(4, session)
    leave = await stage.submitted()
    async with stage.hotline.read() as db:
        seen = await view.preview(db, leave, clock.now())
    assert (seen.sessions, seen.patients, seen.nothing) == (1, 4, 1)
    assert seen.found == {Rung.SAME_DOCTOR: 1, Rung.SAME_GRADE: 2}


async def test_a_stopped_visit_does_not_use_up_the_months_number_of_its_doctor(stage: Stage) -> None:
    await stage.clinic.rule("limit.doctor-period", "1", period=("months", 1))
    session, again = await stage.clinic.session(), await stage.clinic.session(day=later(1))
    await stage.patients(1, session)
    await stage.approved()
    await stage.settle()
    assert (await only_offer(stage)).session_id == again


async def test_moving_for_a_leave_uses_up_no_change(stage: Stage) -> None:
    await stage.clinic.rule("change.max", "0")
    session, other = await stage.clinic.session(), await stage.clinic.session(day=later(1))
    await stage.patients(1, session)
    await stage.approved()
    async with stage.hotline.work(SURFER) as work:
        held = await hold(work, Hold(other, "web:1"))
        made = await change(work, Change(stage.visits[0], held.hold_id))
    assert (await stage.visit(made.appointment_id)).changes == 0
    assert (await stage.clinic.states(session)).get(SlotState.STOPPED) == 6
