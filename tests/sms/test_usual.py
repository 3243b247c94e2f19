"""The usual texts of a moment are queued and noted together, and still each has its own fate and story."""

from dataclasses import dataclass

import pytest
from sqlalchemy import event, select, update

from core.booking.commands import Book, Cancel, Hold
from core.booking.tables import Appointment
from core.contact import engine as contact
from core.events import AppointmentBooked, TextDelivered, TextDropped, TextSent
from core.journal import JournalRow
from core.ports import OutgoingText, OutsideError, Receipt
from core.values import Phone
from core.work import Hotline
from sms import usual
from sms.inbound import Inbox
from sms.tables import TextMessage, TextStop
from tests.builders import CALLER
from tests.clocks import FrozenClock
from tests.sms.test_outbound import Post, post

__all__ = ["post"]
PHONES = tuple(f"1071234560{n}" for n in range(4))


async def booked(post: Post, phones: tuple[str, ...]) -> list[int]:
    """A visit for each of these numbers, made in a call of its own, and nothing has been told yet."""
    session, made = await post.town.session(slots=len(phones)), []
    for number, phone in enumerate(phones):
        person = await post.town.person(f"李秀{'英兰芳珍'[number]}", phone=phone)
        async with post.town.hotline.work(CALLER) as work:
            opened = await contact.open_interaction(work, linked_id=f"1.{number}", dnis="12320", ani=phone)
        call = opened.interaction_id
        held = await post.town.store.submit(Hold(session, f"call:{call}", person_id=person), CALLER, call)
        booking = Book(held.hold_id, person, Phone(phone))
        made.append((await post.town.store.submit(booking, CALLER, call)).appointment_id)
    return made


async def stops(hotline: Hotline, phone: str) -> None:
    async with hotline.work(CALLER) as work:
        work.db.add(TextStop(phone_print=work.sealer.fingerprint(phone, "phone"), at=work.now))


async def states(post: Post) -> dict[str, str]:
    """By the digits of the number."""
    async with post.town.hotline.read() as db:
        rows = (await db.execute(select(TextMessage).order_by(TextMessage.id))).scalars()
        return {post.town.hotline.sealer.open(row.phone_sealed, "phone"): row.state for row in rows}


@dataclass
class Counted:
    number: int = 0


def counted(hotline: Hotline) -> Counted:
    """Statements about texts, from here on."""
    count = Counted()

    def hear(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        count.number += "text_message" in statement or "text_part" in statement

    event.listen(hotline.database.writer.sync_engine, "before_cursor_execute", hear)
    return count


@pytest.mark.parametrize("most", [1, 4])
async def test_four_texts_cost_the_statements_of_one(post: Post, most: int) -> None:
    await booked(post, PHONES[:most])
    count = counted(post.town.hotline)
    await post.deliver()
    assert post.handset.kinds == ["booked"] * most
    # In the way, queued, asked; still open, sent; its parts, told before.
    assert count.number == 7


async def test_each_is_told_in_the_story_of_its_own_call(post: Post) -> None:
    await booked(post, PHONES)
    await post.deliver()
    async with post.town.hotline.read() as db:
        query = select(JournalRow.appointment_id, JournalRow.interaction_id).order_by(JournalRow.id)
        made = (await db.execute(query.where(JournalRow.kind == AppointmentBooked.kind))).all()
        told = (await db.execute(query.where(JournalRow.kind == TextSent.kind))).all()
    assert sorted(told) == sorted(made)
    assert len({interaction_id for _, interaction_id in told}) == 4


async def test_one_who_wants_none_is_left_out_and_the_others_are_told(post: Post) -> None:
    await booked(post, PHONES[:3])
    await stops(post.town.hotline, PHONES[1])
    await post.deliver()
    assert [text.to for text in post.handset.got.values()] == [PHONES[0], PHONES[2]]
    assert await states(post) == {PHONES[0]: "sent", PHONES[1]: "dropped", PHONES[2]: "sent"}
    (dropped,) = await post.told(TextDropped)
    assert isinstance(dropped, TextDropped)
    assert dropped.why == "opted out"


async def test_what_was_overtaken_is_dropped_beside_others_that_go(post: Post) -> None:
    first, _ = await booked(post, PHONES[:2])
    await post.town.store.submit(Cancel(first), CALLER)
    await post.deliver()
    assert sorted((text.to, text.kind) for text in post.handset.got.values()) == [
        (PHONES[0], "cancelled"),
        (PHONES[1], "booked"),
    ]


async def test_a_text_that_is_tried_again_keeps_its_row_and_its_key(post: Post, clock: FrozenClock) -> None:
    await booked(post, PHONES[:2])
    post.handset.script = [OutsideError("busy"), OutsideError("busy")]
    await post.deliver()
    assert set((await states(post)).values()) == {"queued"}
    clock.advance(minutes=1)
    await post.deliver()
    assert list(post.handset.got) == ["appointment/1/1/booked", "appointment/2/1/booked"]
    assert set((await states(post)).values()) == {"sent"}


async def test_receipts_that_came_before_the_note_count_for_their_own_text(post: Post) -> None:
    await booked(post, PHONES[:2])
    inbox = Inbox(post.town.hotline, post.town.store)
    await inbox.reported(Receipt("handset", "id of appointment/2/1/booked", True))
    await post.deliver()
    assert await states(post) == {PHONES[0]: "sent", PHONES[1]: "delivered"}
    (delivered,) = await post.told(TextDelivered)
    assert isinstance(delivered, TextDelivered)
    assert delivered.appointment_id == 2


async def test_one_that_cannot_be_noted_takes_none_of_the_others_with_it(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that gives one id to two texts: the second is done again, and its gateway drops the repeat."""
    await booked(post, PHONES[:3])

    async def send(text: OutgoingText) -> tuple[str, ...]:
        post.handset.got[text.key] = text
        return ("of one" if text.to == PHONES[0] else "of two others",)

    monkeypatch.setattr(post.handset, "send", send)
    await post.deliver()
    told = await states(post)
    assert told[PHONES[0]] == "sent"
    assert sorted(told.values()) == ["queued", "sent", "sent"]


async def test_what_cannot_be_queued_together_is_looked_at_one_by_one(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(usual, "keep", broken)
    await booked(post, PHONES[:2])
    await post.deliver()
    assert post.handset.kinds == ["booked", "booked"]


async def test_an_appointment_that_is_gone_costs_the_others_nothing(post: Post) -> None:
    first, _ = await booked(post, PHONES[:2])
    async with post.town.hotline.work(CALLER) as work:
        sealed = work.sealer.seal("not a number", "another purpose")
        await work.db.execute(
            update(Appointment).where(Appointment.id == first).values(contact_sealed=sealed)
        )
    await post.deliver()
    assert [text.to for text in post.handset.got.values()] == [PHONES[1]]
