"""Make, see, give up and move appointments: whose they are decides who sees them."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts import people
from core.accounts.orders import people_of
from core.booking import owned
from core.booking.book import book, change
from core.booking.caller import visit_of
from core.booking.cancel import cancel
from core.booking.commands import Book, Cancel, Change
from core.booking.view import AppointmentView
from core.http.pages import surname
from core.http.words import APPOINTMENT
from core.partners.booking import Named as Somebody
from core.partners.booking import book_for
from core.values import IdentityKind, identity, phone
from core.work import Work
from web.api.catalogue_models import Named, Paged
from web.api.doing import Outcome, once
from web.api.holds import own
from web.api.models import (
    Answer,
    Asked,
    Fen,
    HoldId,
    Id,
    IdentityNumber,
    Instant,
    Mobile,
    Nothing,
    Page,
    Serial,
    Words,
)
from web.api.operation import Call

GROUP = "appointments"
ON_A_PAGE = 10

Kind = Literal["resident", "foreigner", "hk-macau", "taiwan", "passport", "military", "household"]


class NewAppointment(Asked):
    """person_id: of one of the account's attendees, or its owner. pay_online: where the hospital leaves the
    choice. The fee is the hospital's: there is no field for it (R-013)."""

    hold_id: HoldId
    person_id: Id
    pay_online: bool | None = None


class Patient(Asked):
    """Whom a partner books for, by real name (R-046, R-059). mobile: where the texts go."""

    name: Words
    identity_kind: Kind = "resident"
    identity_number: IdentityNumber
    mobile: Mobile


class NewPartnerAppointment(Asked):
    hold_id: HoldId
    patient: Patient
    pay_online: bool | None = None


class ChangeTo(Asked):
    hold_id: HoldId


class AppointmentPath(Asked):
    serial: Serial


class ListQuery(Asked):
    """which: those that are still to come, or all."""

    which: Literal["ahead", "all"] = "all"
    page: Page = 1


class Appointment(Answer):
    """state_words: the state in Chinese. may_cancel, may_change: now, over the network.

    patient: in full for whom the account books for now, else the surname alone.
    """

    serial: str
    state: str
    state_words: str
    patient: str
    hospital: Named
    department: Named
    doctor: Named | None
    title: str | None
    number_kind: str
    day: date
    starts_at: Instant
    ends_at: Instant
    sequence: int
    where: str
    room: str
    fee_fen: Fen
    pay_mode: str
    pay_by: Instant | None
    refund_fen: Fen
    channel: str
    booked_at: Instant
    may_cancel: bool
    may_change: bool


class Appointments(Paged):
    items: list[Appointment]


class Cancelled(Answer):
    """refund_fen: what goes back the way it came."""

    appointment: Appointment
    refund_fen: Fen


async def shown(db: AsyncSession, call: Call[Asked, Asked, Asked], made: AppointmentView) -> Appointment:
    return (await _shown(db, call, [made]))[0]


async def _shown(
    db: AsyncSession, call: Call[Asked, Asked, Asked], rows: Sequence[AppointmentView]
) -> list[Appointment]:
    caller = call.caller
    ours = await people_of(db, caller.account_id) if caller.patient else {one.person_id for one in rows}
    return [await _one(db, call, made, full=made.person_id in ours) for made in rows]


async def _one(
    db: AsyncSession, call: Call[Asked, Asked, Asked], made: AppointmentView, *, full: bool
) -> Appointment:
    may = await visit_of(db, made, now=call.now, by=call.caller.by)
    return Appointment(
        serial=made.serial,
        state=made.state.value,
        state_words=APPOINTMENT[made.state][0],
        patient=made.person if full else surname(made.person),
        hospital=Named(id=made.hospital_id, name=made.hospital),
        department=Named(id=made.department_id, name=made.department),
        doctor=Named(id=made.doctor_id, name=made.doctor or "") if made.doctor_id else None,
        title=made.title,
        number_kind=made.number_kind,
        day=made.day,
        starts_at=made.starts_at,
        ends_at=made.ends_at,
        sequence=made.sequence,
        where=made.where,
        room=made.room,
        fee_fen=made.fee_fen,
        pay_mode=made.pay_mode,
        pay_by=made.pay_by,
        refund_fen=made.refund_fen,
        channel=made.channel,
        booked_at=made.booked_at,
        may_cancel=may.may_cancel,
        may_change=may.may_change,
    )


