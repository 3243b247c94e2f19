"""Favourites: kept once, up to a limit, with the next free day of each doctor."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from core.accounts import favourites
from core.accounts.favourites import DOCTOR, HOSPITAL, MOST, Kept
from core.catalogue.tables import Doctor
from core.errors import FavouritesFull, NotFound
from core.work import Hotline
from tests import patients
from tests.builders import SEED, VISIT, Clinic, clinic


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    made = await clinic(hotline)
    await made.person("李秀英")
    return made


@pytest.fixture
async def account(town: Clinic) -> int:
    return await patients.account(town.hotline, town.people["李秀英"])


async def add(town: Clinic, account_id: int, what: str, what_id: int) -> None:
    async with town.hotline.work(SEED) as work:
        await favourites.add(work, account_id, what, what_id)


async def kept(town: Clinic, account_id: int) -> Kept:
    async with town.hotline.read() as db:
        return await favourites.kept(db, account_id, now=town.hotline.clock.now())


@pytest.mark.req("I-009")
async def test_a_doctor_is_kept_with_the_next_free_day(town: Clinic, account: int) -> None:
    full = await town.session(slots=1)
    await town.book(full, await town.person("王强"))
    await town.session(day=VISIT + timedelta(days=2), slots=4)
    for one in ("chen", "wu", "chen"):
        await add(town, account, DOCTOR, town.doctors[one])
    await add(town, account, HOSPITAL, town.hospital_id)
    found = await kept(town, account)
    assert [(one.name, one.free, one.day) for one in found.doctors] == [
        ("吴敏", 0, None),
        ("陈建国", 4, VISIT + timedelta(days=2)),
    ]
    assert {one.department for one in found.doctors} == {"心血管内科"}
    assert [one.name for one in found.hospitals] == ["青石市第一人民医院"]


async def test_what_is_closed_meanwhile_can_still_be_let_go(town: Clinic, account: int) -> None:
    await add(town, account, DOCTOR, town.doctors["chen"])
    async with town.hotline.work(SEED) as work:
        await work.db.execute(update(Doctor).values(open=False))
    assert [one.open for one in (await kept(town, account)).doctors] == [False]
    for _ in range(2):
        async with town.hotline.work(SEED) as work:
            await favourites.remove(work, account, DOCTOR, town.doctors["chen"])
    assert (await kept(town, account)).doctors == []
    with pytest.raises(NotFound):
        await add(town, account, DOCTOR, town.doctors["chen"])


async def test_nobody_sees_what_another_keeps(town: Clinic, account: int) -> None:
    other = await patients.account(town.hotline, await town.person("王强"), "10911112222")
    await add(town, account, DOCTOR, town.doctors["chen"])
    assert await kept(town, other) == Kept([], [])
    async with town.hotline.read() as db:
        assert not await favourites.has(db, other, DOCTOR, town.doctors["chen"])
        assert await favourites.has(db, account, DOCTOR, town.doctors["chen"])


async def test_no_more_than_the_limit_however_quick(town: Clinic, account: int) -> None:
    async with town.hotline.work(SEED) as work:
        more = [
            Doctor(
                hospital_id=town.hospital_id, code=f"D{n}", name=f"医生{n}", pinyin="", initials="",
                title="主治医师",
            )
            for n in range(MOST + 2)
        ]  # fmt: skip
        work.db.add_all(more)
        await work.db.flush()
        ids = [one.id for one in more]
    done = await asyncio.gather(*(add(town, account, DOCTOR, one) for one in ids), return_exceptions=True)
    assert sum(isinstance(one, FavouritesFull) for one in done) == 2
    assert len((await kept(town, account)).doctors) == MOST
