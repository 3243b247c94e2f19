"""A patient in a few lines: who they are, what their credit is, what is ahead and may be done with it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking import view
from core.booking.deadlines import may_cancel, may_change
from core.booking.loading import asked_of
from core.booking.tables import Appointment
from core.booking.view import AppointmentView
from core.credit.engine import active_blocks, rules_for, statement
from core.errors import PersonUnknown, Refusal
from core.people.tables import Person, PersonPhone
from core.sealing import Sealer
from core.values import Actor, local, mask


@dataclass(frozen=True)
class PersonView:
    """A patient as a screen shows them: numbers masked."""

    person_id: int
    name: str
    sex: str | None
    birth_date: date | None
    age: int | None
    identity_kind: str | None
    identity_masked: str
    phone_masked: str
    verified: str


@dataclass(frozen=True)
class Visit:
    """An appointment ahead, and what may be done with it now without a supervisor."""

    made: AppointmentView
    may_change: bool
    may_cancel: bool


async def person_view(db: AsyncSession, sealer: Sealer, person_id: int, today: date) -> PersonView:
    """Raises PersonUnknown."""
    row = await db.get(Person, person_id)
    if row is None:
        raise PersonUnknown
    query = select(PersonPhone.phone_sealed).where(PersonPhone.person_id == person_id)
    phones = await db.execute(query.order_by(PersonPhone.main.desc(), PersonPhone.id).limit(1))
    sealed = phones.scalar_one_or_none()
    return PersonView(
        row.id,
        row.name,
        row.sex,
        row.birth_date,
        _age(row.birth_date, today),
        row.identity_kind,
        mask(sealer.open(row.identity_sealed, "identity"), 3, 4) if row.identity_sealed else "",
        mask(sealer.open(sealed, "phone"), 3, 4) if sealed else "",
        row.verified,
    )


def _age(born: date | None, today: date) -> int | None:
    if born is None:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


_BLOCKED = {
    "block.no-show": "多次爽约",
    "block.cancel": "多次取消预约",
    "block.same-day-cancel": "多次在就诊当天取消预约",
    "block.booked": "预约过于频繁",
}


async def credit_line(db: AsyncSession, person_id: int, now: datetime) -> str:
    """A person's credit in one sentence; '' when there is nothing to say."""
    for block in await active_blocks(db, person_id, now):
        why = _BLOCKED.get(block.rule_key.partition("@")[0], "信用规则")
        until = f"到{local(block.until):%Y年%-m月%-d日}为止" if block.until else ""
        return f"因{why}暂停预约{until}。"
    ruling = (await rules_for(db, None)).ruling("block.no-show")
    if ruling.value is None or ruling.period is None:
        return ""
    since, until_at = ruling.period.window(now)
    lines = (await statement(db, person_id, now)).lines
    missed = sum(
        line.kind == "no-show" and line.forgiven_why is None and since <= line.at < until_at for line in lines
    )
    left = ruling.value.count - missed
    return f"近期爽约{missed}次，再爽约{left}次将暂停预约。" if missed and left > 0 else ""


async def visits(db: AsyncSession, person_id: int, *, now: datetime, by: Actor) -> list[Visit]:
    """A person's appointments ahead, soonest first."""
    made = await view.open_of_person(db, person_id, now)
    rows = {
        row.id: row
        for row in (
            await db.execute(
                select(Appointment).where(Appointment.id.in_([one.appointment_id for one in made]))
            )
        ).scalars()
    }
    return [await _visit(db, one, rows[one.appointment_id], now, by) for one in made]


async def visit_of(db: AsyncSession, made: AppointmentView, *, now: datetime, by: Actor) -> Visit:
    """One appointment with what may be done with it now."""
    return await _visit(db, made, await db.get_one(Appointment, made.appointment_id), now, by)


async def _visit(
    db: AsyncSession, made: AppointmentView, row: Appointment, now: datetime, by: Actor
) -> Visit:
    wanted = await asked_of(db, session_id=row.session_id)
    return Visit(
        made,
        _allowed(lambda: may_change(row, wanted.book, slot=wanted.slot, now=now, by=by)),
        _allowed(lambda: may_cancel(row, wanted.book, slot=wanted.slot, now=now, by=by)),
    )


def _allowed(ask: Callable[[], None]) -> bool:
    try:
        ask()
    except Refusal:
        return False
    return True
