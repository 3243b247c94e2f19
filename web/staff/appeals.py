"""Appeals against blocks: what the block rests on, with its proof, and the decision."""

from collections.abc import Mapping

from aiohttp import web

from core.accounts import appeals
from core.accounts.appeals import LONGEST, Waiting
from core.errors import Refusal
from core.http.access import actor_of, needs
from core.http.credit_words import COUNTED, explained
from core.http.forms import one, sent
from core.http.keys import HOTLINE
from core.work import Work
from web.staff.pages import act, staff_page

HOME = "/staff/appeals"


@needs("appeals")
async def see(request: web.Request) -> web.Response:
    return await _page(request)


async def _page(
    request: web.Request,
    refusal: Refusal | None = None,
    about: int = 0,
    typed: Mapping[str, str] | None = None,
) -> web.Response:
    """about, typed: the appeal whose form was not taken, and what stood in it."""
    hotline, by = request.app[HOTLINE], await actor_of(request)
    now = hotline.clock.now()
    async with hotline.read() as db:
        rows = await appeals.waiting(db, by)

    def words(row: Waiting) -> list[str]:
        return [
            explained(line, now, whole=line.visit is None or by.sees(line.visit.hospital_id))
            for line in row.lines
        ]

    return await staff_page(
        request,
        "appeals",
        refusal=refusal,
        rows=[(row, words(row)) for row in rows],
        counted=COUNTED,
        most=LONGEST,
        about=about,
        typed=typed or {},
        done=request.query.get("done", ""),
    )


@needs("appeals")
async def decide(request: web.Request) -> web.Response:
    form, appeal_id = await sent(request), int(request.match_info["id"])
    typed = {"answer": one(form, "answer").strip()}
    granted = one(form, "decision") == "granted"

    async def do(work: Work) -> None:
        await appeals.decide(work, appeal_id, granted=granted, answer=typed["answer"])

    try:
        await act(request, do)
    except Refusal as refusal:
        if refusal.code in ("not-allowed", "not-found"):
            raise
        return await _page(request, refusal, appeal_id, typed)
    raise web.HTTPSeeOther(f"{HOME}?done={'granted' if granted else 'refused'}")


routes = [
    web.get(HOME, see, name="staff-appeals"),
    web.post(rf"{HOME}/{{id:\d{{1,12}}}}", decide, name="appeal-decide"),
]
