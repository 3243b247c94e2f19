"""Remind of visits the day before, and take the answer: it counts for what the visit is now (lesson L7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Row, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.booking.cancel import cancel
from core.booking.commands import Cancel
from core.booking.loading import appointment
from core.booking.may import age
from core.booking.rules import State as Visit
from core.booking.tables import Appointment
from core.calling import engine as calls
from core.calling.rules import Answer as Called
from core.calling.rules import Kind
from core.credit.book import RuleBook
from core.credit.engine import rules_for
from core.errors import NotFound, ReminderOver
from core.events import ReminderAnswered, ReminderDue, ReminderEnded
from core.partial import written
from core.people.tables import Person
from core.reminding.rules import TOO_NEAR, Answer, State, Way, due_at, way
from core.reminding.tables import VisitReminder
from core.values import Phone, day_of
from core.work import Work

# The visit, the birth date of who visits, and whether they have asked to be led to a person at once.
_Candidate = Row[Appointment, date | None, bool]
# A call that has not got through by then would find them on the way.
CALLS_END = timedelta(hours=1)


@dataclass(frozen=True)
class Answered:
    """What an answer came to. repeated: it had been given before. refund_fen: what goes back."""

    answer: Answer
    appointment_id: int
    repeated: bool = False
    refund_fen: int = 0


def subject(reminder_id: int) -> str:
    """What its call is about."""
    return f"reminder/{reminder_id}"


async def answer(work: Work, reminder_id: int, said: Answer, channel: str) -> Answered:
    """Take an answer: it is judged by what the visit is now, whatever was answered before.

    'cancelled' gives the visit up by the rules of the channel of `work.by`; 'changed' notes the wish alone.
    channel: by which it came, 'sms' or 'phone'. Raises NotFound; ReminderOver (facts: state, of the visit)
    when the visit is not ahead any more; the refusals of `core.booking.cancel.cancel`, and then nothing is
    noted.
    """
    reminder = await work.db.get(VisitReminder, reminder_id)
    if reminder is None:
        raise NotFound(facts={"what": "reminder"})
    made = await appointment(work, reminder.appointment_id)  # under its person's lock
    await work.db.refresh(reminder)
    stands = made.state == Visit.BOOKED and work.now < made.starts_at
    given_up = made.state == Visit.CANCELLED and said is Answer.CANCELLED
    if reminder.answer == said and (stands or given_up):
        return Answered(said, made.id, repeated=True)
    if not stands:
        raise ReminderOver(facts={"state": made.state})
    await work.db.execute(
        update(VisitReminder)
        .where(VisitReminder.id == reminder_id)
        .values(state=State.ANSWERED.value, answer=said.value, channel=channel, ended_at=work.now)
    )
    work.record(
        ReminderAnswered(
            reminder_id=reminder_id, appointment_id=made.id, person_id=made.person_id, answer=said.value
        )
    )
    await calls.drop(work, subject(reminder_id), Called.ELSEWHERE)
    refund = 0
    if said is Answer.CANCELLED:
        refund = (await cancel(work, Cancel(made.id))).refund_fen
    return Answered(said, made.id, refund_fen=refund)


# --- the day before -----------------------------------------------------------------------------------


async def remind_due(work: Work, limit: int = 100) -> int:
    """Make the reminders that are due, owe their calls; return how many. Whoever booked after the hospital's
    reminder time was told just then, and is not told again."""
    today = day_of(work.now)
    left = limit
    for day in (today, today + timedelta(days=1)):
        books = await _books(work, day)
        for due, hospitals in _due(books, day, work.now).items():
            rows = await _unreminded(work, day, due, hospitals, left)
            for row in rows:
                await _remind(work, row, books[row[0].hospital_id])
            left -= len(rows)
            if left <= 0:
                return limit
    return limit - left


async def _books(work: Work, day: date) -> Mapping[int, RuleBook]:
    hospitals = select(Appointment.hospital_id).where(Appointment.day == day).distinct()
    return {one: await rules_for(work.db, one) for one in (await work.db.execute(hospitals)).scalars().all()}


def _due(books: Mapping[int, RuleBook], day: date, now: datetime) -> Mapping[datetime, list[int]]:
    """The moments that have come, and whose they are."""
    found: dict[datetime, list[int]] = {}
    for hospital_id, book in books.items():
        due = due_at(day, book.ruling("reminder.time").value)
        if due <= now and book.ruling("reminder.way").value != "off":
            found.setdefault(due, []).append(hospital_id)
    return found


async def _unreminded(
    work: Work, day: date, due: datetime, hospitals: Sequence[int], limit: int
) -> Sequence[_Candidate]:
    told = select(VisitReminder.id).where(
        VisitReminder.appointment_id == Appointment.id, VisitReminder.version == Appointment.version
    )
    query = (
        select(Appointment, Person.birth_date, Person.elder_care)
        .join(Person, Person.id == Appointment.person_id)
        .where(
            Appointment.day == day,
            Appointment.hospital_id.in_(hospitals),
            Appointment.state == Visit.BOOKED,
            Appointment.booked_at < due,
            Appointment.starts_at > work.now + TOO_NEAR,
            ~told.exists(),
        )
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(limit)
        .with_for_update(of=Appointment, skip_locked=True)
    )
    return (await work.db.execute(query)).all()


async def _remind(work: Work, row: _Candidate, book: RuleBook) -> None:
    made, born, led = row
    phone = Phone(work.sealer.open(made.contact_sealed, "phone"))
    by = way(
        book.ruling("reminder.way").value,
        mobile=phone.is_mobile,
        age=age(born, made.day) if born else None,
        call_age=book.ruling("reminder.call-age").value,
        led=led,
    )
    reminder_id = await _write(work, made, by)
    if reminder_id is None or by is Way.NONE:
        return
    work.record(
        ReminderDue(
            reminder_id=reminder_id,
            appointment_id=made.id,
            person_id=made.person_id,
            way=by.value,
            version=made.version,
        )
    )
    if by.call:
        await calls.ask(
            work,
            calls.Ask(
                Kind.REMINDER,
                subject(reminder_id),
                made.person_id,
                phone,
                due=work.now,
                until=made.starts_at - CALLS_END,
                appointment_id=made.id,
                visit_at=made.starts_at,
            ),
        )


async def _write(work: Work, made: Appointment, by: Way) -> int | None:
    """The unique row of this version; None when another process was quicker."""
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    nobody = by is Way.NONE
    row = {
        "appointment_id": made.id,
        "version": made.version,
        "person_id": made.person_id,
        "way": by.value,
        "state": (State.VOID if nobody else State.OPEN).value,
        "visit_at": made.starts_at,
        "made_at": work.now,
        "ended_at": work.now if nobody else None,
    }
    added = await work.db.execute(
        maker(VisitReminder).values(row).on_conflict_do_nothing().returning(VisitReminder.id)
    )
    return added.scalar_one_or_none()


# --- what has become void -----------------------------------------------------------------------------


async def end_due(work: Work, limit: int = 100) -> int:
    """End the open reminders whose visit has changed or begun, and drop their calls; return how many."""
    query = (
        select(VisitReminder.id, Appointment.starts_at)
        .join(Appointment, Appointment.id == VisitReminder.appointment_id)
        .where(
            written(VisitReminder.state, State.OPEN),
            or_(
                VisitReminder.version != Appointment.version,
                Appointment.state != Visit.BOOKED,
                VisitReminder.visit_at <= work.now,
            ),
        )
        .limit(limit)
        .with_for_update(of=VisitReminder, skip_locked=True)
    )
    ended = 0
    for reminder_id, starts_at in (await work.db.execute(query)).all():
        to = State.LAPSED if starts_at <= work.now else State.VOID
        ended += await _end(work, reminder_id, to)
    return ended


async def _end(work: Work, reminder_id: int, to: State) -> bool:
    done = await work.db.execute(
        update(VisitReminder)
        .where(VisitReminder.id == reminder_id, VisitReminder.state == State.OPEN)
        .values(state=to.value, ended_at=work.now)
        .returning(VisitReminder.appointment_id, VisitReminder.person_id)
    )
    row = done.one_or_none()
    if row is None:
        return False
    await calls.drop(work, subject(reminder_id))
    work.record(
        ReminderEnded(reminder_id=reminder_id, appointment_id=row[0], person_id=row[1], state=to.value)
    )
    return True
