"""Keep a number while its appointment is made: for a patient and for a partner alike."""

from core.booking import owned
from core.booking.commands import HeldSlot
from core.booking.commands import Hold as Wish
from core.booking.hold import hold, release
from core.booking.owned import HeldView
from core.errors import HoldUnknown, NotFound, Refusal
from core.partners.booking import room_for_a_hold
from core.release import gate
from core.sealing import Sealer
from core.work import Work
from web.api import reasons
from web.api.doing import Outcome, kept, once
from web.api.models import Answer, Asked, HoldId, Id, Instant, Nothing
from web.api.operation import Auth, Call, Operation
from web.api.who import Caller

GROUP = "holds"
PARTNERS = "partner"
# A hold of the sandbox is nowhere: its name says what it would have kept.
_REHEARSED = "sandbox"


class NewHold(Asked):
    """period_id: one of the session's, or null for the first that has something left."""

    session_id: Id
    period_id: Id | None = None


class HoldPath(Asked):
    hold_id: HoldId


class Hold(Answer):
    """until: from then on the number is everybody's again."""

    id: str
    session_id: int
    period_id: int
    starts_at: Instant
    ends_at: Instant
    sequence: int
    until: Instant

    @classmethod
    def of(cls, it: HeldView, *, name: str = "") -> "Hold":
        return cls(
            id=name or it.hold_id,
            session_id=it.session_id,
            period_id=it.period_id,
            starts_at=it.starts_at,
            ends_at=it.ends_at,
            sequence=it.sequence,
            until=it.until,
        )


async def make(call: Call[Nothing, Nothing, NewHold]) -> Hold:
    """An application has one choice at a time, a partner as many as it may."""
    caller = call.caller

    async def do(work: Work) -> Outcome:
        if caller.partner is not None:
            await room_for_a_hold(work, caller.partner)
        held = await _hold(work, caller, call.body.session_id, call.body.period_id)
        it = await owned.held(work.db, held.hold_id, caller.owner, work.now)
        name = _sandbox_name(work.sealer, caller, it) if caller.rehearses else ""
        return Hold.of(it, name=name).model_dump(mode="json")

    async def show(work: Work, outcome: Outcome) -> Hold:
        return Hold.model_validate(outcome)

    return await once(call, do, show)


async def see(call: Call[HoldPath, Nothing, Nothing]) -> Hold:
    async with call.hotline.read() as db:
        return Hold.of(await owned.held(db, call.path.hold_id, call.caller.owner, call.now))


async def give_up(call: Call[HoldPath, Nothing, Nothing]) -> None:
    async def act(work: Work) -> None:
        it = await owned.held(work.db, call.path.hold_id, call.caller.owner, work.now)
        if not await release(work, it.hold_id):
            raise NotFound(facts={"what": "hold"})

    await kept(call, act)


async def _hold(work: Work, caller: Caller, session_id: int, period_id: int | None) -> HeldSlot:
    """Through the line of the session, where there is one: an application waits like everybody, and so
    does a partner. Raises LineFirst."""
    owner = caller.owner if caller.partner is None else f"{caller.owner}:{work.chance.token()}"
    person_id = caller.patient.person_id if caller.patient else None
    async with gate.through(work, session_id, owner=owner, person_id=person_id):
        held = await hold(work, Wish(session_id, owner, period_id))
        await work.db.flush()
    return held


# --- taking one up ------------------------------------------------------------------------------------


async def own(work: Work, caller: Caller, hold_id: str) -> str:
    """The id of a hold of theirs; in the sandbox what was rehearsed is kept again for as long as this act.

    Raises HoldUnknown, and for a rehearsed one what holding raises.
    """
    if caller.rehearses and hold_id.startswith(f"{_REHEARSED}."):
        return await _again(work, caller, hold_id)
    try:
        await owned.owns(work.db, hold_id, caller.owner)
    except NotFound:
        raise HoldUnknown from None
    return hold_id


def _sandbox_name(sealer: Sealer, caller: Caller, it: HeldView) -> str:
    return f"{_REHEARSED}.{it.session_id}.{it.period_id}.{_mac(sealer, caller, it.session_id, it.period_id)}"


def _mac(sealer: Sealer, caller: Caller, session_id: int, period_id: int) -> str:
    return sealer.fingerprint(f"{caller.scope}.{session_id}.{period_id}", "sandbox-hold")[:16]


async def _again(work: Work, caller: Caller, name: str) -> str:
    parts = name.split(".")
    if len(parts) != 4 or not (parts[1].isdecimal() and parts[2].isdecimal()):
        raise HoldUnknown
    session_id, period_id = int(parts[1]), int(parts[2])
    if parts[3] != _mac(work.sealer, caller, session_id, period_id):
        raise HoldUnknown
    return (await _hold(work, caller, session_id, period_id)).hold_id


_REFUSED: tuple[type[Refusal], ...] = (NotFound, *reasons.HOLDING)


def _operations(auth: Auth, before: str, group: str, name: str) -> tuple[Operation, ...]:
    more = reasons.OF_PARTNERS_HOLDS if auth is Auth.PARTNER else ()
    return (
        Operation(
            f"{name}make-hold", "POST", f"{before}/holds", group, "占号：在确认之前为您保留", "Hold a number",
            make, Hold, 201, auth, body=NewHold, refusals=(*_REFUSED, *more), repeatable=True,
            function="book",
        ),
        Operation(
            f"{name}get-hold", "GET", f"{before}/holds/{{hold_id}}", group, "看占的号还保留多久",
            "Get a hold", see, Hold, auth=auth, path_=HoldPath, function="book",
        ),
        Operation(
            f"{name}release-hold", "DELETE", f"{before}/holds/{{hold_id}}", group, "不要了：把占的号还回去",
            "Release a hold", give_up, None, 204, auth, path_=HoldPath, function="book",
        ),
    )  # fmt: skip


OPERATIONS = _operations(Auth.PATIENT, "", GROUP, "")
OF_PARTNERS = _operations(Auth.PARTNER, "/partner", PARTNERS, "partner-")
