"""通话黑匣子: a case on one time line beside its recording, and how things stood at every step."""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.case_scale import BREAK, WIDTH, Stretch, place, stretches
from agent_desk.case_words import LANES, Called, Mark, marks
from agent_desk.house import AGENT_HOUSE
from agent_desk.pages import page
from agent_desk.recordings import opened, permit
from core.booking import draft_view, view
from core.cases import replay
from core.cases.looking import looked, may_look
from core.cases.replay import Replay
from core.contact import view as contact
from core.errors import AppointmentUnknown, NotFound, Refusal, WrongInput
from core.http.access import actor_of, needs
from core.http.event_words import Names
from core.http.pages import clock, grouped, spoken_day
from core.http.refusals import code_words, sentence, status
from core.recordings import engine as recordings
from core.recordings.engine import RecordingView
from core.recordings.rules import GAP_WORDS, PLAY_REASONS, SIDE_WORDS, State
from core.values import Actor, day_of
from core.work import Hotline, Work

# One lane's height in the picture; marks that stand close together take turns in three rows.
LANE = 48
ROWS = 3
# What a sentence leaves open: whose name, which time.
_BLANK = re.compile(r"\{\w+\}")


@needs("recordings")
async def call(request: web.Request) -> web.Response:
    return await _call(request)


async def _call(request: web.Request, refusal: Refusal | None = None) -> web.Response:
    interaction_id = int(request.match_info["id"])
    hotline, by = request.app[AGENT_HOUSE].hotline, await actor_of(request)
    may_look(by)
    seen = await replay.of_interaction(hotline, interaction_id)
    await _note(hotline, by, "call", interaction_id)
    async with hotline.read() as db:
        begun = await contact.load(db, interaction_id)
    title = f"第 {interaction_id} 号{'短信办理' if begun.channel == 'sms' else '通话'}"
    return await _page(request, by, seen, title=title, refusal=refusal)


@needs("recordings")
async def appointment(request: web.Request) -> web.Response:
    hotline, by = request.app[AGENT_HOUSE].hotline, await actor_of(request)
    may_look(by)
    serial = request.match_info["serial"]
    async with hotline.read() as db:
        try:
            made = await view.by_serial(db, serial)
        except AppointmentUnknown as unknown:
            raise NotFound(facts={"what": "appointment"}) from unknown
    seen = await replay.of_appointment(hotline, serial)
    await _note(hotline, by, "appointment", made.appointment_id)
    return await _page(request, by, seen, title=f"预约 {grouped(serial)}")


@needs("recordings")
async def hear(request: web.Request) -> web.Response:
    """As for a recording: the reason is written down, then the player is open for a while."""
    form, by = await request.post(), await actor_of(request)
    interaction_id, hotline = int(request.match_info["id"]), request.app[AGENT_HOUSE].hotline
    may_look(by)
    recording = await _recording(hotline, interaction_id)
    if recording is None:
        raise NotFound(facts={"what": "sound"})
    reason, said = str(form.get("reason", "")), str(form.get("words", ""))

    async def play(work: Work) -> None:
        await recordings.played(work, recording.recording_id, reason, said)

    try:
        await hotline.run(play, by)
    except WrongInput as refusal:
        return await _call(request, refusal)
    raise web.HTTPSeeOther(f"/cases/{interaction_id}?hear={permit(request, recording.recording_id, by)}")


async def _note(hotline: Hotline, by: Actor, what: str, subject_id: int) -> None:
    async def note(work: Work) -> None:
        await looked(work, what, subject_id)

    await hotline.run(note, by)


async def _recording(hotline: Hotline, interaction_id: int) -> RecordingView | None:
    """The one that stands beside the time line: the first of this contact that may be heard."""
    async with hotline.read() as db:
        found = await recordings.of_interaction(db, interaction_id)
    return next((one for one in found if one.state is State.SEALED), found[0] if found else None)


# --- the page -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dot:
    """A mark in the picture."""

    mark: Mark
    x: float
    y: int


