"""Key scripts in memory: the words that are heard, and what the engine then holds."""

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core import journal
from core.booking import view
from core.booking.hold import lapse_due
from core.booking.store import PlainStore
from core.contact import agents, queue_view, queueing
from core.contact import engine as contact
from core.contact.agent_tables import QueueEntry
from core.contact.distribution import Offer, QueueClass
from core.contact.rules import Disposition
from core.contact.view import recent
from core.database import open_database
from core.events import InteractionClosed, StepsTaken
from core.people.tables import Person
from core.sealing import AesSealer
from core.staff import engine as staff
from core.values import system
from core.work import Hotline
from ivr.line import Manners
from ivr.reception import Desk
from ivr.scribe import Scribe
from tests.callers import Caller
from tests.clocks import FrozenClock, SeededChance
from tests.conftest import MASTER
from tests.ivr.questions import Asked, unmeasured
from tests.ivr.scripts import SCRIPTS, Script, ends_with
from tests.ivr.town import FAMILY, LI, STRANGER, Town, book_for, prepare, town
from tests.replays import reproduced


@pytest.fixture
def database_url(sqlite_model: Path, in_memory: Path) -> str:
    """SQLite only, but for some scripts: what differs between the databases is tested below dialogues."""
    shutil.copy(sqlite_model, in_memory / "test.db")
    return f"sqlite+aiosqlite:///{in_memory / 'test.db'}"


@pytest.fixture
async def place(hotline: Hotline, clock: FrozenClock) -> Town:
    return await town(hotline, clock)


@pytest.fixture
async def other_place(postgres_url: str, clock: FrozenClock, chance: SeededChance) -> AsyncIterator[Town]:
    database = open_database(postgres_url)
    yield await town(Hotline(database, clock, chance, AesSealer(MASTER), demo=True), clock)
    await reproduced(database)
    await database.close()


@pytest.mark.req("R-074", "R-077", "R-078", "R-081", "R-087", "R-088", "R-099", "I-014")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
async def test_the_script(script: Script, place: Town, clock: FrozenClock) -> None:
    await follow(script, place, clock)


@pytest.mark.parametrize("script", SCRIPTS[::5], ids=lambda script: script.name)
async def test_the_script_on_postgresql(script: Script, other_place: Town, clock: FrozenClock) -> None:
    await follow(script, other_place, clock)


async def follow(script: Script, place: Town, clock: FrozenClock) -> None:
    """What is heard, and what the engine then holds, is what the script says."""
    serial = await prepare(place, script.before, clock)
    caller = Asked(place.keys(script.keys, serial), ani=script.ani)
    ended = await place.desk.receive(caller)
    assert unmeasured(caller.questions) == []
    assert (ended.value, caller.target) == (script.disposition, script.target), caller.heard
    assert ends_with(caller.heard, script.ends_with), caller.heard
    if script.booked is not None:
        li = place.clinic.people["李秀英"]
        async with place.hotline.read() as db:
            assert len(await view.open_of_person(db, li, clock.now())) == script.booked


@pytest.mark.req("R-077", "R-078")
async def test_a_known_caller_needs_six_keys_and_a_minute_of_speech(place: Town) -> None:
    caller = Caller(place.keys("1{tail}1."))
    await place.desk.receive(caller)
    spoken = caller.words[: caller.heard.index("booked") + 1]
    assert caller.pressed == 6
    assert caller.seconds < 60, spoken


async def test_the_read_back_says_everything_once(place: Town) -> None:
    caller = Caller(place.keys("1{tail}2112111."))
    await place.desk.receive(caller)
    sentence = caller.words[caller.heard.index("read-back")]
    for part in (
        "市一医院",
        "心血管内科",
        "陈建国",
        "主任医师",
        "十一月二十六日星期四",
        "上午八点到九点",
        "三十元",
    ):
        assert part in sentence


@pytest.mark.parametrize("hang_up_at", range(1, 9))
async def test_a_hang_up_anywhere_is_a_normal_end(place: Town, hang_up_at: int, clock: FrozenClock) -> None:
    """The hold survives its grace and then lapses; the interaction says how far it got."""
    keys = place.keys("1{tail}1.")[: hang_up_at - 1] + "!"
    ended = await place.desk.receive(Caller(keys))
    assert ended.value == ("abandoned-menu" if hang_up_at < 7 else "booked")
    states = await place.clinic.states(place.sessions["chen"])
    if hang_up_at == 6:
        assert states == {"held": 1, "free": 1}
        clock.advance(minutes=9)
    async with place.hotline.work(system("timers")) as work:
        await lapse_due(work)
    assert sum((await place.clinic.states(place.sessions["chen"])).values()) == 2
    if hang_up_at == 6:
        assert (await place.clinic.states(place.sessions["chen"])) == {"held": 1, "free": 1}
        clock.advance(minutes=2)
        async with place.hotline.work(system("timers")) as work:
            assert await lapse_due(work) == 1
    async with place.hotline.read() as db:
        assert [row.state for row in await recent(db)] == ["closed"]


@pytest.mark.req("I-018")
async def test_the_journal_tells_the_story_and_no_secret_keys(place: Town) -> None:
    caller = Caller(place.keys("1{tail}1."))
    await place.desk.receive(caller)
    async with place.hotline.read() as db:
        made = await contact.by_linked_id(db, caller.id)
        assert made is not None
        told = await journal.story(db, interaction_id=made.id)
    kinds = [entry.event.kind for entry in told]
    assert kinds[0] == "interaction.opened"
    assert kinds[-1] == "interaction.closed"
    assert {"interaction.identified", "slot.held", "appointment.booked"} <= set(kinds)
    steps = [step for entry in told if isinstance(entry.event, StepsTaken) for step in entry.event.steps]
    assert [name for step in steps for name in step.get("said", [])] == caller.heard
    assert {"keyed": 4} in steps
    assert {"keys": "1"} in steps
    assert place.tail("李秀英") not in str([entry.event.model_dump() for entry in told])
    assert isinstance(told[-1].event, InteractionClosed)
    assert told[-1].event.reached == "booked"


