"""Patients log in and out (R-179, R-180)."""

from aiohttp import web

from core.accounts import login as logins
from core.accounts.sessions import FULL
from core.errors import CaptchaWrong, CredentialsWrong, FormStale, LoginLocked, Refusal
from core.http.patients import for_patients, forget, mine, patient
from core.work import Work
from web.account import captcha
from web.account.pages import enter, form_page, of_stranger, wanted, where, with_next
from web.house import HOUSE
from web.public import frame


@frame.public
async def ask(request: web.Request) -> web.Response:
    found = await patient(request)
    if found is not None and found.stage == FULL:
        raise web.HTTPSeeOther(wanted(request))
    return await _ask(request)


async def _ask(request: web.Request, login: str = "", refusal: Refusal | None = None) -> web.Response:
    return await form_page(
        request,
        "account/login",
        refusal,
        puzzle=True,
        login=login,
        out="out" in request.query,
        action=with_next(request, "/account/login"),
        register=with_next(request, "/account/register"),
        people=request.app[HOUSE].patients,
    )


@frame.public
async def log_in(request: web.Request) -> web.Response:
    """The captcha is asked first, and is spent in any case: each guess at a password costs one."""
    house, login = request.app[HOUSE], ""
    try:
        form = await of_stranger(request)
        login = form.get("login", "")[:40]
        await captcha.answered(request)
        begun = await logins.log_in(
            house.hotline,
            house.passwords,
            captcha.stranger(request),
            login=login,
            password=form.get("password", ""),
            where=await where(request),
        )
    except (FormStale, CaptchaWrong, CredentialsWrong, LoginLocked) as refusal:
        return await _ask(request, login, refusal)
    return enter(request, begun, wanted(request))


@for_patients
@frame.public
async def log_out(request: web.Request) -> web.Response:
    me = mine(request)

    async def act(work: Work) -> None:
        await logins.log_out(work, me.session_id)

    await request.app[HOUSE].hotline.run(act, me.by)
    response = web.HTTPSeeOther(f"{frame.base(request)}/account/login?out")
    forget(request, response)
    raise response


routes = [
    web.get("/account/login", ask, name="account-login"),
    web.post("/account/login", log_in, name="account-login-enter"),
    web.post("/account/logout", log_out, name="account-logout"),
]
