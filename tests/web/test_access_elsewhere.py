"""Every address that names something, tried by staff of one hospital with what is another hospital's.

A new address with an id needs its line in one of the two tables.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient
from sqlalchemy import select

from agent_desk.wall_acts import ACTS
from agent_desk.wall_panels import PANELS
from core.booking.tables import Appointment
from core.catalogue.tables import Department, Doctor, Hospital
from core.contact import engine as contact
from core.contact.agent_tables import Agent
from core.database import Base
from core.http.pages import grouped
from core.leave import entering
from core.leave.rules import Enter, Kind
from core.leave.tables import Leave
from core.money.tables import ReconciliationLine, Refund
from core.people.tables import Person
from core.recordings import quality
from core.recordings.rules import TEMPLATES
from core.recordings.tables import QualitySheet, Recording
from core.schedule.tables import Slot
from core.site import engine as announcements
from core.site.rules import Draft
from core.site.tables import Announcement
from core.staff.functions import FUNCTIONS
from core.staff.tables import Role, Staff
from core.values import Actor, ActorKind, Channel, system
from core.work import Hotline
from tests.builders import VISIT, Clinic, clinic
from tests.entering import account, cookie, enter, form_token
from tests.matrix import routes
from tests.money.trouble import trouble

Client = TestClient[Any, Any]

# What they get who have every function there is, at their own hospital. {other} and what else stands in
# braces belongs to another hospital; a recording, a role and the wall belong to the hotline alone.
ELSEWHERE = """
GET  /staff/{other}                                    403
POST /staff/{other}                                    403
POST /staff/{other}/roles                              403
POST /staff/{other}/reset                              403
POST /staff/{other}/second-factor                      403
POST /staff/{other}/delete                             403
POST /staff/sessions/{session}/end                     403
POST /me/sessions/{session}/end                        404
GET  /staff/roles/new                                  403
POST /staff/roles/new                                  403
GET  /staff/skills                                     403
POST /staff/skills                                     403
POST /staff/skills/mixed/delete                        403
GET  /staff/roles/{role}                               403
POST /staff/roles/{role}                               403
POST /staff/roles/{role}/delete                        403
POST /names/hospital/{hospital}                        403
POST /names/department/{department}                    403
POST /names/doctor/{doctor}                            403
GET  /desk/patients/{patient}                          404
POST /desk/patients/{patient}/reveal                   404
POST /desk/patients/{patient}/appeal                   404
POST /desk/query/{appointment}/cancel                  403
POST /desk/query/{appointment}/change                  403
GET  /wall                                             403
GET  /wall/                                            403
GET  /wall/socket                                      403
GET  /desk/reports                                     403
GET  /desk/reports.xlsx                                403
GET  /recordings/                                      403
GET  /recordings/{recording}                           403
POST /recordings/{recording}/hear                      403
POST /recordings/{recording}/hold                      403
POST /recordings/{recording}/sheet                     403
GET  /recordings/{recording}/sound/mixed               403
POST /recordings/sheets/{sheet}/appeal                 403
POST /recordings/sheets/{sheet}/decide                 403
GET  /cases/{recording}                                403
POST /cases/{recording}/hear                           403
GET  /cases/appointment/12345678                       403
GET  /staff/announcements/{announcement}               403
POST /staff/announcements/{announcement}               403
POST /staff/announcements/{announcement}/publish       403
POST /staff/announcements/{announcement}/withdraw      403
GET  /staff/money/days/{day}                           403
POST /staff/money/days/{day}/again                     403
POST /staff/money/days/{day}/list                      403
POST /staff/money/differences/{line}                   403
POST /staff/money/refunds/{refund}/again               403
POST /staff/money/refunds/{refund}/hand                403
POST /staff/money/doubts/{attempt}                     403
GET  /staff/leaves/{leave}                               404
GET  /staff/leaves/{leave}/edit                          404
POST /staff/leaves/{leave}/edit                          404
POST /staff/leaves/{leave}/submit                        404
POST /staff/leaves/{leave}/approve                       404
POST /staff/leaves/{leave}/return                        404
POST /staff/leaves/{leave}/withdraw                      404
GET  /staff/leaves/{leave}/batch                         404
POST /staff/leaves/{leave}/batch                         404
GET  /staff/leaves/{leave}/report                        404
GET  /staff/leaves/{leave}/report.xlsx                   404
GET  /staff/texts                                      403
POST /staff/texts/1/again                              403
POST /staff/texts/1/leave                              403
POST /staff/texts/1/read                               403
POST /staff/appeals/1                                  404
"""
OF_THE_WALL = [
    *(f"GET /wall/panel/{kind}/{key} 403" for kind in PANELS for key in ("", "{other}")),
    *(f"POST /wall/act/{act} 403" for act in ACTS),
]

# Where an id leads to nothing that is one hospital's, and why.
NO_FOREIGN_ID = {
    "GET /account/captcha/{token}.png": "a picture of figures, for whoever was shown it",
    "GET /account/captcha/{token}.wav": "the same figures, spoken",
    "POST /account/sessions/{id}/end": "a patient's own, by their account",
    "POST /account/kept/{id}": "what a patient's own number left, by their account",
    "POST /account/people/{id}/papers": "a patient's own, by their account",
    "POST /account/people/{id}/remove": "a patient's own, by their account",
    "POST /m/account/sessions/{id}/end": "a patient's own, by their account",
    "POST /m/account/kept/{id}": "what a patient's own number left, by their account",
    "POST /m/account/people/{id}/papers": "a patient's own, by their account",
    "POST /m/account/people/{id}/remove": "a patient's own, by their account",
    "GET /account/orders/{serial}": "a patient's own, by their account",
    "GET /account/orders/{serial}/cancel": "a patient's own, by their account",
    "POST /account/orders/{serial}/cancel": "a patient's own, by their account",
    "GET /m/account/orders/{serial}": "a patient's own, by their account",
    "GET /m/account/orders/{serial}/cancel": "a patient's own, by their account",
    "POST /m/account/orders/{serial}/cancel": "a patient's own, by their account",
    "GET /static/{path}": "public: files that every browser gets",
    "GET /desk/static/{path}": "public: files that every browser gets",
    "GET /live/{name}": "public: in the demo alone, whose people are invented",
    "GET /calls/{id}": "public: in the demo alone, whose people are invented",
    "GET /appointments/{serial}": "public: in the demo alone, whose people are invented",
    "GET /prompts/{name}": "public: the hotline's own words",
    "GET /prompts/{name}.wav": "public: the hotline's own words",
    "GET /fragments/{name}.wav": "public: the hotline's own words",
    "GET /menus/{name}.wav": "public: the hotline's own words",
    "GET /names/{what}/{id}.wav": "public: how a name is read",
    "GET /hospitals/{id}": "public: what every hospital shows to everybody",
    "GET /departments/{id}": "public: what every hospital shows to everybody",
    "GET /departments/{id}/number": "public: what every hospital shows to everybody",
    "GET /doctors/{id}": "public: what every hospital shows to everybody",
    "GET /m/hospitals/{id}": "public: what every hospital shows to everybody",
    "GET /m/departments/{id}": "public: what every hospital shows to everybody",
    "GET /m/departments/{id}/number": "public: what every hospital shows to everybody",
    "GET /m/doctors/{id}": "public: what every hospital shows to everybody",
    "GET /book/{id}": "public: a session",
    "POST /book/{id}": "a patient's own hold, by their account",
    "GET /book/held/{hold}": "a patient's own hold, by their account",
    "POST /book/held/{hold}": "a patient's own hold, by their account",
    "POST /book/held/{hold}/leave": "a patient's own hold, by their account",
    "GET /book/done/{serial}": "a patient's own appointment, by their account",
    "GET /book/done/{serial}.png": "a patient's own appointment, by their account",
    "GET /book/done/{serial}.ics": "a patient's own appointment, by their account",
    "GET /m/book/{id}": "public: a session",
    "POST /m/book/{id}": "a patient's own hold, by their account",
    "GET /m/book/held/{hold}": "a patient's own hold, by their account",
    "POST /m/book/held/{hold}": "a patient's own hold, by their account",
    "POST /m/book/held/{hold}/leave": "a patient's own hold, by their account",
    "GET /m/book/done/{serial}": "a patient's own appointment, by their account",
    "GET /m/book/done/{serial}.png": "a patient's own appointment, by their account",
    "GET /m/book/done/{serial}.ics": "a patient's own appointment, by their account",
    "GET /book/{id}/line": "public: the line of a session",
    "POST /book/{id}/line": "a patient's own place, by their account",
    "POST /book/{id}/line/leave": "a patient's own place, by their account",
    "GET /book/{id}/line/proof": "public: the draw of a session",
    "GET /book/{id}/line.json": "public: the line of a session",
    "GET /book/{id}/line/proof.txt": "public: the draw of a session",
    "GET /m/book/{id}/line": "public: the line of a session",
    "POST /m/book/{id}/line": "a patient's own place, by their account",
    "POST /m/book/{id}/line/leave": "a patient's own place, by their account",
    "GET /m/book/{id}/line/proof": "public: the draw of a session",
    "GET /announcements/{id}": "public: what every hospital tells everybody",
    "GET /m/announcements/{id}": "public: what every hospital tells everybody",
    "GET /api/v1/hospitals/{hospital_id}": "public: what every hospital shows to everybody",
    "GET /api/v1/hospitals/{hospital_id}/departments": "public: what every hospital shows to everybody",
    "GET /api/v1/departments/{department_id}": "public: what every hospital shows to everybody",
    "GET /api/v1/doctors/{doctor_id}": "public: what every hospital shows to everybody",
    "GET /api/v1/departments/{department_id}/schedule": "public: what every hospital shows to everybody",
    "GET /api/v1/doctors/{doctor_id}/schedule": "public: what every hospital shows to everybody",
    "GET /api/v1/schedule/{session_id}": "public: what every hospital shows to everybody",
    "DELETE /api/v1/attendees/{person_id}": "a patient's own, by the token of their application",
    "GET /api/v1/holds/{hold_id}": "a patient's own, by the token of their application",
    "DELETE /api/v1/holds/{hold_id}": "a patient's own, by the token of their application",
    "GET /api/v1/appointments/{serial}": "a patient's own, by the token of their application",
    "POST /api/v1/appointments/{serial}/cancel": "a patient's own, by the token of their application",
    "POST /api/v1/appointments/{serial}/change": "a patient's own, by the token of their application",
    "GET /api/v1/appointments/{serial}/payment": "a patient's own, by the token of their application",
    "DELETE /api/v1/waiting/{place_id}": "a patient's own, by the token of their application",
    "POST /api/v1/waiting/{place_id}/resume": "a patient's own, by the token of their application",
    "POST /api/v1/waiting/{place_id}/accept": "a patient's own, by the token of their application",
    "POST /api/v1/waiting/{place_id}/refuse": "a patient's own, by the token of their application",
    "GET /api/v1/partner/holds/{hold_id}": "a partner's own, by its signature",
    "DELETE /api/v1/partner/holds/{hold_id}": "a partner's own, by its signature",
    "GET /api/v1/partner/appointments/{serial}": "a partner's own, by its signature",
    "POST /api/v1/partner/appointments/{serial}/cancel": "a partner's own, by its signature",
    "POST /api/v1/partner/appointments/{serial}/change": "a partner's own, by its signature",
    "GET /api/v1/partner/appointments/{serial}/payment": "a partner's own, by its signature",
    "GET /r/{token}": "a patient's own link, which nobody can guess",
    "POST /r/{token}": "a patient's own link, which nobody can guess",
    "GET /pay/{id}/{token}": "a patient's own link: the id alone opens nothing",
    "POST /pay/{id}/{token}": "a patient's own link: the id alone opens nothing",
    "POST /prompts/{name}/comments": "the hotline's own words",
    "POST /comments/{id}/settle": "the hotline's own words",
    "POST /comments/{id}/reopen": "the hotline's own words",
}


def rows() -> list[tuple[str, str, int]]:
    """Method, path and status."""
    written = [row.split() for row in (*ELSEWHERE.strip().splitlines(), *OF_THE_WALL)]
    return [(method, path, int(status)) for method, path, status in written]


def test_every_address_with_an_id_is_tried_or_has_a_reason_why_not(app: web.Application) -> None:
    names = dict.fromkeys(IDS, "1")
    tried = {
        f"{method} {canonical}"
        for tried_method, path, _ in rows()
        for method, resource, canonical, _ in routes(app)
        if method == tried_method and leads(resource.get_info(), path.format(**names))
    }
    with_id = {f"{method} {canonical}" for method, _, canonical, _ in routes(app) if "{" in canonical}
    assert with_id - tried - NO_FOREIGN_ID.keys() == set(), "neither tried nor explained"
    assert NO_FOREIGN_ID.keys() - with_id == set(), "there is no such address"
    assert NO_FOREIGN_ID.keys() & tried == set(), "tried and explained away"


def leads(told: Any, path: str) -> bool:
    return told.get("path") == path or ("pattern" in told and told["pattern"].fullmatch(path) is not None)


# --- what is theirs -----------------------------------------------------------------------------------

IDS = (
    "other", "session", "role", "hospital", "department", "doctor", "patient", "appointment", "recording",
    "sheet", "announcement", "leave", "day", "line", "refund", "attempt",
)  # fmt: skip
# Rows of these are theirs, or the hotline's: nothing of them may be otherwise afterwards.
KEPT: tuple[type[Base], ...] = (
    Agent, Announcement, Appointment, Department, Doctor, Hospital, Leave, Person, QualitySheet,
    ReconciliationLine, Recording, Refund, Role, Slot, Staff,
)  # fmt: skip


@dataclass
class World:
    """Two hospitals, and a client that is logged in with every function at the first."""

    client: Client
    hotline: Hotline
    here: Clinic
    there: Clinic
    ids: dict[str, int]
    serial: str
    form: dict[str, str]

    async def kept(self) -> set[str]:
        async with self.hotline.read() as db:
            return {
                f"{kind.__tablename__} {tuple(row)}"
                for kind in KEPT
                for row in (await db.execute(select(kind.__table__))).all()
            }


@pytest.fixture
async def world(app: web.Application, aiohttp_client: AiohttpClient, hotline: Hotline) -> World:
    client = await aiohttp_client(app)
    here, there = await clinic(hotline), await clinic(hotline, 2)
    session, patient = await there.session(), await there.person("赵小兰", phone="10712340001")
    booked = await there.book(session, patient)
    other = await account(hotline, "desk", login="wang", number="8002", hospital_id=there.hospital_id)
    await cookie(client, hotline, other)
    recording, sheet = await judged(client, hotline, other)
    await enter(client, hotline, *FUNCTIONS, number="8001", hospital_id=here.hospital_id)
    ids = {
        "other": other, "session": 1, "role": 1, "hospital": there.hospital_id,
        "department": there.department_id, "doctor": there.doctors["chen"], "patient": patient,
        "appointment": booked.appointment_id, "recording": recording, "sheet": sheet,
        **await money_and_words(hotline, there, booked.appointment_id),
    }  # fmt: skip
    form = {
        "form-token": form_token(client), "sure": "wang", "reason": "verify", "name": "x", "role": "1",
        "to": str(session), "words": "不同意", "field": "identity", "template": "booking", "on": "1",
        "recording": str(recording), "staff_id": str(other), "how": "listen", "text": "x",
        "function": "query", "hospital": str(there.hospital_id), "login": "newcomer",
        **{f"score-{item.code}": str(item.most) for item in TEMPLATES["booking"].items},
    }  # fmt: skip
    return World(client, hotline, here, there, ids, booked.serial, form)


async def money_and_words(hotline: Hotline, there: Clinic, appointment_id: int) -> dict[str, int]:
    """An announcement and a leave of theirs, and money that needs a person."""
    async with hotline.work(system("seed")) as work:
        draft = Draft("notice", "停水", "明天停水。", VISIT, None, there.hospital_id)
        announcement = await announcements.write(work, draft)
    by = Actor(ActorKind.STAFF, "their own", Channel.WEB, functions=frozenset({"leave"}))
    async with hotline.work(by) as work:
        span = (VISIT, "am"), (VISIT, "pm")
        leave = await entering.enter(
            work, Enter(there.hospital_id, Kind.STOP, *span, doctor_id=there.doctors["chen"])
        )
    found = await trouble(hotline, there.hospital_id, appointment_id)
    return {
        "announcement": announcement, "leave": leave, "day": found.day_id, "line": found.line_id,
        "refund": found.refund_id, "attempt": found.attempt_id,
    }  # fmt: skip


async def judged(client: Client, hotline: Hotline, staff_id: int) -> tuple[int, int]:
    """A recording of this operator's call, and a sheet on it whose appeal nobody has decided."""
    async with hotline.work(system("switch")) as work:
        opened = await contact.open_interaction(work, linked_id="1", dnis="12320", ani=None)
        recording = Recording(
            key="k", interaction_id=opened.interaction_id, staff_id=staff_id, state="sealed",
            began_at=work.now, seconds=5,
        )  # fmt: skip
        work.db.add(recording)
    inspector = await enter(client, hotline, "quality", "recordings", login="inspector")
    scores = {item.code: item.most for item in TEMPLATES["booking"].items}
    async with hotline.work(inspector) as work:
        await quality.score(work, recording.id, template="booking", scores=scores)
    async with hotline.work(system("seed")) as work:
        sheet = (await work.db.execute(select(QualitySheet))).scalar_one()
        sheet.appeal, sheet.appealed_at = "不同意", work.now
    return recording.id, sheet.id


