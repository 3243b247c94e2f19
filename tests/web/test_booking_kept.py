"""A slot that was held in a call which broke off, gone on with on the web; and one of the web by telephone."""

import re

import pytest
from sqlalchemy import select

from core.booking import draft_view, view
from core.booking.tables import Draft
from core.contact import engine as contact
from core.work import Hotline
from tests import patients
from tests.booking.test_draft_continue import hops_of
from tests.callers import Caller
from tests.clocks import FrozenClock
from tests.ivr.town import LI, STRANGER, Town, book_for, town
from tests.pages import Open
from tests.public import words
from tests.wizard import Surfer, made


@pytest.fixture
async def place(hotline: Hotline, clock: FrozenClock) -> Town:
    return await town(hotline, clock)


@pytest.fixture
async def li(open_pages: Open, place: Town) -> Surfer:
    """李秀英 before her browser."""
    client = await open_pages()
    person_id = place.clinic.people["李秀英"]
    account_id = await patients.account(place.hotline, person_id, LI)
    form = await patients.enter(client, place.hotline, account_id)
    return Surfer(client, place.clinic, account_id, person_id, form)


async def call(place: Town, keys: str, *, ani: str = LI, id: str = "call-1") -> Caller:
    caller = Caller(place.keys(keys), ani=ani, id=id)
    await place.desk.receive(caller)
    return caller


async def visits(place: Town) -> int:
    """李秀英's that are ahead."""
    async with place.hotline.read() as db:
        return len(await view.open_of_person(db, place.clinic.people["李秀英"], place.hotline.clock.now()))


def offered(page: str) -> dict[str, str]:
    """Where the form of what was left leads, and what it brings."""
    found = re.search(
        r'action="(?P<path>[^"]*/account/kept/\d+)".*?name="version" value="(?P<version>\d+)"', page, re.S
    )
    return found.groupdict() if found else {}


async def answer(surfer: Surfer, form: dict[str, str], act: str = "go-on", status: int = 303) -> str:
    return await surfer.post(form["path"], status, version=form["version"], act=act)


@pytest.mark.req("I-008", "I-014")
@pytest.mark.parametrize("base", ["", "/m"])
async def test_what_was_held_on_the_telephone_is_booked_on_the_web(
    base: str, li: Surfer, place: Town
) -> None:
    """The same slot, until the same moment; and what came of it ends the draft."""
    await call(place, "1{tail}!")
    li.base = base
    page = await li.get(f"{base}/account")
    assert "您刚才电话里选的号还为您保留到 10:10" in words(page)
    assert "陈建国" in words(page)
    assert "李秀英" not in words(page).partition("陈建国")[0].partition("电话里")[2]
    led = await answer(li, offered(page))
    held = await li.get(led)
    assert "保留到 10:10:00" in words(held)
    done = await li.book(led)
    assert done.startswith(f"{base}/book/done/")
    assert await place.clinic.states(place.sessions["chen"]) == {"booked": 1, "free": 1}
    assert await hops_of(place.hotline) == [("menu", "web")]
    assert offered(await li.get(f"{base}/account")) == {}
    assert "kept-slot" not in (await call(place, "!", id="call-2")).heard


@pytest.mark.parametrize("base", ["", "/m"])
async def test_the_wizard_begins_with_it_too_and_it_can_be_given_back(
    base: str, li: Surfer, place: Town
) -> None:
    await call(place, "1{tail}!")
    page = await li.get(f"{base}/book/{place.sessions['wu']}")
    form = offered(page)
    assert form
    assert await answer(li, form, "give-up") == f"{base}/account?done=given-up"
    assert await place.clinic.states(place.sessions["chen"]) == {"free": 2}
    assert "号已放开" in words(await li.get(f"{base}/account?done=given-up"))
    assert offered(await li.get(f"{base}/account")) == {}


async def test_who_goes_on_elsewhere_meanwhile_is_told_so_on_the_page(li: Surfer, place: Town) -> None:
    """The redial was quicker, or the page is old: nothing is held or booked twice."""
    await call(place, "1{tail}!")
    form = offered(await li.get("/account"))
    await call(place, "1{tail}1.", id="call-2")
    assert await answer(li, form) == "/account?done=kept-gone"
    assert "在别处接着办" in words(await li.get("/account?done=kept-gone"))
    assert await visits(place) == 1


async def test_what_another_number_left_is_not_there(li: Surfer, place: Town) -> None:
    await call(place, "1{id}!", ani=STRANGER)
    assert offered(await li.get("/account")) == {}
    async with place.hotline.read() as db:
        draft_id = (await db.execute(select(Draft.id))).scalars().all()[-1]
    for act in ("go-on", "give-up"):
        await answer(li, {"path": f"/account/kept/{draft_id}", "version": "1"}, act, 404)
    assert await place.clinic.states(place.sessions["chen"]) == {"held": 1, "free": 1}


async def test_a_change_begun_by_telephone_is_a_change_on_the_web(li: Surfer, place: Town) -> None:
    await book_for(place, "李秀英", "wu", LI)
    await call(place, "31!")
    page = await li.get("/account")
    assert "继续改约" in words(page)
    led = await answer(li, offered(page))
    serial = led.partition("change=")[2]
    await li.post(led.partition("?")[0], change=serial)
    assert await visits(place) == 1
    assert [one.state for one in await made(place.hotline)].count("replaced") == 1


# --- and back ------------------------------------------------------------------------------------------


async def test_what_is_held_on_the_web_is_gone_on_with_by_telephone(li: Surfer, place: Town) -> None:
    held = await li.hold(place.sessions["chen"])
    redial = await call(place, "1{tail}1.")
    assert "kept-slot" in redial.heard
    assert "booked" in redial.heard
    assert await place.clinic.states(place.sessions["chen"]) == {"booked": 1, "free": 1}
    assert await hops_of(place.hotline) == [("web", "menu")]
    assert await li.get(held, 303) == "/account?done=kept-gone"


async def test_a_page_that_lost_its_slot_to_the_telephone_books_nothing(li: Surfer, place: Town) -> None:
    held = await li.hold(place.sessions["chen"])
    await call(place, "1!")
    assert await li.post(held, person=li.person_id) == "/account?done=kept-gone"
    assert "booked" not in await place.clinic.states(place.sessions["chen"])


async def test_a_change_on_the_web_is_a_change_by_telephone(li: Surfer, place: Town) -> None:
    serial = await book_for(place, "李秀英", "wu", LI)
    await li.hold(place.sessions["chen"], change=serial)
    redial = await call(place, "1{tail}1.")
    assert "changed" in redial.heard
    assert await visits(place) == 1


async def test_an_operator_sees_what_is_held_on_the_web_when_its_number_calls(
    li: Surfer, place: Town
) -> None:
    """As the tending of desks has it, which is tested with desks."""
    await li.hold(place.sessions["chen"])
    await call(place, "0")
    async with place.hotline.read() as db:
        row = await contact.by_linked_id(db, "call-1")
        assert row
        seen = await draft_view.of_interaction(db, place.hotline.sealer, row.id)
    assert seen
    assert seen.held
    assert seen.held.doctor == "陈建国"


async def test_a_slot_that_was_booked_on_the_web_leaves_nothing_for_the_telephone(
    li: Surfer, place: Town
) -> None:
    held = await li.hold(place.sessions["chen"])
    await call(place, "!")
    await li.book(held)
    assert "kept-slot" not in (await call(place, "!", id="call-2")).heard
