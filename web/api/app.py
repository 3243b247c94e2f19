"""The API as it is mounted: its operations, its own description, and a page of it for people."""

import json
from functools import cache

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from core.errors import Coded, all_refusals
from core.http.access import everybody, from_anywhere
from core.http.keys import HOTLINE
from core.http.refusals import code_words, status
from core.http.sessions import address_of
from web.api import account, appointments, catalogue, entering, holds, orders, schedule, waiting
from web.api.document import BASE, document
from web.api.limits import LIMITS, Limits
from web.api.operation import Operation
from web.api.problems import told
from web.api.serving import served
from web.public import frame

# In the order in which somebody who builds an application needs them.
OPERATIONS: tuple[Operation, ...] = (
    *catalogue.OPERATIONS,
    *schedule.OPERATIONS,
    *entering.OPERATIONS,
    *account.OPERATIONS,
    *holds.OPERATIONS,
    *orders.OPERATIONS,
    *waiting.OPERATIONS,
    *holds.OF_PARTNERS,
    *orders.OF_PARTNERS,
)
GROUPS = {
    catalogue.GROUP: "医院、科室、医生",
    schedule.GROUP: "出诊和余号",
    entering.GROUP: "登录、注册、重设密码",
    account.GROUP: "就诊人和信用",
    holds.GROUP: "占号",
    appointments.GROUP: "预约",
    waiting.GROUP: "候补",
    holds.PARTNERS: "合作单位",
}


@cache
def description() -> bytes:
    """Made once: it changes with the code alone."""
    return json.dumps(document(OPERATIONS, GROUPS), ensure_ascii=False, sort_keys=True).encode()


@everybody
@from_anywhere
async def described(request: web.Request) -> web.Response:
    limits, now = request.config_dict[LIMITS], request.config_dict[HOTLINE].clock.now()
    limits.take(f"ip:{address_of(request)}", limits.paces.address, now)
    response = web.Response(body=description(), headers={hdrs.CONTENT_TYPE: "application/json"})
    response.enable_compression()
    return response


@web.middleware
async def in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What is not there, or not asked so, is told in JSON too."""

    async def act() -> web.StreamResponse:
        return await handler(request)

    return (await told(request, act)).response


def codes() -> list[type[Coded]]:
    """Every refusal that the API may answer with, by its code."""
    there = {refusal for one in OPERATIONS for refusal in one.may_refuse}
    return sorted((one for one in all_refusals() if one in there), key=lambda one: one.code)


@frame.public
async def page(request: web.Request) -> web.Response:
    """The operations for people: Chinese and English, complete without scripts."""
    by_group = {GROUPS[name]: [one for one in OPERATIONS if one.group == name] for name in GROUPS}
    return frame.show(
        request,
        "api",
        base=BASE,
        groups=by_group,
        codes=[(one.code, status(one()), code_words(one.code)) for one in codes()],
    )


def mount(app: web.Application) -> None:
    """Put the API under its address, with limits of its own."""
    api = web.Application(middlewares=[in_json])
    api.router.add_route("GET", "/openapi.json", described)
    for one in OPERATIONS:
        api.router.add_route(one.method, one.path, served(one))
    app.add_subapp(BASE, api)
    app[LIMITS] = Limits()


routes = [web.get("/api", page, name="api")]
