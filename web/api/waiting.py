"""The waiting list: join it, see one's places and what is kept, take that or not, leave."""

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from sqlalchemy.ext.asyncio import AsyncSession

from core import errors as e
from core.accounts import waiting
from core.accounts.waiting import Place as Mine
from core.booking import view
from core.http.pages import surname
from core.values import day_of
from core.waiting.rules import Want
from core.work import Work
from web.api import appointments, reasons
from web.api.appointments import Appointment
from web.api.catalogue_models import Named
from web.api.doing import Outcome, kept, once
from web.api.models import Answer, Asked, Day, Fen, Id, IdInAddress, Instant, Nothing, whole
from web.api.operation import Auth, Call, Operation

GROUP = "waiting"
Days = Annotated[int, Field(ge=1, le=90), BeforeValidator(whole)]
HALF = Literal["am", "pm", "night"]
KIND = Literal["ordinary", "expert", "disease", "special"]


class NewPlace(Asked):
    """What is waited for: a doctor or anybody of a department, on one day or on the next `days`.

    doctor_id, number_kind, half: null for any. Told at the account's number.
    """

    person_id: Id
    department_id: Id
    doctor_id: Id | None = None
    number_kind: KIND | None = None
    day: Day | None = None
    days: Days = 30
    half: HALF | None = None


class PlacePath(Asked):
    place_id: IdInAddress


class ToOffer(Asked):
    offer_id: Id


class Kept(Answer):
    """A number that is kept for an answer until then."""

    offer_id: Id
    session_id: Id
    day: date
    starts_at: Instant
    ends_at: Instant
    sequence: int
    doctor: str | None
    fee_fen: Fen
    until: Instant


class Place(Answer):
    """state: waiting or paused, which goes on by `resume`. ahead: how many of those who would take the same
    numbers stand before it; null where it pauses. offer: what is kept now. patient: as in appointments."""

    place_id: Id
    state: Literal["waiting", "paused"]
    patient: str
    hospital: Named
    department: Named
    doctor: Named | None
    number_kind: str | None
    first_day: date
    last_day: date
    half: str | None
    joined_at: Instant
    ahead: int | None
    offer: Kept | None

    @classmethod
    def of(cls, one: Mine) -> "Place":
        it, offer = one.it, one.offer
        return cls(
            place_id=it.entry_id,
            state="paused" if it.state.value == "paused" else "waiting",
            patient=it.person if one.of_ours else surname(it.person),
            hospital=Named(id=it.hospital_id, name=it.hospital),
            department=Named(id=it.department_id, name=it.department),
            doctor=Named(id=it.doctor_id, name=it.doctor or "") if it.doctor_id else None,
            number_kind=it.number_kind,
            first_day=it.first_day,
            last_day=it.last_day,
            half=it.half,
            joined_at=it.joined_at,
            ahead=it.ahead,
            offer=Kept(
                offer_id=offer.offer_id,
                session_id=offer.session_id,
                day=offer.day,
                starts_at=offer.starts_at,
                ends_at=offer.ends_at,
                sequence=offer.sequence,
                doctor=offer.doctor,
                fee_fen=offer.fee_fen,
                until=offer.expires_at,
            )
            if offer
            else None,
        )


class Places(Answer):
    """The oldest wish first."""

    items: list[Place]


async def listed(call: Call[Nothing, Nothing, Nothing]) -> Places:
    async with call.hotline.read() as db:
        found = await waiting.listed(db, call.caller.account_id)
    return Places(items=[Place.of(one) for one in found])


async def join(call: Call[Nothing, Nothing, NewPlace]) -> Place:
    asked, today = call.body, day_of(call.now)
    if asked.day is not None and not today <= asked.day <= today + timedelta(days=asked.days):
        raise e.NotFound(facts={"what": "day"})
    first, last = (asked.day, asked.day) if asked.day else (today, today + timedelta(days=asked.days))
    want = Want(asked.department_id, asked.doctor_id, asked.number_kind, first, last, asked.half)

    async def do(work: Work) -> Outcome:
        return {"id": await waiting.join(work, call.caller.account_id, asked.person_id, want)}

    async def show(work: Work, outcome: Outcome) -> Place:
        return await _one(work.db, call.caller.account_id, outcome["id"])

    return await once(call, do, show)


