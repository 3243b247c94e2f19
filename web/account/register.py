"""Registering in three steps: a mobile and a captcha, its code, then who somebody is (R-176 to R-178)."""

from collections.abc import Mapping

from aiohttp import web

from core.accounts import about, codes
from core.accounts.codes import Purpose
from core.accounts.opening import open_account
from core.accounts.sessions import FULL
from core.errors import (
    CaptchaWrong,
    CodesUsedUp,
    CodeTooSoon,
    CodeWrong,
    FormStale,
    LoginLocked,
    PhoneInvalid,
    Refusal,
    WrongInput,
)
from core.http.patients import patient
from core.staff.rules import SENTENCE, SHORTEST
from core.values import IdentityKind, Phone, day_of
from core.work import Work
from web.account import captcha
from web.account.pages import (
    CARD_NAMES,
    KINDS,
    SEXES,
    enter,
    form_page,
    mobile,
    of_stranger,
    sealed,
    typed,
    unsealed,
    wanted,
    where,
    with_next,
)
from web.house import HOUSE
from web.public import frame

# What is shown again when something else was wrong.
KEPT = ("name", "kind", "number", "sex", "birth", "address", "agree", *CARD_NAMES)
OWN_KINDS = {kind: name for kind, name in KINDS.items() if kind != IdentityKind.HOUSEHOLD.value}
SECOND = "register"


@frame.public
async def begin(request: web.Request) -> web.Response:
    found = await patient(request)
    if found is not None and found.stage == FULL:
        raise web.HTTPSeeOther(wanted(request))
    return await _first(request)


@frame.public
async def go_on(request: web.Request) -> web.Response:
    """The step that the form says it is of; one that is stale begins again."""
    try:
        form = await of_stranger(request)
        if "proof" in form:
            return await _open(request, form)
        if "asked" in form:
            return await _prove(request, form)
        return await _send(request, form)
    except FormStale as refusal:
        return await _first(request, refusal=refusal)


async def _first(request: web.Request, number: str = "", *, refusal: Refusal | None = None) -> web.Response:
    return await _page(request, "phone", refusal, puzzle=True, phone=number)


async def _second(request: web.Request, phone: Phone, *, refusal: Refusal | None = None) -> web.Response:
    asked = sealed(request, SECOND, phone.digits)
    return await _page(request, "code", refusal, asked=asked, phone=phone.masked)


async def _third(
    request: web.Request, proof: str, form: Mapping[str, str], *, refusal: Refusal | None = None
) -> web.Response:
    values = typed(dict(form), KEPT)
    return await _page(
        request,
        "details",
        refusal,
        proof=proof,
        values=values,
        kinds=OWN_KINDS,
        sexes=SEXES,
        cards=CARD_NAMES,
        shortest=SHORTEST,
        sentence=SENTENCE,
    )


async def _page(
    request: web.Request, step: str, refusal: Refusal | None, *, puzzle: bool = False, **values: object
) -> web.Response:
    return await form_page(
        request,
        f"account/register_{step}",
        refusal,
        puzzle=puzzle,
        action=with_next(request, "/account/register"),
        login=with_next(request, "/account/login"),
        **values,
    )


async def _send(request: web.Request, form: Mapping[str, str]) -> web.Response:
    """To any number alike, whether it has an account or not: nobody learns that here."""
    number = form.get("phone", "")[:30]
    try:
        await captcha.answered(request)
        phone = mobile(request, number)
    except (CaptchaWrong, PhoneInvalid) as refusal:
        return await _first(request, number, refusal=refusal)
    return await _send_to(request, phone)


async def _send_to(request: web.Request, phone: Phone) -> web.Response:
    async def act(work: Work) -> None:
        await codes.ask(work, phone, Purpose.REGISTER)

    try:
        await request.app[HOUSE].hotline.run(act, captcha.stranger(request))
    except CodeTooSoon as refusal:  # the one that was sent before may be on its way
        return await _second(request, phone, refusal=refusal)
    except (WrongInput, CodesUsedUp, LoginLocked) as refusal:
        return await _first(request, phone.digits, refusal=refusal)
    return await _second(request, phone)


async def _prove(request: web.Request, form: Mapping[str, str]) -> web.Response:
    phone = Phone(unsealed(request, SECOND, form["asked"])[0])
    if "again" in form:
        return await _send_to(request, phone)
    house = request.app[HOUSE]
    try:
        proof = await codes.prove(
            house.hotline, captcha.stranger(request), phone, Purpose.REGISTER, form.get("code", "")
        )
    except CodeWrong as refusal:
        return await _second(request, phone, refusal=refusal)
    return await _third(request, proof, {"kind": IdentityKind.RESIDENT.value})


async def _open(request: web.Request, form: Mapping[str, str]) -> web.Response:
    house = request.app[HOUSE]
    now, proof = house.hotline.clock.now(), form["proof"]
    try:
        codes.proved(house.hotline.sealer, proof, Purpose.REGISTER, now=now)
    except CodeWrong as refusal:
        return await _first(request, refusal=refusal)
    try:
        said = about.read(
            name=form.get("name", ""),
            kind=form.get("kind", ""),
            number=form.get("number", ""),
            sex=form.get("sex", ""),
            birth_date=form.get("birth", ""),
            today=day_of(now),
            demo=house.hotline.demo,
        )
        if "agree" not in form:
            raise WrongInput(facts={"field": "agree", "why": "empty"})
        begun = await open_account(
            house.hotline,
            house.passwords,
            captcha.stranger(request),
            proof=proof,
            about=said,
            address=about.address(form.get("address", "")),
            cards=about.cards(form),
            password=form.get("password", ""),
            again=form.get("again", ""),
            where=await where(request),
        )
    except Refusal as refusal:
        return await _third(request, proof, form, refusal=refusal)
    return enter(request, begun, wanted(request, "/account?welcome"))


routes = [
    web.get("/account/register", begin, name="account-register"),
    web.post("/account/register", go_on, name="account-register-go-on"),
]
