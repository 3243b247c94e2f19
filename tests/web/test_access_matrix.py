"""Every route against everybody: what stands below is what is open to whom.

A new route needs its line here; one without a declaration is closed to all and fails too.
"""

import itertools
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from aiohttp.typedefs import Handler
from aiohttp.web_urldispatcher import AbstractResource
from pytest_aiohttp import AiohttpClient

from core.http.access import access_of
from core.work import Hotline
from hotline import demo_staff
from tests.builders import clinic
from tests.entering import cookie
from tests.matrix import WHO, differences, routes, staff_id, table

Client = TestClient[Any, Any]

ROUTES = """
                                                       -    8001 9001 9101 yiyu guan admi
GET /favicon.ico                                       x    x    x    x    x    x    x
GET /static/{path}                                     x    x    x    x    x    x    x
GET /desk/static/{path}                                x    x    x    x    x    x    x
GET /healthz                                           x    x    x    x    x    x    x
GET /metrics                                           x    x    x    x    x    x    x
GET /                                                  x    x    x    x    x    x    x
GET /home                                              x    x    x    x    x    x    x
GET /hospitals                                         x    x    x    x    x    x    x
GET /hospitals/{id}                                    x    x    x    x    x    x    x
GET /departments/{id}                                  x    x    x    x    x    x    x
GET /doctors/{id}                                      x    x    x    x    x    x    x
GET /departments/{id}/number                           x    x    x    x    x    x    x
GET /search                                            x    x    x    x    x    x    x
GET /m/home                                            x    x    x    x    x    x    x
GET /m/hospitals                                       x    x    x    x    x    x    x
GET /m/hospitals/{id}                                  x    x    x    x    x    x    x
GET /m/departments/{id}                                x    x    x    x    x    x    x
GET /m/doctors/{id}                                    x    x    x    x    x    x    x
GET /m/departments/{id}/number                         x    x    x    x    x    x    x
GET /m/search                                          x    x    x    x    x    x    x
GET /book/{id}/line                                    x    x    x    x    x    x    x
POST /book/{id}/line                                   x    x    x    x    x    x    x
POST /book/{id}/line/leave                             x    x    x    x    x    x    x
GET /book/{id}/line/proof                              x    x    x    x    x    x    x
GET /book/{id}/line.json                               x    x    x    x    x    x    x
GET /book/{id}/line/proof.txt                          x    x    x    x    x    x    x
GET /m/book/{id}/line                                  x    x    x    x    x    x    x
POST /m/book/{id}/line                                 x    x    x    x    x    x    x
POST /m/book/{id}/line/leave                           x    x    x    x    x    x    x
GET /m/book/{id}/line/proof                            x    x    x    x    x    x    x
GET /m                                                 x    x    x    x    x    x    x
GET /account/captcha/{token}.png                       x    x    x    x    x    x    x
GET /account/captcha/{token}.wav                       x    x    x    x    x    x    x
GET /account/login                                     x    x    x    x    x    x    x
POST /account/login                                    x    x    x    x    x    x    x
POST /account/logout                                   x    x    x    x    x    x    x
GET /account/register                                  x    x    x    x    x    x    x
POST /account/register                                 x    x    x    x    x    x    x
GET /account/reset                                     x    x    x    x    x    x    x
POST /account/reset                                    x    x    x    x    x    x    x
GET /account                                           x    x    x    x    x    x    x
GET /account/sessions                                  x    x    x    x    x    x    x
POST /account/sessions/{id}/end                        x    x    x    x    x    x    x
POST /account/kept/{id}                                x    x    x    x    x    x    x
GET /account/info                                      x    x    x    x    x    x    x
POST /account/info                                     x    x    x    x    x    x    x
GET /account/phone                                     x    x    x    x    x    x    x
POST /account/phone                                    x    x    x    x    x    x    x
GET /account/password                                  x    x    x    x    x    x    x
POST /account/password                                 x    x    x    x    x    x    x
GET /account/new-password                              x    x    x    x    x    x    x
POST /account/new-password                             x    x    x    x    x    x    x
GET /account/people                                    x    x    x    x    x    x    x
GET /account/people/new                                x    x    x    x    x    x    x
POST /account/people/new                               x    x    x    x    x    x    x
POST /account/people/{id}/papers                       x    x    x    x    x    x    x
POST /account/people/{id}/remove                       x    x    x    x    x    x    x
GET /account/orders                                    x    x    x    x    x    x    x
GET /account/orders/{serial}                           x    x    x    x    x    x    x
GET /account/orders/{serial}/cancel                    x    x    x    x    x    x    x
POST /account/orders/{serial}/cancel                   x    x    x    x    x    x    x
GET /account/credit                                    x    x    x    x    x    x    x
POST /account/credit                                   x    x    x    x    x    x    x
GET /account/favourites                                x    x    x    x    x    x    x
POST /account/favourites                               x    x    x    x    x    x    x
GET /account/waiting                                   x    x    x    x    x    x    x
POST /account/waiting                                  x    x    x    x    x    x    x
GET /account/waiting/join                              x    x    x    x    x    x    x
POST /account/waiting/join                             x    x    x    x    x    x    x
GET /m/account/orders                                  x    x    x    x    x    x    x
GET /m/account/orders/{serial}                         x    x    x    x    x    x    x
GET /m/account/orders/{serial}/cancel                  x    x    x    x    x    x    x
POST /m/account/orders/{serial}/cancel                 x    x    x    x    x    x    x
GET /m/account/credit                                  x    x    x    x    x    x    x
POST /m/account/credit                                 x    x    x    x    x    x    x
GET /m/account/favourites                              x    x    x    x    x    x    x
POST /m/account/favourites                             x    x    x    x    x    x    x
GET /m/account/waiting                                 x    x    x    x    x    x    x
POST /m/account/waiting                                x    x    x    x    x    x    x
GET /m/account/waiting/join                            x    x    x    x    x    x    x
POST /m/account/waiting/join                           x    x    x    x    x    x    x
GET /m/account/login                                   x    x    x    x    x    x    x
POST /m/account/login                                  x    x    x    x    x    x    x
POST /m/account/logout                                 x    x    x    x    x    x    x
GET /m/account/register                                x    x    x    x    x    x    x
POST /m/account/register                               x    x    x    x    x    x    x
GET /m/account/reset                                   x    x    x    x    x    x    x
POST /m/account/reset                                  x    x    x    x    x    x    x
GET /m/account                                         x    x    x    x    x    x    x
GET /m/account/sessions                                x    x    x    x    x    x    x
POST /m/account/sessions/{id}/end                      x    x    x    x    x    x    x
POST /m/account/kept/{id}                              x    x    x    x    x    x    x
GET /m/account/info                                    x    x    x    x    x    x    x
POST /m/account/info                                   x    x    x    x    x    x    x
GET /m/account/phone                                   x    x    x    x    x    x    x
POST /m/account/phone                                  x    x    x    x    x    x    x
GET /m/account/password                                x    x    x    x    x    x    x
POST /m/account/password                               x    x    x    x    x    x    x
GET /m/account/new-password                            x    x    x    x    x    x    x
POST /m/account/new-password                           x    x    x    x    x    x    x
GET /m/account/people                                  x    x    x    x    x    x    x
GET /m/account/people/new                              x    x    x    x    x    x    x
POST /m/account/people/new                             x    x    x    x    x    x    x
POST /m/account/people/{id}/papers                     x    x    x    x    x    x    x
POST /m/account/people/{id}/remove                     x    x    x    x    x    x    x
GET /book/{id}                                         x    x    x    x    x    x    x
POST /book/{id}                                        x    x    x    x    x    x    x
GET /book/held/{hold}                                  x    x    x    x    x    x    x
POST /book/held/{hold}                                 x    x    x    x    x    x    x
POST /book/held/{hold}/leave                           x    x    x    x    x    x    x
GET /book/done/{serial}                                x    x    x    x    x    x    x
GET /book/done/{serial}.png                            x    x    x    x    x    x    x
GET /book/done/{serial}.ics                            x    x    x    x    x    x    x
GET /m/book/{id}                                       x    x    x    x    x    x    x
POST /m/book/{id}                                      x    x    x    x    x    x    x
GET /m/book/held/{hold}                                x    x    x    x    x    x    x
POST /m/book/held/{hold}                               x    x    x    x    x    x    x
POST /m/book/held/{hold}/leave                         x    x    x    x    x    x    x
GET /m/book/done/{serial}                              x    x    x    x    x    x    x
GET /m/book/done/{serial}.png                          x    x    x    x    x    x    x
GET /m/book/done/{serial}.ics                          x    x    x    x    x    x    x
GET /live/{name}                                       x    x    x    x    x    x    x
GET /live/events                                       x    x    x    x    x    x    x
POST /demo/texts                                       x    x    x    x    x    x    x
GET /api/v1/openapi.json                               x    x    x    x    x    x    x
GET /api/v1/hospitals                                  x    x    x    x    x    x    x
GET /api/v1/hospitals/{hospital_id}                    x    x    x    x    x    x    x
GET /api/v1/hospitals/{hospital_id}/departments        x    x    x    x    x    x    x
GET /api/v1/departments/{department_id}                x    x    x    x    x    x    x
GET /api/v1/doctors                                    x    x    x    x    x    x    x
GET /api/v1/doctors/{doctor_id}                        x    x    x    x    x    x    x
GET /api/v1/departments/{department_id}/schedule       x    x    x    x    x    x    x
GET /api/v1/doctors/{doctor_id}/schedule               x    x    x    x    x    x    x
GET /api/v1/schedule                                   x    x    x    x    x    x    x
GET /api/v1/schedule/{session_id}                      x    x    x    x    x    x    x
POST /api/v1/sessions                                  x    x    x    x    x    x    x
DELETE /api/v1/sessions/current                        x    x    x    x    x    x    x
POST /api/v1/codes                                     x    x    x    x    x    x    x
POST /api/v1/accounts                                  x    x    x    x    x    x    x
POST /api/v1/password-resets                           x    x    x    x    x    x    x
GET /api/v1/attendees                                  x    x    x    x    x    x    x
POST /api/v1/attendees                                 x    x    x    x    x    x    x
DELETE /api/v1/attendees/{person_id}                   x    x    x    x    x    x    x
GET /api/v1/credit                                     x    x    x    x    x    x    x
POST /api/v1/holds                                     x    x    x    x    x    x    x
GET /api/v1/holds/{hold_id}                            x    x    x    x    x    x    x
DELETE /api/v1/holds/{hold_id}                         x    x    x    x    x    x    x
POST /api/v1/appointments                              x    x    x    x    x    x    x
GET /api/v1/waiting                                    x    x    x    x    x    x    x
POST /api/v1/waiting                                   x    x    x    x    x    x    x
DELETE /api/v1/waiting/{place_id}                      x    x    x    x    x    x    x
POST /api/v1/waiting/{place_id}/resume                 x    x    x    x    x    x    x
POST /api/v1/waiting/{place_id}/accept                 x    x    x    x    x    x    x
POST /api/v1/waiting/{place_id}/refuse                 x    x    x    x    x    x    x
GET /api/v1/appointments                               x    x    x    x    x    x    x
GET /api/v1/appointments/{serial}                      x    x    x    x    x    x    x
POST /api/v1/appointments/{serial}/cancel              x    x    x    x    x    x    x
POST /api/v1/appointments/{serial}/change              x    x    x    x    x    x    x
GET /api/v1/appointments/{serial}/payment              x    x    x    x    x    x    x
POST /api/v1/partner/holds                             x    x    x    x    x    x    x
GET /api/v1/partner/holds/{hold_id}                    x    x    x    x    x    x    x
DELETE /api/v1/partner/holds/{hold_id}                 x    x    x    x    x    x    x
POST /api/v1/partner/appointments                      x    x    x    x    x    x    x
GET /api/v1/partner/appointments                       x    x    x    x    x    x    x
GET /api/v1/partner/appointments/{serial}              x    x    x    x    x    x    x
POST /api/v1/partner/appointments/{serial}/cancel      x    x    x    x    x    x    x
POST /api/v1/partner/appointments/{serial}/change      x    x    x    x    x    x    x
GET /api/v1/partner/appointments/{serial}/payment      x    x    x    x    x    x    x
GET /api                                               x    x    x    x    x    x    x
GET /m/api                                             x    x    x    x    x    x    x
GET /r/{token}                                         x    x    x    x    x    x    x
POST /r/{token}                                        x    x    x    x    x    x    x
GET /pay/{id}/{token}                                  x    x    x    x    x    x    x
POST /pay/{id}/{token}                                 x    x    x    x    x    x    x
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
GET /announcements                                     x    x    x    x    x    x    x
GET /announcements/{id}                                x    x    x    x    x    x    x
GET /m/announcements                                   x    x    x    x    x    x    x
GET /m/announcements/{id}                              x    x    x    x    x    x    x
GET /staff/announcements                               .    .    .    .    x    x    x
GET /staff/announcements/new                           .    .    .    .    x    x    x
POST /staff/announcements/new                          .    .    .    .    x    x    x
GET /staff/announcements/{id}                          .    .    .    .    x    x    x
POST /staff/announcements/{id}                         .    .    .    .    x    x    x
POST /staff/announcements/{id}/publish                 .    .    .    .    x    x    x
POST /staff/announcements/{id}/withdraw                .    .    .    .    x    x    x
GET /staff/leaves                                      .    .    x    .    x    .    x
GET /staff/leaves/new                                  .    .    x    .    x    .    x
POST /staff/leaves/new                                 .    .    x    .    x    .    x
GET /staff/leaves/{id}                                 .    .    x    .    x    .    x
GET /staff/leaves/{id}/edit                            .    .    x    .    x    .    x
POST /staff/leaves/{id}/edit                           .    .    x    .    x    .    x
POST /staff/leaves/{id}/submit                         .    .    x    .    x    .    x
POST /staff/leaves/{id}/approve                        .    .    x    .    x    .    x
POST /staff/leaves/{id}/return                         .    .    x    .    x    .    x
POST /staff/leaves/{id}/withdraw                       .    .    x    .    x    .    x
GET /staff/leaves/{id}/batch                           .    .    x    .    x    .    x
POST /staff/leaves/{id}/batch                          .    .    x    .    x    .    x
GET /staff/leaves/{id}/report                          .    .    x    .    x    .    x
GET /staff/leaves/{id}/report.xlsx                     .    .    x    .    .    .    x
GET /staff/money                                       .    .    .    .    x    x    x
GET /staff/money/days/{id}                             .    .    .    .    x    x    x
POST /staff/money/days/{id}/again                      .    .    .    .    x    x    x
POST /staff/money/days/{id}/list                       .    .    .    .    x    x    x
POST /staff/money/differences/{id}                     .    .    .    .    x    x    x
GET /staff/money/refunds                               .    .    .    .    x    x    x
POST /staff/money/refunds/{id}/again                   .    .    .    .    x    x    x
POST /staff/money/refunds/{id}/hand                    .    .    .    .    x    x    x
GET /staff/money/doubts                                .    .    .    .    x    x    x
POST /staff/money/doubts/{id}                          .    .    .    .    x    x    x
GET /staff/texts                                       .    .    x    .    .    x    x
POST /staff/texts/{id}/again                           .    .    x    .    .    x    x
POST /staff/texts/{id}/leave                           .    .    x    .    .    x    x
POST /staff/texts/{id}/read                            .    .    x    .    .    .    x
GET /staff/appeals                                     .    .    x    .    .    .    x
POST /staff/appeals/{id}                               .    .    x    .    .    .    x
GET /staff/surveys                                     .    .    x    x    x    x    x
GET /staff/audit                                       .    .    .    .    x    x    x
GET /desk                                              .    x    x    .    .    .    x
GET /desk/                                             .    x    x    .    .    .    x
GET /desk/socket                                       .    x    x    .    .    .    x
GET /desk/patients                                     .    x    x    .    x    .    x
GET /desk/patients/{person}                            .    x    x    .    x    .    x
POST /desk/patients/{person}/reveal                    .    .    x    .    .    .    x
POST /desk/patients/{person}/appeal                    .    x    x    .    .    .    x
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
GET /cases/{id}                                        .    .    x    x    .    .    x
POST /cases/{id}/hear                                  .    .    x    x    .    .    x
GET /cases/appointment/{serial}                        .    .    x    x    .    .    x
"""


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


# What fits the patterns of addresses.
FITS = (
    "1",
    "12345678",
    "greeting",
    "calls",
    "doctor",
    "mixed",
    "digits/1",
    "ready",
    "waiting",
    "desk",
    "k" * 24,
    "k" * 16,
)


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
    changes = differences(table(ROUTES, len(WHO)), {name: "".join(marks) for name, marks in found.items()})
    assert not changes, "\n" + "\n".join(changes)
