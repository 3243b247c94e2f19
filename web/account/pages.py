"""What the pages of accounts share: where somebody comes from, forms of strangers, steps of a form."""

import base64
import json
from collections.abc import Iterable
from typing import Any

from aiohttp import web
from cryptography.exceptions import InvalidTag
from yarl import URL

from core.accounts.passwords import Where
from core.accounts.sessions import Begun
from core.errors import FormStale, Refusal
from core.http.access import local_path
from core.http.forms import FIELD, stranger_cookie, stranger_token
from core.http.patients import patient, remember
from core.http.refusals import sentence, status
from core.http.sessions import address_of, browser_of
from core.values import IdentityKind, Phone, phone
from web.account import captcha
from web.house import HOUSE
from web.public import frame

KINDS = {
    IdentityKind.RESIDENT.value: "居民身份证",
    IdentityKind.FOREIGNER.value: "外国人永久居留身份证",
    IdentityKind.HK_MACAU.value: "港澳居民来往内地通行证",
    IdentityKind.TAIWAN.value: "台湾居民来往大陆通行证",
    IdentityKind.PASSPORT.value: "护照",
    IdentityKind.MILITARY.value: "军官证",
    IdentityKind.HOUSEHOLD.value: "户口簿（孩子）",
}
SEXES = {"female": "女", "male": "男"}
CARD_NAMES = {"health": "健康卡", "insurance": "医保卡", "citizen": "市民卡"}
# Also of what a step hands to the next.
LONGEST = 1000
# Of what somebody types, when it is shown again.
LONGEST_TYPED = 120
# A step of a form that was begun must be gone on with so soon.
STEP_LIVES_S = 20 * 60
STEP = "account-step"


async def where(request: web.Request) -> Where:
    """From where somebody comes; a session that this browser has already is to end."""
    found = await patient(request)
    return Where(address_of(request), browser_of(request), found.session_id if found else None)


def wanted(request: web.Request, default: str = "/account") -> str:
    """Where somebody wanted to go before they were asked to log in; a page of ours, in this edition."""
    local = local_path(request.query.get("next", ""))
    path = local.removeprefix(frame.LIGHT)
    if not local or path.startswith(
        ("/account/login", "/account/register", "/account/reset", "/account/logout")
    ):
        return frame.base(request) + default
    return local


def with_next(request: web.Request, path: str) -> str:
    """A page of this edition that keeps where somebody wanted to go."""
    local = local_path(request.query.get("next", ""))
    return str(URL(frame.base(request) + path).with_query({"next": local} if local else {}))


def enter(request: web.Request, begun: Begun, path: str) -> web.Response:
    """On to a page in a session that has just begun, under a name that was not known before."""
    response = web.HTTPSeeOther(path)
    remember(request, response, begun)
    raise response


# --- forms of whoever is not logged in ------------------------------------------------------------------


async def fields(request: web.Request) -> dict[str, str]:
    """What a form brings back; the first value of each field, cut to LONGEST."""
    form = await request.post()
    return {name: str(value)[:LONGEST] for name, value in form.items() if isinstance(value, str)}


async def of_stranger(request: web.Request) -> dict[str, str]:
    """The same of a form that a page of ours showed to this browser. Raises FormStale."""
    cookie = request.cookies.get(stranger_cookie(request), "")
    form = await fields(request)
    if not cookie or form.get(FIELD) != stranger_token(request, cookie):
        raise FormStale
    return form


async def form_page(
    request: web.Request, name: str, refusal: Refusal | None = None, *, puzzle: bool = False, **values: Any
) -> web.Response:
    """A page with a form for strangers. puzzle: with a captcha."""
    cookie = request.cookies.get(stranger_cookie(request), "")
    new = "" if cookie else request.app[HOUSE].hotline.chance.token()
    response = frame.show(
        request,
        name,
        "account",
        status=status(refusal) if refusal else 200,
        trouble=sentence(refusal) if refusal else "",
        token=stranger_token(request, cookie or new),
        token_field=FIELD,
        captcha=await captcha.fresh(request) if puzzle else "",
        **values,
    )
    if new:
        https = request.app[HOUSE].sessions.https
        response.set_cookie(
            stranger_cookie(request), new, httponly=True, samesite="Strict", secure=https, path="/"
        )
    return response


def typed(form: dict[str, str], names: Iterable[str]) -> dict[str, str]:
    """What is shown again, so that nobody types it twice; never a password or a code."""
    return {name: form.get(name, "")[:LONGEST_TYPED] for name in names}


def mobile(request: web.Request, number: str) -> Phone:
    """Raises PhoneInvalid."""
    return phone(number, demo=request.app[HOUSE].hotline.demo)


def sealed(request: web.Request, step: str, *words: str) -> str:
    """What one step of a form hands to the next: nobody can read or change it on the way."""
    hotline = request.app[HOUSE].hotline
    body = json.dumps([int(hotline.clock.now().timestamp()), *words], ensure_ascii=False)
    return base64.urlsafe_b64encode(hotline.sealer.seal(body, f"{STEP} {step}")).decode()


def unsealed(request: web.Request, step: str, given: str) -> list[str]:
    """Raises FormStale for what is not ours, of another step, or too old."""
    hotline = request.app[HOUSE].hotline
    try:
        opened = hotline.sealer.open(base64.urlsafe_b64decode(given), f"{STEP} {step}")
        made, *words = json.loads(opened)
    except (ValueError, InvalidTag):
        raise FormStale from None
    if hotline.clock.now().timestamp() - made > STEP_LIVES_S:
        raise FormStale
    return [str(word) for word in words]
