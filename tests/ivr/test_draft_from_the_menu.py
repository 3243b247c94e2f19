"""What a caller chose in the voice menu is there for the person who takes over."""

import pytest

from core.booking import draft, draft_view
from core.booking.draft_view import DraftView
from core.contact.view import recent
from core.work import Hotline
from tests.builders import SEED
from tests.callers import Caller
from tests.clocks import FrozenClock
from tests.ivr.town import LI, Town, town


@pytest.fixture
async def place(hotline: Hotline, clock: FrozenClock) -> Town:
    return await town(hotline, clock)


async def drafts(place: Town) -> DraftView | None:
    """The draft of the newest call."""
    async with place.hotline.read() as db:
        newest = (await recent(db))[0]
        return await draft_view.of_interaction(db, place.hotline.sealer, newest.interaction_id)


@pytest.mark.req("R-074", "R-075")
async def test_whoever_asks_for_a_person_at_the_read_back_finds_the_slot_held(place: Town) -> None:
    """Identified, 陈建国 held by the menu itself; then 0."""
    await place.desk.receive(Caller(place.keys("1{tail}0"), ani=LI))
    seen = await drafts(place)
    assert seen is not None
    assert seen.verb == "book"
    assert seen.person_id == place.clinic.people["李秀英"]
    assert seen.held is not None
    assert seen.held.live
    assert (seen.held.doctor, seen.fields["session_id"]) == ("陈建国", place.sessions["chen"])
    assert seen.staff_id is None
    assert seen.state == "open"


async def test_a_choice_half_made_is_there_too(place: Town) -> None:
    await place.desk.receive(Caller(place.keys("1{tail}2110"), ani=LI))  # no; hospital, department, then 0
    seen = await drafts(place)
    assert seen is not None
    assert seen.held is None
    assert seen.fields["hospital_id"] == place.clinic.hospital_id
    assert seen.fields["department_id"] == place.clinic.department_id
    assert "session_id" not in seen.fields


async def test_a_booking_made_by_the_menu_ends_its_draft(place: Town) -> None:
    await place.desk.receive(Caller(place.keys("1{tail}1."), ani=LI))
    seen = await drafts(place)
    assert seen is not None
    assert seen.state == "booked"
    assert seen.result is not None
    assert seen.result.serial in seen.result.say.replace(" ", "")


async def test_who_hangs_up_and_redials_finds_the_slot_at_the_desk(place: Town, clock: FrozenClock) -> None:
    await place.desk.receive(Caller(place.keys("1{tail}!"), ani=LI))
    first = await drafts(place)
    assert first is not None
    assert first.state == "left"
    clock.advance(minutes=3)
    await place.desk.receive(Caller("0", ani=LI, id="again"))
    async with place.hotline.read() as db:
        newest = (await recent(db))[0]
    async with place.hotline.work(SEED) as work:
        mark = work.sealer.fingerprint(LI, "phone")
        seen = await draft.open_draft(work, interaction_id=newest.interaction_id, ani_print=mark)
    assert seen.draft_id == first.draft_id
    assert seen.held is not None
    assert seen.held.live
