"""A forgotten password (R-182, R-183): who somebody is and a captcha, then the code."""

from collections.abc import Mapping

from aiohttp import web

from core.accounts import codes
from core.accounts.codes import Purpose
from core.accounts.resetting import reset
from core.errors import (
    CaptchaWrong,
    CodesUsedUp,
    CodeTooSoon,
    FormStale,
    LoginLocked,
    PhoneInvalid,
    Refusal,
    ResetWrong,
    WrongInput,
)
from core.http.patients import NEW_PASSWORD
from core.work import Work
from web.account import captcha
from web.account.pages import (
    enter,
    form_page,
    mobile,
    of_stranger,
    sealed,
    typed,
    unsealed,
    where,
    with_next,
)
from web.house import HOUSE
from web.public import frame

KEPT = ("phone", "number", "name")
SECOND = "reset"


@frame.public
async def begin(request: web.Request) -> web.Response:
    return await _first(request, {})


@frame.public
async def go_on(request: web.Request) -> web.Response:
    try:
        form = await of_stranger(request)
        return await (_finish if "asked" in form else _send)(request, form)
    except FormStale as refusal:
        return await _first(request, {}, refusal=refusal)


async def _first(
    request: web.Request, form: Mapping[str, str], *, refusal: Refusal | None = None
) -> web.Response:
    return await form_page(
        request,
        "account/reset",
        refusal,
        puzzle=True,
        values=typed(dict(form), KEPT),
        action=with_next(request, "/account/reset"),
        login=with_next(request, "/account/login"),
    )


async def _second(
    request: web.Request, form: Mapping[str, str], *, refusal: Refusal | None = None
) -> web.Response:
    return await form_page(
        request,
        "account/reset_code",
        refusal,
        asked=sealed(request, SECOND, *(form[name] for name in KEPT)),
        phone=mobile(request, form["phone"]).masked,
        action=with_next(request, "/account/reset"),
    )


async def _send(request: web.Request, form: Mapping[str, str]) -> web.Response:
    """To any number alike, whether it has an account or not."""
    form = typed(dict(form), KEPT)
    try:
        await captcha.answered(request)
        mobile(request, form["phone"])
    except (CaptchaWrong, PhoneInvalid) as refusal:
        return await _first(request, form, refusal=refusal)
    return await _send_to(request, form)


async def _send_to(request: web.Request, form: Mapping[str, str]) -> web.Response:
    phone = mobile(request, form["phone"])

    async def act(work: Work) -> None:
        await codes.ask(work, phone, Purpose.RESET)

    try:
        await request.app[HOUSE].hotline.run(act, captcha.stranger(request))
    except CodeTooSoon as refusal:
        return await _second(request, form, refusal=refusal)
    except (WrongInput, CodesUsedUp, LoginLocked) as refusal:
        return await _first(request, form, refusal=refusal)
    return await _second(request, form)


async def _finish(request: web.Request, form: Mapping[str, str]) -> web.Response:
    """All four agree, and a new password is chosen at once; or one word for whatever does not."""
    said = dict(zip(KEPT, unsealed(request, SECOND, form["asked"]), strict=True))
    if "again" in form:
        return await _send_to(request, said)
    try:
        begun = await reset(
            request.app[HOUSE].hotline,
            captcha.stranger(request),
            phone=mobile(request, said["phone"]),
            number=said["number"],
            name=said["name"],
            code=form.get("code", ""),
            where=await where(request),
        )
    except (ResetWrong, LoginLocked) as refusal:
        return await _first(request, said, refusal=refusal)
    return enter(request, begun, with_next(request, NEW_PASSWORD))


routes = [
    web.get("/account/reset", begin, name="account-reset"),
    web.post("/account/reset", go_on, name="account-reset-go-on"),
]
