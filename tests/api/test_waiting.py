"""The waiting list by the API: one's places, what is kept, taken or not, and the way out."""

import pytest

from tests.api.clients import App
from tests.builders import VISIT, Clinic
from tests.waiting_list import Queue


@pytest.fixture
async def queue(town: Clinic) -> Queue:
    return Queue(town)


def wish(queue: Queue, **more: object) -> dict[str, object]:
    town = queue.clinic
    return {
        "person_id": town.people["李秀英"],
        "department_id": town.department_id,
        "doctor_id": town.doctors["wu"],
        "day": VISIT.isoformat(),
        **more,
    }


@pytest.mark.req("I-009", "I-010")
async def test_from_the_list_to_the_appointment(li: App, queue: Queue) -> None:
    session = await queue.full(post="wu", half="pm")
    joined = await li("POST", "/waiting", wish(queue), key="join-this-once")
    assert (joined.status, joined.body["ahead"], joined.body["offer"]) == (201, 0, None)
    again = await li("POST", "/waiting", wish(queue), key="join-this-once")
    assert again.body == joined.body
    await queue.gives_up(session)
    await queue.runs()
    (one,) = (await li("GET", "/waiting")).body["items"]
    assert one["offer"]["session_id"] == session
    path = f"/waiting/{one['place_id']}"
    offer = {"offer_id": one["offer"]["offer_id"]}
    assert (await li("POST", f"{path}/accept", {"offer_id": 999})).code == "offer-gone"
    taken = await li("POST", f"{path}/accept", offer, key="take-this-once")
    assert (taken.status, taken.body["day"], taken.body["state"]) == (201, VISIT.isoformat(), "booked")
    await queue.runs()
    assert (await li("GET", "/waiting")).body["items"] == []
    assert (await li("POST", f"{path}/accept", offer, key="take-this-once")).body == taken.body
    assert (await li("DELETE", path)).status == 404


async def test_not_this_one_and_off_the_list(li: App, queue: Queue) -> None:
    session = await queue.full(post="wu", half="pm")
    place = (await li("POST", "/waiting", wish(queue))).body["place_id"]
    await queue.gives_up(session)
    await queue.runs()
    (one,) = (await li("GET", "/waiting")).body["items"]
    refused = await li("POST", f"/waiting/{place}/refuse", {"offer_id": one["offer"]["offer_id"]})
    assert (refused.status, refused.body["offer"]) == (200, None)
    assert (await li("POST", f"/waiting/{place}/resume")).body["state"] == "waiting"
    assert (await li("DELETE", f"/waiting/{place}")).status == 204
    assert (await li("GET", "/waiting")).body["items"] == []


async def test_why_nobody_waits_here_is_told_by_its_code(li: App, queue: Queue) -> None:
    free = await queue.clinic.session("wu", half="pm", slots=1)
    assert (await li("POST", "/waiting", wish(queue))).code == "waiting-free"
    assert (await li("POST", "/waiting", wish(queue, day="2026-11-22"))).code == "not-found"
    assert (await li("POST", "/waiting", wish(queue, department_id=9999))).code == "not-found"
    other = await queue.clinic.person("旁人")
    assert (await li("POST", "/waiting", wish(queue, person_id=other))).code == "not-found"
    await queue.clinic.book(free, other)
    await li("POST", "/waiting", wish(queue))
    assert (await li("POST", "/waiting", wish(queue))).code == "waiting-twice"


async def test_another_accounts_place_is_not_there(li: App, queue: Queue) -> None:
    await queue.full(post="wu", half="pm")
    entry = await queue.joins("旁人", doctor_id=queue.clinic.doctors["wu"])
    for way in ("resume", "accept", "refuse"):
        body = None if way == "resume" else {"offer_id": 1}
        assert (await li("POST", f"/waiting/{entry}/{way}", body)).status == 404
    assert (await li("DELETE", f"/waiting/{entry}")).status == 404
