"""Everything is booked: the operator puts the caller on the waiting list."""

import pytest

from core.values import Channel
from core.waiting import view
from tests.builders import Clinic, clinic
from tests.desks import Page, Room

NUMBER = "10912345678"


@pytest.fixture
async def town(room: Room) -> Clinic:
    return await clinic(room.hotline)


async def wishing(room: Room, town: Clinic, **wish: object) -> tuple[Page, int]:
    """A caller on the line whose draft says what they want; the page and the draft."""
    page, _ = await room.talking(await room.operator())
    parts = await page.until(lambda parts: parts["draft"])
    draft = parts["draft"]
    changes = {"hospital_id": town.hospital_id, "contact_phone": NUMBER, **wish}
    await page.do("draft.save", draft_id=draft["draft_id"], version=draft["version"], changes=changes)
    return page, draft["draft_id"]


@pytest.mark.req("I-009")
async def test_the_caller_stands_in_line_for_the_doctor_of_the_draft(room: Room, town: Clinic) -> None:
    li = await town.person("李秀英", phone=NUMBER)
    session = await town.session(slots=1)
    await town.book(session, await town.person("王秀英"))
    wish = {"person_id": li, "department_id": town.department_id, "doctor_id": town.doctors["chen"]}
    page, draft = await wishing(room, town, **wish)
    joined = await page.do("waiting.join", draft_id=draft)
    async with room.hotline.read() as db:
        (entry,) = await view.by_person(db, li)
    assert (entry.entry_id, entry.doctor_id, entry.channel) == (
        joined["entry_id"],
        town.doctors["chen"],
        Channel.PHONE,
    )
    assert joined["ahead"] == 0
    assert await page.refused("waiting.join", draft_id=draft) == "waiting-twice"


async def test_where_there_is_a_number_it_is_to_be_booked(room: Room, town: Clinic) -> None:
    li = await town.person("李秀英", phone=NUMBER)
    await town.session()
    page, draft = await wishing(room, town, person_id=li, department_id=town.department_id)
    assert await page.refused("waiting.join", draft_id=draft) == "waiting-free"


async def test_what_is_missing_is_said(room: Room, town: Clinic) -> None:
    page, draft = await wishing(room, town)
    assert await page.refused("waiting.join", draft_id=draft) == "draft-incomplete"
    li = await town.person("李秀英")
    await page.do("person.pick", person_id=li)
    assert await page.refused("waiting.join", draft_id=draft) == "draft-incomplete"
