"""Every route and every socket command against everybody: what stands below is what is open to whom.

A new route or command needs its line here; one without a declaration is closed to all and fails too.
"""

import importlib
import importlib.util
import itertools
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from aiohttp.typedefs import Handler
from aiohttp.web_urldispatcher import AbstractResource, PrefixedSubAppResource, StaticResource
from pytest_aiohttp import AiohttpClient
from sqlalchemy import select

from agent_desk.app import mount
from agent_desk.house import AgentHouse
from core.booking.store import PlainStore
from core.http.access import access_of
from core.http.pages import grouped
from core.staff.functions import FUNCTIONS
from core.staff.tables import Staff
from core.work import Hotline
from hotline import demo_staff
from tests.builders import VISIT, clinic
from tests.entering import account, cookie, enter, form_token
from tests.walls import NoPhones, Noted
from web.app import make_app
from web.house import WebHouse

Client = TestClient[Any, Any]
# Nobody; an operator, the supervisor, the inspector, the administrators of a hospital and of the
# hotline, the super administrator: the staff of the demo.
WHO = ("", "8001", "9001", "9101", "yiyuan1", "guanli", "admin")

ROUTES = """
                                                       -    8001 9001 9101 yiyu guan admi
GET /healthz                                           x    x    x    x    x    x    x
GET /metrics                                           x    x    x    x    x    x    x
GET /                                                  x    x    x    x    x    x    x
GET /live/{name}                                       x    x    x    x    x    x    x
GET /live/events                                       x    x    x    x    x    x    x
GET /calls/{id}                                        x    x    x    x    x    x    x
GET /appointments/{serial}                             x    x    x    x    x    x    x
GET /prompts/{name}.wav                                x    x    x    x    x    x    x
GET /fragments/{name}.wav                              x    x    x    x    x    x    x
GET /menus/{name}.wav                                  x    x    x    x    x    x    x
GET /names/{what}/{id}.wav                             x    x    x    x    x    x    x
GET /prompts                                           x    x    x    x    x    x    x
GET /fragments                                         x    x    x    x    x    x    x
GET /live/voice                                        x    x    x    x    x    x    x
GET /prompts/{name}                                    x    x    x    x    x    x    x
POST /prompts/{name}/comments                          .    x    x    x    x    x    x
POST /comments/{id}/settle                             .    x    x    x    x    x    x
POST /comments/{id}/reopen                             .    x    x    x    x    x    x
GET /names                                             x    x    x    x    x    x    x
POST /names/{what}/{id}                                .    .    .    .    x    x    x
GET /login                                             x    x    x    x    x    x    x
POST /login                                            x    x    x    x    x    x    x
GET /login/code                                        .    x    x    x    x    x    x
POST /login/code                                       .    x    x    x    x    x    x
POST /logout                                           .    x    x    x    x    x    x
GET /me                                                .    x    x    x    x    x    x
GET /me/password                                       .    x    x    x    x    x    x
POST /me/password                                      .    x    x    x    x    x    x
GET /me/second-factor                                  .    x    x    x    x    x    x
POST /me/second-factor                                 .    x    x    x    x    x    x
POST /me/second-factor/end                             .    x    x    x    x    x    x
POST /me/sessions/{id}/end                             .    x    x    x    x    x    x
GET /staff/roles                                       .    .    .    .    x    x    x
GET /staff/roles/new                                   .    .    .    .    x    x    x
POST /staff/roles/new                                  .    .    .    .    x    x    x
GET /staff/roles/{id}                                  .    .    .    .    x    x    x
POST /staff/roles/{id}                                 .    .    .    .    x    x    x
POST /staff/roles/{id}/delete                          .    .    .    .    x    x    x
GET /staff/skills                                      .    .    .    .    x    x    x
POST /staff/skills                                     .    .    .    .    x    x    x
POST /staff/skills/{code}/delete                       .    .    .    .    x    x    x
GET /staff                                             .    .    .    .    x    x    x
GET /staff/new                                         .    .    .    .    x    x    x
POST /staff/new                                        .    .    .    .    x    x    x
GET /staff/sessions                                    .    .    .    .    x    x    x
POST /staff/sessions/{id}/end                          .    .    .    .    x    x    x
GET /staff/{id}                                        .    .    .    .    x    x    x
POST /staff/{id}                                       .    .    .    .    x    x    x
POST /staff/{id}/roles                                 .    .    .    .    x    x    x
POST /staff/{id}/reset                                 .    .    .    .    x    x    x
POST /staff/{id}/second-factor                         .    .    .    .    x    x    x
POST /staff/{id}/delete                                .    .    .    .    x    x    x
GET /staff/audit                                       .    .    .    .    x    x    x
GET /desk                                              .    x    x    .    .    .    x
GET /desk/                                             .    x    x    .    .    .    x
GET /desk/socket                                       .    x    x    .    .    .    x
GET /desk/patients                                     .    x    x    .    x    .    x
GET /desk/patients/{person}                            .    x    x    .    x    .    x
POST /desk/patients/{person}/reveal                    .    .    x    .    .    .    x
GET /desk/query                                        .    x    x    .    x    .    x
GET /desk/query/export                                 .    .    x    .    .    .    x
POST /desk/query/{appointment}/cancel                  .    x    x    .    .    .    x
POST /desk/query/{appointment}/change                  .    x    x    .    .    .    x
GET /wall                                              .    .    x    .    .    .    x
GET /wall/                                             .    .    x    .    .    .    x
GET /wall/panel/{kind}/{key}                           .    .    x    .    .    .    x
POST /wall/act/{act}                                   .    .    x    .    .    .    x
GET /wall/socket                                       .    .    x    .    .    .    x
GET /desk/reports                                      .    .    x    x    x    x    x
GET /desk/reports.xlsx                                 .    .    x    .    .    x    x
GET /recordings/                                       .    .    x    x    .    .    x
GET /recordings/mine                                   .    x    x    x    x    x    x
GET /recordings/{id}                                   .    .    x    x    .    .    x
POST /recordings/{id}/hear                             .    .    x    x    .    .    x
POST /recordings/{id}/hold                             .    .    x    x    .    .    x
POST /recordings/{id}/sheet                            .    .    .    x    .    .    x
POST /recordings/sheets/{id}/appeal                    .    x    x    x    x    x    x
POST /recordings/sheets/{id}/decide                    .    .    x    .    .    .    x
GET /recordings/{id}/sound/{side}                      .    .    x    x    .    .    x
"""

