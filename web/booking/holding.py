"""Keep a number for an account while its owner chooses for whom; the one place where the wizard holds."""

from functools import partial
from hashlib import blake2b

from aiohttp import web

from core.accounts import drafts
from core.accounts.booking import held, owner
from core.booking.commands import HeldSlot, Hold
from core.booking.store import once
from core.booking.tables import CommandKey
from core.errors import LineFirst
from core.http.patients import Patient
from core.release import gate
from core.work import Work
from web.booking.moving import Moving
from web.house import HOUSE
from web.public import frame
from web.public.line import must_wait


async def hold_for(
    request: web.Request,
    patient: Patient,
    session_id: int,
    period_id: int | None,
    key: str,
    moved: Moving | None = None,
) -> HeldSlot:
    """A number of the session, of one of its periods where that is named; an older choice goes with it.

    moved: the appointment that it is to take the place of. key: of the form that was sent. Sent again, it
    is the same number, unless that was given up since or has lapsed. Raises what core.booking.hold raises;
    HTTPSeeOther to the line where numbers are given out in its order, and it is not this patient's turn.
    """
    hotline = request.app[HOUSE].hotline
    if await must_wait(request, session_id, patient):
        raise to_the_line(request, session_id)
    said = f"{key}:{session_id}:{period_id}"
    while True:
        wanted = Hold(session_id, owner(patient.account_id), period_id=period_id, key=_key(patient, said))
        try:
            found = await hotline.run(partial(in_turn, wanted, patient, moved), patient.by)
        except LineFirst:
            raise to_the_line(request, session_id) from None
        async with hotline.read() as db:
            mine = await held(db, patient.account_id, found.hold_id)
        if mine.used or mine.live(hotline.clock.now()):
            return found
        said = f"{said}:{found.hold_id}"


async def in_turn(wanted: Hold, patient: Patient, moved: Moving | None, work: Work) -> HeldSlot:
    """Through the line to the hold, in one transaction; what was held before by this key needs no turn again.

    Raises LineFirst.
    """
    try:
        async with gate.through(work, wanted.session_id, owner=wanted.owner, person_id=patient.person_id):
            found = await once(work, wanted)
    except LineFirst:
        if wanted.key is None or await work.db.get(CommandKey, wanted.key) is None:
            raise
        found = await once(work, wanted)
    assert isinstance(found, HeldSlot)
    if moved is not None and moved.made is not None:
        await drafts.moves(work, patient.account_id, found.hold_id, moved.made.appointment_id)
    return found


def to_the_line(request: web.Request, session_id: int) -> web.HTTPSeeOther:
    return web.HTTPSeeOther(f"{frame.base(request)}/book/{session_id}/line")


def _key(patient: Patient, said: str) -> str:
    """Of this account alone, and short enough to be kept."""
    return f"web:{patient.account_id}:hold:{blake2b(said.encode(), digest_size=16).hexdigest()}"
