"""An offer keeps a slot for one person and ends once."""

import asyncio

import pytest
import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.booking.rules import State as Visit
from core.booking.stopping import stop
from core.booking.tables import Appointment
from core.errors import OfferGone
from core.offers import engine, view
from core.offers.rules import Kind, State
from core.schedule import slots
from core.schedule.rules import SlotState
from core.values import Actor, ActorKind, Channel, Phone
from core.work import Hotline
from tests.builders import CALLER, SEED, TEXTER, Clinic
from tests.builders import clinic as open_clinic
from tests.clocks import FrozenClock

PHONE = Phone("13800990001")
BY = Actor(ActorKind.SYSTEM, "leave", Channel.PHONE)


@pytest_asyncio.fixture
async def clinic(hotline: Hotline) -> Clinic:
    return await open_clinic(hotline)


async def displaced(clinic: Clinic) -> tuple[int, int, int]:
    """A booked visit that a leave has stopped: (appointment, person, a session with other slots)."""
    person = await clinic.person("王秀英", phone=PHONE.digits)
    session = await clinic.session()
    other = await clinic.session("chen", half="pm")
    made = await clinic.book(session, person, phone=PHONE.digits)
    async with clinic.hotline.work(SEED) as work:
        await stop(work, session, reason="leave")
    return made.appointment_id, person, other


async def offered(clinic: Clinic, appointment: int, person: int, session: int, minutes: int = 60) -> int:
    async with clinic.hotline.work(BY) as work:
        return await engine.make(
            work,
            engine.Make(Kind.LEAVE, 1, session, person, PHONE, minutes, appointment_id=appointment),
        )


async def left(clinic: Clinic, session: int) -> int:
    async with clinic.hotline.work(SEED) as work:
        return (await slots.counts(work, session)).get(SlotState.FREE, 0)


@pytest.mark.req("R-089")
async def test_an_accepted_offer_replaces_the_stopped_visit_in_one_act(clinic: Clinic) -> None:
    appointment, person, session = await displaced(clinic)
    offer = await offered(clinic, appointment, person, session)
    assert await left(clinic, session) == 5
    async with clinic.hotline.work(TEXTER) as work:
        made = await engine.accept(work, offer)
    async with clinic.hotline.read() as db:
        seen = await view.load(db, offer)
        old = await db.get_one(Appointment, appointment)
    assert (seen.state, seen.made_id) == (State.ACCEPTED, made.appointment_id)
    assert (old.state, old.replaced_by_id) == (Visit.REPLACED, made.appointment_id)
    assert await left(clinic, session) == 5


async def test_two_answers_at_once_count_once(clinic: Clinic) -> None:
    appointment, person, session = await displaced(clinic)
    offer = await offered(clinic, appointment, person, session)

    async def answer(yes: bool) -> bool:
        try:
            async with clinic.hotline.work(TEXTER if yes else CALLER) as work:
                await (engine.accept(work, offer) if yes else engine.refuse(work, offer, "other-times"))
        except OfferGone:
            return False
        return True

    assert sum(await asyncio.gather(*(answer(n % 2 == 0) for n in range(6)))) == 1
    async with clinic.hotline.read() as db:
        seen = await view.load(db, offer)
        visits = (await db.execute(select(Appointment.id).where(Appointment.session_id == session))).all()
    assert len(visits) == (seen.state is State.ACCEPTED)
    assert await left(clinic, session) == 6 - len(visits)


async def test_an_offer_that_nobody_answers_lapses_and_frees_its_slot(
    clinic: Clinic, clock: FrozenClock
) -> None:
    appointment, person, session = await displaced(clinic)
    offer = await offered(clinic, appointment, person, session)
    clock.advance(minutes=61)
    with pytest.raises(OfferGone):
        async with clinic.hotline.work(TEXTER) as work:
            await engine.accept(work, offer)
    async with clinic.hotline.work(SEED) as work:
        assert await engine.lapse_due(work) == 1
        assert await engine.lapse_due(work) == 0
    assert await left(clinic, session) == 6
    async with clinic.hotline.read() as db:
        assert (await db.get_one(Appointment, appointment)).state == Visit.STOPPED


async def test_a_visit_has_one_offer_at_a_time(clinic: Clinic) -> None:
    appointment, person, session = await displaced(clinic)
    first = await offered(clinic, appointment, person, session)
    with pytest.raises(IntegrityError):
        await offered(clinic, appointment, person, session)
    async with clinic.hotline.work(CALLER) as work:
        await engine.refuse(work, first, "other-times")
    await offered(clinic, appointment, person, session)


async def test_an_offer_is_answered_at_any_hour_by_any_channel(clinic: Clinic, hotline: Hotline) -> None:
    appointment, person, session = await displaced(clinic)
    offer = await offered(clinic, appointment, person, session)
    await clinic.rule("booking.hours", "03:00-03:05")
    await clinic.rule("channel.open", "no")
    async with hotline.work(TEXTER) as work:
        assert (await engine.accept(work, offer)).session_id == session


async def test_whoever_waited_gets_an_appointment_of_their_own(clinic: Clinic) -> None:
    person = await clinic.person("王秀英", phone=PHONE.digits)
    session = await clinic.session()
    async with clinic.hotline.work(BY) as work:
        offer = await engine.make(work, engine.Make(Kind.WAITING, 7, session, person, PHONE, 15))
    mark = clinic.hotline.sealer.fingerprint(PHONE.digits, "phone")
    async with clinic.hotline.work(TEXTER) as work:
        assert [one.offer_id for one in await view.open_by_phone(work.db, mark, work.now)] == [offer]
        made = await engine.accept(work, offer)
        assert await view.open_by_phone(work.db, mark, work.now) == []
    async with clinic.hotline.read() as db:
        assert (await db.get_one(Appointment, made.appointment_id)).contact_print == mark
