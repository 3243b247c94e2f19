"""While the storage is away every face says so in its own words, loses nobody, and goes on by itself."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import ClientSession

from core.booking.store import PlainStore
from core.contact import engine as contact
from core.contact import queue_view, queueing
from core.errors import StorageAway
from core.health import State, database
from core.http.refusals import RETRY_S, sentence
from core.work import Hotline
from ivr.call import News, Prompt
from ivr.line import TRIES
from ivr.prompts import catalogue
from sms.gateways.http_signed import routes
from sms.inbound import Inbox
from tests.api.clients import App, Said, app_of
from tests.builders import SEED, clinic
from tests.callers import Caller
from tests.clocks import FrozenClock
from tests.desks import OpenRoom
from tests.faults.storage_server import back, down, killed
from tests.ivr.test_dialogues import ready_operator
from tests.ivr.town import LI, town
from tests.pages import Open
from tests.postgres import Cluster
from tests.public import words
from tests.sms.aggregator import Webhooks, agreed
from tests.sms.boxes import pages
from tests.sms.texting import texting
from tests.waiting import until

CODE, WORDS = StorageAway.code, sentence(StorageAway())


@pytest.fixture
def database_url(own_url: str) -> str:
    """Every other fixture stands on this one."""
    return own_url


# --- pages and the API --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/hospitals", "/m/hospitals", "/book/1"])
async def test_a_page_says_it_with_a_code_and_when_to_come_again(
    open_pages: Open, own: Cluster, hotline: Hotline, path: str
) -> None:
    await (await clinic(hotline)).session()
    client = await open_pages()
    assert (await client.get(path)).status == 200
    async with down(own):
        answer = await client.get(path)
        page = await answer.text()
        assert (answer.status, answer.headers["Retry-After"]) == (503, str(RETRY_S))
        assert WORDS in words(page)
        assert CODE in words(page)
        asked = await client.get(path, headers={"Accept": "application/json"})
        assert (asked.status, (await asked.json())["code"]) == (503, CODE)
    assert (await client.get(path)).status == 200


async def test_the_health_page_says_it_in_words(hotline: Hotline, own: Cluster) -> None:
    probe = database(hotline)
    assert (await probe()).state is State.UP
    async with down(own):
        told = await probe()
        assert (told.state, "没有响应" in told.words) == (State.DOWN, True)
    assert (await probe()).state is State.UP


async def _persist(app: App, path: str, body: object, key: str, away: list[Said]) -> Said:
    while True:
        answer = await app("POST", path, body, key=key)
        if answer.status != 503:
            return answer
        assert answer.code == CODE
        assert answer.headers["Retry-After"] == str(RETRY_S)
        away.append(answer)
        await asyncio.sleep(0.02)


async def test_applications_that_repeat_with_their_key_book_once_through_two_restarts(
    open_pages: Open, own: Cluster, hotline: Hotline
) -> None:
    made, client, away = await clinic(hotline), await open_pages(), list[Said]()
    session = await made.session(slots=12)
    people = [await made.person(f"客{number}") for number in range(6)]
    apps = [await app_of(client, hotline, one, f"109{one:08d}") for one in people]

    async def books(app: App, person_id: int) -> str:
        held = await _persist(app, "/holds", {"session_id": session}, f"hold-{person_id:04d}", away)
        body = {"hold_id": held.body["id"], "person_id": person_id}
        booked = await _persist(app, "/appointments", body, f"book-{person_id:04d}", away)
        again = await _persist(app, "/appointments", body, f"book-{person_id:04d}", away)
        assert (booked.status, again.body) == (201, booked.body)
        return str(booked.body["serial"])

    for half in (slice(0, 3), slice(3, 6)):
        async with down(own):
            asking = [asyncio.create_task(books(*one)) for one in zip(apps[half], people[half], strict=True)]
            await until(lambda: len(away) > 2)
            away.clear()
        assert len(set(await asyncio.gather(*asking))) == 3
    assert await made.states(session) == {"booked": 6, "free": 6}


# --- what others post to us ---------------------------------------------------------------------------


@pytest.fixture
async def hooks(hotline: Hotline, clock: FrozenClock) -> AsyncIterator[Webhooks]:
    server = pages(routes(agreed(), Inbox(hotline, PlainStore(hotline)), clock))
    async with server, ClientSession() as session:
        yield Webhooks(server, session, clock)


async def test_a_gateway_keeps_what_we_could_not_keep_and_brings_it_again(
    hooks: Webhooks, own: Cluster
) -> None:
    async with down(own):
        assert (await hooks.incoming("in-1", f"+86{LI}", "查询"))[0] == 503
    assert await hooks.incoming("in-1", f"+86{LI}", "查询") == (200, '{"taken": true}')


async def test_a_text_that_was_kept_is_answered_once_when_the_storage_is_back(
    hotline: Hotline, own: Cluster, clock: FrozenClock
) -> None:
    patient = await texting(hotline)
    await patient.write("查询")
    async with down(own):
        with pytest.raises(StorageAway):
            await patient.outbox.carry_due()
    clock.advance(minutes=5)
    await patient.deliver()
    assert len(patient.handset.got) == 1


# --- a desk -------------------------------------------------------------------------------------------


async def test_an_operator_is_told_and_stays_at_the_desk(open_room: OpenRoom, own: Cluster) -> None:
    room = await open_room(recheck_s=0.02)
    made = await clinic(room.hotline)
    page, _ = await room.talking(await room.operator())
    async with down(own):
        for _ in range(5):
            assert await page.refused("slots", department_id=made.department_id) == CODE
    await page.do("slots", department_id=made.department_id)
    assert page.bye is None


# --- a caller -----------------------------------------------------------------------------------------


@dataclass
class Meeting(Caller):
    """Whose storage goes with the read-back of the booking, and comes back, if it does, while they wait."""

    own: Cluster | None = None
    comes_back: bool = True

    async def ask(self, *prompts: Prompt, **how: bool | int) -> str:  # type: ignore[override]
        key = await super().ask(*prompts, **how)  # type: ignore[arg-type]
        if any(prompt.name == "confirm" for prompt in prompts):
            await killed(self.own)  # type: ignore[arg-type]
        return key

    async def say(self, *prompts: Prompt, barge: bool = True) -> None:
        await super().say(*prompts, barge=barge)
        if self.comes_back and prompts[0].name == "refusal-storage-away":
            await back(self.own)  # type: ignore[arg-type]


async def test_a_caller_is_asked_to_wait_and_has_booked_once_when_it_is_back(
    hotline: Hotline, own: Cluster, clock: FrozenClock
) -> None:
    place = await town(hotline, clock)
    caller = Meeting(place.keys("1{tail}1."), own=own)
    assert await place.desk.receive(caller) == "booked"
    assert catalogue().text(Prompt("refusal-storage-away")) in caller.words
    assert "booked" in caller.heard
    assert await place.clinic.states(place.sessions["chen"]) == {"booked": 1, "free": 1}


async def test_a_caller_whose_storage_stays_away_is_told_so_and_given_to_the_switch(
    hotline: Hotline, own: Cluster, clock: FrozenClock
) -> None:
    place = await town(hotline, clock)
    caller = Meeting(place.keys("1{tail}1."), own=own, comes_back=False)
    try:
        with pytest.raises(StorageAway):  # ivr.agi gives the call to the queue of the switch then
            await place.desk.receive(caller)
        assert caller.heard.count("refusal-storage-away") == TRIES
        assert "booked" not in caller.heard
    finally:
        await back(own)
    assert await place.clinic.states(place.sessions["chen"]) == {"held": 1, "free": 1}


class Waiting(Caller):
    """Hears music three times; before the second the storage goes, before the third it is back."""

    rests = 0
    own: Cluster

    async def rest(self, seconds: float, news: News | None = None) -> str:
        self.rests += 1
        if self.rests == 2:
            await killed(self.own)
        key = await super().rest(seconds, news)
        if self.rests == 3:
            await back(self.own)
        return key


async def test_who_waits_for_a_person_keeps_their_place_through_a_restart(
    hotline: Hotline, own: Cluster, clock: FrozenClock
) -> None:
    place = await town(hotline, clock)
    await ready_operator(place)
    caller = Waiting("." * 8 + "!", ani=LI, id="call-9")
    caller.own = own
    async with hotline.work(SEED) as work:
        call = await contact.open_interaction(work, linked_id="call-9", dnis="12320", ani=LI)
        await queueing.enter(work, call.interaction_id, department_id=place.clinic.department_id)
    assert (await place.desk.wait(caller)).value == "to-person"
    assert caller.target is None
    assert caller.rests > 3
    async with hotline.read() as db:
        assert [one.interaction_id for one in (await queue_view.standing(db)).waiting] == [
            call.interaction_id
        ]