async def test_a_caller_never_pays_for_our_exception(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(place.desk._store, "submit", broken)
    caller = Caller(place.keys("1{tail}11"))
    ended = await place.desk.receive(caller)
    assert (ended.value, caller.target) == ("to-person", "queue")
    assert caller.heard[-2:] == ["technical-trouble", "to-person"]


async def test_nobody_hears_of_an_appointment_by_its_serial_number_alone(place: Town) -> None:
    serial = await book_for(place, "李秀英", "wu", LI)
    caller = Caller(f"2{serial}00010002", ani="10799990000")
    ended = await place.desk.receive(caller)
    assert ended.value == "to-person"
    assert "appointment" not in caller.heard


async def test_nobody_free_means_a_message_and_a_promise(place: Town) -> None:
    caller = Caller("#", id="call-9")
    ended = await place.desk.wait(caller)
    assert ended.value == "message"
    assert caller.heard == ["all-busy", "(beep)", "message-thanks"]


async def test_nobody_free_and_a_hang_up_is_called_back_all_the_same(place: Town) -> None:
    caller = Caller("!", id="call-9")
    ended = await place.desk.wait(caller)
    assert (ended.value, caller.heard) == ("message", ["all-busy"])


async def ready_operator(place: Town) -> int:
    async with place.hotline.work(system("test")) as work:
        made = await staff.create_staff(work, login="8001", name="话务员", number="8001")
        await agents.sign_in(work, made, extension="8001", device="phone")
        await agents.be_ready(work, made)
    return made


async def test_who_leaves_a_message_while_a_phone_rings_for_them_stops_its_ringing(place: Town) -> None:
    left: list[int] = []

    async def stop_ringing(interaction_id: int) -> None:
        left.append(interaction_id)

    desk = Desk(place.hotline, PlainStore(place.hotline), Manners(patience=timedelta(0)), left=stop_ringing)
    mine = await ready_operator(place)
    async with place.hotline.work(system("test")) as work:
        opened = await contact.open_interaction(work, linked_id="call-9", dnis="12320", ani=LI)
        await queueing.enter(work, opened.interaction_id)
        await queueing.offer(work, Offer(opened.interaction_id, mine))
    caller = Caller("1#", id="call-9")
    assert (await desk.wait(caller)).value == "message"
    assert left == [opened.interaction_id]
    async with place.hotline.read() as db:
        assert (await agents.find(db, mine)).state == "ready"  # type: ignore[union-attr]


class AsTheyLeave(Scribe):
    """While this is written the switch tells that the caller has hung up."""

    desk: Desk

    async def settled(self, interaction_id: int, *, hurry: bool = True) -> None:
        self.desk.gone("call-9")
        await super().settled(interaction_id, hurry=hurry)


async def test_who_hangs_up_while_they_are_put_into_the_queue_does_not_wait_in_it(place: Town) -> None:
    await ready_operator(place)
    notes = AsTheyLeave(place.hotline)
    notes.desk = Desk(place.hotline, PlainStore(place.hotline), notes=notes)
    await notes.desk.receive(Caller("0!", ani=STRANGER, id="call-9"))
    async with place.hotline.read() as db:
        seen = await contact.by_linked_id(db, "call-9")
        assert seen is not None
        assert (seen.state, seen.disposition) == ("closed", "abandoned-queue")
        assert not (await queue_view.standing(db)).waiting


async def test_a_caller_who_has_an_operator_by_now_does_not_queue_again(place: Town) -> None:
    mine = await ready_operator(place)
    async with place.hotline.work(system("test")) as work:
        opened = await contact.open_interaction(work, linked_id="call-9", dnis="12320", ani=LI)
        await queueing.enter(work, opened.interaction_id)
        await queueing.offer(work, Offer(opened.interaction_id, mine))
        await queueing.connected(work, opened.interaction_id, mine)
    caller = Caller("", id="call-9")
    assert (await place.desk.wait(caller)).value == "to-person"
    assert caller.target == "room"
    async with place.hotline.read() as db:
        assert (await queue_view.standing(db)).waiting == []


async def test_a_call_that_is_over_for_us_is_left_to_the_dialplan(place: Town) -> None:
    async with place.hotline.work(system("test")) as work:
        opened = await contact.open_interaction(work, linked_id="call-9", dnis="12320", ani=LI)
        await contact.close(work, opened.interaction_id, Disposition.FAILED)
    caller = Caller("", id="call-9")
    await place.desk.wait(caller)
    assert caller.target == "fallback"


async def test_who_is_known_as_an_elder_in_the_menu_waits_as_one(place: Town) -> None:
    """...though the family's number alone does not tell; and the wall knows for which department."""
    async with place.hotline.work(system("test")) as work:
        person = await work.db.get(Person, place.clinic.people["王强"])
        assert person
        person.elder_care = True
    await place.desk.receive(Caller(place.keys("11{wang}110"), ani=FAMILY))
    async with place.hotline.read() as db:
        entry = (await db.execute(select(QueueEntry))).scalar_one()
    assert entry.klass == QueueClass.ELDER
    assert entry.department_id == place.clinic.department_id
