"""Sentences, menus and names as sound files, for the ears of those who look after them."""

from collections.abc import Awaitable, Callable

from aiohttp import ETag, web

from core.catalogue.correct import What, one_readable
from core.catalogue.readings import checked
from core.errors import NotFound
from core.http.access import everybody
from core.http.middleware import answer
from web.editing import must_edit
from web.house import HOUSE
from web.wording import Heard, NoSound, Unknown

Hear = Callable[..., Awaitable[Heard]]
SENTENCE = "{name:(?:core/)?[a-z0-9-]+}"


@everybody
async def sentence(request: web.Request) -> web.Response:
    return await _named(request, request.app[HOUSE].wording.hear_sentence)


@everybody
async def menu(request: web.Request) -> web.Response:
    return await _named(request, request.app[HOUSE].wording.hear_menu)


@everybody
async def fragment(request: web.Request) -> web.Response:
    return await _named(request, request.app[HOUSE].wording.hear_fragment)


async def _named(request: web.Request, hear: Hear) -> web.Response:
    """The browser keeps it, asks each time, and is told when it sounds otherwise by now."""
    known = next((tag.value for tag in request.if_none_match or ()), "")
    try:
        heard = await hear(request.match_info["name"], slow=_slow(request), known=known)
    except Unknown:
        raise NotFound(facts={"what": "sentence"}) from None
    except NoSound as why:
        return _silent(request, why)
    response = _sound(heard, "no-cache")
    response.etag = ETag(heard.mark)
    if heard.mark == known:
        response.set_status(304)
    return response


@everybody
async def name(request: web.Request) -> web.Response:
    """A hospital, department or doctor: as saved, or with the reading in `pinyin` before it is saved."""
    house = request.app[HOUSE]
    what, key = What(request.match_info["what"]), int(request.match_info["id"])
    async with house.hotline.read() as db:
        row = await one_readable(db, what, key)
    pinyin = request.query.get("pinyin", row.pinyin).strip()
    tried = pinyin != row.pinyin
    if tried:
        await must_edit(request, "catalogue")
        counts = house.wording.reading(what, row.name, "", row.whole).counts
        pinyin = checked(pinyin, counts) if pinyin else ""
    try:
        heard = await house.wording.hear_name(
            what, row.name, pinyin, row.whole, slow=_slow(request), tried=tried
        )
    except NoSound as why:
        return _silent(request, why)
    return _sound(heard, "no-store")


def _slow(request: web.Request) -> bool:
    return request.query.get("track") == "slow"


def _sound(heard: Heard, cached: str) -> web.Response:
    return web.Response(body=heard.wav, content_type="audio/wav", headers={"Cache-Control": cached})


def _silent(request: web.Request, why: NoSound) -> web.Response:
    if not why.busy:
        return answer(request, 409, "no-sound", str(why))
    response = answer(request, 503, "too-many-listen", str(why))
    response.headers["Retry-After"] = "3"
    return response


routes = [
    web.get(f"/prompts/{SENTENCE}.wav", sentence, name="sentence-sound"),
    web.get("/fragments/{name:[a-z]+/[a-z0-9]+}.wav", fragment, name="fragment-sound"),
    web.get("/menus/{name:[a-z0-9-]+}.wav", menu, name="menu-sound"),
    web.get(r"/names/{what:hospital|department|doctor}/{id:\d{1,12}}.wav", name, name="name-sound"),
]
