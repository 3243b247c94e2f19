"""For whom an account books: the owner and whom they added, up to a limit, however quick they are."""

import asyncio

import pytest

from core.accounts import people
from core.errors import AttendeesFull, NotFound
from core.work import Hotline, Work
from tests import patients
from tests.builders import SEED, Clinic, clinic


@pytest.fixture
async def scene(hotline: Hotline) -> Clinic:
    made = await clinic(hotline)
    await made.person("李秀英", phone="10912345678")
    return made


async def add(hotline: Hotline, account_id: int, person_id: int, relation: str = "child") -> None:
    async def act(work: Work) -> None:
        await people.add(work, account_id, person_id, relation)

    await hotline.run(act, SEED)


@pytest.mark.req("I-007")
async def test_the_owner_comes_first_and_each_is_listed_once(hotline: Hotline, scene: Clinic) -> None:
    account_id = await patients.account(hotline, scene.people["李秀英"])
    child = await scene.person("王小明")
    await add(hotline, account_id, child)
    await add(hotline, account_id, child)
    async with hotline.read() as db:
        seen = await people.attendees(db, hotline.sealer, account_id)
    assert [(one.name, one.relation) for one in seen] == [("李秀英", "self"), ("王小明", "child")]
    assert scene.numbers["王小明"] not in str(seen)


async def test_nobody_books_for_a_stranger(hotline: Hotline, scene: Clinic) -> None:
    account_id = await patients.account(hotline, scene.people["李秀英"])
    stranger = await scene.person("赵六")
    async with hotline.read() as db:
        await people.books_for(db, account_id, scene.people["李秀英"])
        with pytest.raises(NotFound):
            await people.books_for(db, account_id, stranger)


@pytest.mark.req("I-007")
async def test_twelve_at_once_are_no_more_than_the_limit(hotline: Hotline, scene: Clinic) -> None:
    account_id = await patients.account(hotline, scene.people["李秀英"])
    family = [await scene.person(f"王{number}") for number in range(12)]
    done = await asyncio.gather(*(add(hotline, account_id, one) for one in family), return_exceptions=True)
    assert sum(isinstance(one, AttendeesFull) for one in done) == 12 - people.MOST
    async with hotline.read() as db:
        assert len(await people.attendees(db, hotline.sealer, account_id)) == 1 + people.MOST


async def test_who_is_removed_is_booked_for_no_longer(hotline: Hotline, scene: Clinic) -> None:
    account_id = await patients.account(hotline, scene.people["李秀英"])
    child = await scene.person("王小明")
    await add(hotline, account_id, child)
    async with hotline.work(SEED) as work:
        await people.remove(work, account_id, child)
    async with hotline.read() as db:
        with pytest.raises(NotFound):
            await people.books_for(db, account_id, child)
    async with hotline.work(SEED) as work:
        with pytest.raises(NotFound):
            await people.remove(work, account_id, child)
