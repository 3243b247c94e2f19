"""The waiting page of a release: the rule, one's place told honestly, one's turn, the proof of the draw."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from core.accounts.booking import owner
from core.errors import Refusal
from core.http.patients import Patient, for_patients, mine, patient
from core.http.refusals import sentence, status
from core.release import draw, line, view
from core.release.board import Board
from core.release.look import Look
from core.release.rules import ENDED, PlaceState, Stage, look_again_s
from core.release.view import Told
from core.values import Channel
from core.work import Work
from web.house import HOUSE
from web.public import frame, line_words, words
from web.public.line_words import Said

BOARD = web.AppKey("BOARD", Board)
# With a script the page asks for a few words instead of being loaded again and again.
LIVE = "live"
# On the page itself; all of them are in the list beside it.
SHOWN = 50


@dataclass(frozen=True)
class Standing:
    """What a page and its script show. key: changes when the page must be another one.

    may_join, may_leave: which form stands there. go: where one goes on, '' when nowhere. again_s: look again
    after so many seconds; 0: nothing will change.
    """

    stage: Stage
    said: Said
    key: str
    told: Told | None
    may_join: bool
    may_leave: bool
    go: str
    again_s: int


def whose(who: Patient) -> str:
    """By whom the place of an account is known."""
    return line.whose(owner(who.account_id), who.person_id)


async def must_wait(request: web.Request, session_id: int, who: Patient) -> bool:
    """Whether a hold would be sent to the line now: from memory, so that a refusal costs no statement.

    May be wrong for a second; what decides is core.release.gate.through, beside the hold. Raises NotFound.
    """
    now = request.app[HOUSE].hotline.clock.now()
    look = await request.app[BOARD].look(session_id)
    return look.must_wait(whose(who), Channel.WEB, now)


async def standing(request: web.Request, look: Look, who: Patient | None) -> Standing:
    """How somebody stands in a line now."""
    hotline = request.app[HOUSE].hotline
    now = hotline.clock.now()
    stage = look.stage(now)
    opens_at = look.about.release_at
    go = f"{frame.base(request)}/book/{look.about.session_id}"
    told = await _told(request, look, who)
    live = told is not None and told.state not in ENDED
    if told is not None and (live or stage in (Stage.OPEN, Stage.OVER)):
        said = line_words.place(told, opens_at, now)
    elif stage in (Stage.EARLY, Stage.OVER):
        said = line_words.closed(stage, opens_at, look.terms.lead)
    else:
        said = line_words.invited(stage, opens_at, look.registered(Channel.WEB))
    has_turn = told is not None and told.state is PlaceState.TURN and told.channel == Channel.WEB
    stands = stage in (Stage.DRAW, Stage.OPEN)
    return Standing(
        stage,
        said,
        f"{stage}-{told.state if told else 'none'}",
        told,
        stands and not live,
        stands and live and not has_turn,
        go if has_turn or (stage is Stage.OVER and now >= opens_at) else "",
        _again(stage, told, live=live),
    )


def _again(stage: Stage, told: Told | None, *, live: bool) -> int:
    if stage is Stage.OVER or stage is Stage.EARLY or not live or told is None:
        return 0
    return look_again_s(told.before)


async def _told(request: web.Request, look: Look, who: Patient | None) -> Told | None:
    if who is None or not look.begun:
        return None
    mine = look.places.get(whose(who))
    if mine is None:
        async with request.app[HOUSE].hotline.read() as db:
            mine = await view.stood(db, look.about.session_id, whose(who))
    return look.told(mine) if mine else None


async def _page(request: web.Request, *, notice: str = "", code: int = 200) -> web.Response:
    session_id = int(request.match_info["id"])
    look = await request.app[BOARD].look(session_id)
    who = await patient(request)
    stands = await standing(request, look, who)
    it, shares = look.about, look.left.shares
    response = frame.show(
        request,
        "line",
        status=code,
        it=it,
        half=words.HALVES.get(it.half, it.half),
        number=words.number(it.number_kind),
        fee=words.fee(it.fee_fen),
        post=words.path_of(it.department_id, it.doctor_id),
        standing=stands,
        rule=line_words.rule(look.terms, it.release_at, shares.own, shares.common),
        has_line=look.terms.room,
        commitment=look.commitment,
        has_proof=look.begun and look.at >= it.release_at,
        known=who is not None,
        form_token=who.form_token if who else "",
        notice=notice,
        live=f"/book/{session_id}/line.json" if stands.again_s else "",
    )
    if stands.again_s and request.query.get(LIVE) != "yes":
        response.headers["Refresh"] = str(stands.again_s)
    return response


@frame.public
async def show(request: web.Request) -> web.Response:
    """The rule and, for who is logged in, their place."""
    return await _page(request)


@for_patients
@frame.public
async def join(request: web.Request) -> web.Response:
    """Register, or stand at the end."""
    session_id, who = int(request.match_info["id"]), mine(request)

    async def act(work: Work) -> None:
        await line.join(
            work,
            session_id,
            owner=owner(who.account_id),
            channel=Channel.WEB,
            person_id=who.person_id,
        )

    return await _acted(request, session_id, act)


@for_patients
@frame.public
async def leave(request: web.Request) -> web.Response:
    """Give the place up."""
    session_id, who = int(request.match_info["id"]), whose(mine(request))

    async def act(work: Work) -> None:
        await line.leave(work, session_id, who=who)

    return await _acted(request, session_id, act)


async def _acted(
    request: web.Request, session_id: int, act: Callable[[Work], Awaitable[None]]
) -> web.Response:
    try:
        await request.app[HOUSE].hotline.run(act, mine(request).by)
    except Refusal as refusal:
        return await _page(request, notice=sentence(refusal), code=status(refusal))
    finally:
        request.app[BOARD].forget(session_id)
    raise web.HTTPSeeOther(f"{frame.base(request)}/book/{session_id}/line")


@frame.public
async def proof(request: web.Request) -> web.Response:
    """What was promised, the secret, and the order that follows from it."""
    session_id = int(request.match_info["id"])
    hotline = request.app[HOUSE].hotline
    look = await request.app[BOARD].look(session_id)
    async with hotline.read() as db:
        found = await draw.proof(db, hotline.sealer, session_id, now=hotline.clock.now())
    who = await patient(request)
    ticket = draw.ticket_of(hotline.sealer, session_id, whose(who)) if who else ""
    tickets = [one for one, _ in found.tickets] if found else []
    return frame.show(
        request,
        "line_proof",
        it=look.about,
        half=words.HALVES.get(look.about.half, look.about.half),
        proof=found,
        commitment=look.commitment,
        asked=line_words.asked(session_id, look.announced_at),
        shown=_first(found, SHOWN),
        ticket=ticket if ticket in tickets else "",
        place=tickets.index(ticket) + 1 if ticket in tickets else 0,
    )


def _first(found: draw.Proof | None, most: int) -> Sequence[tuple[int, str, str]]:
    tickets = found.tickets[:most] if found else ()
    return [
        (place, ticket, line_words.CHANNELS.get(channel, channel))
        for place, (ticket, channel) in enumerate(tickets, 1)
    ]


routes = [
    web.get(r"/book/{id:\d{1,12}}/line", show, name="line"),
    web.post(r"/book/{id:\d{1,12}}/line", join, name="line-join"),
    web.post(r"/book/{id:\d{1,12}}/line/leave", leave, name="line-leave"),
    web.get(r"/book/{id:\d{1,12}}/line/proof", proof, name="line-proof"),
]
