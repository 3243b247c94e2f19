"""A visit is reminded of once, the day before; the answer counts for what the visit is now."""

import asyncio
from datetime import date

import pytest
import pytest_asyncio
from sqlalchemy import select

from core.booking.cancel import cancel
from core.booking.commands import Cancel
from core.booking.rules import State as Visit
from core.booking.stopping import resume, stop
from core.booking.tables import Appointment
from core.calling.rules import Answer as Called
from core.calling.rules import State as Call
from core.calling.tables import OutboundCall
from core.errors import ReminderOver, TooLateToCancel
from core.events import ReminderDue
from core.journal import latest
from core.offers.tables import Offer
from core.reminding import engine, view
from core.reminding.rules import Answer, State, Way
from core.reminding.tables import VisitReminder
from core.schedule import slots
from core.schedule.rules import SlotState
from core.values import Actor, ActorKind, Channel, Phone
from core.waiting import engine as waiting
from core.waiting.offering import offer_next
from core.work import Hotline
from tests.builders import CALLER, SEED, TEXTER, Clinic
from tests.builders import clinic as open_clinic
from tests.clocks import FrozenClock

MOBILE, LANDLINE = "13800990001", "02887654321"
OLD = date(1945, 3, 2)
THE_DAY_BEFORE = "2026-11-25 16:00"


@pytest_asyncio.fixture
async def clinic(hotline: Hotline) -> Clinic:
    return await open_clinic(hotline)


async def booked(clinic: Clinic, *, phone: str = MOBILE, born: date = date(1980, 1, 1)) -> tuple[int, int]:
    """(appointment, session) of a visit on Thursday."""
    person = await clinic.person("王秀英", phone=phone, born=born)
    session = await clinic.session()
    made = await clinic.book(session, person, phone=phone)
    return made.appointment_id, session


async def reminded(clinic: Clinic) -> int:
    async with clinic.hotline.work(SEED) as work:
        return await engine.remind_due(work)


async def ended(clinic: Clinic) -> int:
    async with clinic.hotline.work(SEED) as work:
        return await engine.end_due(work)


async def reminders(clinic: Clinic) -> list[VisitReminder]:
    async with clinic.hotline.read() as db:
        return list((await db.execute(select(VisitReminder).order_by(VisitReminder.id))).scalars())


async def calls(clinic: Clinic) -> list[OutboundCall]:
    async with clinic.hotline.read() as db:
        return list((await db.execute(select(OutboundCall).order_by(OutboundCall.id))).scalars())


async def one_reminder(clinic: Clinic, clock: FrozenClock) -> int:
    clock.set(THE_DAY_BEFORE)
    assert await reminded(clinic) == 1
    return (await reminders(clinic))[-1].id


async def test_a_visit_is_reminded_of_once_and_not_before_its_time(
    clinic: Clinic, clock: FrozenClock
) -> None:
    appointment, _ = await booked(clinic)
    clock.set("2026-11-25 15:59")
    assert await reminded(clinic) == 0
    await one_reminder(clinic, clock)
    assert await reminded(clinic) == 0
    async with clinic.hotline.read() as db:
        (told,) = await latest(db, ReminderDue, 5)
    assert (told.appointment_id, told.way, told.version) == (appointment, "text", 1)


async def test_two_processes_remind_once(clinic: Clinic, clock: FrozenClock) -> None:
    await booked(clinic)
    clock.set(THE_DAY_BEFORE)
    await asyncio.gather(*(reminded(clinic) for _ in range(4)))
    assert len(await reminders(clinic)) == 1


@pytest.mark.parametrize(
    ("phone", "born", "rule", "way"),
    [
        (MOBILE, date(1980, 1, 1), "auto", Way.TEXT),
        (MOBILE, OLD, "auto", Way.BOTH),
        (LANDLINE, date(1980, 1, 1), "auto", Way.CALL),
        (MOBILE, OLD, "text", Way.TEXT),
        (MOBILE, date(1980, 1, 1), "call", Way.CALL),
        (LANDLINE, date(1980, 1, 1), "text", Way.NONE),
    ],
)
async def test_who_is_called_and_who_is_written_to(
    clinic: Clinic, clock: FrozenClock, phone: str, born: date, rule: str, way: Way
) -> None:
    appointment, _ = await booked(clinic, phone=phone, born=born)
    await clinic.rule("reminder.way", rule)
    await one_reminder(clinic, clock)
    (made,) = await reminders(clinic)
    assert (Way(made.way), made.state) == (way, State.VOID if way is Way.NONE else State.OPEN)
    owed = await calls(clinic)
    assert [(one.subject, one.appointment_id) for one in owed] == (
        [(f"reminder/{made.id}", appointment)] if way.call else []
    )


