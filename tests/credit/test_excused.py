"""A miss rests on what was told; one that is not the patient's is written down, and does not count."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from core.booking.excusing import reconsider, reconsider_session
from core.booking.miss_rules import CallTold, Delivery, Evidence, Fault, TextTold, fault
from core.booking.rules import FOR_LEAVE
from core.booking.stopping import resume, stop
from core.booking.tables import Appointment
from core.booking.visit import miss_due
from core.credit.engine import active_blocks, statement
from core.credit.tables import CreditEvent
from core.events import (
    CreditForgiven,
    Event,
    OutboundEnded,
    ReminderAnswered,
    TextDelivered,
    TextFailed,
    TextSent,
)
from core.journal import latest
from core.values import system
from core.work import Hotline
from tests.builders import Clinic, clinic
from tests.clocks import FrozenClock

NIGHT, SMS = system("timers"), system("sms")
DAYS = ("2026-09-02", "2026-09-09", "2026-09-16", "2026-09-23")
STARTS = FrozenClock.at("2026-09-02 08:00").instant
TWELVE = timedelta(hours=12)


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    made = await clinic(hotline)
    await made.person("李秀英")
    return made


async def booked(town: Clinic, clock: FrozenClock, day: str) -> int:
    visit = date.fromisoformat(day)
    clock.set(f"{visit - timedelta(days=1)} 10:00")
    made = await town.book(await town.session(day=visit), town.people["李秀英"])
    return made.appointment_id


async def told(town: Clinic, *events: Event) -> None:
    async with town.hotline.work(SMS) as work:
        for event in events:
            work.record(event)


def sent(text_id: int, appointment_id: int, text_kind: str = "booked") -> Event:
    return TextSent(text_id=text_id, text_kind=text_kind, appointment_id=appointment_id)


def delivered(text_id: int, appointment_id: int, text_kind: str = "booked") -> Event:
    return TextDelivered(text_id=text_id, text_kind=text_kind, appointment_id=appointment_id)


def failed(text_id: int, appointment_id: int, *, permanent: bool = True) -> Event:
    return TextFailed(text_id=text_id, text_kind="booked", appointment_id=appointment_id, permanent=permanent)


async def missed(town: Clinic, clock: FrozenClock, day: str) -> None:
    clock.set(f"{date.fromisoformat(day) + timedelta(days=1)} 02:00")
    async with town.hotline.work(NIGHT) as work:
        assert await miss_due(work) == 1


async def line_of(town: Clinic, appointment_id: int) -> CreditEvent:
    async with town.hotline.read() as db:
        query = select(CreditEvent).where(CreditEvent.appointment_id == appointment_id)
        return (await db.execute(query)).scalar_one()


async def blocked(town: Clinic, clock: FrozenClock) -> bool:
    async with town.hotline.read() as db:
        return bool(await active_blocks(db, town.people["李秀英"], clock.instant))


async def test_a_text_that_never_arrived_keeps_the_miss_from_counting(
    town: Clinic, clock: FrozenClock
) -> None:
    await town.rule("block.no-show", "1 -> 3m", own=False)
    made = await booked(town, clock, DAYS[0])
    await told(town, sent(7, made), delivered(7, made), sent(8, made), failed(8, made))
    await missed(town, clock, DAYS[0])
    line = await line_of(town, made)
    assert (line.kind, line.forgiven_why) == ("no-show", Fault.UNDELIVERED)
    assert line.proof == "not picked up on the visit day; text 8 failed; text 7 delivered"
    assert not await blocked(town, clock)


async def test_a_receipt_that_fails_after_the_miss_removes_the_strike_and_its_block(
    town: Clinic, clock: FrozenClock
) -> None:
    made = [await booked(town, clock, day) for day in DAYS[:1]]
    await told(town, sent(1, made[0]))
    await missed(town, clock, DAYS[0])
    for place, day in enumerate(DAYS[1:3], 2):
        made.append(await booked(town, clock, day))
        await told(town, sent(place, made[-1]), delivered(place, made[-1]))
        await missed(town, clock, day)
    assert await blocked(town, clock)
    await told(town, failed(1, made[0]))
    async with town.hotline.work(SMS) as work:
        assert await reconsider(work, made[0])
        assert not await reconsider(work, made[0])
        assert not await reconsider(work, made[1])
    assert not await blocked(town, clock)
    async with town.hotline.read() as db:
        said = await statement(db, town.people["李秀英"], clock.instant)
        (why,) = await latest(db, CreditForgiven, 5)
    assert [line.forgiven_why for line in said.lines] == [Fault.UNDELIVERED, None, None]
    assert why.why == Fault.UNDELIVERED


async def test_a_text_of_which_nobody_knows_is_no_excuse(town: Clinic, clock: FrozenClock) -> None:
    made = await booked(town, clock, DAYS[0])
    await told(town, sent(1, made), failed(1, made, permanent=False))
    await missed(town, clock, DAYS[0])
    assert (await line_of(town, made)).forgiven_why is None


async def test_who_pressed_a_key_has_heard_it_whatever_became_of_the_text(
    town: Clinic, clock: FrozenClock
) -> None:
    made = await booked(town, clock, DAYS[0])
    call = OutboundEnded(
        call_id=3, sort="reminder", person_id=1, appointment_id=made, interaction_id=None, number=1,
        outcome="key", key="1", answer="kept", state="done", due=None,
    )  # fmt: skip
    await told(town, failed(1, made), call)
    await missed(town, clock, DAYS[0])
    line = await line_of(town, made)
    assert (line.forgiven_why, line.proof) == (
        None,
        "not picked up on the visit day; call 3.1 key; text 1 failed",
    )


async def test_who_answered_the_reminder_has_read_it(town: Clinic, clock: FrozenClock) -> None:
    made = await booked(town, clock, DAYS[0])
    answer = ReminderAnswered(reminder_id=1, appointment_id=made, person_id=1, answer="kept")
    await told(town, answer, failed(1, made))
    await missed(town, clock, DAYS[0])
    assert (await line_of(town, made)).forgiven_why is None


@pytest.mark.parametrize(("restored", "why"), [("2026-09-01 19:00", None), ("2026-09-01 21:00", Fault.LATE)])
async def test_a_leave_taken_back_too_late_is_the_hospitals_matter(
    town: Clinic, clock: FrozenClock, restored: str, why: Fault | None
) -> None:
    made = await booked(town, clock, DAYS[0])
    async with town.hotline.work(SMS) as work:
        session = (await work.db.get_one(Appointment, made)).session_id
        await stop(work, session, reason="leave")
    clock.set(restored)
    async with town.hotline.work(SMS) as work:
        await resume(work, session)
    await missed(town, clock, DAYS[0])
    assert (await line_of(town, made)).forgiven_why == why


@pytest.mark.req("R-089")
async def test_a_leave_that_is_told_after_the_visit_removes_the_strikes_of_its_session(
    town: Clinic, clock: FrozenClock
) -> None:
    await town.rule("block.no-show", "1 -> 3m", own=False)
    made = await booked(town, clock, DAYS[0])
    await missed(town, clock, DAYS[0])
    assert await blocked(town, clock)
    async with town.hotline.work(SMS) as work:
        session = (await work.db.get_one(Appointment, made)).session_id
        assert await reconsider_session(work, session) == 0
        await stop(work, session, reason="leave")
        assert await reconsider_session(work, session) == 1
        assert await reconsider_session(work, session) == 0
    assert (await line_of(town, made)).forgiven_why == Fault.LEAVE
    assert not await blocked(town, clock)


async def test_who_stays_away_from_a_substitute_has_missed_nothing(town: Clinic, clock: FrozenClock) -> None:
    made = await booked(town, clock, DAYS[0])
    async with town.hotline.work(SMS) as work:
        (await work.db.get_one(Appointment, made)).reason = FOR_LEAVE
    await missed(town, clock, DAYS[0])
    assert (await line_of(town, made)).forgiven_why == Fault.LEAVE


def text(text_id: int, delivery: Delivery) -> TextTold:
    return TextTold(text_id, "booked", STARTS, delivery)


SENT, GOT, LOST = Delivery.SENT, Delivery.DELIVERED, Delivery.FAILED
RANG = CallTold(1, 1, STARTS, "no-answer", None)
HEARD = CallTold(1, 2, STARTS, "key", "kept")


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (Evidence(), None),
        (Evidence((text(1, LOST),)), Fault.UNDELIVERED),
        (Evidence((text(1, SENT),)), None),
        (Evidence((text(1, LOST), text(2, GOT))), None),
        (Evidence((text(2, LOST), text(1, GOT))), Fault.UNDELIVERED),
        (Evidence((text(1, LOST),), (RANG,)), Fault.UNDELIVERED),
        (Evidence((text(1, LOST),), (RANG, HEARD)), None),
        (Evidence((text(1, LOST),), (), "kept"), None),
        (Evidence((), (RANG,)), None),
    ],
)
def test_the_last_text_decides_unless_something_was_answered(seen: Evidence, why: Fault | None) -> None:
    assert fault(seen, starts_at=STARTS, away=False, notice=TWELVE) is why
