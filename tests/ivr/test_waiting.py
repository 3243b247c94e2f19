"""What somebody hears who waits for a person: the place, what is left of what they want, and a way out."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.booking.store import PlainStore
from core.contact import engine as contact
from core.contact import queue_view, queueing
from core.contact.kept_tables import KeptPlace
from core.contact.tables import Interaction
from core.values import system
from core.waiting import view as waiting_list
from core.work import Hotline
from ivr.line import Manners
from ivr.reception import Desk
from tests.callers import Caller
from tests.clocks import FrozenClock
from tests.ivr.test_dialogues import ready_operator
from tests.ivr.town import LI, Town, town

TEST = system("test")


@pytest.fixture
def database_url(sqlite_model: Path, in_memory: Path) -> str:
    """SQLite only: what differs between the databases is tested below dialogues."""
    shutil.copy(sqlite_model, in_memory / "test.db")
    return f"sqlite+aiosqlite:///{in_memory / 'test.db'}"


@pytest.fixture
async def place(hotline: Hotline, clock: FrozenClock) -> Town:
    made = await town(hotline, clock)
    await ready_operator(made)
    return made


def desk(place: Town, *, calls_back: bool, patience: float = 0) -> Desk:
    manners = Manners(patience=timedelta(seconds=patience), calls_back=calls_back)
    return Desk(place.hotline, PlainStore(place.hotline), manners)


async def queued(place: Town, linked_id: str = "call-9", department_id: int | None = None) -> None:
    async with place.hotline.work(TEST) as work:
        opened = await contact.open_interaction(work, linked_id=linked_id, dnis="12320", ani=LI)
        await queueing.enter(work, opened.interaction_id, department_id=department_id)


async def test_who_hangs_up_with_the_place_kept_is_told_so_and_will_be_called(place: Town) -> None:
    await queued(place)
    caller = Caller(".1", ani=LI, id="call-9")
    assert (await desk(place, calls_back=True).wait(caller)).value == "callback"
    assert caller.heard[-3:] == ["queue-offer-keep", "(music)", "queue-kept"]
    async with place.hotline.read() as db:
        row = (await db.execute(select(KeptPlace))).scalar_one()
        [waiting] = (await queue_view.standing(db)).waiting
        made = (await db.execute(select(Interaction))).scalars().all()
    assert (row.state, waiting.callback_id) == ("waiting", row.callback_id)
    assert [one.disposition for one in made] == ["callback"]


async def test_where_nobody_can_be_called_a_message_is_offered(place: Town) -> None:
    await queued(place)
    caller = Caller(".1#", ani=LI, id="call-9")
    assert (await desk(place, calls_back=False).wait(caller)).value == "message"
    assert "queue-offer" in caller.heard


async def test_late_in_the_evening_no_place_is_kept(place: Town, clock: FrozenClock) -> None:
    clock.set("2026-11-23 21:40")
    await queued(place)
    caller = Caller(".1#", ani=LI, id="call-9")
    assert (await desk(place, calls_back=True).wait(caller)).value == "message"


async def test_before_patience_is_over_a_key_ends_nothing(place: Town) -> None:
    await queued(place)
    caller = Caller("11!", ani=LI, id="call-9")
    assert (await desk(place, calls_back=True, patience=600).wait(caller)).value == "to-person"
    assert "queue-offer-keep" not in caller.heard


async def test_who_said_what_they_want_hears_what_is_left_and_at_once_when_it_sells_out(
    place: Town, clock: FrozenClock
) -> None:
    await queued(place, department_id=place.clinic.department_id)

    class Patient(Caller):
        """Each rest lets the clock go on; before the third one everything is sold."""

        rests = 0

        async def rest(self, seconds: float, news: object = None) -> str:
            self.rests += 1
            clock.advance(seconds=5)
            if self.rests == 3:
                await sold_out(place)
            return await super().rest(seconds, news)  # type: ignore[arg-type]

    caller = Patient("." * 6 + "!", ani=LI, id="call-9")
    await desk(place, calls_back=False, patience=600).wait(caller)
    told = [name for name in caller.heard if name in ("queue-earliest", "queue-sold-out", "(music)")]
    assert told[:6] == [
        "(music)", "queue-earliest", "(music)", "(music)", "queue-sold-out", "(music)",
    ]  # fmt: skip
    assert any("心血管内科,号已约满" in words for words in caller.words)


async def test_five_who_wait_for_one_department_ask_for_it_once(place: Town) -> None:
    waiting = desk(place, calls_back=False)._outlooks
    department = place.clinic.department_id
    seen = [await waiting.of(department) for _ in range(5)]
    assert len({id(one) for one in seen}) == 1
    assert seen[0]
    assert seen[0].left == 11
    assert await waiting.of(None) is None


async def sold_out(place: Town) -> None:
    for name, number in (("chen", 2), ("wu", 6), ("chen-friday", 3)):
        for each in range(number):
            await place.clinic.book(place.sessions[name], await place.clinic.person(f"{name}{each}"))


async def known_caller(place: Town, linked_id: str) -> None:
    async with place.hotline.work(TEST) as work:
        found = await contact.by_linked_id(work.db, linked_id)
        assert found
        await contact.know(work, found.id, place.clinic.people["李秀英"], by="tail")


@pytest.mark.parametrize("known", [True, False])
async def test_who_wants_what_is_sold_out_may_stand_on_the_waiting_list_and_hang_up(
    place: Town, known: bool
) -> None:
    await sold_out(place)
    await queued(place, department_id=place.clinic.department_id)
    if known:
        await known_caller(place, "call-9")
    caller = Caller(".2!", ani=LI, id="call-9")
    ended = await desk(place, calls_back=False, patience=600).wait(caller)
    async with place.hotline.read() as db:
        entries = await waiting_list.by_person(db, place.clinic.people["李秀英"])
    assert ("queue-waiting-list" in caller.heard) is known
    assert (ended.value, len(entries)) == (("listed", 1) if known else ("to-person", 0))


async def test_who_stands_on_the_list_already_is_told_so_and_waits_on(place: Town) -> None:
    await sold_out(place)
    for call, keys in (("call-9", ".2"), ("call-10", ".2.!")):
        await queued(place, call, department_id=place.clinic.department_id)
        await known_caller(place, call)
        caller = Caller(keys, ani=LI, id=call)
        ended = await desk(place, calls_back=False, patience=600).wait(caller)
    assert ended.value == "to-person"
    assert "refusal-waiting-twice" in caller.heard
