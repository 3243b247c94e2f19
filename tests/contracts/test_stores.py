"""What every store of the hot path must do; one that commits many commands at once comes here too."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from sqlalchemy import func, select

from core import journal
from core.booking.commands import Book, Cancel, Change, Hold
from core.booking.group.store import group_store
from core.booking.store import PlainStore, Store
from core.booking.tables import Appointment
from core.contact.engine import open_interaction
from core.errors import KeyReused, SlotFull
from core.events import BookingRefused
from core.values import Phone
from core.work import Hotline
from tests.builders import CALLER, Clinic, clinic



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
