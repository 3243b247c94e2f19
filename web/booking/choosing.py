"""The first step: a session, its periods, and a number of one of them kept."""

import re

from aiohttp import web

from core.accounts import booking
from core.errors import NotFound, Refusal
from core.http.forms import FIELD
from core.http.patients import for_patients, mine, patient
from core.http.refusals import sentence, status
from core.values import is_serial
from web.booking import moving
from web.booking.holding import hold_for
from web.booking.kept import left_for
from web.booking.moving import Moving
from web.booking.offer import offer, others
from web.house import HOUSE
from web.public import frame, query
from web.public.query import Wrong

KEY = "key"
PERIOD = "period"
# Nothing is left: whoever wants to may wait.
FULL = frozenset({"slot-full", "share-used-up", "slot-taken"})
NUMBER = re.compile(r"\d{1,12}", re.ASCII)


@frame.public
async def see(request: web.Request) -> web.Response:
    """What it is and what is left in it; whoever is not logged in may look. `period`: chosen before."""
    return await chosen_from(
        request, int(request.match_info["id"]), change=request.query.get(moving.FIELD, "")
    )


@frame.public
@for_patients
async def take(request: web.Request) -> web.Response:
    """Keep a number of the chosen period, and on to whom it is for."""
    form = await request.post()
    session_id, change = int(request.match_info["id"]), str(form.get(moving.FIELD, ""))
    who, period = mine(request), str(form.get(PERIOD, ""))
    moved = await _moved(request, change)
    if moved is not None and moved.refusal is not None:
        return await chosen_from(request, session_id, change=change)
    if not NUMBER.fullmatch(period):
        return await chosen_from(request, session_id, change=change, trouble="请先选一个时段。", code=400)
    try:
        held = await hold_for(request, who, session_id, int(period), str(form.get(KEY, ""))[:40], moved)
    except NotFound:
        raise
    except Refusal as refusal:
        return await chosen_from(request, session_id, change=change, refused=refusal)
    path = f"{frame.base(request)}/book/held/{held.hold_id}"
    raise web.HTTPSeeOther(query.address(path, **{moving.FIELD: moved.serial if moved else ""}))


async def _moved(request: web.Request, change: str) -> Moving | None:
    """Raises NotFound for an appointment that is not theirs; who is not logged in is asked at the login."""
    who, hotline = await patient(request), request.app[HOUSE].hotline
    if not change:
        return None
    if who is None:
        return Moving(change) if is_serial(change) else None
    async with hotline.read() as db:
        return await moving.mover(db, who, change, hotline.clock.now())


async def chosen_from(
    request: web.Request,
    session_id: int,
    *,
    change: str = "",
    refused: Refusal | None = None,
    trouble: str = "",
    code: int = 200,
) -> web.Response:
    """The session's page. refused: why the last step did not work. Raises NotFound, Wrong."""
    hotline, who = request.app[HOUSE].hotline, await patient(request)
    period = request.query.get(PERIOD, "")
    if period and not NUMBER.fullmatch(period):
        raise Wrong("网址里的时段不对，请重新选择。")
    now = hotline.clock.now()
    moved = await _moved(request, change)
    async with hotline.read() as db:
        found = await offer(db, session_id, now)
        closed = found.refusal is not None or refused is not None
        instead = await others(db, session_id, now) if closed else ()
        kept = await booking.kept_in(db, who.account_id, session_id, now) if who else None
    return frame.show(
        request,
        "booking/session",
        "hospitals",
        status=status(refused) if refused else code,
        offer=found,
        closed=sentence(found.refusal) if found.refusal else "",
        closed_code=found.refusal.code if found.refusal else "",
        full=any(one is not None and one.code in FULL for one in (found.refusal, refused)),
        trouble=sentence(refused) if refused else trouble,
        instead=instead,
        kept=kept,
        left=None if moved else await left_for(request),
        moving=moved,
        stuck=sentence(moved.refusal) if moved and moved.refusal else "",
        logins={one.period_id: _login(request, session_id, one.period_id, change) for one in found.it.periods}
        if who is None
        else {},
        chosen=int(period) if period else None,
        action=f"{frame.base(request)}/book/{session_id}",
        key=hotline.chance.token(),
        token=who.form_token if who else "",
        token_field=FIELD,
    )


def _login(request: web.Request, session_id: int, period_id: int, change: str) -> str:
    """By the login, and back to where this period is chosen already."""
    page = f"{frame.base(request)}/book/{session_id}"
    back = query.address(page, **{PERIOD: period_id, moving.FIELD: change})
    return query.address(f"{frame.base(request)}/account/login", next=back)


routes = [
    web.get(r"/book/{id:\d{1,12}}", see, name="book"),
    web.post(r"/book/{id:\d{1,12}}", take, name="book-hold"),
]