async def leave(call: Call[PlacePath, Nothing, Nothing]) -> None:
    async def act(work: Work) -> None:
        await waiting.leave(work, call.caller.account_id, call.path.place_id)

    await kept(call, act)


async def resume(call: Call[PlacePath, Nothing, Nothing]) -> Place:
    """Go on after a pause, at the end of the line; who has not paused stays where they are."""
    account_id, entry_id = call.caller.account_id, call.path.place_id

    async def do(work: Work) -> Outcome:
        await waiting.resume(work, account_id, entry_id)
        return {"id": entry_id}

    async def show(work: Work, outcome: Outcome) -> Place:
        return await _one(work.db, account_id, outcome["id"])

    return await once(call, do, show)


async def accept(call: Call[PlacePath, Nothing, ToOffer]) -> Appointment:
    async def do(work: Work) -> Outcome:
        made = await waiting.accept(work, call.caller.account_id, call.path.place_id, call.body.offer_id)
        return {"id": made.appointment_id}

    async def show(work: Work, outcome: Outcome) -> Appointment:
        return await appointments.shown(work.db, call, await view.load(work.db, outcome["id"]))

    return await once(call, do, show)


async def refuse(call: Call[PlacePath, Nothing, ToOffer]) -> Place:
    account_id, entry_id = call.caller.account_id, call.path.place_id

    async def do(work: Work) -> Outcome:
        await waiting.refuse(work, account_id, entry_id, call.body.offer_id)
        return {"id": entry_id}

    async def show(work: Work, outcome: Outcome) -> Place:
        return await _one(work.db, account_id, outcome["id"])

    return await once(call, do, show)


async def _one(db: AsyncSession, account_id: int, entry_id: int) -> Place:
    """Raises NotFound for one that is over."""
    found = await waiting.listed(db, account_id)
    one = next((one for one in found if one.it.entry_id == entry_id), None)
    if one is None:
        raise e.NotFound(facts={"what": "waiting-entry"})
    return Place.of(one)


JOINING: tuple[type[e.Refusal], ...] = (
    e.NotFound,
    e.HospitalNotLive,
    e.NotOpenForBooking,
    e.Blacklisted,
    e.WaitingBooked,
    e.WaitingFree,
    e.WaitingFull,
    e.WaitingTwice,
)
ONE = "/waiting/{place_id}"

OPERATIONS = (
    Operation(
        "list-waiting", "GET", "/waiting", GROUP, "我的候补：前面还有几人，留着什么号",
        "List places on the waiting list", listed, Places, auth=Auth.PATIENT,
    ),
    Operation(
        "join-waiting", "POST", "/waiting", GROUP, "加入候补", "Join the waiting list",
        join, Place, 201, Auth.PATIENT, body=NewPlace, refusals=JOINING, repeatable=True,
    ),
    Operation(
        "leave-waiting", "DELETE", ONE, GROUP, "退出候补", "Leave the waiting list",
        leave, None, 204, Auth.PATIENT, path_=PlacePath,
    ),
    Operation(
        "resume-waiting", "POST", f"{ONE}/resume", GROUP, "暂停以后继续候补", "Go on after a pause",
        resume, Place, auth=Auth.PATIENT, path_=PlacePath, repeatable=True,
    ),
    Operation(
        "accept-offer", "POST", f"{ONE}/accept", GROUP, "要留着的号", "Take the number that is kept",
        accept, Appointment, 201, Auth.PATIENT, path_=PlacePath, body=ToOffer,
        refusals=(e.OfferGone, *reasons.BOOKING), repeatable=True,
    ),
    Operation(
        "refuse-offer", "POST", f"{ONE}/refuse", GROUP, "不要这个号，继续等", "Not this one; wait on",
        refuse, Place, auth=Auth.PATIENT, path_=PlacePath, body=ToOffer,
        refusals=(e.OfferGone,), repeatable=True,
    ),
)  # fmt: skip
