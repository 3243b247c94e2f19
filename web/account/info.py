"""My information (R-181): what may be changed, and another mobile by its code."""

from collections.abc import Mapping

from aiohttp import web

from core.accounts import about, codes
from core.accounts.codes import Purpose
from core.accounts.info import Wish, change, change_phone, info
from core.accounts.passwords import shown
from core.errors import CodeTooSoon, FormStale, Refusal
from core.http.patients import for_patients, mine
from core.values import Phone, day_of
from core.work import Work
from web.account import captcha
from web.account.own import done, own_page
from web.account.pages import CARD_NAMES, KINDS, SEXES, fields, mobile, sealed, typed, unsealed, where
from web.house import HOUSE
from web.public import frame

KEPT = ("name", "sex", "birth", "address", *CARD_NAMES)
STEP = "phone"


@for_patients
@frame.public
async def look(request: web.Request) -> web.Response:
    return await _look(request)


async def _look(
    request: web.Request, form: Mapping[str, str] | None = None, refusal: Refusal | None = None
) -> web.Response:
    house = request.app[HOUSE]
    async with house.hotline.read() as db:
        it = await info(db, house.hotline.sealer, mine(request).account_id)
    born = it.birth_date.isoformat() if it.birth_date else ""
    shown_first = {"name": it.name, "sex": it.sex or "", "birth": born, "address": it.address}
    return await own_page(
        request,
        "account/info",
        refusal,
        it=it,
        values=typed(dict(form), KEPT) if form else {**dict.fromkeys(KEPT, ""), **shown_first},
        version=(form or {}).get("version", "") or it.version,
        kinds=KINDS,
        sexes=SEXES,
        cards=CARD_NAMES,
    )


@for_patients
@frame.public
async def save(request: web.Request) -> web.Response:
    house, me, form = request.app[HOUSE], mine(request), await fields(request)

    async def act(work: Work) -> None:
        said = about.read(
            name=form.get("name", ""),
            kind="",
            number="",
            sex=form.get("sex", ""),
            birth_date=form.get("birth", ""),
            today=day_of(work.now),
        )
        dropped = frozenset(kind for kind in CARD_NAMES if f"drop-{kind}" in form)
        home, cards = about.address(form.get("address", "")), about.cards(form)
        wish = Wish(said.name, said.sex, said.birth_date, home, cards, dropped)
        version = form.get("version", "")
        await change(work, me.account_id, wish, version=int(version) if version.isdigit() else 0)

    try:
        await house.hotline.run(act, me.by)
    except Refusal as refusal:
        return await _look(request, form, refusal)
    return done(request, "/account/info", "info")


# --- another mobile -------------------------------------------------------------------------------------


@for_patients
@frame.public
async def ask_phone(request: web.Request) -> web.Response:
    return await _ask_phone(request)


async def _ask_phone(request: web.Request, number: str = "", refusal: Refusal | None = None) -> web.Response:
    new = await captcha.fresh(request)
    return await own_page(request, "account/phone", refusal, phone=number, captcha=new)


async def _ask_code(request: web.Request, phone: Phone, refusal: Refusal | None = None) -> web.Response:
    """The step is sealed for this account: nobody else's form fits."""
    step = f"{STEP} {mine(request).account_id}"
    asked = sealed(request, step, phone.digits)
    return await own_page(request, "account/phone_code", refusal, phone=phone.masked, asked=asked)


@for_patients
@frame.public
async def change_mobile(request: web.Request) -> web.Response:
    """The password and a captcha, then the code that the new number was sent."""
    form = await fields(request)
    if "asked" in form:
        return await _finish(request, form)
    house, me, number = request.app[HOUSE], mine(request), form.get("phone", "")[:30]
    try:
        await captcha.answered(request)
        phone = mobile(request, number)
        await shown(
            house.hotline,
            house.passwords,
            me.by,
            me.account_id,
            form.get("password", ""),
            await where(request),
        )
    except Refusal as refusal:
        return await _ask_phone(request, number, refusal)
    return await _send(request, phone)


async def _send(request: web.Request, phone: Phone) -> web.Response:
    async def act(work: Work) -> None:
        await codes.ask(work, phone, Purpose.PHONE)

    try:
        await request.app[HOUSE].hotline.run(act, mine(request).by)
    except CodeTooSoon as refusal:
        return await _ask_code(request, phone, refusal)
    except Refusal as refusal:
        return await _ask_phone(request, phone.digits, refusal)
    return await _ask_code(request, phone)


async def _finish(request: web.Request, form: Mapping[str, str]) -> web.Response:
    me = mine(request)
    try:
        phone = Phone(unsealed(request, f"{STEP} {me.account_id}", form["asked"])[0])
    except FormStale as refusal:
        return await _ask_phone(request, refusal=refusal)
    if "again" in form:
        return await _send(request, phone)
    try:
        await change_phone(
            request.app[HOUSE].hotline,
            me.by,
            me.account_id,
            phone=phone,
            code=form.get("code", ""),
            keep=me.session_id,
        )
    except Refusal as refusal:
        return await _ask_code(request, phone, refusal)
    return done(request, "/account/info", "phone")


routes = [
    web.get("/account/info", look, name="account-info"),
    web.post("/account/info", save, name="account-info-save"),
    web.get("/account/phone", ask_phone, name="account-phone"),
    web.post("/account/phone", change_mobile, name="account-phone-change"),
]
