"""Money that a person must look at: refunds that a cashier would not do, payments without an end."""

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from core.booking.serials import serials
from core.catalogue.engine import hospital_names
from core.errors import Refusal
from core.http.access import actor_of, needs
from core.http.forms import one, sent
from core.http.keys import HOTLINE
from core.money import doubtful, stuck
from core.work import Work
from web.staff.money_words import CODES, REASONS, STATES, yuan
from web.staff.pages import act, staff_page

REFUNDS, DOUBTS = "/staff/money/refunds", "/staff/money/doubts"


@needs("settlement")
async def refunds(request: web.Request) -> web.Response:
    return await _refunds(request)


async def _refunds(
    request: web.Request,
    refusal: Refusal | None = None,
    about: int = 0,
    typed: Mapping[str, str] | None = None,
) -> web.Response:
    """about, typed: the refund whose form was not taken, and what stood in it."""
    by = await actor_of(request)
    async with request.app[HOTLINE].read() as db:
        rows = await stuck.stuck(db, by)
        known = await serials(db, [row.appointment_id for row in rows])
        names = await hospital_names(db)
    return await staff_page(
        request,
        "refunds",
        refusal=refusal,
        rows=rows,
        serials=known,
        names=names,
        reasons=REASONS,
        codes=CODES,
        yuan=yuan,
        about=about,
        typed=typed or {},
        done=request.query.get("done", ""),
    )


@needs("settlement")
async def again(request: web.Request) -> web.Response:
    await sent(request)
    refund_id = int(request.match_info["id"])

    async def do(work: Work) -> None:
        await stuck.send_again(work, refund_id)

    return await _done(request, do, "again")


@needs("settlement")
async def by_hand(request: web.Request) -> web.Response:
    """Settled outside of the cashier; the amount is typed again from its proof."""
    form, refund_id = await sent(request), int(request.match_info["id"])
    typed = {name: one(form, name).strip() for name in ("amount", "reason")}

    async def do(work: Work) -> None:
        await stuck.settled_by_hand(work, refund_id, typed["reason"], amount_fen=fen(typed["amount"]))

    return await _done(request, do, "hand", refund_id, typed)


async def _done(
    request: web.Request, do: Any, done: str, about: int = 0, typed: Mapping[str, str] | None = None
) -> web.Response:
    try:
        await act(request, do)
    except Refusal as refusal:
        if refusal.code in ("not-allowed", "not-found"):
            raise
        return await _refunds(request, refusal, about, typed)
    raise web.HTTPSeeOther(f"{REFUNDS}?done={done}")


def fen(typed: str) -> int | None:
    """'30', '30.5', '¥30.00' and '30元' in fen; None for what is no amount."""
    found = re.fullmatch(r"[¥￥]?(\d{1,7})(?:\.(\d{1,2}))?元?", typed, re.ASCII)
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else None


@needs("settlement")
async def doubts(request: web.Request) -> web.Response:
    return await _doubts(request)


async def _doubts(request: web.Request, refusal: Refusal | None = None) -> web.Response:
    hotline, by = request.app[HOTLINE], await actor_of(request)
    async with hotline.read() as db:
        rows = await doubtful.doubtful(db, by, now=hotline.clock.now())
        known = await serials(db, [row.appointment_id for row in rows])
        names = await hospital_names(db)
    return await staff_page(
        request,
        "doubts",
        refusal=refusal,
        rows=rows,
        serials=known,
        names=names,
        states=STATES,
        yuan=yuan,
        done=request.query.get("done", ""),
    )


@needs("settlement")
async def ask(request: web.Request) -> web.Response:
    await sent(request)
    attempt_id = int(request.match_info["id"])

    async def do(work: Work) -> None:
        await doubtful.ask_now(work, attempt_id)

    try:
        await act(request, do)
    except Refusal as refusal:
        if refusal.code in ("not-allowed", "not-found"):
            raise
        return await _doubts(request, refusal)
    raise web.HTTPSeeOther(f"{DOUBTS}?done=asked")


routes = [
    web.get(REFUNDS, refunds, name="refunds"),
    web.post(rf"{REFUNDS}/{{id:\d{{1,12}}}}/again", again, name="refund-again"),
    web.post(rf"{REFUNDS}/{{id:\d{{1,12}}}}/hand", by_hand, name="refund-by-hand"),
    web.get(DOUBTS, doubts, name="doubts"),
    web.post(rf"{DOUBTS}/{{id:\d{{1,12}}}}", ask, name="doubt-ask"),
]
