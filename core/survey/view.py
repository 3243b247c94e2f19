"""Questions about surveys: one for the face that asks it, and what the answers amount to; read-only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from core.booking import view
from core.booking.view import AppointmentView
from core.catalogue.tables import Hospital
from core.contact.agent_tables import Skill
from core.errors import NotFound
from core.staff.tables import Staff
from core.survey.rules import LOW, SCORES, Kind, State, Way
from core.survey.tables import Survey
from core.values import instant_of

MOST_LOW = 50


@dataclass(frozen=True)
class SurveyView:
    """visit: the one that it is about, or that was booked in the call it is about."""

    survey_id: int
    kind: Kind
    way: Way
    state: State
    score: int | None
    until: datetime
    phone_sealed: bytes = field(repr=False)
    visit: AppointmentView | None

    def to_be_written(self, now: datetime) -> bool:
        """Whether a text may still ask it."""
        return self.way is Way.TEXT and self.open(now)

    def open(self, now: datetime) -> bool:
        """Whether an answer still counts."""
        return self.state is State.OPEN and now < self.until


async def load(db: AsyncSession, survey_id: int) -> SurveyView:
    """Raises NotFound."""
    row = await db.get(Survey, survey_id)
    if row is None:
        raise NotFound(facts={"what": "survey"})
    return await _view(db, row)


async def open_by_phone(db: AsyncSession, phone_print: str, now: datetime) -> SurveyView | None:
    """What a telephone may score now; there is one at a time, as nobody is asked twice in a week."""
    query = (
        select(Survey)
        .where(Survey.phone_print == phone_print, Survey.state == State.OPEN, Survey.until > now)
        .order_by(Survey.asked_at.desc(), Survey.id.desc())
        .limit(1)
    )
    row = (await db.execute(query)).scalar_one_or_none()
    return None if row is None else await _view(db, row)


async def _view(db: AsyncSession, row: Survey) -> SurveyView:
    return SurveyView(
        row.id,
        Kind(row.kind),
        Way(row.way),
        State(row.state),
        row.score,
        row.until,
        row.phone_sealed,
        await view.load(db, row.appointment_id) if row.appointment_id is not None else None,
    )


# --- what the answers amount to -----------------------------------------------------------------------


@dataclass(frozen=True)
class Figures:
    """asked: questions. answered: scores. total: their sum. low: how many of them are two or less."""

    asked: int
    answered: int
    total: int
    low: int

    @property
    def mean(self) -> float | None:
        return self.total / self.answered if self.answered else None

    @property
    def low_share(self) -> float | None:
        return self.low / self.answered if self.answered else None


@dataclass(frozen=True)
class Low:
    """A low score, and what it is about. interaction_id: of the call."""

    survey_id: int
    kind: Kind
    score: int
    answered_at: datetime
    staff: str | None
    hospital: str | None
    appointment_id: int | None
    interaction_id: int | None
    called_back: bool


@dataclass(frozen=True)
class Results:
    """Everything that was asked on some days. by_*: name and figures, the lowest mean first.

    scores: how often each was given. days: figures of each day.
    """

    calls: Figures
    visits: Figures
    scores: Mapping[int, int]
    days: Sequence[tuple[date, Figures]]
    by_operator: Sequence[tuple[str, Figures]]
    by_queue: Sequence[tuple[str, Figures]]
    by_hospital: Sequence[tuple[str, Figures]]
    lows: Sequence[Low]


async def results(db: AsyncSession, first: date, last: date, hospital_id: int | None) -> Results:
    """What was asked from `first` to `last`, both included. hospital_id: of one hospital alone."""
    wanted = [
        Survey.asked_at >= instant_of(first, time(0, 0)),
        Survey.asked_at < instant_of(last + timedelta(days=1), time(0, 0)),
    ]
    if hospital_id is not None:
        wanted.append(Survey.hospital_id == hospital_id)
    by_kind = dict(await _grouped(db, wanted, Survey.kind))
    none = Figures(0, 0, 0, 0)
    return Results(
        by_kind.get(Kind.CALL, none),
        by_kind.get(Kind.VISIT, none),
        await _scores(db, wanted),
        [(day, await _of_day(db, wanted, day)) for day in _days(first, last)],
        await _named(db, wanted, Survey.staff_id, Staff.id, Staff.name),
        await _named(db, wanted, Survey.skill, Skill.code, Skill.label),
        await _named(db, wanted, Survey.hospital_id, Hospital.id, Hospital.short_name),
        await _lows(db, wanted),
    )


def _sums() -> tuple[ColumnElement[int], ...]:
    return (
        func.count(),
        func.count(Survey.score),
        func.coalesce(func.sum(Survey.score), 0),
        func.count().filter(Survey.score <= LOW),
    )


async def _grouped(
    db: AsyncSession, wanted: Sequence[ColumnElement[bool]], by: InstrumentedAttribute[Any]
) -> list[tuple[Any, Figures]]:
    rows = await db.execute(select(by, *_sums()).where(*wanted).group_by(by))
    return [(row[0], Figures(*row[1:])) for row in rows.all()]


async def _named(
    db: AsyncSession,
    wanted: Sequence[ColumnElement[bool]],
    by: InstrumentedAttribute[Any],
    key: InstrumentedAttribute[Any],
    name: InstrumentedAttribute[Any],
) -> list[tuple[str, Figures]]:
    found = [(one, figures) for one, figures in await _grouped(db, wanted, by) if one is not None]
    query = select(key, name).where(key.in_([one for one, _ in found]))
    names = {row[0]: row[1] for row in (await db.execute(query)).all()}
    told = [(names.get(one, str(one)), figures) for one, figures in found]
    return sorted(told, key=lambda one: (one[1].mean is None, one[1].mean or 0, one[0]))


async def _scores(db: AsyncSession, wanted: Sequence[ColumnElement[bool]]) -> Mapping[int, int]:
    given = select(Survey.score, func.count()).where(*wanted, Survey.score.is_not(None))
    rows = {row[0]: row[1] for row in (await db.execute(given.group_by(Survey.score))).all()}
    return {score: rows.get(score, 0) for score in SCORES}


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


async def _of_day(db: AsyncSession, wanted: Sequence[ColumnElement[bool]], day: date) -> Figures:
    begins = instant_of(day, time(0, 0))
    query = select(*_sums()).where(
        *wanted, Survey.asked_at >= begins, Survey.asked_at < begins + timedelta(days=1)
    )
    row = (await db.execute(query)).one()
    return Figures(row[0], row[1], row[2], row[3])


async def _lows(db: AsyncSession, wanted: Sequence[ColumnElement[bool]]) -> list[Low]:
    rows = await db.execute(
        _with_names()
        .where(*wanted, Survey.score <= LOW)
        .order_by(Survey.answered_at.desc(), Survey.id.desc())
        .limit(MOST_LOW)
    )
    return [Low(row[0], Kind(row[1]), *row[2:]) for row in rows.all()]


def _with_names() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Survey.id, Survey.kind, Survey.score, Survey.answered_at, Staff.name, Hospital.short_name,
            Survey.appointment_id, Survey.interaction_id, Survey.callback_id.is_not(None),
        )
        .outerjoin(Staff, Staff.id == Survey.staff_id)
        .outerjoin(Hospital, Hospital.id == Survey.hospital_id)
    )  # fmt: skip