# --- the tests ----------------------------------------------------------------------------------------


@pytest.mark.req("R-167")
async def test_staff_of_a_hospital_reach_nothing_of_another(world: World) -> None:
    before, found = await world.kept(), {}
    for method, path, wanted in rows():
        form = world.form if method == "POST" else None
        answer = await world.client.request(
            method, path.format(**world.ids), data=form, headers={"Accept": "application/json"}
        )
        if answer.status != wanted:
            found[f"{method} {path}"] = answer.status
    assert found == {}
    assert before - await world.kept() == set(), "otherwise than before"


@pytest.mark.req("R-167")
async def test_lists_of_a_hospitals_staff_show_nothing_of_another(world: World) -> None:
    client, there = world.client, world.there
    for page in ("/staff", "/staff/sessions", "/staff/audit"):
        assert not await shows(client, page, "wang"), page
    assert not await shows(client, "/staff?q=wang", f"/staff/{world.ids['other']}")
    pages = (
        f"/desk/query?day={VISIT}",
        f"/desk/query?day={VISIT}&hospital={there.hospital_id}",
        f"/desk/query?day={VISIT}&open={world.ids['appointment']}",
        f"/desk/patients/{world.ids['patient']}",
    )
    assert [page for page in pages if await shows(client, page, world.serial)] == []
    assert not await shows(client, f"/desk/query?day={VISIT}&q={world.serial}", "赵小兰")
    assert not await shows(client, "/desk/patients?q=赵小兰", f"/desk/patients/{world.ids['patient']}")
    await enter(client, world.hotline, *FUNCTIONS, login="feng")
    assert [page for page in pages if not await shows(client, page, world.serial)] == [], "else who may"
    assert await shows(client, f"/desk/query?day={VISIT}&q={world.serial}", "赵小兰")
    assert await shows(client, "/desk/patients?q=赵小兰", f"/desk/patients/{world.ids['patient']}")


async def shows(client: Client, page: str, what: str) -> bool:
    told = await (await client.get(page)).text()
    return what in told or grouped(what) in told


@pytest.mark.req("R-167")
async def test_an_account_that_names_another_hospital_is_of_ones_own(world: World) -> None:
    """The form has no such field for them; whoever sends it all the same gains nothing."""
    mine = await account(world.hotline, "desk", login="zhou", hospital_id=world.here.hospital_id)
    form = world.form | {"role": ""}
    made = await world.client.post("/staff/new", data=form, allow_redirects=False)
    changed = await world.client.post(f"/staff/{mine}", data=form, allow_redirects=False)
    assert (made.status, changed.status) == (200, 303)
    async with world.hotline.read() as db:
        query = select(Staff.login, Staff.hospital_id).where(Staff.login.in_(("newcomer", "zhou")))
        found = dict((await db.execute(query)).all())
    assert found == {"newcomer": world.here.hospital_id, "zhou": world.here.hospital_id}
