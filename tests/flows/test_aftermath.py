"""What follows from events by the outbox: a question after a visit or a call, a strike that is removed."""

import pytest
from sqlalchemy import select

from core.booking.visit import attend, miss_due
from core.contact import engine as contact
from core.contact.rules import Disposition
from core.credit.tables import CreditEvent
from core.events import TextFailed, TextSent
from core.outbox import Outbox
from core.outbox_table import OutboxRow
from core.ports import Receipt
from core.survey.tables import Survey
from core.wake import Wake
from core.work import Hotline
from hotline.aftermath import CHOSEN, ROUTES, carriers, merged
from sms import parts
from sms.states import TextState
from sms.tables import TextMessage
from tests.builders import SEED, Clinic
from tests.builders import clinic as open_clinic
from tests.clocks import FrozenClock
from tests.survey.served import MOBILE, operator, talk


@pytest.fixture
async def clinic(hotline: Hotline) -> Clinic:
    hotline.routes, hotline.chosen = ROUTES, CHOSEN
    return await open_clinic(hotline)


async def carried(hotline: Hotline) -> None:
    outbox = Outbox(hotline, carriers(hotline), Wake())
    while await outbox.carry_due():
        pass


async def surveys(hotline: Hotline) -> list[str]:
    async with hotline.read() as db:
        return list((await db.execute(select(Survey.subject).order_by(Survey.id))).scalars())


async def booked(clinic: Clinic) -> int:
    person = await clinic.person("王秀英", phone=MOBILE)
    return (await clinic.book(await clinic.session(), person, phone=MOBILE)).appointment_id


async def text_about(clinic: Clinic, appointment_id: int) -> None:
    """A confirmation that its gateway has taken under the name 'p1'."""
    async with clinic.hotline.work(SEED) as work:
        row = TextMessage(
            kind="booked", subject=f"appointment/{appointment_id}", appointment_id=appointment_id,
            phone_print="-", phone_sealed=b"-", phone_masked="-", state=TextState.SENT.value,
            created_at=work.now, sent_at=work.now,
        )  # fmt: skip
        work.db.add(row)
        await work.db.flush()
        work.record(TextSent(text_id=row.id, text_kind="booked", appointment_id=appointment_id))
        await parts.handed([(work, row.id, "console", ["p1"])])


async def test_a_visit_that_took_place_is_asked_about(clinic: Clinic) -> None:
    appointment = await booked(clinic)
    async with clinic.hotline.work(SEED) as work:
        await attend(work, appointment, evidence="his")
    await carried(clinic.hotline)
    assert await surveys(clinic.hotline) == [f"visit/{appointment}"]


@pytest.mark.parametrize(
    ("ended", "asked"), [(Disposition.ANSWERED, True), (Disposition.ABANDONED_QUEUE, False)]
)
async def test_an_answered_call_is_asked_about_when_it_is_over(
    clinic: Clinic, clock: FrozenClock, ended: Disposition, asked: bool
) -> None:
    call = await talk(clinic.hotline, clock, [await operator(clinic.hotline)])
    async with clinic.hotline.work(SEED) as work:
        await contact.close(work, call, ended)
    await carried(clinic.hotline)
    assert await surveys(clinic.hotline) == ([f"call/{call}"] if asked else [])


async def test_a_call_without_an_operator_owes_nobody_anything(clinic: Clinic) -> None:
    async with clinic.hotline.work(SEED) as work:
        opened = await contact.open_interaction(work, linked_id="call-1", dnis="12320", ani=MOBILE)
        await contact.close(work, opened.interaction_id, Disposition.BOOKED)
    async with clinic.hotline.read() as db:
        assert (await db.execute(select(OutboxRow.id))).all() == []


async def test_a_receipt_that_fails_after_the_miss_removes_the_strike(
    clinic: Clinic, clock: FrozenClock
) -> None:
    appointment = await booked(clinic)
    await text_about(clinic, appointment)
    clock.set("2026-11-27 02:00")
    async with clinic.hotline.work(SEED) as work:
        assert await miss_due(work) == 1
    async with clinic.hotline.work(SEED) as work:
        await parts.reported(work, Receipt("console", "p1", delivered=False, why="absent"))
    for _ in range(2):  # a carrier that died in between is asked again
        await carried(clinic.hotline)
    async with clinic.hotline.read() as db:
        (line,) = (await db.execute(select(CreditEvent))).scalars().all()
    assert (line.kind, line.forgiven_why) == ("no-show", "undelivered")


def test_a_kind_of_two_carriers_reaches_both() -> None:
    both = merged({"a": ("x",)}, {"a": ("y",), "b": ("z",)})
    assert both == {"a": ("x", "y"), "b": ("z",)}
    assert set(ROUTES[TextFailed.kind]) == {"credit"}
