"""A page of somebody's own account, and where they are logged in."""

from typing import Any

from aiohttp import web

from core.accounts import own_logins
from core.errors import Refusal
from core.http.forms import FIELD
from core.http.patients import for_patients, mine
from core.http.refusals import sentence, status
from core.work import Work
from web.booking import kept
from web.house import HOUSE
from web.public import frame

DONE = {
    "password": "密码已修改，其他地方的登录都已退出。",
    "info": "已保存。",
    "phone": "手机号已更换，其他地方的登录都已退出。",
    "added": "已添加就诊人。",
    "removed": "已移除就诊人，原有的预约不受影响。",
    "completed": "证件已登记。",
    "ended": "已退出那里的登录。",
    "given-up": "号已放开。",
    "kept-gone": "这个号已在别处接着办，或者保留的时间到了。",
}


async def own_page(
    request: web.Request, name: str, refusal: Refusal | None = None, **values: Any
) -> web.Response:
    """With what ties its forms to the session, why something did not work, and what was just done."""
    return frame.show(
        request,
        name,
        "account",
        status=status(refusal) if refusal else 200,
        trouble=sentence(refusal) if refusal else "",
        done="" if refusal else DONE.get(request.query.get("done", ""), ""),
        token=mine(request).form_token,
        token_field=FIELD,
        **values,
    )


def done(request: web.Request, path: str, what: str) -> web.Response:
    """On to a page that says what was done."""
    raise web.HTTPSeeOther(f"{frame.base(request)}{path}?done={what}")


@for_patients
@frame.public
async def overview(request: web.Request) -> web.Response:
    return await own_page(
        request,
        "account/overview",
        who=mine(request).name,
        welcome="welcome" in request.query,
        left=await kept.left_for(request),
    )


@for_patients
@frame.public
async def logins(request: web.Request) -> web.Response:
    """Every login that lives, the present one first."""
    house, me = request.app[HOUSE], mine(request)
    async with house.hotline.read() as db:
        found = await own_logins.living(db, me.account_id, now=house.hotline.clock.now())
    found.sort(key=lambda one: one.session_id != me.session_id)
    return await own_page(request, "account/sessions", sessions=found, mine=me.session_id)


@for_patients
@frame.public
async def end(request: web.Request) -> web.Response:
    """Another login of this account; one of somebody else's is not found. Raises NotFound."""
    me, session_id = mine(request), int(request.match_info["id"])

    async def act(work: Work) -> None:
        await own_logins.end(work, me.account_id, session_id)

    await request.app[HOUSE].hotline.run(act, me.by)
    return done(request, "/account/sessions", "ended")


routes = [
    web.get("/account", overview, name="account"),
    web.get("/account/sessions", logins, name="account-sessions"),
    web.post(r"/account/sessions/{id:\d{1,12}}/end", end, name="account-session-end"),
]
