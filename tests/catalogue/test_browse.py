"""What the public reads of the catalogue: live hospitals, what is open in them, and nothing else."""

from datetime import date, timedelta

import pytest
from sqlalchemy import update

from core.catalogue import browse, browse_posts
from core.catalogue.tables import Campus, Department, Doctor, Hospital, Post, Region
from core.errors import NotFound
from core.work import Hotline
from tests.builders import SEED, Clinic, clinic

TODAY = date(2026, 11, 23)


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    return await clinic(hotline)


async def change(hotline: Hotline, table: type, key: int, **values: object) -> None:
    async with hotline.work(SEED) as work:
        await work.db.execute(update(table).where(table.id == key).values(**values))


@pytest.mark.req("R-152")
@pytest.mark.parametrize("state", ["draft", "suspended"])
async def test_a_hospital_that_is_not_live_is_not_there(hotline: Hotline, town: Clinic, state: str) -> None:
    await change(hotline, Hospital, town.hospital_id, state=state)
    async with hotline.read() as db:
        assert await browse.hospital_ids(db) == []
        assert (await browse.choices(db)).hospitals == 0
        assert await browse.hospitals(db, [town.hospital_id]) == []
        assert await browse_posts.specialities(db, 9) == []
        for question in (
            browse.hospital(db, town.hospital_id),
            browse_posts.department(db, town.department_id),
            browse_posts.doctor(db, town.doctors["chen"]),
        ):
            with pytest.raises(NotFound):
                await question


@pytest.mark.req("R-027")
async def test_what_is_closed_is_not_there(hotline: Hotline, town: Clinic) -> None:
    await change(hotline, Doctor, town.doctors["chen"], open=False)
    await change(hotline, Post, town.posts["wu"], open=False)
    await change(hotline, Department, town.other_department_id, open=False)
    async with hotline.read() as db:
        assert [one.name for one in await browse_posts.departments(db, town.hospital_id)] == ["心血管内科"]
        assert (await browse.hospitals(db, [town.hospital_id]))[0].departments == 1
        assert await browse_posts.posts(db, department_id=town.department_id) == []
        assert await browse_posts.posts(db, doctor_id=town.doctors["kid"]) == []
        with pytest.raises(NotFound):
            await browse_posts.doctor(db, town.doctors["chen"])
        with pytest.raises(NotFound):
            await browse_posts.department(db, town.other_department_id)


async def test_a_region_holds_what_lies_within_it(hotline: Hotline, town: Clinic) -> None:
    """A province, its city, a part of that city: a hospital in the part is found by the city."""
    async with hotline.work(SEED) as work:
        province = Region(code="880000", name="云岭省")
        work.db.add(province)
        await work.db.flush()
        city = Region(code="880100", name="岚州市", parent_id=province.id)
        work.db.add(city)
        await work.db.flush()
        part = Region(code="880101", name="岚东区", parent_id=city.id)
        work.db.add(part)
        await work.db.flush()
        await work.db.execute(update(Hospital).values(region_id=part.id))
    async with hotline.read() as db:
        [area] = (await browse.choices(db)).areas
        assert (area.code, area.name) == ("880100", "岚州市")
        assert await browse.hospital_ids(db, regions=area.ids) == [town.hospital_id]
        assert await browse.hospital_ids(db, regions={province.id}) == []


@pytest.mark.req("R-146", "R-156")
async def test_a_hospital_tells_its_facts_and_its_kin(hotline: Hotline, town: Clinic) -> None:
    centre = await clinic(hotline, 2)
    await change(hotline, Hospital, centre.hospital_id, parent_id=town.hospital_id, name="城南社区中心")
    async with hotline.work(SEED) as work:
        work.db.add(Campus(hospital_id=town.hospital_id, name="东院", address="东路 1 号"))
    async with hotline.read() as db:
        facts = await browse.hospital(db, town.hospital_id)
        below = await browse.hospital(db, centre.hospital_id)
    assert (facts.grade, facts.region, facts.campuses) == ("三甲", "青石市", [("东院", "东路 1 号")])
    assert (facts.parent, facts.centres) == (None, [(centre.hospital_id, "城南社区中心")])
    assert (below.parent, below.centres) == ((town.hospital_id, "青石市第一人民医院"), [])


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"grade": "三甲"}, 2),
        ({"grade": "二甲"}, 0),
        ({"kind": "general"}, 2),
        ({"kind": "tcm"}, 0),
        ({"among": []}, 0),
        ({"regions": []}, 0),
        ({}, 2),
    ],
)
async def test_hospitals_are_chosen(
    hotline: Hotline, town: Clinic, asked: dict[str, object], found: int
) -> None:
    other = await clinic(hotline, 2)
    await change(hotline, Hospital, other.hospital_id, menu_order=1)
    async with hotline.read() as db:
        ids = await browse.hospital_ids(db, **asked)  # type: ignore[arg-type]
        lines = await browse.hospitals(db, ids)
    assert ids == [other.hospital_id, town.hospital_id][:found], "in the house's own order"
    assert [one.id for one in lines] == ids


@pytest.mark.req("R-154", "I-005")
async def test_each_day_shows_another_part_of_the_experts(hotline: Hotline, town: Clinic) -> None:
    for key in town.doctors.values():
        await change(hotline, Doctor, key, recommended=True)
    days = [TODAY + timedelta(days=number) for number in range(3)]
    async with hotline.read() as db:
        shown = [[one.id for one in await browse_posts.experts(db, today=day, most=2)] for day in days]
        every = await browse_posts.experts(db, today=TODAY, most=8)
    assert sorted(one.id for one in every) == sorted(town.doctors.values())
    assert {one.department for one in every} == {"心血管内科", "儿科"}
    assert all(len(some) == 2 for some in shown)
    assert {one for some in shown for one in some} == set(town.doctors.values())