# The same for what is sent over the socket of a desk.
COMMANDS = """
                                                       -    8001 9001 9101 yiyu guan admi
appointment.cancel                                     .    x    x    .    .    .    x
card.check                                             .    x    x    .    .    .    x
draft.choose                                           .    x    x    .    .    .    x
draft.commit                                           .    x    x    .    .    .    x
draft.new                                              .    x    x    .    .    .    x
draft.release                                          .    x    x    .    .    .    x
draft.save                                             .    x    x    .    .    .    x
matter.next                                            .    x    x    .    .    .    x
person.pick                                            .    x    x    .    .    .    x
catalogue.search                                       .    x    x    .    x    .    x
equivalents                                            .    x    x    .    x    .    x
person.search                                          .    x    x    .    x    .    x
slots                                                  .    x    x    .    x    .    x
abandon                                                .    x    x    .    .    .    x
callback.give-back                                     .    x    x    .    .    .    x
callback.settle                                        .    x    x    .    .    .    x
callback.take                                          .    x    x    .    .    .    x
complete                                               .    x    x    .    .    .    x
conference                                             .    x    x    .    .    .    x
consult                                                .    x    x    .    .    .    x
dial                                                   .    x    x    .    .    .    x
dispose                                                .    x    x    .    .    .    x
finish                                                 .    x    x    .    .    .    x
gap                                                    .    x    x    .    .    .    x
hand                                                   .    x    x    .    .    .    x
hold                                                   .    x    x    .    .    .    x
keys                                                   .    x    x    .    .    .    x
pause                                                  .    x    x    .    .    .    x
ready                                                  .    x    x    .    .    .    x
refuse                                                 .    x    x    .    .    .    x
rejoin                                                 .    x    x    .    .    .    x
retrieve                                               .    x    x    .    .    .    x
sign-in                                                .    x    x    .    .    .    x
sign-out                                               .    x    x    .    .    .    x
transfer                                               .    x    x    .    .    .    x
reveal                                                 .    .    x    .    .    .    x
"""


