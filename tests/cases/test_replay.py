"""A case told again from its log: as the tables say, on both databases, and not when the log was altered."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm.attributes import flag_modified

from core.booking import draft
from core.booking.commands import Book, Cancel, Change, Hold
from core.booking.hold import lapse_due
from core.booking.stopping import resume, stop
from core.booking.visit import check_in
from core.cases import replay
from core.cases.export import exported, imported
from core.cases.replay import Replay
from core.contact import engine as contact
from core.contact.rules import Disposition
from core.errors import NotFound, WrongInput
from core.events import TextSent
from core.journal import JournalRow
from core.offers import engine as offers
from core.offers.rules import Kind
from core.values import Phone, system
from core.work import Hotline
from sms.tables import TextMessage
from tests.builders import CALLER, TEXTER, Clinic, clinic
from tests.clocks import FrozenClock
from tests.replays import reproduced

TEST = system("test")
NUMBER = Phone("10712345678")


@pytest.fixture
async def here(hotline: Hotline) -> Clinic:
    return await clinic(hotline)


async def call(hotline: Hotline, name: str = "one") -> int:
    async with hotline.work(TEST) as work:
        return (
            await contact.open_interaction(work, linked_id=name, dnis="12320", ani=NUMBER.digits)
        ).interaction_id


async def hang_up(hotline: Hotline, interaction_id: int, how: Disposition = Disposition.BOOKED) -> None:
    async with hotline.work(TEST) as work:
        await contact.close(work, interaction_id, how)


async def booked_in(here: Clinic, interaction_id: int, session_id: int, person_id: int) -> int:
    held = await here.store.submit(Hold(session_id, "call:1", person_id=person_id), CALLER, interaction_id)
    made = await here.store.submit(Book(held.hold_id, person_id, NUMBER), CALLER, interaction_id)
    return made.appointment_id


def agrees(seen: Replay) -> bool:
    assert seen.differences == []
    return seen.told_hash == seen.live_hash


async def test_a_call_that_books_is_as_its_log_tells(here: Clinic, hotline: Hotline) -> None:
    session, li = await here.session(), await here.person("李秀英")
    one = await call(hotline)
    made = await booked_in(here, one, session, li)
    await hang_up(hotline, one)
    seen = await replay.of_interaction(hotline, one)
    assert agrees(seen)
    assert [fact.kind for fact in seen.facts] == [
        "interaction.opened", "slot.held", "appointment.booked", "interaction.closed",
    ]  # fmt: skip
    assert seen.told["appointment"][str(made)]["state"] == "booked"


async def test_what_becomes_of_a_visit_later_belongs_to_the_call_that_made_it(
    here: Clinic, hotline: Hotline, clock: FrozenClock
) -> None:
    session, li = await here.session(), await here.person("李秀英")
    one, other = await call(hotline), await call(hotline, "other")
    made = await booked_in(here, one, session, li)
    await hang_up(hotline, one)
    held = await here.store.submit(Hold(session, "sms:1"), TEXTER)
    moved = await here.store.submit(Change(made, held.hold_id), TEXTER)
    clock.advance(minutes=30)
    await here.store.submit(Cancel(moved.appointment_id), CALLER, other)
    seen = await replay.of_interaction(hotline, one)
    assert agrees(seen)
    visits = seen.told["appointment"]
    assert [visits[str(id_)]["state"] for id_ in (made, moved.appointment_id)] == ["replaced", "cancelled"]
    assert str(other) not in seen.told["interaction"], "the other call may be about other things, too"
    assert agrees(await replay.of_appointment(hotline, moved.serial))


async def test_a_hold_that_lapsed_long_after_the_call_is_found(
    here: Clinic, hotline: Hotline, clock: FrozenClock
) -> None:
    session = await here.session()
    one = await call(hotline)
    held = await here.store.submit(Hold(session, "call:1"), CALLER, one)
    await hang_up(hotline, one, Disposition.ABANDONED_MENU)
    clock.advance(hours=9)
    async with hotline.work(TEST) as work:
        assert await lapse_due(work) == 1
    taken = await here.store.submit(Hold(session, "call:2", slot_id=held.slot_id), CALLER)
    seen = await replay.of_interaction(hotline, one)
    assert agrees(seen), "whose the slot is now is another case"
    assert seen.told["hold"] == {held.hold_id: seen.told["hold"][held.hold_id]}
    assert (seen.told["hold"][held.hold_id]["state"], taken.slot_id) == ("lapsed", held.slot_id)


async def test_a_redial_that_goes_on_with_a_draft_is_the_same_case(here: Clinic, hotline: Hotline) -> None:
    one, again, stranger = [await call(hotline, name) for name in ("one", "again", "stranger")]
    mark = hotline.sealer.fingerprint(NUMBER.digits, "phone")
    async with hotline.work(TEST) as work:
        begun = await draft.open_draft(work, interaction_id=one, ani_print=mark)
        await draft.left(work, one, timedelta(minutes=10))
        gone_on = await draft.open_draft(work, interaction_id=again, ani_print=mark)
    assert gone_on.draft_id == begun.draft_id
    for root in (one, again):
        seen = await replay.of_interaction(hotline, root)
        assert agrees(seen)
        assert set(seen.told["interaction"]) == {str(one), str(again)}
    assert set((await replay.of_interaction(hotline, stranger)).told) == {"interaction"}


async def test_a_leave_and_its_offer_are_part_of_the_visits_case(here: Clinic, hotline: Hotline) -> None:
    session, li = await here.session(), await here.person("李秀英")
    later = await here.session("wu")
    made = await here.book(session, li)
    async with hotline.work(TEST) as work:
        await stop(work, session, reason="leave")
        offer = await offers.make(
            work, offers.Make(Kind.LEAVE, 1, later, li, NUMBER, 60, made.appointment_id)
        )
    async with hotline.work(CALLER) as work:
        new = await offers.accept(work, offer)
    seen = await replay.of_appointment(hotline, made.serial)
    assert agrees(seen)
    assert seen.told["offer"][str(offer)]["made_id"] == new.appointment_id
    async with hotline.work(TEST) as work:
        await resume(work, session)
    await reproduced(hotline.database)


async def test_a_text_is_there_from_the_moment_it_was_written(here: Clinic, hotline: Hotline) -> None:
    session, li = await here.session(), await here.person("李秀英")
    made = await here.book(session, li)
    async with hotline.work(TEST) as work:
        cause = await work.db.scalar(select(JournalRow.id).where(JournalRow.kind == "appointment.booked"))
        row = TextMessage(
            kind="booked", subject=f"appointment/{made.appointment_id}", appointment_id=made.appointment_id,
            journal_id=cause, phone_print="", phone_sealed=b"", phone_masked="", state="queued",
            created_at=work.now,
        )  # fmt: skip
        work.db.add(row)
        await work.db.flush()
        text_id = row.id
    assert (await replay.of_appointment(hotline, made.serial)).told["text"] == {
        str(text_id): {"state": "queued"}
    }
    async with hotline.work(TEST) as work:
        await work.db.execute(update(TextMessage).values(state="sent", sent_at=work.now))
        work.record(TextSent(text_id=text_id, text_kind="booked", appointment_id=made.appointment_id))
    seen = await replay.of_appointment(hotline, made.serial)
    assert agrees(seen)
    assert [fact.kind for fact in seen.facts][-2:] == ["text.queued", "text.sent"]


async def test_an_altered_journal_shows(here: Clinic, hotline: Hotline) -> None:
    session, li = await here.session(), await here.person("李秀英")
    one = await call(hotline)
    made = await booked_in(here, one, session, li)
    async with hotline.work(TEST) as work:
        row = await work.db.scalar(select(JournalRow).where(JournalRow.kind == "appointment.booked"))
        assert row is not None
        row.body["person_id"] = li + 1
        flag_modified(row, "body")
    seen = await replay.of_interaction(hotline, one)
    assert seen.told_hash != seen.live_hash
    (found,) = seen.differences
    assert (found.what, found.id, found.field) == ("appointment", str(made), "person_id")
    assert (found.told, found.live) == (li + 1, li)


@pytest.mark.parametrize("changed", ["table", "journal"])
async def test_what_was_done_past_the_engine_shows(here: Clinic, hotline: Hotline, changed: str) -> None:
    session, li = await here.session(), await here.person("李秀英")
    one = await call(hotline)
    await booked_in(here, one, session, li)
    async with hotline.work(TEST) as work:
        if changed == "table":
            held = (await replay.of_interaction(hotline, one)).told["hold"]
            from core.schedule.tables import Hold as Row

            await work.db.execute(update(Row).where(Row.id.in_(list(held))).values(state="live"))
        else:
            gone = update(JournalRow).where(JournalRow.kind.in_(["slot.held", "appointment.booked"]))
            await work.db.execute(gone.values(interaction_id=None, appointment_id=None))
    found = {(one.what, one.field) for one in (await replay.of_interaction(hotline, one)).differences}
    assert found == ({("hold", "state")} if changed == "table" else {("appointment", "id"), ("hold", "id")})


async def test_an_exported_case_gives_the_same_hash_and_names_nobody(here: Clinic, hotline: Hotline) -> None:
    session, li = await here.session(), await here.person("李秀英")
    one = await call(hotline)
    async with hotline.work(TEST) as work:
        await contact.know(work, one, li, by="tail")
        await contact.steps(
            work, one, [{"said": ["menu"]}, {"keys": "1"}, {"keys": NUMBER.digits}, {"keyed": 4}]
        )
    await booked_in(here, one, session, li)
    seen = await replay.of_interaction(hotline, one)
    file = exported(seen.facts)
    for secret in (NUMBER.digits, "李秀英", here.numbers["李秀英"]):
        assert secret not in file
    again = imported(file)
    assert (again.same, again.hash) == (True, seen.told_hash)
    assert again.told == seen.told
    altered = file.replace('"state": "booked"', '"state": "unpaid"')
    assert altered != file
    assert not imported(altered).same


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", json.dumps({"format": "hotline-case/9", "log": [], "hash": ""})]
)
def test_what_is_no_case_is_refused(text: str) -> None:
    with pytest.raises(WrongInput):
        imported(text)


async def test_what_is_not_there_is_not_found(hotline: Hotline) -> None:
    with pytest.raises(NotFound):
        await replay.of_interaction(hotline, 4711)
    with pytest.raises(NotFound):
        await replay.of_appointment(hotline, "12345678")


async def test_the_visit_day_is_told_too(here: Clinic, hotline: Hotline, clock: FrozenClock) -> None:
    session, li = await here.session(), await here.person("李秀英")
    made = await here.book(session, li)
    clock.set("2026-11-26 07:40")
    async with hotline.work(TEST) as work:
        await check_in(work, made.appointment_id, queue_number="A12")
    assert agrees(await replay.of_appointment(hotline, made.serial))
