"""All patients of a leave are moved to one session, or cancelled, in one go that can be gone on with (R-089)."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import pytest_asyncio
from sqlalchemy import select

from core.booking.cancel import cancel
from core.booking.commands import Cancel
from core.booking.rules import FOR_LEAVE
from core.errors import NotAllowed, NotFound
from core.leave.batch import Left, batch_cancel, batch_change
from core.leave.rules import CaseState
from core.money.tables import Refund
from core.offers import engine as offers
from core.offers.tables import Offer
from core.staff.tables import AuditEntry
from core.work import Hotline, Work
from tests.builders import CALLER, TEXTER
from tests.clocks import FrozenClock
from tests.leave.stage import Stage, later
from tests.leave.stage import stage as open_stage


@pytest_asyncio.fixture
async def stage(hotline: Hotline) -> Stage:
    return await open_stage(hotline)


@pytest.mark.req("R-089")
async def test_a_batch_change_moves_all_that_fit_in_order_and_says_who_did_not(stage: Stage) -> None:
    away = await stage.clinic.session()
    target = await stage.clinic.session("wu", day=later(1), slots=3)
    await stage.patients(5, away)
    leave = await stage.approved()
    await stage.settle()
    done = await batch_change(stage.hotline, stage.anna, leave, target)
    cases = await stage.cases(leave)
    assert list(done.done) == [case.id for case in cases[:3]]
    assert list(done.left) == [Left(case.id, "slot-full") for case in cases[3:]]
    assert [case.state for case in cases] == [CaseState.CHANGED] * 3 + [CaseState.DESK] * 2
    made = [await stage.visit(case.made_id) for case in cases if case.made_id]
    assert [(one.session_id, one.sequence) for one in made] == [(target, 1), (target, 2), (target, 3)]
    more = await stage.clinic.session("wu", day=later(2), slots=3)
    again = await batch_change(stage.hotline, stage.anna, leave, more)
    assert (len(again.done), again.left) == (2, [])
    assert (await batch_change(stage.hotline, stage.anna, leave, more)).done == []
    await stage.settle()
    await stage.balanced()


async def test_a_batch_that_broke_off_goes_on_with_those_who_are_left(stage: Stage) -> None:
    away = await stage.clinic.session()
    target = await stage.clinic.session("zhao", day=later(1))
    await stage.patients(4, away)
    leave = await stage.approved()
    await stage.settle()
    stage.hotline.committed = gone_after(2)
    with pytest.raises(ConnectionError):
        await batch_change(stage.hotline, stage.anna, leave, target)
    stage.hotline.committed = lambda: None
    assert (await stage.states(leave)).count(CaseState.CHANGED) == 2
    done = await batch_change(stage.hotline, stage.anna, leave, target)
    assert len(done.done) == 2
    await stage.settle()
    assert await stage.clinic.states(target) == {"booked": 4, "free": 2}
    async with stage.hotline.read() as db:
        assert set((await db.execute(select(Offer.state))).scalars()) == {"withdrawn"}
    await stage.balanced()


def gone_after(commits: int) -> Callable[[], None]:
    """The process is lost right after so many commits."""
    left = iter(range(commits - 1))

    def committed() -> None:
        if next(left, None) is None:
            raise ConnectionError

    return committed


async def test_whom_we_moved_may_still_give_it_up_free(stage: Stage, clock: FrozenClock) -> None:
    away = await stage.clinic.session()
    target = await stage.clinic.session("wu", half="pm")
    await stage.patients(1, away)
    leave = await stage.approved()
    await batch_change(stage.hotline, stage.anna, leave, target)
    (case,) = await stage.cases(leave)
    assert case.made_id
    assert (await stage.visit(case.made_id)).reason == FOR_LEAVE
    clock.set("2026-11-26 12:00")
    async with stage.hotline.work(TEXTER) as work:
        await cancel(work, Cancel(case.made_id))


@pytest.mark.req("R-089")
async def test_a_batch_cancel_gives_everybody_the_fee_back(stage: Stage) -> None:
    await stage.clinic.rule("card.charge", "yes")
    away = await stage.clinic.session()
    await stage.clinic.session("zhao", day=later(1))
    await stage.patients(3, away)
    leave = await stage.approved()
    await stage.settle()
    async with stage.hotline.work(CALLER) as work:
        case = (await stage.cases(leave))[0]
        assert case.offer_id
        await offers.accept(work, case.offer_id)
    done = await batch_cancel(stage.hotline, stage.anna, leave)
    assert len(done.done) == 2
    await stage.settle()
    assert await stage.states(leave) == [CaseState.ACCEPTED, CaseState.CANCELLED, CaseState.CANCELLED]
    async with stage.hotline.read() as db:
        acts = (await db.execute(select(AuditEntry.act).order_by(AuditEntry.id))).scalars().all()
        assert (await db.execute(select(Refund))).all() == []  # nobody had paid
    assert list(acts) == ["leave-entered", "leave-submitted", "leave-approved", "leave-cancelled"]
    await stage.balanced()


async def test_an_answer_that_cancels_gives_the_visit_up_in_the_same_act(stage: Stage) -> None:
    away = await stage.clinic.session()
    await stage.clinic.session("zhao", day=later(1))
    await stage.patients(1, away)
    leave = await stage.approved()
    await stage.settle()
    (case,) = await stage.cases(leave)

    async def answer(work: Work) -> None:
        assert case.offer_id
        await offers.refuse(work, case.offer_id, "cancelled")

    await stage.hotline.run(answer, CALLER)
    assert (await stage.visit(case.appointment_id)).state == "cancelled"


async def test_only_who_may_and_only_to_what_they_see(stage: Stage) -> None:
    away = await stage.clinic.session()
    theirs = await stage.sister.session()
    await stage.patients(1, away)
    leave = await stage.approved()
    with pytest.raises(NotAllowed):
        await batch_cancel(stage.hotline, replace(stage.anna, functions=frozenset({"book"})), leave)
    ours = replace(stage.anna, hospital_id=stage.clinic.hospital_id)
    with pytest.raises(NotFound):
        await batch_change(stage.hotline, ours, leave, theirs)
    stranger = replace(stage.anna, hospital_id=stage.sister.hospital_id)
    with pytest.raises(NotFound):
        await batch_cancel(stage.hotline, stranger, leave)
    assert await stage.states(leave) == [CaseState.WAITING]