def table(text: str) -> dict[str, str]:
    """Line to marks, one for each of WHO: x is open, . is closed."""
    rows = [line.split() for line in text.strip().splitlines()[1:] if line.strip()]
    return {" ".join(row[: -len(WHO)]): "".join(row[-len(WHO) :]) for row in rows}


def line(name: str, marks: str) -> str:
    return f"{name:<55}" + "    ".join(marks)


def differences(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """What to change in the table, or in the code."""
    more = [f"+ {line(name, marks)}" for name, marks in found.items() if wanted.get(name) != marks]
    return more + [f"- {line(name, marks)}" for name, marks in wanted.items() if found.get(name) != marks]


# --- the application ----------------------------------------------------------------------------------


@pytest.fixture
def app(house: WebHouse) -> web.Application:
    """All faces as they are served."""
    made = make_app(house)
    desks = AgentHouse(
        hotline=house.hotline,
        store=PlainStore(house.hotline),
        feed=house.feed,
        health=house.health,
        metrics=house.metrics,
        calls=Noted(),  # type: ignore[arg-type] # it takes every call
        phones=NoPhones(),  # type: ignore[arg-type] # there are none
    )
    mount(made, desks)
    return made


@web.middleware
async def let_in(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Innermost: whoever comes so far has passed; the page itself is not wanted."""
    if request.match_info.http_exception is not None:
        return await handler(request)
    return web.Response(status=204)


@pytest.fixture
async def gate(
    app: web.Application, aiohttp_client: AiohttpClient, hotline: Hotline
) -> AsyncIterator[Client]:
    app.middlewares.append(let_in)
    await clinic(hotline)
    await demo_staff.write(hotline)
    return await aiohttp_client(app)


def routes(app: web.Application, prefix: str = "") -> Iterator[tuple[str, AbstractResource, str, object]]:
    """Method, resource, path and handler of every route, those of applications inside it too."""
    for resource in app.router.resources():
        if isinstance(resource, PrefixedSubAppResource):
            yield from routes(resource.get_info()["app"], prefix)
        elif not isinstance(resource, StaticResource):  # files that everybody may have
            for route in resource:
                if route.method != "HEAD":
                    yield route.method, resource, resource.canonical, route.handler


# What fits the patterns of addresses.
FITS = ("1", "12345678", "greeting", "calls", "doctor", "mixed", "digits/1", "ready", "waiting", "desk")


def an_address(resource: AbstractResource) -> str:
    """Some path that leads there."""
    told = resource.get_info()
    if "path" in told:
        return str(told["path"])
    formatter, pattern = str(told["formatter"]), told["pattern"]
    names = re.findall(r"{(\w+)}", formatter)
    for values in itertools.product(FITS, repeat=len(names)):
        path = formatter.format(**dict(zip(names, values, strict=True)))
        if pattern.fullmatch(path):
            return path
    raise AssertionError(f"nothing of FITS fits {formatter}")


def there_is_a_desk() -> bool:
    return importlib.util.find_spec("agent_desk.socket") is not None


# --- the tests ----------------------------------------------------------------------------------------


def test_every_route_declares_who_may_use_it(app: web.Application) -> None:
    undeclared = [
        f"{method} {path}" for method, _, path, handler in routes(app) if access_of(handler) is None
    ]
    assert undeclared == []


@pytest.mark.req("R-163", "R-164")
async def test_every_route_is_open_to_whom_the_table_says(gate: Client, hotline: Hotline) -> None:
    assert gate.app
    found: dict[str, list[str]] = {}
    for login in WHO:
        kept = await cookie(gate, hotline, await staff_id(hotline, login)) if login else {}
        for method, resource, path, _ in routes(gate.app):
            answer = await gate.request(
                method, an_address(resource), headers={"Accept": "application/json"}, cookies=kept
            )
            assert answer.status in (204, 401, 403), (method, path, answer.status)
            assert answer.status != 401 or not login, (method, path, login)
            found.setdefault(f"{method} {path}", []).append("x" if answer.status == 204 else ".")
        gate.session.cookie_jar.clear()
    wanted = table(ROUTES)
    if not there_is_a_desk():
        wanted = {name: marks for name, marks in wanted.items() if name in found}
    changes = differences(wanted, {name: "".join(marks) for name, marks in found.items()})
    assert not changes, "\n" + "\n".join(changes)


async def staff_id(hotline: Hotline, login: str) -> int:
    async with hotline.read() as db:
        return (await db.execute(select(Staff.id).where(Staff.login == login))).scalar_one()


@pytest.mark.skipif(not there_is_a_desk(), reason="no desk yet")
@pytest.mark.req("R-163")
def test_every_command_of_a_desk_is_open_to_whom_the_table_says() -> None:
    commands: Mapping[str, object] = importlib.import_module("agent_desk.socket").COMMANDS
    found = {}
    for name, command in commands.items():
        access = access_of(command)
        assert access is not None, f"{name} declares nothing"
        roles = [_functions(login) for login in WHO]
        open_to = [
            functions is not None
            and (not access.functions or bool(access.functions & functions))
            and access.also <= functions
            for functions in roles
        ]
        found[name] = "".join("x" if one or access.everybody else "." for one in open_to)
    changes = differences(table(COMMANDS), found)
    assert not changes, "\n" + "\n".join(changes)


def _functions(login: str) -> frozenset[str] | None:
    """What somebody of the demo may; None: nobody."""
    if login == demo_staff.ADMINISTRATOR:
        return frozenset(FUNCTIONS)
    return next((demo_staff.ROLES[one.role] for one in demo_staff.STAFF if one.login == login), None)


# --- another hospital's data --------------------------------------------------------------------------

# What staff of one hospital get who have every function there is; {other} belongs to another hospital.
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
GET  /staff/skills                                     403
POST /staff/skills                                     403
POST /staff/skills/mixed/delete                        403
GET  /staff/roles/{role}                               403
POST /staff/roles/{role}                               403
POST /staff/roles/{role}/delete                        403
POST /names/hospital/{hospital}                        403
POST /names/department/{department}                    403
POST /desk/query/{appointment}/cancel                  403
POST /desk/query/{appointment}/change                  403
GET  /wall/                                            403
GET  /wall/socket                                      403
GET  /desk/reports                                     403
GET  /desk/reports.xlsx                                403
GET  /recordings/                                      403
GET  /recordings/1                                     403
"""


@pytest.mark.req("R-167")
async def test_staff_of_a_hospital_reach_nothing_of_another(
    app: web.Application, aiohttp_client: AiohttpClient, hotline: Hotline
) -> None:
    client = await aiohttp_client(app)
    here, there = await clinic(hotline), await clinic(hotline, 2)
    session, patient = await there.session(), await there.person("赵小兰")
    booked = await there.book(session, patient)
    other = await account(hotline, "desk", login="wang", hospital_id=there.hospital_id)
    await cookie(client, hotline, other)
    await enter(client, hotline, *FUNCTIONS, hospital_id=here.hospital_id)
    form = {
        "form-token": form_token(client),
        "sure": "wang",
        "reason": "x",
        "name": "x",
        "role": "1",
        "to": str(session),
    }
    found = {}
    for row in ELSEWHERE.strip().splitlines():
        method, path, wanted = row.split()
        address = path.format(
            other=other, session=1, role=1, hospital=there.hospital_id, department=there.department_id,
            appointment=booked.appointment_id,
        )  # fmt: skip
        answer = await client.request(
            method, address, data=form if method == "POST" else None, headers={"Accept": "application/json"}
        )
        if answer.status != int(wanted):
            found[f"{method} {path}"] = answer.status
    assert found == {}
    for page in ("/staff", "/staff/sessions", "/staff/audit"):
        assert "wang" not in await (await client.get(page)).text(), page
    pages = (f"/desk/query?day={VISIT}", f"/desk/patients/{patient}")
    assert not [page for page in pages if await shows(client, page, booked.serial)]
    await enter(client, hotline, *FUNCTIONS, login="feng")
    assert [page for page in pages if not await shows(client, page, booked.serial)] == [], "else who may"


async def shows(client: Client, page: str, serial: str) -> bool:
    told = await (await client.get(page)).text()
    return serial in told or grouped(serial) in told
