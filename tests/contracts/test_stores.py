"""What every store of the hot path must do; one that commits many commands at once comes here too."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from core import journal
from core.booking.commands import Book, Booked, Cancel, Change, HeldSlot, Hold
from core.booking.group.batch import Batch
from core.booking.group.store import Bounds, group_store
from core.booking.store import PlainStore, Store
from core.booking.tables import Appointment
from core.contact.engine import open_interaction
from core.errors import Busy, Coded, KeyReused, OverLimitDepartmentDay, OverLimitPhone, SlotFull
from core.events import BookingRefused
from core.values import Phone
from core.work import Hotline
from tests.builders import CALLER, SURFER, Clinic, clinic
from tests.clocks import FrozenClock


@asynccontextmanager
async def plain(hotline: Hotline) -> AsyncIterator[Store]:
    yield PlainStore(hotline)


STORES: dict[str, Callable[[Hotline], AbstractAsyncContextManager[Store]]] = {
    "plain": plain,
    "group": group_store,
}


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    return await clinic(hotline)


@pytest.fixture(params=list(STORES))
async def store(request: pytest.FixtureRequest, hotline: Hotline) -> AsyncIterator[Store]:
    async with STORES[request.param](hotline) as opened:
        yield opened


async def held(store: Store, town: Clinic, session: int, person: int, key: str | None = None) -> str:
    command = Hold(session_id=session, owner=f"person:{person}", person_id=person, key=key)
    return (await store.submit(command, CALLER)).hold_id


async def appointments(town: Clinic) -> int:
    async with town.hotline.read() as db:
        return int((await db.execute(select(func.count()).select_from(Appointment))).scalar_one())


async def test_a_repeated_command_gets_the_first_answer_and_does_nothing_more(
    store: Store, town: Clinic
) -> None:
    session, li = await town.session(), await town.person("李秀英")
    hold = Hold(session_id=session, owner="call:1", person_id=li, key="a")
    first = await store.submit(hold, CALLER)
    assert await store.submit(hold, CALLER) == first
    book = Book(first.hold_id, li, Phone("10712345678"), key="b")
    booked = await store.submit(book, CALLER)
    assert await store.submit(book, CALLER) == booked
    cancel = Cancel(booked.appointment_id, key="c")
    assert await store.submit(cancel, CALLER) == await store.submit(cancel, CALLER)
    assert await appointments(town) == 1


async def test_the_same_command_at_the_same_moment_happens_once(store: Store, town: Clinic) -> None:
    session, li = await town.session(), await town.person("李秀英")
    book = Book(await held(store, town, session, li), li, Phone("10712345678"), key="once")
    answers = await asyncio.gather(*(store.submit(book, CALLER) for _ in range(5)))
    assert len({answer.serial for answer in answers}) == 1
    assert await appointments(town) == 1


async def test_a_key_that_came_with_another_command_is_refused(store: Store, town: Clinic) -> None:
    session, li = await town.session(), await town.person("李秀英")
    await store.submit(Hold(session_id=session, owner="call:1", person_id=li, key="a"), CALLER)
    with pytest.raises(KeyReused):
        await store.submit(Hold(session_id=session, owner="call:2", person_id=li, key="a"), CALLER)


async def test_a_refused_command_leaves_nothing_but_its_story(store: Store, town: Clinic) -> None:
    session = await town.session(slots=1)
    await town.book(session, await town.person("王芳"))
    async with town.hotline.work(CALLER) as work:
        call = (await open_interaction(work, linked_id="call-1", dnis="12320", ani=None)).interaction_id
    before = await town.states(session)
    with pytest.raises(SlotFull):
        await store.submit(Hold(session_id=session, owner="call:1", key="k"), CALLER, call)
    assert await town.states(session) == before
    async with town.hotline.read() as db:
        told = [entry.event for entry in await journal.story(db, interaction_id=call)]
    assert [event.code for event in told if isinstance(event, BookingRefused)] == ["slot-full"]


async def test_a_refused_command_may_be_tried_again_with_its_key(store: Store, town: Clinic) -> None:
    session, li = await town.session(slots=1), await town.person("李秀英")
    other = await town.book(session, await town.person("王芳"))
    hold = Hold(session_id=session, owner="call:1", person_id=li, key="again")
    with pytest.raises(SlotFull):
        await store.submit(hold, CALLER)
    await store.submit(Cancel(other.appointment_id), CALLER)
    assert (await store.submit(hold, CALLER)).session_id == session


@pytest.mark.req("R-087")
async def test_a_change_is_whole_or_not_at_all(store: Store, town: Clinic) -> None:
    morning, afternoon = await town.session(slots=1), await town.session(half="pm", slots=1)
    li = await town.person("李秀英")
    booked = await town.book(morning, li)
    hold = await store.submit(Hold(session_id=afternoon, owner="call:1"), CALLER)
    moved = await store.submit(Change(booked.appointment_id, hold.hold_id), CALLER)
    assert moved.appointment_id != booked.appointment_id
    assert await town.states(morning) == {"free": 1}
    assert await town.states(afternoon) == {"booked": 1}


# --- many at once -------------------------------------------------------------------------------------


async def test_one_bad_command_spoils_none_of_its_neighbours(store: Store, town: Clinic) -> None:
    session = await town.session(slots=6)
    people = [await town.person(name) for name in ("李秀英", "王芳", "张伟", "刘洋", "陈静")]
    holds = [await held(store, town, session, person) for person in people]
    books = [Book(hold, person, Phone(f"10{person:09d}")) for hold, person in zip(holds, people, strict=True)]
    nobody = 999_999
    books[1] = Book(holds[1], nobody, Phone("10700000001"))
    books[3] = Book(holds[3], people[3], Phone("10700000003"), booker_id=nobody)  # the database refuses this
    answers = await asyncio.gather(*(store.submit(one, CALLER) for one in books), return_exceptions=True)
    assert [isinstance(answer, Booked) for answer in answers] == [True, False, True, False, True]
    assert await appointments(town) == 3
    assert await town.states(session) == {"booked": 3, "held": 2, "free": 1}


async def test_two_bookings_of_one_person_at_once_count_each_other(store: Store, town: Clinic) -> None:
    morning, afternoon = await town.session(), await town.session("wu", half="pm")
    li = await town.person("李秀英")
    holds = [
        await store.submit(Hold(session_id=one, owner=f"call:{one}"), CALLER) for one in (morning, afternoon)
    ]
    answers = await asyncio.gather(
        *(store.submit(Book(one.hold_id, li, Phone("10712345678")), CALLER) for one in holds),
        return_exceptions=True,
    )
    assert {type(answer) for answer in answers} == {Booked, OverLimitDepartmentDay}
    assert await appointments(town) == 1


async def test_bookings_by_one_phone_at_once_count_each_other(store: Store, town: Clinic) -> None:
    await town.rule("limit.phone-persons", "1")
    session = await town.session()
    people = [await town.person(name) for name in ("李秀英", "王芳", "张伟")]
    holds = [await held(store, town, session, person) for person in people]
    answers = await asyncio.gather(
        *(
            store.submit(Book(hold, person, Phone("10712345678")), CALLER)
            for hold, person in zip(holds, people, strict=True)
        ),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == [
        "Booked",
        "OverLimitPhone",
        "OverLimitPhone",
    ]
    assert OverLimitPhone in {type(answer) for answer in answers}


async def test_the_last_slot_goes_to_one_of_many(store: Store, town: Clinic) -> None:
    session = await town.session(slots=1)
    answers = await asyncio.gather(
        *(store.submit(Hold(session_id=session, owner=f"call:{call}"), CALLER) for call in range(8)),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["HeldSlot", *["SlotFull"] * 7]


async def test_a_slot_that_is_given_back_is_on_sale_at_once(store: Store, town: Clinic) -> None:
    session = await town.session(slots=1)
    booked = await town.book(session, await town.person("王芳"))
    hold = Hold(session_id=session, owner="call:1")
    for _ in range(2):
        with pytest.raises(SlotFull):
            await store.submit(hold, CALLER)
    await store.submit(Cancel(booked.appointment_id), CALLER)
    assert (await store.submit(hold, CALLER)).session_id == session


async def test_who_got_the_last_slot_hears_so_again_though_it_is_known_to_be_sold_out(
    store: Store, town: Clinic
) -> None:
    session = await town.session(slots=1)
    last = Hold(session_id=session, owner="call:1", key="last")
    got = await store.submit(last, CALLER)
    with pytest.raises(SlotFull):
        await store.submit(Hold(session_id=session, owner="call:2", key="too late"), CALLER)
    assert await store.submit(last, CALLER) == got


# --- a store with a line before it --------------------------------------------------------------------


async def test_who_finds_too_many_waiting_is_refused_and_who_comes_by_another_way_is_not(
    hotline: Hotline, town: Clinic
) -> None:
    session = await town.session(slots=6)
    async with group_store(hotline, bounds=Bounds(waiting=2)) as store:
        answers = await asyncio.gather(
            *(store.submit(Hold(session_id=session, owner=f"call:{call}"), CALLER) for call in range(4)),
            store.submit(Hold(session_id=session, owner="web:1"), SURFER),
            return_exceptions=True,
        )
    assert [type(answer) for answer in answers] == [HeldSlot, HeldSlot, Busy, Busy, HeldSlot]
    assert await town.states(session) == {"held": 3, "free": 3}


async def test_who_has_waited_too_long_is_refused_and_nothing_is_done_for_them(
    hotline: Hotline, town: Clinic
) -> None:
    session = await town.session()
    async with group_store(hotline, bounds=Bounds(patience_s=-1)) as store:
        with pytest.raises(Busy):
            await store.submit(Hold(session_id=session, owner="call:1"), CALLER)
    assert await town.states(session) == {"free": 6}


@pytest.mark.parametrize("point", ["taken", "loaded", "decided", "applied", "committed"])
async def test_a_store_that_closes_leaves_nobody_without_an_answer(
    hotline: Hotline, town: Clinic, point: str
) -> None:
    session = await town.session(slots=6)
    reached = asyncio.Event()

    def watch(at: str) -> None:
        if at == point:
            reached.set()

    async with group_store(hotline, bounds=Bounds(batch=2), watch=watch) as store:
        asked = [
            asyncio.create_task(store.submit(Hold(session_id=session, owner=f"call:{call}"), CALLER))
            for call in range(6)
        ]
        await asyncio.wait_for(reached.wait(), 30)
    _, waiting = await asyncio.wait(asked, timeout=30)
    assert not waiting
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(answer, HeldSlot | Coded) for answer in answers)
    held_ = sum(isinstance(answer, HeldSlot) for answer in answers)
    assert (await town.states(session)).get("held", 0) >= held_


async def test_a_closed_store_refuses(hotline: Hotline, town: Clinic) -> None:
    session = await town.session()
    async with group_store(hotline) as store:
        pass
    with pytest.raises(Busy):
        await store.submit(Hold(session_id=session, owner="call:1"), CALLER)


async def test_what_memory_says_is_believed_for_a_second_and_not_longer_for_being_said(
    hotline: Hotline, clock: FrozenClock, town: Clinic
) -> None:
    session = await town.session(slots=1)
    other = await town.book(session, await town.person("王芳"))
    async with hotline.work(CALLER) as work:
        call = (await open_interaction(work, linked_id="call-1", dnis="12320", ani=None)).interaction_id
    hold = Hold(session_id=session, owner="call:1")
    async with group_store(hotline) as store:
        for _ in range(3):
            with pytest.raises(SlotFull):
                await store.submit(hold, CALLER, call)
            clock.advance(seconds=0.4)
        elsewhere = PlainStore(replace(hotline, listeners=[]))  # another process: nobody here hears of it
        await elsewhere.submit(Cancel(other.appointment_id), CALLER)
        assert (await store.submit(hold, CALLER, call)).session_id == session


async def test_a_refusal_that_was_told_keeps_no_batch_alive(hotline: Hotline, town: Clinic) -> None:
    """All that a batch has read would wait for a look through all memory, at a rush for thousands of them."""
    session = await town.session(slots=1)
    await town.book(session, await town.person("王芳"))
    async with group_store(hotline) as store:
        gc.collect()
        gc.disable()
        try:
            with pytest.raises(SlotFull):
                await store.submit(Hold(session_id=session, owner="call:1"), CALLER)
            await asyncio.sleep(0)
            assert not any(type(one) is Batch for one in gc.get_objects())
        finally:
            gc.enable()
