"""What is asked once for all callers: how long it is believed, what makes it forgotten, who is told what then."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.booking.commands import Hold
from core.booking.hold import release
from core.contact.tables import Greeting
from core.database import open_database
from core.errors import StorageAway
from core.schedule.engine import withdraw
from core.work import Hotline
from ivr import memory as remembering
from ivr.line import Manners
from ivr.memory import FRESH, KEPT, Memory
from ivr.reception import Desk
from tests.builders import CALLER, SEED, Clinic, clinic
from tests.callers import Caller
from tests.clocks import FrozenClock
from tests.statements import statements

MOBILE = "10744440001"


@pytest.fixture
async def place(hotline: Hotline) -> Clinic:
    return await clinic(hotline)


@pytest.fixture
def memory(hotline: Hotline) -> Memory:
    return Memory(hotline, remembers=True)


def another_process(place: Clinic) -> Clinic:
    """The same clinic, of which nobody here hears."""
    return replace(place, hotline=replace(place.hotline, listeners=[]))


# --- once for all -------------------------------------------------------------------------------------


async def test_two_callers_who_ask_at_once_make_one_question(
    place: Clinic, memory: Memory, hotline: Hotline
) -> None:
    with statements(hotline) as asked:
        one, other = await asyncio.gather(memory.hospitals(), memory.hospitals())
    assert [hospital.name for hospital in one] == ["市一医院"]
    assert one is other
    assert len(asked) == 1


async def test_who_hangs_up_takes_no_answer_from_the_others(place: Clinic, memory: Memory) -> None:
    first, second = (asyncio.create_task(memory.hospitals()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert len(await second) == 1


async def test_what_another_process_sells_is_heard_of_two_seconds_later(
    place: Clinic, memory: Memory, clock: FrozenClock
) -> None:
    session = await place.session(slots=1)
    assert [one.session_id for one in await memory.sessions(place.department_id)] == [session]
    await another_process(place).book(session, await place.person("周敏"))
    assert len(await memory.sessions(place.department_id)) == 1
    clock.instant += FRESH
    assert await memory.sessions(place.department_id) == ()


async def test_a_clock_that_is_set_back_does_not_make_it_last(
    place: Clinic, memory: Memory, clock: FrozenClock
) -> None:
    session = await place.session(slots=1)
    await memory.sessions(place.department_id)
    await another_process(place).book(session, await place.person("周敏"))
    clock.instant -= timedelta(hours=1)
    assert await memory.sessions(place.department_id) == ()


async def test_without_a_memory_all_is_asked_anew(place: Clinic, hotline: Hotline) -> None:
    forgets = Memory(hotline)
    with statements(hotline) as asked:
        await forgets.hospitals()
        await forgets.hospitals()
    assert len(asked) == 2


async def test_only_so_much_is_remembered(
    place: Clinic, memory: Memory, hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "MOST", 2)
    for department_id in (place.department_id, place.other_department_id, 99):
        await memory.sessions(department_id)
    with statements(hotline) as asked:
        await memory.sessions(99)
        await memory.sessions(place.department_id)
    assert len(asked) == 1


# --- forgotten ----------------------------------------------------------------------------------------


async def test_what_is_remembered_is_forgotten_when_the_last_number_is_sold(
    place: Clinic, memory: Memory
) -> None:
    session = await place.session(slots=2)
    assert len(await memory.sessions(place.department_id)) == 1
    assert (await memory.departments(place.hospital_id))[1] == {place.department_id: 2}
    for name in ("周敏", "李红"):
        await place.book(session, await place.person(name))
    assert await memory.sessions(place.department_id) == ()
    assert (await memory.departments(place.hospital_id))[1] == {}


async def test_a_number_that_is_given_back_is_on_sale_at_once(place: Clinic, memory: Memory) -> None:
    session = await place.session(slots=1)
    await memory.sessions(place.department_id)
    held = await place.store.submit(Hold(session_id=session, owner="call:1"), CALLER)
    assert await memory.sessions(place.department_id) == ()
    async with place.hotline.work(SEED) as work:
        await release(work, held.hold_id)
    assert len(await memory.sessions(place.department_id)) == 1


async def test_a_number_of_many_is_no_reason_to_ask_again(
    place: Clinic, memory: Memory, hotline: Hotline
) -> None:
    session = await place.session(slots=6)
    await memory.sessions(place.department_id)
    await place.book(session, await place.person("周敏"))
    with statements(hotline) as asked:
        await memory.sessions(place.department_id)
    assert asked == []


async def test_a_changed_plan_is_told_at_once(place: Clinic, memory: Memory) -> None:
    session = await place.session()
    assert len(await memory.sessions(place.department_id)) == 1
    async with place.hotline.work(SEED) as work:
        await withdraw(work, session, reason="test")
    assert await memory.sessions(place.department_id) == ()


# --- callers ------------------------------------------------------------------------------------------


@pytest.fixture
async def keys(place: Clinic) -> str:
    """The main menu's 1, and the last four of somebody who calls from MOBILE."""
    await place.person("赵六", phone=MOBILE)
    return f"1{place.numbers['赵六'][-4:].replace('X', '*')}"


