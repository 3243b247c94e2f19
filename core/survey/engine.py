"""Ask once about a call or a visit, take the score once."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.booking.loading import lock_key
from core.booking.rules import State as Visit
from core.booking.tables import Appointment
from core.contact import engine as contact
from core.contact import stays
from core.contact.queueing import skill_wanted
from core.contact.rules import Disposition
from core.contact.tables import Interaction
from core.credit.engine import rules_for
from core.errors import NotFound, SurveyOver, WrongInput
from core.events import SurveyAnswered, SurveyAsked, SurveyLapsed
from core.partial import written
from core.survey.rules import SCORES, Kind, State, Way, low, served, subject, until
from core.survey.tables import Survey
from core.values import Phone
from core.work import Work


@dataclass(frozen=True)
class Scored:
    """repeated: the same score had been given before. low: two or less."""

    survey_id: int
    score: int
    low: bool
    repeated: bool = False


@dataclass(frozen=True)
class _Ask:
    kind: Kind
    number: int
    way: Way
    phone: Phone = field(repr=False)
    person_id: int | None
    interaction_id: int | None
    appointment_id: int | None
    hospital_id: int | None
    staff_id: int | None = None
    skill: str | None = None


# --- asking -------------------------------------------------------------------------------------------


async def ask_on_the_line(work: Work, interaction_id: int) -> int | None:
    """Ask the caller whose operator has just said good-bye; None when they are not to be asked."""
    row = await work.db.get(Interaction, interaction_id)
    if row is None or row.closed_at is not None:
        return None
    return await _ask_about_call(work, row, Way.KEY)


async def ask_after_call(work: Work, interaction_id: int) -> int | None:
    """Ask by text about a call that an operator has answered; None when they are not to be asked."""
    row = await work.db.get(Interaction, interaction_id)
    if row is None or row.disposition != Disposition.ANSWERED:
        return None
    return await _ask_about_call(work, row, Way.TEXT)


async def _ask_about_call(work: Work, call: Interaction, way: Way) -> int | None:
    """By the common rules: a call belongs to no hospital."""
    if call.ani_sealed is None or call.direction != "in" or call.answered_at is None:
        return None
    ways = (await rules_for(work.db, None)).ruling("survey.call").value
    phone = Phone(work.sealer.open(call.ani_sealed, "phone"))
    if ways not in (way, "both") or not _reached(way, phone):
        return None
    if not served(await stays.of(work.db, call.id), work.now):
        return None
    query = select(Appointment.id, Appointment.hospital_id, Appointment.person_id)
    made = (
        await work.db.execute(
            query.where(Appointment.interaction_id == call.id).order_by(Appointment.id.desc()).limit(1)
        )
    ).one_or_none()
    return await _ask(
        work,
        _Ask(
            Kind.CALL,
            call.id,
            way,
            phone,
            call.person_id or (made[2] if made else None),
            call.id,
            made[0] if made else None,
            made[1] if made else None,
            call.staff_id,
            await skill_wanted(work.db, call.id),
        ),
    )


async def ask_after_visit(work: Work, appointment_id: int) -> int | None:
    """Ask by text about a visit that took place; None when they are not to be asked."""
    made = await work.db.get(Appointment, appointment_id)
    if made is None or made.state != Visit.ATTENDED:
        return None
    phone = Phone(work.sealer.open(made.contact_sealed, "phone"))
    book = await rules_for(work.db, made.hospital_id)
    if book.ruling("survey.visit").value != "text" or not _reached(Way.TEXT, phone):
        return None
    return await _ask(
        work,
        _Ask(Kind.VISIT, made.id, Way.TEXT, phone, made.person_id, None, made.id, made.hospital_id),
    )


def _reached(way: Way, phone: Phone) -> bool:
    return way is Way.KEY or phone.is_mobile


async def _ask(work: Work, asked: _Ask) -> int | None:
    """One question for each subject, and for a telephone or a person one within the pause."""
    mark = work.sealer.fingerprint(asked.phone.digits, "phone")
    keys = [lock_key("survey", mark)]
    if asked.person_id is not None:
        keys.append(lock_key("survey-person", asked.person_id))
    await work.lock(*sorted(keys))
    book = await rules_for(work.db, asked.hospital_id)
    pause = timedelta(days=book.ruling("survey.pause-days").value)
    who = Survey.phone_print == mark
    if asked.person_id is not None:
        who |= Survey.person_id == asked.person_id
    lately = select(Survey.id).where(who, Survey.asked_at > work.now - pause).limit(1)
    if (await work.db.execute(lately)).first() is not None:
        return None
    return await _write(work, asked, mark, until(work.now, book.ruling("survey.hours").value))


async def _write(work: Work, asked: _Ask, mark: str, ends: datetime) -> int | None:
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    row = {
        "subject": subject(asked.kind, asked.number),
        "kind": asked.kind.value,
        "way": asked.way.value,
        "state": State.OPEN.value,
        "person_id": asked.person_id,
        "phone_print": mark,
        "phone_sealed": work.sealer.seal(asked.phone.digits, "phone"),
        "interaction_id": asked.interaction_id,
        "appointment_id": asked.appointment_id,
        "hospital_id": asked.hospital_id,
        "staff_id": asked.staff_id,
        "skill": asked.skill,
        "asked_at": work.now,
        "until": ends,
    }
    added = await work.db.execute(maker(Survey).values(row).on_conflict_do_nothing().returning(Survey.id))
    survey_id = added.scalar_one_or_none()
    if survey_id is not None:
        work.record(
            SurveyAsked(
                survey_id=survey_id,
                sort=asked.kind.value,
                way=asked.way.value,
                person_id=asked.person_id,
                interaction_id=asked.interaction_id,
                appointment_id=asked.appointment_id,
            )
        )
    return survey_id


# --- answering ----------------------------------------------------------------------------------------


async def answer(work: Work, survey_id: int, score: int, channel: str) -> Scored:
    """Take a score, once; the same again is told as before. channel: by which it came, 'sms' or 'phone'.

    Raises WrongInput unless it is 1 to 5, NotFound, SurveyOver (facts: state) when its time is over or
    another score was given.
    """
    if score not in SCORES:
        raise WrongInput(facts={"field": "score"})
    scored = await work.db.execute(
        update(Survey)
        .where(Survey.id == survey_id, Survey.state == State.OPEN, Survey.until > work.now)
        .values(state=State.ANSWERED.value, score=score, channel=channel, answered_at=work.now)
        .returning(Survey.kind, Survey.person_id, Survey.interaction_id, Survey.appointment_id)
    )
    row = scored.one_or_none()
    if row is None:
        return await _scored_before(work, survey_id, score)
    work.record(
        SurveyAnswered(
            survey_id=survey_id,
            sort=row[0],
            score=score,
            person_id=row[1],
            interaction_id=row[2],
            appointment_id=row[3],
        )
    )
    return Scored(survey_id, score, low(score))


async def _scored_before(work: Work, survey_id: int, score: int) -> Scored:
    row = await work.db.get(Survey, survey_id, populate_existing=True)
    if row is None:
        raise NotFound(facts={"what": "survey"})
    if row.score != score:
        late = row.state == State.OPEN
        raise SurveyOver(facts={"state": State.LAPSED.value if late else row.state})
    return Scored(survey_id, score, low(score), repeated=True)


async def call_back(work: Work, survey_id: int, due: datetime) -> int | None:
    """Owe the caller of a low score a call, because they asked for one; None when one is owed already.

    Raises NotFound, WrongInput when the score is not low or nobody called.
    """
    row = await work.db.get(Survey, survey_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(facts={"what": "survey"})
    if row.score is None or not low(row.score) or row.interaction_id is None:
        raise WrongInput(facts={"field": "score"})
    if row.callback_id is not None:
        return None
    row.callback_id = await contact.promise_callback(
        work,
        row.interaction_id,
        number=Phone(work.sealer.open(row.phone_sealed, "phone")),
        person_id=row.person_id,
        due=due,
    )
    return row.callback_id


async def lapse_due(work: Work, limit: int = 200) -> int:
    """End the questions that nobody answered in time; return how many."""
    due = select(Survey.id).where(written(Survey.state, State.OPEN), Survey.until <= work.now).limit(limit)
    ended = await work.db.execute(
        update(Survey)
        .where(Survey.id.in_(due), Survey.state == State.OPEN)
        .values(state=State.LAPSED.value)
        .returning(Survey.id, Survey.kind, Survey.person_id, Survey.interaction_id, Survey.appointment_id)
    )
    rows = ended.all()
    for survey_id, kind, person_id, interaction_id, appointment_id in rows:
        work.record(
            SurveyLapsed(
                survey_id=survey_id,
                sort=kind,
                person_id=person_id,
                interaction_id=interaction_id,
                appointment_id=appointment_id,
            )
        )
    return len(rows)
