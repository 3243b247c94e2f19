"""A slot held in a call that broke off: gone on with on the web, or given back (docs/recovery.md)."""

from aiohttp import web

from core.accounts import drafts
from core.accounts.drafts import Left
from core.errors import ChangedMeanwhile, HoldLapsed, NotFound
from core.http.patients import for_patients, mine, patient
from core.work import Work
from web.booking import moving
from web.house import HOUSE
from web.public import frame, query

VERSION, ACT = "version", "act"
GO_ON, GIVE_UP = "go-on", "give-up"


async def left_for(request: web.Request) -> Left | None:
    """What whoever is logged in left in a call; None for anybody else."""
    who, hotline = await patient(request), request.app[HOUSE].hotline
    if who is None:
        return None
    async with hotline.read() as db:
        return await drafts.left_for(db, hotline.sealer, who.account_id, hotline.clock.now())


@frame.public
@for_patients
async def answer(request: web.Request) -> web.Response:
    """Go on with it, or give it up; what went on meanwhile is said. Raises NotFound for another number's."""
    hotline, who, form = request.app[HOUSE].hotline, mine(request), await request.post()
    draft_id, version = int(request.match_info["id"]), str(form.get(VERSION, ""))
    base, seen = frame.base(request), int(version) if version.isascii() and version.isdigit() else 0

    async def act(work: Work) -> Left | None:
        if form.get(ACT) == GIVE_UP:
            await drafts.give_up(work, who.account_id, draft_id, version=seen)
            return None
        return await drafts.go_on(work, who.account_id, draft_id, version=seen)

    try:
        left = await hotline.run(act, who.by)
    except (NotFound, ChangedMeanwhile, HoldLapsed):
        async with hotline.read() as db:
            if not await drafts.gone_on(db, who.account_id, draft_id=draft_id):
                raise
        raise web.HTTPSeeOther(f"{base}/account?done=kept-gone") from None
    if left is None:
        raise web.HTTPSeeOther(f"{base}/account?done=given-up")
    path = f"{base}/book/held/{left.held.hold_id}"
    raise web.HTTPSeeOther(query.address(path, **{moving.FIELD: left.serial}))


routes = [web.post(r"/account/kept/{id:\d{1,12}}", answer, name="account-kept")]