async def test_a_department_that_has_just_become_full_says_so_when_it_is_chosen(
    place: Clinic, memory: Memory, keys: str
) -> None:
    session = await place.session(slots=1)
    await place.session("kid")
    await memory.departments(place.hospital_id)
    await another_process(place).book(session, await place.person("周敏"))
    caller = Caller(f"{keys}11!", ani=MOBILE)
    await Desk(place.hotline, place.store, Manners(), memory=memory).receive(caller)
    assert caller.heard.count("department-full") == 1


async def test_who_wants_the_soonest_gets_the_next_when_that_went_a_moment_ago(
    place: Clinic, memory: Memory, keys: str
) -> None:
    soonest, _ = await place.session(slots=1), await place.session("wu", half="pm")
    assert len(await memory.sessions(place.department_id)) == 2
    await another_process(place).book(soonest, await place.person("周敏"))
    caller = Caller(f"{keys}1111.", ani=MOBILE)
    ended = await Desk(place.hotline, place.store, Manners(), memory=memory).receive(caller)
    assert ended.value == "booked", caller.heard
    assert not [heard for heard in caller.heard if heard.startswith("refusal")]


async def test_who_wants_a_doctor_who_has_just_become_full_hears_it_and_goes_on(
    place: Clinic, memory: Memory, keys: str
) -> None:
    session = await place.session(slots=1)
    await place.session("wu", half="pm")
    await memory.sessions(place.department_id)
    caller = Caller(f"{keys}112111111.", ani=MOBILE)
    [chosen] = [one for one in await memory.sessions(place.department_id) if one.session_id == session]
    await memory.periods(chosen.session_id)
    await another_process(place).book(session, await place.person("周敏"))
    ended = await Desk(place.hotline, place.store, Manners(), memory=memory).receive(caller)
    refused = caller.heard.index("refusal-slot-full")
    assert caller.heard[refused + 1] == "way-on"
    assert ended.value == "booked", caller.heard


async def test_an_announcement_is_heard_from_the_next_two_seconds_on(
    place: Clinic, memory: Memory, clock: FrozenClock
) -> None:
    desk = Desk(place.hotline, place.store, Manners(), memory=memory)
    await desk.receive(Caller("!", id="call-1"))
    async with place.hotline.work(SEED) as work:
        work.db.add(Greeting(name="surge", text="今天来电较多", on=True))
    clock.instant += FRESH
    later = Caller("!", id="call-2")
    await desk.receive(later)
    assert "announcement" in later.heard


# --- while the storage is away ------------------------------------------------------------------------


async def test_a_caller_hears_the_menu_while_the_storage_is_away_for_a_moment(
    place: Clinic, memory: Memory, hotline: Hotline, clock: FrozenClock
) -> None:
    told = await memory.hospitals()
    there, hotline.database = hotline.database, open_database("postgresql+asyncpg://nobody@127.0.0.1:1/none")
    try:
        clock.instant += KEPT
        assert await memory.hospitals() is told
        with pytest.raises(StorageAway):
            await memory.departments(place.hospital_id)
        clock.instant += timedelta(seconds=1)
        with pytest.raises(StorageAway):
            await memory.hospitals()
    finally:
        await hotline.database.close()
        hotline.database = there
    assert await memory.hospitals() == told