async def test_a_hospital_that_reminds_nobody(clinic: Clinic, clock: FrozenClock) -> None:
    await booked(clinic)
    await clinic.rule("reminder.way", "off")
    clock.set(THE_DAY_BEFORE)
    assert await reminded(clinic) == 0


async def test_a_hospital_has_its_own_time(clinic: Clinic, clock: FrozenClock) -> None:
    await booked(clinic)
    await clinic.rule("reminder.time", "18:30")
    clock.set("2026-11-25 18:29")
    assert await reminded(clinic) == 0
    clock.set("2026-11-25 18:30")
    assert await reminded(clinic) == 1


async def test_who_books_after_the_reminders_went_is_not_reminded(clinic: Clinic, clock: FrozenClock) -> None:
    clock.set("2026-11-25 16:30")
    await booked(clinic)
    assert await reminded(clinic) == 0


async def test_a_house_that_was_away_reminds_late_but_not_too_late(
    clinic: Clinic, clock: FrozenClock
) -> None:
    await booked(clinic)  # at 8:00
    clock.set("2026-11-26 06:01")
    assert await reminded(clinic) == 0
    clock.set("2026-11-26 05:59")
    assert await reminded(clinic) == 1


async def test_a_visit_given_up_makes_its_reminder_void_and_drops_the_call(
    clinic: Clinic, clock: FrozenClock
) -> None:
    appointment, _ = await booked(clinic, born=OLD)
    reminder = await one_reminder(clinic, clock)
    async with clinic.hotline.work(CALLER) as work:
        await cancel(work, Cancel(appointment))
    async with clinic.hotline.read() as db:
        assert not (await view.load(db, reminder)).stands(clock.now())
    assert (await ended(clinic), await ended(clinic)) == (1, 0)
    assert [one.state for one in await reminders(clinic)] == [State.VOID]
    assert [one.state for one in await calls(clinic)] == [Call.DROPPED]


async def test_a_visit_that_stands_again_is_reminded_of_anew(clinic: Clinic, clock: FrozenClock) -> None:
    appointment, session = await booked(clinic)
    await one_reminder(clinic, clock)
    async with clinic.hotline.work(SEED) as work:
        await stop(work, session, reason="leave")
    async with clinic.hotline.work(SEED) as work:
        await resume(work, session)
    assert (await ended(clinic), await reminded(clinic), await reminded(clinic)) == (1, 1, 0)
    assert [(one.version, one.state) for one in await reminders(clinic)] == [(1, "void"), (3, "open")]
    mark = clinic.hotline.sealer.fingerprint(MOBILE, "phone")
    async with clinic.hotline.read() as db:
        (seen,) = await view.answerable(db, mark, clock.now())
    assert (seen.visit.appointment_id, seen.version) == (appointment, 3)


async def test_nobody_answers_and_the_visit_begins(clinic: Clinic, clock: FrozenClock) -> None:
    await booked(clinic)
    await one_reminder(clinic, clock)
    clock.set("2026-11-26 08:00")
    assert await ended(clinic) == 1
    assert [one.state for one in await reminders(clinic)] == [State.LAPSED]


async def test_kept_is_noted_once_and_drops_the_call(clinic: Clinic, clock: FrozenClock) -> None:
    await booked(clinic, born=OLD)
    reminder = await one_reminder(clinic, clock)
    for repeated in (False, True):
        async with clinic.hotline.work(TEXTER) as work:
            got = await engine.answer(work, reminder, Answer.KEPT, "sms")
        assert (got.answer, got.repeated) == (Answer.KEPT, repeated)
    (made,) = await reminders(clinic)
    assert (made.state, made.channel) == (State.ANSWERED, "sms")
    assert [(one.state, one.answer) for one in await calls(clinic)] == [(Call.DONE, Called.ELSEWHERE)]


