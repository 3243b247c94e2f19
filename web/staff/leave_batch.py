"""All patients of a leave at once (R-089): moved to one session, or cancelled; first with the numbers."""

from collections.abc import Mapping
from urllib.parse import urlencode

from aiohttp import web

from core.errors import ChangedMeanwhile, NotFound, Refusal
from core.http.access import actor_of, needs
from core.http.forms import one, sent
from core.http.keys import HOTLINE
from core.leave import batch, choosing, view
from core.leave.batch import Batch
from web.public.words import HALVES, NUMBERS
from web.staff.leave_words import KINDS
from web.staff.leaves import HOME, span
from web.staff.pages import number, staff_page

ACTS: Mapping[str, str] = {"move": "批量改约", "cancel": "批量取消"}


@needs("leave")
async def asked(request: web.Request) -> web.Response:
    """Where all could go; with one chosen, or to cancel, the question with its numbers."""
    return await _page(request)


async def _page(request: web.Request, refusal: Refusal | None = None) -> web.Response:
    hotline, by = request.app[HOTLINE], await actor_of(request)
    leave_id, now = int(request.match_info["id"]), hotline.clock.now()
    async with hotline.read() as db:
        it = await view.load(db, leave_id, by)
        targets = await choosing.targets(db, leave_id, by, now) if it.open else ()
    session_id = number(request.query.get("session", ""))
    chosen = next((one for one in targets if one.session_id == session_id), None)
    return await staff_page(
        request,
        "leave_batch",
        refusal=refusal,
        it=it,
        span=span(it),
        kinds=KINDS,
        halves=HALVES,
        numbers=NUMBERS,
        targets=targets,
        chosen=chosen,
        cancelling=request.query.get("act") == "cancel",
    )


@needs("leave")
async def done(request: web.Request) -> web.Response:
    """Do what was asked, for as many as were named; asked again, it goes on with those who are left."""
    form, by = await sent(request), await actor_of(request)
    hotline, leave_id = request.app[HOTLINE], int(request.match_info["id"])
    act, session_id = one(form, "act"), number(one(form, "session"))
    if act not in ACTS or (act == "move" and session_id is None):
        raise NotFound(facts={"what": "act"})
    async with hotline.read() as db:
        it = await view.load(db, leave_id, by)
    if it.open != number(one(form, "count")):
        return await _page(request, ChangedMeanwhile(facts={"what": "leave"}))
    result: Batch
    if session_id is not None and act == "move":
        result = await batch.batch_change(hotline, by, leave_id, session_id)
    else:
        result = await batch.batch_cancel(hotline, by, leave_id)
    told = {
        "done": "moved" if act == "move" else "cancelled",
        "n": len(result.done),
        "left": len(result.left),
    }
    raise web.HTTPSeeOther(f"{HOME}/{leave_id}?" + urlencode(told))


routes = [
    web.get(rf"{HOME}/{{id:\d{{1,12}}}}/batch", asked, name="leave-batch"),
    web.post(rf"{HOME}/{{id:\d{{1,12}}}}/batch", done, name="leave-batch-do"),
]
