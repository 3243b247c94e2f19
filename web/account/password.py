"""A new password: by who knows the old one (R-184), or who has just shown all that is asked for it."""

from aiohttp import web

from core.accounts import login as logins
from core.accounts.sessions import CHANGE
from core.errors import CredentialsWrong, LoginLocked, PasswordWeak, Refusal
from core.http.patients import for_patients, mine
from core.staff.rules import SENTENCE, SHORTEST
from web.account.own import own_page
from web.account.pages import enter, fields, wanted, where, with_next
from web.house import HOUSE
from web.public import frame


@for_patients
@frame.public
async def ask(request: web.Request) -> web.Response:
    return await _ask(request, old=True)


async def _ask(request: web.Request, refusal: Refusal | None = None, *, old: bool) -> web.Response:
    path = "/account/password" if old else "/account/new-password"
    return await own_page(
        request,
        "account/password",
        refusal,
        old=old,
        action=with_next(request, path),
        shortest=SHORTEST,
        sentence=SENTENCE,
    )


@for_patients
@frame.public
async def change(request: web.Request) -> web.Response:
    return await _change(request, old=True)


async def _forgotten(request: web.Request) -> web.Response:
    return await _ask(request, old=False)


async def _choose(request: web.Request) -> web.Response:
    return await _change(request, old=False)


async def _change(request: web.Request, *, old: bool) -> web.Response:
    house, me, form = request.app[HOUSE], mine(request), await fields(request)
    try:
        begun = await logins.change_password(
            house.hotline,
            house.passwords,
            me.by,
            me.account_id,
            old=form.get("old", "") if old else None,
            new=form.get("new", ""),
            again=form.get("again", ""),
            where=await where(request),
        )
    except (CredentialsWrong, LoginLocked, PasswordWeak) as refusal:
        return await _ask(request, refusal, old=old)
    return enter(request, begun, wanted(request, "/account?done=password"))


forgotten = for_patients(frame.public(_forgotten), stage=CHANGE)
choose = for_patients(frame.public(_choose), stage=CHANGE)

routes = [
    web.get("/account/password", ask, name="account-password"),
    web.post("/account/password", change, name="account-password-change"),
    web.get("/account/new-password", forgotten, name="account-new-password"),
    web.post("/account/new-password", choose, name="account-new-password-choose"),
]