async def test_cancelled_gives_the_visit_up_and_frees_its_slot(clinic: Clinic, clock: FrozenClock) -> None:
    appointment, session = await booked(clinic)
    reminder = await one_reminder(clinic, clock)
    async with clinic.hotline.work(TEXTER) as work:
        await engine.answer(work, reminder, Answer.CANCELLED, "sms")
    async with clinic.hotline.work(TEXTER) as work:
        assert (await engine.answer(work, reminder, Answer.CANCELLED, "sms")).repeated
        assert (await work.db.get_one(Appointment, appointment)).state == Visit.CANCELLED
        assert (await slots.counts(work, session))[SlotState.FREE] == 6
    # 'Y' to a cancelled visit is never answered 'confirmed'.
    with pytest.raises(ReminderOver) as over:
        async with clinic.hotline.work(TEXTER) as work:
            await engine.answer(work, reminder, Answer.KEPT, "sms")
    assert over.value.facts == {"state": "cancelled"}


async def test_who_changes_their_mind_is_believed_while_the_visit_is_ahead(
    clinic: Clinic, clock: FrozenClock
) -> None:
    appointment, _ = await booked(clinic)
    reminder = await one_reminder(clinic, clock)
    for said in (Answer.KEPT, Answer.CHANGED, Answer.CANCELLED):
        async with clinic.hotline.work(TEXTER) as work:
            await engine.answer(work, reminder, said, "sms")
    async with clinic.hotline.read() as db:
        assert (await db.get_one(Appointment, appointment)).state == Visit.CANCELLED


async def test_a_deadline_holds_for_reminders_too(clinic: Clinic, clock: FrozenClock) -> None:
    await clinic.rule("cancel.deadline", "day-1 12:00")
    await booked(clinic)
    reminder = await one_reminder(clinic, clock)
    with pytest.raises(TooLateToCancel):
        async with clinic.hotline.work(CALLER) as work:
            await engine.answer(work, reminder, Answer.CANCELLED, "phone")
    (made,) = await reminders(clinic)
    assert (made.state, made.answer) == (State.OPEN, None)


async def test_two_answers_at_once_end_in_one_of_them(clinic: Clinic, clock: FrozenClock) -> None:
    appointment, _ = await booked(clinic)
    reminder = await one_reminder(clinic, clock)

    async def say(said: Answer) -> bool:
        async def act(work: object) -> None:
            await engine.answer(work, reminder, said, "sms")  # type: ignore[arg-type]

        try:
            await clinic.hotline.run(act, TEXTER)
        except ReminderOver:
            return False
        return True

    took = await asyncio.gather(*(say(one) for one in (Answer.CANCELLED, Answer.KEPT, Answer.CANCELLED)))
    assert (took[0], took[2]) == (True, True)
    async with clinic.hotline.read() as db:
        assert (await db.get_one(Appointment, appointment)).state == Visit.CANCELLED
    (made,) = await reminders(clinic)
    assert made.answer == Answer.CANCELLED


async def test_the_phone_channel_of_an_answer_is_kept(clinic: Clinic, clock: FrozenClock) -> None:
    await booked(clinic)
    reminder = await one_reminder(clinic, clock)
    async with clinic.hotline.work(Actor(ActorKind.PATIENT, "ivr", Channel.PHONE)) as work:
        await engine.answer(work, reminder, Answer.CHANGED, "phone")
    async with clinic.hotline.read() as db:
        seen = await view.load(db, reminder)
    assert (seen.answer, seen.visit.state) == (Answer.CHANGED, Visit.BOOKED)
    assert (seen.stands(clock.now()), seen.ahead(clock.now())) == (False, True)


@pytest.mark.req("I-009")
async def test_the_slot_that_somebody_gives_up_is_the_waiting_persons_in_the_same_second(
    clinic: Clinic, clock: FrozenClock
) -> None:
    holder = await clinic.person("王秀英", phone=MOBILE)
    waiter = await clinic.person("李强", phone="13800990002")
    session = await clinic.session(slots=1)
    await clinic.book(session, holder, phone=MOBILE)
    async with clinic.hotline.work(TEXTER) as work:
        want = waiting.Join(
            waiter, Phone("13800990002"), clinic.department_id, clinic.doctors["chen"], number_kind="expert"
        )
        await waiting.join(work, want)
    reminder = await one_reminder(clinic, clock)
    async with clinic.hotline.work(TEXTER) as work:
        await engine.answer(work, reminder, Answer.CANCELLED, "sms")
    async with clinic.hotline.work(SEED) as work:
        await offer_next(work)
    async with clinic.hotline.read() as db:
        (made,) = (await db.execute(select(Offer))).scalars().all()
    assert (made.person_id, made.session_id, made.made_at) == (waiter, session, clock.now())
