"""My places on the waiting list: how many stand before me, what is kept for me, and the way out."""

import re
from datetime import datetime, timedelta

from aiohttp import web

from core.accounts import waiting
from core.accounts.waiting import Place
from core.booking.commands import Booked
from core.errors import NotFound, Refusal
from core.http.patients import for_patients, mine
from core.http.refusals import sentence, status
from core.work import Work
from web.house import HOUSE
from web.mine import waiting_words
from web.public import frame

HERE = "account"
SAID = {
    "joined": "已加入候补。有号时按先后通知您，请留意短信和电话。",
    "leave": "已退出候补。",
    "resume": "已恢复候补，从最后一位排起。",
    "refuse": "这个号不要了，候补的位置还留着。",
}
ACTS = ("leave", "resume", "accept", "refuse")


@for_patients
@frame.public
async def see(request: web.Request) -> web.Response:
    return await _page(request, said=SAID.get(request.query.get("done", ""), ""))


@for_patients
@frame.public
async def act(request: web.Request) -> web.Response:
    """Leave, go on, take what is kept or not; what was taken is shown as the appointment it is now."""
    who, form = mine(request), await request.post()
    wanted = str(form.get("act", ""))
    entry_id, offer_id = (number_of(str(form.get(name, ""))) for name in ("id", "offer"))
    if wanted not in ACTS or not entry_id:
        raise NotFound(facts={"what": "waiting-entry"})

    async def done(work: Work) -> Booked | None:
        if wanted == "accept":
            return await waiting.accept(work, who.account_id, entry_id, offer_id)
        if wanted == "refuse":
            await waiting.refuse(work, who.account_id, entry_id, offer_id)
        elif wanted == "resume":
            await waiting.resume(work, who.account_id, entry_id)
        else:
            await waiting.leave(work, who.account_id, entry_id)
        return None

    try:
        made = await request.app[HOUSE].hotline.run(done, who.by)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(request, trouble=sentence(refusal), code=status(refusal))
    base = frame.base(request)
    raise web.HTTPSeeOther(
        f"{base}/book/done/{made.serial}" if made else f"{base}/account/waiting?done={wanted}"
    )


def number_of(typed: str) -> int:
    """0 for what is no number."""
    return int(typed) if re.fullmatch(r"\d{1,12}", typed, re.ASCII) else 0


async def _page(request: web.Request, *, said: str = "", trouble: str = "", code: int = 200) -> web.Response:
    who, hotline = mine(request), request.app[HOUSE].hotline
    now = hotline.clock.now()
    async with hotline.read() as db:
        found = await waiting.listed(db, who.account_id)
    return frame.show(
        request,
        "mine/waiting",
        HERE,
        status=code,
        rows=[waiting_words.row(one, now) for one in found],
        said=said,
        trouble=trouble,
        token=who.form_token,
        left={one.it.entry_id: _left_s(one, now) for one in found},
    )


def _left_s(one: Place, now: datetime) -> int:
    """Seconds in which an answer still counts."""
    return max(0, (one.offer.expires_at - now) // timedelta(seconds=1)) if one.offer else 0


routes = [
    web.get("/account/waiting", see, name="mine-waiting"),
    web.post("/account/waiting", act, name="mine-waiting-act"),
]
