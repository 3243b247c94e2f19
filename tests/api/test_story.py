"""One visit over the API: found, held, booked, moved and given up, as every other channel does it."""

import pytest
from sqlalchemy import select

from core import journal
from core.booking.tables import Appointment
from core.values import Channel
from tests.api.clients import App, Client, partner
from tests.builders import VISIT, Clinic
from tests.clocks import FrozenClock
from tests.release.room import BEFORE, DAY, OPENS, Room

pytestmark = pytest.mark.req("I-010", "R-057")


async def test_a_visit_is_found_held_booked_moved_and_given_up(li: App, anybody: App, town: Clinic) -> None:
    later = await town.session("wu", half="pm")
    found = await anybody("GET", "/doctors?q=陈建国")
    (doctor,) = found.body["items"]
    day = (await anybody("GET", f"/doctors/{doctor['id']}/schedule?first={VISIT}&days=1")).body["items"]
    assert [(one["free"], one["standing"], one["fee_fen"]) for one in day] == [(6, "free", 3000)]
    session = day[0]["id"]
    periods = (await anybody("GET", f"/schedule/{session}")).body["items"]
    assert len(periods) == 6

    hold = await li("POST", "/holds", {"session_id": session, "period_id": periods[2]["id"]})
    assert hold.status == 201
    assert hold.body["period_id"] == periods[2]["id"]
    assert (await li("GET", f"/holds/{hold.body['id']}")).body == hold.body
    assert (await anybody("GET", f"/schedule/{session}")).body["items"] == periods[:2] + periods[3:]

    me = (await li("GET", "/attendees")).body["items"][0]
    made = await li("POST", "/appointments", {"hold_id": hold.body["id"], "person_id": me["person_id"]})
    assert made.status == 201
    assert made.body["patient"] == "李秀英"
    assert (made.body["state"], made.body["channel"], made.body["fee_fen"]) == ("booked", "web", 3000)
    serial = made.body["serial"]
    assert (await li("GET", f"/appointments/{serial}")).body == made.body
    assert (await li("GET", "/appointments?which=ahead")).body["total"] == 1

    other = await li("POST", "/holds", {"session_id": later})
    moved = await li("POST", f"/appointments/{serial}/change", {"hold_id": other.body["id"]})
    assert moved.status == 201
    assert moved.body["serial"] != serial
    assert (await li("GET", f"/appointments/{serial}")).body["state"] == "replaced"
    gone = await li("POST", f"/appointments/{moved.body['serial']}/cancel")
    assert (gone.status, gone.body["appointment"]["state"]) == (200, "cancelled")
    assert (await li("POST", f"/appointments/{moved.body['serial']}/cancel")).code == "wrong-state"

    async with town.hotline.read() as db:
        rows = (await db.execute(select(Appointment).order_by(Appointment.id))).scalars().all()
        story = await journal.story(db, appointment_id=rows[0].id)
    assert {(row.channel, row.account_id is not None, row.partner_id) for row in rows} == {
        (Channel.WEB, True, None)
    }
    assert [entry.event.kind for entry in story] == ["appointment.booked", "appointment.changed"]


@pytest.mark.req("R-048")
async def test_a_fee_is_paid_on_a_page_whose_address_the_api_tells(
    li: App, anybody: App, town: Clinic, clock: FrozenClock
) -> None:
    await town.rule("pay.mode", "online")
    hold = await li("POST", "/holds", {"session_id": await town.session("wu", half="pm")})
    body = {"hold_id": hold.body["id"], "person_id": town.people["李秀英"]}
    made = await li("POST", "/appointments", body)
    assert made.body["state"] == "unpaid"
    path = f"/appointments/{made.body['serial']}/payment"
    due = (await li("GET", path)).body
    assert (due["state"], due["amount_fen"], due["paid_fen"]) == ("due", 1000, 0)
    assert due["pay_by"] == made.body["pay_by"]
    assert (await anybody.client.get(due["page"])).status == 200
    await li("POST", f"/appointments/{made.body['serial']}/cancel")
    assert (await li("GET", path)).body["page"] is None


@pytest.mark.req("R-042")
async def test_neither_an_application_nor_a_partner_passes_the_line(
    li: App, client: Client, town: Clinic, clock: FrozenClock
) -> None:
    """No fast lane: what the pages' line decides is asked here too."""
    session_id = await town.session(day=DAY, slots=2)
    clock.set(BEFORE)
    at = Room(town.hotline, clock, town, session_id)
    program = await partner(client, town.hotline)
    for owner in ("a", "b", "c"):
        await at.join(owner)
    clock.set(OPENS)
    await at.advance()
    body = {"session_id": at.session_id}
    assert (await li("POST", "/holds", body)).code == "line-first"
    assert (await program("POST", "/partner/holds", body)).code == "line-first"
    assert await at.clinic.states(at.session_id) == {"free": 2}
