"""A place in line for scripts, in a few words; and a whole draw as text, for programs that check it."""

from aiohttp import web

from core.http.access import everybody
from core.http.patients import patient
from core.release import draw
from web.house import HOUSE
from web.public import line, line_words

FRESH = {"Cache-Control": "no-store"}


@everybody
async def told(request: web.Request) -> web.Response:
    """One's place; for who is not logged in, the line as everybody sees it."""
    look = await request.app[line.BOARD].look(int(request.match_info["id"]))
    standing = await line.standing(request, look, await patient(request))
    place = standing.told
    body = {
        "key": standing.key,
        "words": standing.said.words,
        "more": standing.said.more,
        "before": place.before if place else None,
        "left": place.left if place else None,
        "chance": place.chance if place else None,
        "again_s": standing.again_s,
    }
    return web.json_response(body, headers=FRESH)


@everybody
async def whole_proof(request: web.Request) -> web.Response:
    """All that the draw was made of, line by line; 404 before the release and where there was none."""
    session_id = int(request.match_info["id"])
    hotline = request.app[HOUSE].hotline
    async with hotline.read() as db:
        found = await draw.proof(db, hotline.sealer, session_id, now=hotline.clock.now())
    if found is None:
        raise web.HTTPNotFound
    lines = [
        f"asked {line_words.asked(session_id, found.announced_at)}",
        f"commitment {found.commitment}",
        f"secret {found.secret}",
        f"seed {found.seed}",
        *(f"{place} {ticket} {channel}" for place, (ticket, channel) in enumerate(found.tickets, 1)),
    ]
    response = web.Response(
        text="\n".join(lines) + "\n", content_type="text/plain", charset="utf-8", headers=FRESH
    )
    response.enable_compression()
    return response


routes = [
    web.get(r"/book/{id:\d{1,12}}/line.json", told, name="line-told"),
    web.get(r"/book/{id:\d{1,12}}/line/proof.txt", whole_proof, name="line-proof-text"),
]
