"""One matter by every way there is: the same appointment, the same journal but for the channel, the same no."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core import journal
from core.accounts.sessions import APP
from core.booking.tables import Appointment
from core.database import open_database
from core.sealing import AesSealer
from core.work import Hotline
from tests import patients
from tests.api.clients import App
from tests.clocks import FrozenClock, SeededChance
from tests.conftest import MASTER
from tests.desks import Room
from tests.flows.ways import AtDesk, ByApplication, ByPages, ByPhone, Way, by_text
from tests.ivr.town import LI, Town, town
from tests.replays import reproduced
from tests.wizard import Surfer

AREAS = frozenset({"slot", "hold", "appointment", "payment", "refund", "credit"})
# Of an event, what may differ: names that chance gave, and for whom a number is held while one still chooses.
MAY_DIFFER = {"slot.held": {"hold_id", "person_id"}}
OF_CHANCE = {"hold_id"}
WHAT = (
    Appointment.state, Appointment.doctor_id, Appointment.day, Appointment.starts_at, Appointment.ends_at,
    Appointment.fee_fen, Appointment.pay_mode, Appointment.person_id, Appointment.contact_print,
    Appointment.reason,
)  # fmt: skip
WAYS = ("sms", "web", "light", "api", "desk")
Begin = Callable[[str], Awaitable[Way]]


@pytest.fixture
async def here(hotline: Hotline, clock: FrozenClock) -> Town:
    return await town(hotline, clock)


@pytest.fixture
async def elsewhere(sqlite_model: Path, tmp_path: Path) -> AsyncIterator[Town]:
    """The same town once more, where everything goes by telephone."""
    copy, clock = tmp_path / "phone.db", FrozenClock.at("2026-11-23 10:00")
    shutil.copy(sqlite_model, copy)
    database = open_database(f"sqlite+aiosqlite:///{copy}")
    yield await town(Hotline(database, clock, SeededChance(12320), AesSealer(MASTER), demo=True), clock)
    await reproduced(database)
    await database.close()


@pytest.fixture
def begin(here: Town, request: pytest.FixtureRequest) -> Begin:
    """李秀英 before her telephone, her browser, her application, or on the line with an operator."""

    async def of(way: str) -> Way:
        if way == "sms":
            return by_text(here)
        room: Room = request.getfixturevalue("room")
        if way == "desk":
            page, _ = await room.talking(await room.operator(), LI)
            return AtDesk(room, page, here)
        li = here.clinic.people["李秀英"]
        account_id = await patients.account(here.hotline, li, LI)
        if way == "api":
            given = await patients.token(here.hotline, account_id, kind=APP)
            return ByApplication(App(room.client, given), here)
        form = await patients.enter(room.client, here.hotline, account_id)
        base = "/m" if way == "light" else ""
        return ByPages(Surfer(room.client, here.clinic, account_id, li, form, base), here)

    return of


@pytest.fixture
async def pages(room: Room) -> Room:
    """They are up before anything begins: starting them is no part of the matter."""
    return room


async def told(
    place: Town, since: journal.Cursor
) -> tuple[set[str | None], list[tuple[str, dict[str, Any]]]]:
    """Channels, and kind and facts of what happened to slots, appointments and money."""
    async with place.hotline.read() as db:
        entries = await journal.entries(db, since, 10_000)
    entries = [one for one in entries if one.event.kind.partition(".")[0] in AREAS]
    return {one.channel for one in entries}, [
        (one.event.kind, one.event.model_dump(mode="json", exclude=MAY_DIFFER.get(one.event.kind, OF_CHANCE)))
        for one in entries
    ]


async def lived(place: Town, way: Way, given_up: bool | None) -> tuple[tuple[Any, ...], Any]:
    """What is booked in the end, and what happened to it. given_up: None: nobody thought of it."""
    async with place.hotline.read() as db:
        since = await journal.end(db)
    assert await way.book() == ""
    if given_up is not None:
        await way.cancel(sure=given_up)
    channels, happened = await told(place, since)
    assert channels == {way.channel}
    async with place.hotline.read() as db:
        made = (await db.execute(select(*WHAT).order_by(Appointment.id.desc()).limit(1))).one()
    return tuple(made), happened


@pytest.mark.req("R-011", "R-057", "R-095", "R-100")
@pytest.mark.parametrize("given_up", [None, True, False], ids=["booked", "given up", "kept after all"])
@pytest.mark.parametrize("way", WAYS)
async def test_the_same_matter_leaves_the_same_by_every_way(
    way: str, given_up: bool | None, pages: Room, begin: Begin, here: Town, elsewhere: Town
) -> None:
    made, happened = await lived(here, await begin(way), given_up)
    as_by_phone, happened_by_phone = await lived(elsewhere, ByPhone(elsewhere), given_up)
    assert made == as_by_phone
    assert happened == happened_by_phone


REFUSED = {
    "limit-live": ("limit.live", "0"),
    "channel-closed": ("channel.open", "no"),
    "outside-booking-hours": ("booking.hours", "11:00-12:00"),
}


@pytest.mark.req("R-061", "R-064")
@pytest.mark.parametrize("code", REFUSED)
@pytest.mark.parametrize("way", ["phone", *WAYS])
async def test_the_same_rule_refuses_by_every_way_in_the_words_of_each(
    way: str, code: str, pages: Room, begin: Begin, here: Town
) -> None:
    await here.clinic.rule(*REFUSED[code])
    going = ByPhone(here) if way == "phone" else await begin(way)
    assert await going.book() == code
    async with here.hotline.read() as db:
        made = await db.execute(select(Appointment.id).where(Appointment.session_id == here.sessions["chen"]))
        assert made.first() is None