async def _page(
    request: web.Request, by: Actor, seen: Replay, *, title: str, refusal: Refusal | None = None
) -> web.Response:
    house = request.app[AGENT_HOUSE]
    async with house.hotline.read() as db:
        called = await _called(db, seen, request)
    told = marks(seen.facts, called)
    recording = None
    if "id" in request.match_info:
        recording = await _recording(house.hotline, int(request.match_info["id"]))
    scale = stretches([_ms(one) for one in told], _spans(recording))
    at = _step(request.query.get("at"), len(told))
    return page(
        request,
        "cases/page.html",
        by=by,
        title=title,
        status=status(refusal) if refusal else 200,
        refusal=sentence(refusal) if refusal else "",
        seen=seen,
        marks=told,
        at=at,
        current=told[at - 1] if told else None,
        lanes=LANES,
        lane=LANE,
        width=WIDTH,
        dots=_dots(told, scale),
        breaks=[(one.x1, BREAK) for one in scale[:-1]],
        ticks=_ticks(told, scale),
        scale=json.dumps([[one.first, one.last, one.x0, one.x1] for one in scale]),
        cursor=place(scale, _ms(told[at - 1])) if told else 0.0,
        link=lambda to: str(request.rel_url.update_query(at=str(to))),
        **await _player(request, by, recording),
    )


async def _called(db: AsyncSession, seen: Replay, request: web.Request) -> Called:
    visits = {}
    for id_ in seen.told.get("appointment", {}):
        try:
            made = await view.load(db, int(id_))
        except AppointmentUnknown:
            continue
        where = f"{made.hospital_short or made.hospital}{made.department}{made.doctor or '普通号'}"
        visits[int(id_)] = (
            f"{grouped(made.serial)} · {where} · {spoken_day(made.day)} {clock(made.starts_at)}"
        )
    holds = {}
    for id_ in seen.told.get("hold", {}):
        held = await draft_view.held_facts(db, id_)
        if held is not None:
            holds[id_] = (
                f"{held.hospital}{held.department}{held.doctor or '普通号'} "
                f"{spoken_day(held.day)} {clock(held.starts_at)}"
            )
    said = request.app[AGENT_HOUSE].sentence
    return Called(Names(visits, lambda name: _BLANK.sub("……", said(name)), code_words), holds)


async def _player(request: web.Request, by: Actor, recording: RecordingView | None) -> dict[str, Any]:
    """What stands above the lanes; a case without a recording has its time line alone."""
    files, gaps, token = {}, [], ""
    if recording is not None:
        async with request.app[AGENT_HOUSE].hotline.read() as db:
            gaps = [*await recordings.gaps_of(db, recording.recording_id)]
            files = await recordings.peaks_of(db, recording.recording_id)
        if opened(request, recording.recording_id, by):
            token = request.query.get("hear", "")
    return {
        "recording": recording,
        "playable": recording is not None and recording.state is State.SEALED,
        "files": files,
        "gaps": gaps,
        "gap_words": GAP_WORDS,
        "sides": SIDE_WORDS,
        "reasons": PLAY_REASONS,
        "token": token,
        "began_ms": int(recording.began_at.timestamp() * 1000) if recording else 0,
        "hear_at": f"/cases/{request.match_info.get('id', '')}/hear",
    }


def _ms(one: Mark) -> int:
    return int(one.at.timestamp() * 1000)


def _spans(recording: RecordingView | None) -> list[tuple[int, int]]:
    if recording is None:
        return []
    ends = recording.began_at + timedelta(seconds=recording.seconds)
    return [(int(recording.began_at.timestamp() * 1000), int(ends.timestamp() * 1000))]


def _dots(told: list[Mark], scale: list[Stretch]) -> list[Dot]:
    turns = [0] * len(LANES)
    made = []
    for one in told:
        row, turns[one.lane] = turns[one.lane] % ROWS, turns[one.lane] + 1
        made.append(Dot(one, place(scale, _ms(one)), one.lane * LANE + 12 + row * 12))
    return made


def _ticks(told: list[Mark], scale: list[Stretch]) -> list[tuple[float, str, str]]:
    """The time of the first mark of each stretch, with the day where it is another one than before; at the
    right edge it ends there."""
    made, day, free = [], None, 0.0
    for one in scale:
        first = next((mark for mark in told if _ms(mark) >= one.first), None)
        if first is None or one.x0 < free:
            continue
        shown = clock(first.at, seconds=True)
        if day_of(first.at) != day:
            day = day_of(first.at)
            shown = f"{day.month}月{day.day}日 {shown}"
        wide = 13 * len(shown)
        made.append((one.x0, "start", shown) if one.x0 + wide < WIDTH else (WIDTH, "end", shown))
        free = one.x0 + wide
    return made


def _step(asked: str | None, last: int) -> int:
    """Which entry is looked at, from 1; without one the last."""
    number = int(asked) if asked and asked.isascii() and asked.isdigit() and len(asked) < 8 else last
    return max(1, min(number, last))


routes = [
    web.get(r"/cases/{id:\d{1,12}}", call, name="case"),
    web.post(r"/cases/{id:\d{1,12}}/hear", hear),
    web.get(r"/cases/appointment/{serial:\d{8}}", appointment, name="appointment-case"),
]
