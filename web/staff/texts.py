"""Texts that need a person: what was given up, the gateways, and the last day as a picture."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from core.errors import Refusal
from core.http.access import actor_of, needs
from core.http.forms import one, sent
from core.http.keys import HOTLINE
from core.http.words import TEXT
from core.work import Work
from web.house import HOUSE, HourShown, TextRoom
from web.staff.pages import act, staff_page

HOME = "/staff/texts"
KINDS: Mapping[str, str] = {
    "booked": "预约成功",
    "changed": "改约",
    "cancelled": "退约",
    "expired": "预约失效",
    "payment-due": "待支付",
    "provisional": "待补登证件",
    "stopped": "停诊通知",
    "restored": "恢复门诊",
    "callback-promised": "回拨承诺",
    "callback-missed": "回拨未接通",
    "slot-kept": "为您留号",
    "leave-offer": "停诊留号",
    "leave-lapsed": "停诊留号超时",
    "substituted": "换医生接诊",
    "waiting-offer": "候补到号",
    "waiting-lapsed": "候补号超时",
    "waiting-paused": "候补暂停",
    "reminder": "就诊提醒",
    "survey": "评价",
    "reply": "回复",
    "from-patient": "患者来信",
}
# What the outbox keeps of a failure, as far as we have words for it.
WHY: Mapping[str, str] = {"no answer in time": "没有及时答复", "": "没有说明"}
HIGH, BAR, STEP = 120, 15, 20


@dataclass(frozen=True)
class Block:
    """One part of a bar, in the units of the picture."""

    tone: str
    x: int
    y: float
    height: float


def picture(hours: Sequence[HourShown]) -> list[Block]:
    """Bars of the hours, in parts from the bottom: delivered, sent, in doubt, failed."""
    most = max([1, *(hour.total for hour in hours)])
    blocks = []
    for place, hour in enumerate(hours):
        foot = float(HIGH)
        parts = (("good", hour.delivered), ("sent", hour.sent), ("wait", hour.unknown), ("bad", hour.failed))
        for tone, count in parts:
            if count:
                height = max(2.0, count * HIGH / most)
                foot -= height
                blocks.append(Block(tone, place * STEP, round(foot, 1), round(height, 1)))
    return blocks


async def room(request: web.Request) -> TextRoom:
    """Texts are the hotline's own, whichever hospital they are about. Raises NotAllowed, HTTPNotFound."""
    (await actor_of(request)).must_see(None)
    found = request.app[HOUSE].text_room
    if found is None:
        raise web.HTTPNotFound
    return found


@needs("texts")
async def texts(request: web.Request) -> web.Response:
    return await _texts(request)


async def _texts(
    request: web.Request, refusal: Refusal | None = None, about: int = 0, opened: str = ""
) -> web.Response:
    """about: the row whose form was not taken, or whose words are shown (opened)."""
    hotline, by = request.app[HOTLINE], await actor_of(request)
    kept = await room(request)
    async with hotline.read() as db:
        rows = await kept.dead(db)
        hours = await kept.figures(db, hotline.clock.now())
    return await staff_page(
        request,
        "texts",
        refusal=refusal,
        rows=rows,
        hours=hours,
        blocks=picture(hours),
        most=max([1, *(hour.total for hour in hours)]),
        high=HIGH,
        step=STEP,
        bar=BAR,
        gateways=kept.gateways(),
        reasons=kept.reasons,
        may_read=by.may("reveal"),
        kinds=KINDS,
        states=TEXT,
        whys=WHY,
        about=about,
        opened=opened,
        done=request.query.get("done", ""),
    )


@needs("texts")
async def again(request: web.Request) -> web.Response:
    await sent(request)
    return await _done(request, (await room(request)).again, "again")


@needs("texts")
async def leave(request: web.Request) -> web.Response:
    reason, kept = one(await sent(request), "reason"), await room(request)

    async def do(work: Work, outbox_id: int) -> None:
        await kept.leave(work, outbox_id, reason)

    return await _done(request, do, "left")


async def _done(request: web.Request, do: Callable[[Work, int], Awaitable[None]], done: str) -> web.Response:
    outbox_id = int(request.match_info["id"])
    try:
        await act(request, lambda work: do(work, outbox_id))
    except Refusal as refusal:
        if refusal.code in ("not-allowed", "not-found"):
            raise
        return await _texts(request, refusal, outbox_id)
    raise web.HTTPSeeOther(f"{HOME}?done={done}")


@needs("texts", also=("reveal",))
async def read(request: web.Request) -> web.Response:
    """What one says, this once; who read it and why is written down."""
    reason, outbox_id = one(await sent(request), "reason"), int(request.match_info["id"])
    kept = await room(request)
    try:
        words = await act(request, lambda work: kept.read(work, outbox_id, reason))
    except Refusal as refusal:
        if refusal.code in ("not-allowed", "not-found"):
            raise
        return await _texts(request, refusal, outbox_id)
    return await _texts(request, about=outbox_id, opened=words)


routes = [
    web.get(HOME, texts, name="staff-texts"),
    web.post(rf"{HOME}/{{id:\d{{1,12}}}}/again", again, name="text-again"),
    web.post(rf"{HOME}/{{id:\d{{1,12}}}}/leave", leave, name="text-leave"),
    web.post(rf"{HOME}/{{id:\d{{1,12}}}}/read", read, name="text-read"),
]