async def make(call: Call[Nothing, Nothing, NewAppointment]) -> Appointment:
    caller, asked = call.caller, call.body

    async def do(work: Work) -> Outcome:
        await people.books_for(work.db, caller.account_id, asked.person_id)
        contact = await people.phone_of(work.db, work.sealer, caller.account_id)
        hold_id = await own(work, caller, asked.hold_id)
        assert caller.patient
        booker = caller.patient.person_id if caller.patient.person_id != asked.person_id else None
        made = await book(
            work, Book(hold_id, asked.person_id, contact, booker_id=booker, pay_online=asked.pay_online)
        )
        return {"serial": made.serial}

    return await once(call, do, lambda work, outcome: _of(work, call, outcome))


async def make_for(call: Call[Nothing, Nothing, NewPartnerAppointment]) -> Appointment:
    """Raises IdentityInvalid, PhoneInvalid, and what booking raises."""
    caller, asked, demo = call.caller, call.body, call.hotline.demo
    kind = IdentityKind(asked.patient.identity_kind)
    somebody = Somebody(
        asked.patient.name,
        identity(kind, asked.patient.identity_number, demo=demo),
        phone(asked.patient.mobile, demo=demo),
    )

    async def do(work: Work) -> Outcome:
        hold_id = await own(work, caller, asked.hold_id)
        made = await book_for(work, caller.as_partner, hold_id, somebody, pay_online=asked.pay_online)
        return {"serial": made.serial}

    return await once(call, do, lambda work, outcome: _of(work, call, outcome))


async def _of(work: Work, call: Call[Asked, Asked, Asked], outcome: Outcome) -> Appointment:
    return await shown(work.db, call, await owned.one(work.db, call.caller.theirs, str(outcome["serial"])))


async def listed(call: Call[Nothing, ListQuery, Nothing]) -> Appointments:
    asked = call.query
    async with call.hotline.read() as db:
        found = await owned.listed(
            db, call.caller.theirs, ahead=asked.which == "ahead", now=call.now,
            first=(asked.page - 1) * ON_A_PAGE, most=ON_A_PAGE,
        )  # fmt: skip
        items = await _shown(db, call, found.made)
    pages = max(1, -(-found.total // ON_A_PAGE))
    return Appointments(items=items, page=asked.page, pages=pages, total=found.total)


async def see(call: Call[AppointmentPath, Nothing, Nothing]) -> Appointment:
    async with call.hotline.read() as db:
        return await shown(db, call, await owned.one(db, call.caller.theirs, call.path.serial))


async def give_up(call: Call[AppointmentPath, Nothing, Nothing]) -> Cancelled:
    async def do(work: Work) -> Outcome:
        made = await owned.one(work.db, call.caller.theirs, call.path.serial)
        done = await cancel(work, Cancel(made.appointment_id))
        return {"serial": made.serial, "refund_fen": done.refund_fen}

    async def show(work: Work, outcome: Outcome) -> Cancelled:
        return Cancelled(appointment=await _of(work, call, outcome), refund_fen=outcome["refund_fen"])

    return await once(call, do, show)


async def move(call: Call[AppointmentPath, Nothing, ChangeTo]) -> Appointment:
    """The new appointment; the old one stands as it was when this is refused."""

    async def do(work: Work) -> Outcome:
        made = await owned.one(work.db, call.caller.theirs, call.path.serial)
        hold_id = await own(work, call.caller, call.body.hold_id)
        moved = await change(work, Change(made.appointment_id, hold_id))
        return {"serial": moved.serial}

    return await once(call, do, lambda work, outcome: _of(work, call, outcome))
