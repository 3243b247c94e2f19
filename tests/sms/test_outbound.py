"""What a patient's phone gets of a booking's life: each thing once, and only while it is true."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core import journal, owed
from core.booking.cancel import expire_due
from core.booking.commands import Cancel, Change, Hold
from core.booking.paying import pay
from core.booking.stopping import resume, stop
from core.booking.tables import Appointment
from core.contact import engine as contact
from core.contact import view as contact_view
from core.contact.tables import Interaction
from core.events import CallbackPromised, PlaceEnded, TextDropped, TextFailed, TextSent
from core.observing import Metrics
from core.outbox import Backoff, Outbox
from core.ports import Clock, OutgoingText, OutsideError, TextGateway
from core.values import Phone, system
from core.wake import Wake
from core.work import Hotline
from sms import kept
from sms.gateways.pool import Member, Pool
from sms.outbound import CARRIER, ROUTES
from sms.states import NEXT, TextState
from sms.tables import TextMessage
from sms.texter import Texter
from sms.texts import Kind
from tests.builders import CALLER, Clinic, clinic
from tests.clocks import FrozenClock

PHONE = "10712345678"


@dataclass
class Handset:
    """A gateway that hands texts over unless its script says otherwise; drops repeats by key."""

    name: str = "handset"
    script: list[Exception] = field(default_factory=list)
    got: dict[str, OutgoingText] = field(default_factory=dict)
    silent: bool = False

    async def send(self, text: OutgoingText) -> tuple[str, ...]:
        if self.script:
            raise self.script.pop(0)
        if self.silent:
            await asyncio.Event().wait()
        self.got[text.key] = text
        return (f"id of {text.key}",)

    @property
    def kinds(self) -> list[str]:
        return [text.kind for text in self.got.values()]

    @property
    def last(self) -> str:
        return list(self.got.values())[-1].body


def alone(gateway: TextGateway, clock: Clock) -> Pool:
    """This gateway as the only way out."""
    return Pool([Member(gateway, rate=10_000)], clock)


@dataclass
class Post:
    """A clinic whose texts go to one handset."""

    town: Clinic
    handset: Handset
    outbox: Outbox
    metrics: Metrics

    async def deliver(self) -> None:
        while await self.outbox.carry_due():
            pass

    async def states(self) -> list[tuple[str, str]]:
        async with self.town.hotline.read() as db:
            rows = await db.execute(select(TextMessage).order_by(TextMessage.id))
            return [(row.kind, row.state) for row in rows.scalars()]

    async def told(self, kind: type) -> list[object]:
        async with self.town.hotline.read() as db:
            found = await journal.entries(db, journal.START)
        return [entry.event for entry in found if isinstance(entry.event, kind)]


@pytest.fixture
async def post(hotline: Hotline) -> Post:
    hotline.routes = ROUTES
    handset, metrics = Handset(), Metrics()
    texter = Texter(hotline, alone(handset, hotline.clock), metrics=metrics)
    outbox = Outbox(hotline, {CARRIER: texter.route()}, Wake(), backoff=Backoff(tries=3))
    return Post(await clinic(hotline), handset, outbox, metrics)


async def booked(post: Post, *, phone: str = PHONE) -> int:
    session = await post.town.session(slots=2)
    person = await post.town.person("李秀英")
    return (await post.town.book(session, person, phone=phone)).appointment_id


@pytest.mark.req("R-010", "R-051")
async def test_a_booking_sends_one_text_with_all_that_is_needed(post: Post) -> None:
    made = await booked(post)
    await post.deliver()
    assert post.handset.kinds == ["booked"]
    (text,) = post.handset.got.values()
    assert text.to == PHONE
    async with post.town.hotline.read() as db:
        serial = (await db.execute(select(Appointment.serial).where(Appointment.id == made))).scalar_one()
    for said in ("青石市第一人民医院", "心血管内科", "陈建国", "11月26日周四", "8:00-8:30", serial):
        assert said in text.body
    assert await post.told(TextSent) == [
        TextSent(text_id=1, text_kind="booked", appointment_id=made, segments=1)
    ]


async def test_a_cancelled_appointment_is_told_too(post: Post) -> None:
    made = await booked(post)
    await post.deliver()
    await post.town.store.submit(Cancel(made), CALLER)
    await post.deliver()
    assert post.handset.kinds == ["booked", "cancelled"]


@pytest.mark.parametrize("pays", [True, False])
async def test_an_unpaid_slot_is_asked_for_and_then_confirmed_or_given_up(
    post: Post, clock: FrozenClock, pays: bool
) -> None:
    await post.town.rule("pay.mode", "online")
    made = await booked(post)
    await post.deliver()
    assert post.handset.kinds == ["payment-due"]
    assert "10:30前" in post.handset.last
    async with post.town.hotline.work(system("test")) as work:
        if pays:
            await pay(work, payment_id=1, appointment_id=made, provider="test", txn="1", amount_fen=3000)
        else:
            clock.advance(hours=1)
            work.now = clock.now()
            await expire_due(work)
    await post.deliver()
    assert post.handset.kinds == ["payment-due", "booked" if pays else "expired"]


async def test_a_text_that_was_overtaken_is_dropped_and_only_the_newer_goes(post: Post) -> None:
    made = await booked(post)
    await post.town.store.submit(Cancel(made), CALLER)
    await post.deliver()
    assert post.handset.kinds == ["cancelled"]
    assert await post.states() == [("booked", "dropped"), ("cancelled", "sent")]
    assert await post.told(TextDropped) == [
        TextDropped(text_id=1, text_kind="booked", appointment_id=made, why="overtaken")
    ]


async def test_a_text_that_failed_is_looked_at_again_before_the_next_try(
    post: Post, clock: FrozenClock
) -> None:
    made = await booked(post)
    post.handset.script = [OutsideError("busy")]
    await post.deliver()
    await post.town.store.submit(Cancel(made), CALLER)
    await post.deliver()
    clock.advance(minutes=1)
    await post.deliver()
    assert post.handset.kinds == ["cancelled"]
    assert await post.states() == [("booked", "dropped"), ("cancelled", "sent")]


async def test_a_text_in_doubt_does_not_stay_in_the_queue_when_its_visit_was_moved(
    post: Post, clock: FrozenClock
) -> None:
    await post.town.rule("pay.mode", "online")
    made = await booked(post)
    post.handset.script = [OutsideError("no answer", unsure=True)]
    await post.deliver()
    other = await post.town.session("wu", half="pm")
    hold = await post.town.store.submit(Hold(session_id=other, owner="call:1"), CALLER)
    await post.town.store.submit(Change(made, hold.hold_id), CALLER)
    clock.advance(minutes=1)
    await post.deliver()
    assert "queued" not in {state for _, state in await post.states()}


@pytest.mark.parametrize("at_once", [True, False], ids=["before-the-first-text", "after-the-first-text"])
async def test_a_change_sends_one_text_and_it_is_about_the_new_visit(post: Post, at_once: bool) -> None:
    made = await booked(post)
    if not at_once:
        await post.deliver()
        post.handset.got.clear()
    afternoon = await post.town.session(half="pm")
    held = await post.town.store.submit(Hold(session_id=afternoon, owner="call:1"), CALLER)
    await post.town.store.submit(Change(made, held.hold_id), CALLER)
    await post.deliver()
    assert post.handset.kinds == ["changed"]
    assert "14:00-14:30" in post.handset.last


async def test_a_stopped_session_tells_its_patients_and_so_does_its_return(post: Post) -> None:
    await booked(post)
    await post.deliver()
    async with post.town.hotline.work(system("test")) as work:
        await stop(work, 1, reason="leave")
    await post.deliver()
    assert post.handset.kinds == ["booked", "stopped"]
    async with post.town.hotline.work(system("test")) as work:
        await resume(work, 1)
    await post.deliver()
    assert post.handset.kinds == ["booked", "stopped", "restored"]


async def test_a_leave_withdrawn_before_its_text_left_is_never_told(post: Post) -> None:
    await booked(post)
    await post.deliver()
    for act in (lambda work: stop(work, 1, reason="leave"), lambda work: resume(work, 1)):
        await post.town.hotline.run(act, system("test"))
    await post.deliver()
    assert post.handset.kinds == ["booked", "restored"]


async def test_a_text_in_waiting_gives_way_to_the_newer_version_of_itself(
    post: Post, clock: FrozenClock
) -> None:
    made = await booked(post)
    post.handset.script = [OutsideError("busy")]
    await post.deliver()
    async with post.town.hotline.work(system("test")) as work:
        await work.db.execute(update(Appointment).where(Appointment.id == made).values(version=2))
    clock.advance(minutes=1)
    await post.deliver()
    assert list(post.handset.got) == [f"appointment/{made}/2/booked"]
    assert await post.states() == [("booked", "dropped"), ("booked", "sent")]


async def test_a_row_that_moved_on_without_a_text_of_its_own_is_told_as_it_is_now(post: Post) -> None:
    made = await booked(post)
    async with post.town.hotline.work(system("test")) as work:
        await work.db.execute(update(Appointment).where(Appointment.id == made).values(version=2))
    await post.deliver()
    assert list(post.handset.got) == [f"appointment/{made}/2/booked"]


async def test_a_visit_that_has_begun_is_not_announced(post: Post, clock: FrozenClock) -> None:
    await booked(post)
    clock.advance(days=4)
    await post.deliver()
    assert await post.states() == [("booked", "dropped")]


async def test_a_number_that_takes_no_texts_gets_none(post: Post) -> None:
    await booked(post, phone="02887654321")
    await post.deliver()
    assert await post.states() == [("booked", "dropped")]


async def test_a_text_sent_and_not_noted_is_sent_again_with_the_same_key(
    post: Post, clock: FrozenClock
) -> None:
    """As when the process dies between the two: the row is as it was before the sending."""
    made = await booked(post)
    await post.deliver()
    async with post.town.hotline.work(system("test")) as work:
        await work.db.execute(update(TextMessage).values(state="queued", gateway_id=None))
        await work.db.execute(update(owed.OutboxRow).values(state="waiting", due_at=work.now))
    await post.deliver()
    assert list(post.handset.got) == [f"appointment/{made}/1/booked"]  # the handset counts keys
    assert await post.states() == [("booked", "sent")]


async def test_asked_again_after_it_went_it_does_nothing(post: Post) -> None:
    await booked(post)
    await post.deliver()
    post.handset.got.clear()
    async with post.town.hotline.work(system("test")) as work:
        await work.db.execute(update(owed.OutboxRow).values(state="waiting", due_at=work.now))
    await post.deliver()
    assert post.handset.got == {}


async def test_a_refused_number_fails_for_good_and_a_supervisor_may_revive_it(post: Post) -> None:
    made = await booked(post)
    post.handset.script = [OutsideError(f"{PHONE} is barred", permanent=True)]
    await post.deliver()
    async with post.town.hotline.read() as db:
        (text,) = await kept.recent(db, post.town.hotline.sealer)
        (letter,) = await owed.dead(db)
    assert (text.state, text.why) == (TextState.FAILED, "*** is barred")
    assert await post.told(TextFailed) == [
        TextFailed(text_id=1, text_kind="booked", appointment_id=made, permanent=True)
    ]
    async with post.town.hotline.work(system("test")) as work:
        await owed.revive(work, letter.id)
    await post.deliver()
    assert await post.states() == [("booked", "sent")]


async def test_a_gateway_that_never_answers_leaves_an_unknown_outcome(post: Post, clock: FrozenClock) -> None:
    await booked(post)
    post.handset.silent = True
    impatient = Texter(post.town.hotline, alone(post.handset, post.town.hotline.clock), within_s=0.01)
    carrying = Outbox(post.town.hotline, {CARRIER: impatient.route()}, Wake(), backoff=Backoff(tries=3))
    for _ in range(4):
        await carrying.carry_due()
        clock.advance(hours=1)
    assert await post.states() == [("booked", "unknown")]


async def test_a_page_shows_the_words_and_the_masked_number_and_the_rows_show_neither(post: Post) -> None:
    made = await booked(post)
    await post.deliver()
    async with post.town.hotline.read() as db:
        (text,) = await kept.recent(db, post.town.hotline.sealer, appointment_id=made)
        row = (await db.execute(select(TextMessage))).scalar_one()
    assert (text.phone_masked, text.state, text.segments) == ("107****5678", TextState.SENT, 1)
    assert text.body is not None
    assert "陈建国" in text.body
    raw = b"".join(value for value in vars(row).values() if isinstance(value, bytes))
    assert PHONE.encode() not in raw
    assert "陈建国".encode() not in raw


async def test_texts_are_counted_by_what_became_of_them(post: Post) -> None:
    made = await booked(post)
    await post.town.store.submit(Cancel(made), CALLER)
    await post.deliver()
    shown = (await post.metrics.render()).decode()
    assert 'hotline_texts_total{kind="booked",state="dropped"} 1.0' in shown
    assert 'hotline_texts_total{kind="cancelled",state="sent"} 1.0' in shown


@pytest.mark.parametrize(("state", "sent"), [("owed", ["callback-promised"]), ("done", [])])
async def test_a_promised_callback_is_confirmed_while_it_is_owed(
    hotline: Hotline, clock: FrozenClock, state: str, sent: list[str]
) -> None:
    @dataclass
    class Promise:
        phone_sealed: bytes | None
        promised_for = clock.now() + timedelta(hours=1)
        state: str

    async def load(_db: object, _callback_id: int) -> Promise:
        return Promise(hotline.sealer.seal(PHONE, "phone"), state)

    hotline.routes = ROUTES
    handset = Handset()
    texter = Texter(hotline, alone(handset, hotline.clock), callbacks=load)
    async with hotline.work(system("test")) as work:
        work.db.add(
            Interaction(
                id=1, linked_id="1.1", channel="phone", dnis="12320", state="open", started_at=work.now
            )
        )
        await work.db.flush()
        work.record(CallbackPromised(interaction_id=1, callback_id=7, due=work.now, recording=None))
    await Outbox(hotline, {CARRIER: texter.route()}, Wake()).carry_due()
    assert handset.kinds == sent
    if sent:
        assert "11月23日周一11:00前给您回电" in handset.last


@pytest.mark.parametrize(("how", "sent"), [("unreached", ["callback-missed"]), ("served", [])])
async def test_a_call_in_ones_turn_that_was_not_answered_is_told(
    hotline: Hotline, clock: FrozenClock, how: str, sent: list[str]
) -> None:
    hotline.routes = ROUTES
    handset = Handset()
    texter = Texter(hotline, alone(handset, hotline.clock), callbacks=contact_view.callback)
    async with hotline.work(system("test")) as work:
        opened = await contact.open_interaction(work, linked_id="1.1", dnis="12320", ani=PHONE)
        due = work.now + timedelta(hours=1)
        owed = await contact.promise_callback(
            work, opened.interaction_id, number=Phone(PHONE), person_id=None, due=due
        )
        work.events = []  # what was promised is told by a text of its own
        work.record(PlaceEnded(interaction_id=opened.interaction_id, callback_id=owed, how=how))
    await Outbox(hotline, {CARRIER: texter.route()}, Wake()).carry_due()
    assert handset.kinds == sent
    if sent:
        assert "我们打来时没有接通。我们会在11月23日周一11:00前再打给您" in handset.last


def test_no_state_of_a_text_is_without_its_row() -> None:
    assert set(NEXT) == set(TextState)
    assert set(Kind) >= {Kind(kind) for kind in ("booked", "changed", "cancelled")}
