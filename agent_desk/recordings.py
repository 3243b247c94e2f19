"""Recordings: find one, say why it is heard, hear it with its gaps beside its story, judge it."""

import base64
from datetime import date, datetime, timedelta
from typing import Any

from aiohttp import web
from multidict import MultiDictProxy

from agent_desk.house import AGENT_HOUSE
from agent_desk.pages import page
from core import journal
from core.contact.agent_rules import DISPOSITIONS
from core.errors import NotAllowed, NotFound, Refusal, WrongInput
from core.http.access import actor_of, needs, staff_only
from core.http.event_words import Names, lines
from core.http.refusals import sentence, status
from core.recordings import engine as recordings
from core.recordings import quality
from core.recordings.engine import PAGE, Filters
from core.recordings.rules import (
    GAP_WORDS,
    PLAY_REASONS,
    SIDE_WORDS,
    STATE_WORDS,
    TEMPLATES,
    State,
)
from core.staff.engine import everybody_of
from core.values import Actor
from core.work import Work

# A reason given once is good for so long; then it is asked again.
HEARD_FOR = timedelta(minutes=30)
HEARING = "hearing"
LONGEST_PAGE = 10_000


@needs("recordings")
async def listing(request: web.Request) -> web.Response:
    house, by = request.app[AGENT_HOUSE], await actor_of(request)
    _of_the_hotline(by)
    filters, number = _filters(request), _whole(request.query.get("page"), LONGEST_PAGE) or 1
    async with house.hotline.read() as db:
        found, total = await recordings.listed(db, filters, number)
        operators = [row for row in await everybody_of(db) if row.number]
    pages = max(1, -(-total // PAGE))
    return page(
        request,
        "recordings/list.html",
        by=by,
        title="录音",
        found=found,
        total=total,
        pages=pages,
        here_page=min(number, pages),
        query=dict(request.query),
        operators=operators,
        dispositions=DISPOSITIONS,
        states=STATE_WORDS,
        link=lambda to: str(request.rel_url.update_query(page=str(to))),
    )


@needs("recordings")
async def detail(request: web.Request) -> web.Response:
    return await _detail(request, _number(request))


async def _detail(request: web.Request, recording_id: int, refusal: Refusal | None = None) -> web.Response:
    house, by = request.app[AGENT_HOUSE], await actor_of(request)
    _of_the_hotline(by)
    token = request.query.get("hear", "")
    async with house.hotline.read() as db:
        seen = await recordings.load(db, recording_id)
        gaps = await recordings.gaps_of(db, recording_id)
        sheets = await quality.of(db, recording_id)
        story = await journal.story(db, interaction_id=seen.interaction_id)
        names = {row.id: row.name for row in await everybody_of(db)}
        files = await recordings.peaks_of(db, recording_id)
    open_ = _opened(request, token, recording_id, by) if token else False
    told = lines([one for one in story if one.at >= seen.began_at - timedelta(seconds=90)], Names())
    return page(
        request,
        "recordings/page.html",
        by=by,
        title=f"录音 {recording_id}",
        status=status(refusal) if refusal else 200,
        seen=seen,
        refusal=sentence(refusal) if refusal else "",
        gaps=gaps,
        gap_words=GAP_WORDS,
        files=files,
        sides=SIDE_WORDS,
        token=token if open_ else "",
        reasons=PLAY_REASONS,
        states=STATE_WORDS,
        story=told,
        sheets=sheets,
        names=names,
        templates=TEMPLATES,
        dispositions=DISPOSITIONS,
        playable=seen.state is State.SEALED,
        may_score=by.may("quality") and by.staff_id not in [one.inspector_id for one in sheets],
    )


@needs("recordings")
async def hear(request: web.Request) -> web.Response:
    """Write down why, then open the player for a while."""
    form, by, recording_id = await request.post(), await actor_of(request), _number(request)

    async def play(work: Work) -> None:
        await recordings.played(work, recording_id, _text(form, "reason"), _text(form, "words"))

    try:
        await request.app[AGENT_HOUSE].hotline.run(play, by)
    except WrongInput as refusal:
        return await _detail(request, recording_id, refusal)
    raise web.HTTPSeeOther(f"/recordings/{recording_id}?hear={permit(request, recording_id, by)}")


@needs("recordings")
async def hold(request: web.Request) -> web.Response:
    form, recording_id = await request.post(), _number(request)
    reason = _text(form, "reason") if _text(form, "on") else None

    async def keep(work: Work) -> None:
        await recordings.visible(work, recording_id)
        await recordings.hold(work, recording_id, reason)

    return await _done(request, keep, recording_id)


@needs("quality")
async def score(request: web.Request) -> web.Response:
    form, recording_id = await request.post(), _number(request)
    template = _text(form, "template")

    async def judge(work: Work) -> None:
        await quality.score(
            work,
            recording_id,
            template=template,
            scores=_scores(form, template),
            fatal=_text(form, "fatal") or None,
            comment=_text(form, "comment"),
        )

    return await _done(request, judge, recording_id)


@needs("supervise")
async def decide(request: web.Request) -> web.Response:
    form, sheet_id = await request.post(), _number(request)
    changed = bool(_text(form, "change"))

    async def settle(work: Work) -> None:
        scores = _scores(form, _text(form, "template")) if changed else None
        await quality.decide(work, sheet_id, scores, _text(form, "fatal") or None)

    return await _done(request, settle, _whole(_text(form, "recording"), 10**12) or 0)


@staff_only
async def mine(request: web.Request) -> web.Response:
    """An operator's own sheets, with the one appeal there is."""
    return await _mine(request)


async def _mine(request: web.Request, refusal: Refusal | None = None) -> web.Response:
    house, by = request.app[AGENT_HOUSE], await actor_of(request)
    async with house.hotline.read() as db:
        sheets = await quality.mine(db, by.staff_id or 0)
    return page(
        request,
        "recordings/mine.html",
        by=by,
        title="我的质检",
        status=status(refusal) if refusal else 200,
        sheets=sheets,
        templates=TEMPLATES,
        refusal=sentence(refusal) if refusal else "",
    )


@staff_only
async def appeal(request: web.Request) -> web.Response:
    form, by, sheet_id = await request.post(), await actor_of(request), _number(request)

    async def ask(work: Work) -> None:
        await quality.appeal(work, sheet_id, _text(form, "words"))

    try:
        await request.app[AGENT_HOUSE].hotline.run(ask, by)
    except Refusal as refusal:
        return await _mine(request, refusal)
    raise web.HTTPSeeOther("/recordings/mine")


async def _done(request: web.Request, act: Any, recording_id: int) -> web.Response:
    try:
        await request.app[AGENT_HOUSE].hotline.run(act, await actor_of(request))
    except (NotAllowed, NotFound):
        raise
    except Refusal as refusal:
        return await _detail(request, recording_id, refusal)
    raise web.HTTPSeeOther(f"/recordings/{recording_id}")


# --- what was asked -----------------------------------------------------------------------------------


def _number(request: web.Request) -> int:
    return int(request.match_info["id"])


def _text(form: MultiDictProxy[Any], name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _whole(text: str | None, most: int) -> int | None:
    return min(int(text), most) if text and text.isascii() and text.isdigit() else None


def _scores(form: MultiDictProxy[Any], template: str) -> dict[str, int]:
    if template not in TEMPLATES:
        raise WrongInput(facts={"field": "template"})
    found = {item.code: _whole(_text(form, f"score-{item.code}"), 100) for item in TEMPLATES[template].items}
    return {code: points for code, points in found.items() if points is not None}


def _filters(request: web.Request) -> Filters:
    asked = request.query
    try:
        day = date.fromisoformat(asked["day"]) if asked.get("day") else None
    except ValueError:
        day = None
    scored = {"yes": True, "no": False}.get(asked.get("scored", ""))
    return Filters(
        day=day,
        staff_id=_whole(asked.get("staff"), 10**12),
        disposition=asked.get("disposition") if asked.get("disposition") in DISPOSITIONS else None,
        direction=asked.get("direction") if asked.get("direction") in ("in", "out") else None,
        longer_s=_whole(asked.get("longer"), 86400),
        scored=scored,
    )


def _of_the_hotline(by: Actor) -> None:
    """A call may be about any hospital's patients: who sees one hospital's data hears none."""
    if by.hospital_id is not None:
        raise NotAllowed(facts={"function": "recordings"})


# --- the right to hear, for a while -------------------------------------------------------------------


def permit(request: web.Request, recording_id: int, by: Actor) -> str:
    """The right of this person to hear this recording for a while, as a word for an address."""
    hotline = request.app[AGENT_HOUSE].hotline
    until = int((hotline.clock.now() + HEARD_FOR).timestamp())
    sealed = hotline.sealer.seal(f"{recording_id}:{by.staff_id}:{until}", HEARING)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _opened(request: web.Request, token: str, recording_id: int, by: Actor) -> bool:
    """Whether this token lets this person hear this recording now."""
    hotline = request.app[AGENT_HOUSE].hotline
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        told, staff, until = hotline.sealer.open(sealed, HEARING).split(":")
    except Exception:  # whatever was sent, it is no right of ours
        return False
    if (told, staff) != (str(recording_id), str(by.staff_id)):
        return False
    return hotline.clock.now() < datetime.fromtimestamp(int(until), tz=hotline.clock.now().tzinfo)


def opened(request: web.Request, recording_id: int, by: Actor) -> bool:
    """Whether the request carries the right to hear this recording."""
    return _opened(request, request.query.get("hear", ""), recording_id, by)


routes = [
    web.get("/recordings/", listing, name="recordings"),
    web.get("/recordings/mine", mine, name="my-sheets"),
    web.get(r"/recordings/{id:\d{1,12}}", detail, name="recording"),
    web.post(r"/recordings/{id:\d{1,12}}/hear", hear),
    web.post(r"/recordings/{id:\d{1,12}}/hold", hold),
    web.post(r"/recordings/{id:\d{1,12}}/sheet", score),
    web.post(r"/recordings/sheets/{id:\d{1,12}}/appeal", appeal),
    web.post(r"/recordings/sheets/{id:\d{1,12}}/decide", decide),
]
