"""What everybody may read over the API: the same hospitals, doctors and numbers as the pages show."""

from urllib.parse import quote

import pytest

from tests.api.clients import App
from tests.builders import VISIT, Clinic, clinic

pytestmark = pytest.mark.req("I-010")


async def ids(anybody: App, query: str) -> list[int]:
    return [one["id"] for one in (await anybody("GET", f"/hospitals?{query}")).body["items"]]


async def test_hospitals_are_found_by_region_kind_grade_and_name(anybody: App, town: Clinic) -> None:
    both = [town.hospital_id, (await clinic(town.hotline, 2)).hospital_id]
    assert await ids(anybody, "") == both
    assert await ids(anybody, f"region=990100&kind=general&grade={quote('三甲')}") == both[:1]
    assert await ids(anybody, "region=nowhere") == []
    assert await ids(anybody, "kind=tcm") == []
    assert set(await ids(anybody, "q=qsyy")) <= set(both)
    assert await ids(anybody, "page=2") == []
    listed = (await anybody("GET", f"/hospitals/{both[0]}/departments")).body["items"]
    assert [one["name"] for one in listed] == ["心血管内科", "儿科"]


async def test_a_department_tells_its_posts_and_what_each_costs(anybody: App, town: Clinic) -> None:
    seen = (await anybody("GET", f"/departments/{town.department_id}")).body
    assert [(one["doctor"]["name"], one["kind"], one["fee_fen"]) for one in seen["posts"]] == [
        ("陈建国", "expert", 3000),
        ("吴敏", "ordinary", 1000),
    ]
    days = (await anybody("GET", f"/departments/{town.department_id}/schedule?days=7")).body["items"]
    assert [(one["day"], one["half"], one["free"], one["total"]) for one in days] == [
        (str(VISIT), "am", 6, 6)
    ]
    assert (await anybody("GET", "/departments/999/schedule")).code == "not-found"


@pytest.mark.req("R-070")
async def test_sessions_are_searched_by_day_kind_state_and_speciality(anybody: App, town: Clinic) -> None:
    full = await town.session("wu", half="pm", slots=3, minutes=60)
    for name in ("王强", "张伟", "赵六"):
        await town.book(full, await town.person(name))

    async def found(query: str) -> list[str]:
        answer = await anybody("GET", f"/schedule?{query}")
        return [one["doctor"]["name"] for one in answer.body["items"]]

    assert await found(f"day={VISIT}") == ["陈建国", "吴敏"]
    assert await found("kind=expert") == ["陈建国"]
    assert await found("standing=full") == ["吴敏"]
    assert await found(f"q={quote('陈建国')}") == ["陈建国"]
    assert await found(f"speciality={quote('心血管内科')}&standing=free") == ["陈建国"]
    assert await found("day=2026-11-27") == []
    assert (await anybody("GET", f"/schedule/{full}")).body["items"] == []


async def test_what_is_not_open_is_not_there(anybody: App, town: Clinic) -> None:
    for path in (
        "/hospitals/999",
        "/departments/999",
        "/doctors/999",
        "/schedule/999",
        "/doctors/999/schedule",
    ):
        assert (await anybody("GET", path)).code == "not-found"
