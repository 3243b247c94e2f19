"""Every sentence that the machine can say: to be read, heard, searched and commented on."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from core.errors import NotFound, Refusal
from core.http.access import actor_of, everybody, staff_only, visitor
from core.http.forms import check_token
from core.http.pages import page
from core.http.refusals import sentence as words_of
from core.http.refusals import status
from core.staff.engine import name_of
from core.wording import engine as wording
from core.wording.engine import Counted
from core.work import Work
from web.editing import editing
from web.house import HOUSE
from web.sounds import SENTENCE
from web.wording import SOUNDS, VOICES, Dialogue, Sentence, Sound, Unknown

# What is shown of them, by the `show` of the address.
FILTERS = {
    "all": "全部",
    "unrecorded": "没有真人录音",
    "silent": "没有声音",
    "long": "太长",
    "comments": "有批注",
}
NONE = Counted(0, 0)
# The scale of the menus' bars, in seconds.
SCALE_S = 40


@dataclass(frozen=True)
class Row:
    """find: what a search looks in. kinds: the filters that it passes. shown: by this search and filter."""

    sentence: Sentence
    comments: Counted
    find: str
    kinds: frozenset[str]
    shown: bool


@everybody
async def prompts(request: web.Request) -> web.Response:
    house = request.app[HOUSE]
    search, show = request.query.get("q", "").strip()[:60], request.query.get("show", "all")
    show = show if show in FILTERS else "all"
    async with house.hotline.read() as db:
        comments = await wording.counts(db)
    dialogues = await house.wording.dialogues()
    groups = [(one, rows(one, comments, search, show)) for one in dialogues]
    every = [row for _, listed in groups for row in listed]
    # Two hundred kilobytes of page: they are not written on the loop that the calls run on.
    return await asyncio.to_thread(
        page,
        request,
        "prompts/page.html",
        groups=groups,
        menus=await house.wording.menus(),
        scale=SCALE_S,
        search=search,
        show=show,
        filters={key: (name, sum(key in row.kinds for row in every)) for key, name in FILTERS.items()},
        shown=sum(row.shown for row in every),
        **await _voice(request),
    )


def rows(dialogue: Dialogue, comments: Mapping[str, Counted], search: str, show: str) -> list[Row]:
    wanted = plain(search)
    made = []
    for one in dialogue.sentences:
        counted = comments.get(one.name, NONE)
        find = plain(f"{one.text} {one.name} {one.initials}")
        kinds = frozenset(_kinds(one, counted))
        made.append(Row(one, counted, find, kinds, show in kinds and wanted in find))
    return made


def _kinds(one: Sentence, counted: Counted) -> Sequence[str]:
    asked = {
        "all": True,
        "unrecorded": one.own not in (Sound.RECORDED, None),
        "silent": one.own is Sound.MISSING,
        "long": one.long,
        "comments": counted.all > 0,
    }
    return [kind for kind, passes in asked.items() if passes]


def plain(text: str) -> str:
    """What is compared: letters, figures and characters; prompts.js does the same."""
    return re.sub(r"[\W_]", "", text.lower())


@everybody
async def sentence(request: web.Request) -> web.Response:
    return await _sentence(request)


async def _sentence(
    request: web.Request, *, refusal: Refusal | None = None, author: str | None = None, text: str = ""
) -> web.Response:
    """The page of one; after a refusal with what had been typed."""
    house, name = request.app[HOUSE], request.match_info["name"]
    dialogues = await house.wording.dialogues()
    order = [(dialogue, one) for dialogue in dialogues for one in dialogue.sentences]
    place = next((at for at, (_, one) in enumerate(order) if one.name == name), None)
    if place is None:
        raise NotFound(facts={"what": "sentence"})
    async with house.hotline.read() as db:
        comments = await wording.comments(db, name)
    dialogue, one = order[place]
    return page(
        request,
        "prompts/sentence.html",
        status=status(refusal) if refusal else 200,
        dialogue=dialogue,
        it=one,
        before=order[place - 1][1].name if place else "",
        after=order[place + 1][1].name if place + 1 < len(order) else "",
        comments=comments,
        author=await _author(request) if author is None else author,
        text=text,
        refusal=words_of(refusal) if refusal else "",
        wrong=str(refusal.facts.get("field", "")) if refusal else "",
        most_text=wording.MOST_TEXT,
        most_author=wording.MOST_AUTHOR,
        **await _voice(request),
    )


@staff_only
async def comment(request: web.Request) -> web.Response:
    """Add one; what was typed is shown again when it is refused."""
    house, name = request.app[HOUSE], request.match_info["name"]
    form = await request.post()
    author, text = str(form.get("author", "")), str(form.get("text", "")).replace("\r\n", "\n")
    try:
        words = (await house.wording.sentence(name)).text
    except Unknown:
        raise NotFound(facts={"what": "sentence"}) from None

    async def act(work: Work) -> int:
        return await wording.comment(work, name, words=words, author=author, text=text)

    try:
        await check_token(request)
        made = await house.hotline.run(act, await actor_of(request))
    except Refusal as refusal:
        return await _sentence(request, refusal=refusal, author=author, text=text)
    raise _again(name, made)


@staff_only
async def settle(request: web.Request) -> web.Response:
    key, form = int(request.match_info["id"]), await request.post()
    author = str(form.get("author", ""))

    async def act(work: Work) -> str:
        return await wording.settle(work, key, author=author)

    await check_token(request)
    raise _again(await request.app[HOUSE].hotline.run(act, await actor_of(request)), key)


@staff_only
async def reopen(request: web.Request) -> web.Response:
    key = int(request.match_info["id"])

    async def act(work: Work) -> str:
        return await wording.reopen(work, key)

    await check_token(request)
    raise _again(await request.app[HOUSE].hotline.run(act, await actor_of(request)), key)


def _again(name: str, comment_id: int) -> web.HTTPSeeOther:
    """Back to the sentence."""
    return web.HTTPSeeOther(f"/prompts/{name}#comment-{comment_id}")


async def _author(request: web.Request) -> str:
    """Whoever is logged in, by name; they may write another one."""
    by = await visitor(request)
    if by is None or by.staff_id is None:
        return ""
    async with request.app[HOUSE].hotline.read() as db:
        return (await name_of(db, by.staff_id))[: wording.MOST_AUTHOR]


@everybody
async def fragments(request: web.Request) -> web.Response:
    """Figures, dates and amounts: what fills the slots."""
    families = await request.app[HOUSE].wording.families()
    return page(request, "prompts/fragments.html", families=families, **await _voice(request))


@everybody
async def voice(request: web.Request) -> web.Response:
    """How far the voice is, for an open page; names nobody, so it is there outside the demo too."""
    return page(request, "lists/voice.html", **await _voice(request))


async def _voice(request: web.Request) -> dict[str, Any]:
    """What every page about the voice is given."""
    return {
        "progress": request.app[HOUSE].wording.progress(),
        "voices": VOICES,
        "sounds": SOUNDS,
        "editing": await editing(request),
    }


routes = [
    web.get("/prompts", prompts, name="prompts"),
    web.get("/fragments", fragments, name="fragments"),
    web.get("/live/voice", voice, name="live-voice"),
    web.get(f"/prompts/{SENTENCE}", sentence, name="sentence"),
    web.post(f"/prompts/{SENTENCE}/comments", comment, name="sentence-comment"),
    web.post(r"/comments/{id:\d{1,12}}/settle", settle, name="comment-settle"),
    web.post(r"/comments/{id:\d{1,12}}/reopen", reopen, name="comment-reopen"),
]
