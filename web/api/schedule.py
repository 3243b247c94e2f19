"""When somebody sees patients, and what is left: what everybody may read, counted at this moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue import browse_posts
from core.catalogue.browse_posts import PostLine
from core.errors import NotFound
from core.schedule import browse
from core.schedule.browse import Shown, Standing
from core.schedule.find import Found, Meant, Wanted, find
from core.schedule.view import open_periods, slot_facts
from core.values import Channel, day_of
from web.api.catalogue_models import DepartmentPath, DoctorPath, Named
from web.api.models import Answer, Asked, Day, Fen, IdInAddress, Instant, Nothing, Page, Words, figures
from web.api.operation import Call, Operation
from web.public.finding import MOST

GROUP = "schedule"
ON_A_PAGE = 20
MOST_DAYS = 14


class SpanQuery(Asked):
    """first: the first day wanted, today if none is given."""

    first: Day | None = None
    days: Annotated[int, Field(ge=1, le=MOST_DAYS), BeforeValidator(figures)] = 7


class SearchQuery(Asked):
    """q: a hospital, department or doctor by name, pinyin or initials; speciality: or what doctors say."""

    q: Words | None = None
    speciality: Words | None = None
    day: Day | None = None
    kind: Literal["ordinary", "expert", "disease", "special"] | None = None
    standing: Literal["free", "full", "soon", "stopped"] | None = None
    page: Page = 1


class SessionPath(Asked):
    session_id: IdInAddress


class Session(Answer):
    """A half-day of somebody. total: what the hospital set; free: what can be booked here now.

    standing: free, full, soon (opens at opens_at), stopped (the doctor is away), closed or over.
    """

    id: int
    department: Named
    doctor: Named | None
    title: str | None
    hospital: str | None = None
    number_kind: str
    day: date
    half: str
    starts_at: Instant
    ends_at: Instant
    fee_fen: Fen
    total: int
    free: int
    standing: str
    opens_at: Instant


class Sessions(Answer):
    items: list[Session]


class FoundSessions(Answer):
    """more: whether there is a next page."""

    items: list[Session]
    page: int
    more: bool


class Period(Answer):
    id: int
    starts_at: Instant
    ends_at: Instant
    free: int


class Periods(Answer):
    """Periods with something left, in order of time; a hold may name one."""

    session_id: int
    fee_fen: Fen
    items: list[Period]


async def of_department(call: Call[DepartmentPath, SpanQuery, Nothing]) -> Sessions:
    async with call.hotline.read() as db:
        facts = await browse_posts.department(db, call.path.department_id)
        posts = await browse_posts.posts(db, department_id=facts.id)
        return await _sessions(db, posts, call.query, call.now)


async def of_doctor(call: Call[DoctorPath, SpanQuery, Nothing]) -> Sessions:
    async with call.hotline.read() as db:
        facts = await browse_posts.doctor(db, call.path.doctor_id)
        posts = await browse_posts.posts(db, doctor_id=facts.id)
        return await _sessions(db, posts, call.query, call.now)


async def _sessions(db: AsyncSession, posts: Sequence[PostLine], asked: SpanQuery, now: datetime) -> Sessions:
    by_id = {one.post_id: one for one in posts}
    first = asked.first or day_of(now)
    # Nobody sees patients on the last days of the calendar.
    last = first + min(timedelta(days=asked.days - 1), date.max - first)
    shown = await browse.sessions(db, by_id, now=now, first_day=first, last_day=last)
    return Sessions(items=[_session(one, _whose(by_id[one.post_id]), now) for one in shown])


@dataclass(frozen=True)
class _Whose:
    department: Named
    doctor: Named | None
    title: str | None
    hospital: str | None = None


def _whose(it: PostLine | Found) -> _Whose:
    return _Whose(
        Named(id=it.department_id, name=it.department),
        Named(id=it.doctor_id, name=it.doctor or "") if it.doctor_id else None,
        it.title,
        it.hospital if isinstance(it, Found) else None,
    )


def _session(it: Shown, whose: _Whose, now: datetime) -> Session:
    return Session(
        id=it.session_id,
        **vars(whose),
        number_kind=it.number_kind,
        day=it.day,
        half=it.half,
        starts_at=it.starts_at,
        ends_at=it.ends_at,
        fee_fen=it.fee_fen,
        total=it.total,
        free=it.places.web,
        standing=it.standing(now).value,
        opens_at=it.release_at,
    )


async def search(call: Call[Nothing, SearchQuery, Nothing]) -> FoundSessions:
    asked = call.query
    async with call.hotline.read() as db:
        meant: list[Meant] = []
        if asked.q is not None:
            hits = await call.finder.search(db, asked.q, limit=MOST)
            ids = {
                kind: frozenset(one.id for one in hits if one.kind == kind)
                for kind in ("hospital", "department", "doctor")
            }
            meant.append(Meant(ids["hospital"], ids["department"], ids["doctor"]))
        if asked.speciality is not None:
            hits = await call.finder.search(db, asked.speciality, limit=MOST)
            there = frozenset(one.id for one in hits if one.kind == "department")
            meant.append(Meant(departments=there, good_at=asked.speciality))
        standing = Standing(asked.standing) if asked.standing else None
        wanted = Wanted(asked.day, asked.kind or "", standing, meant)
        rows = await find(db, wanted, now=call.now, first=(asked.page - 1) * ON_A_PAGE, most=ON_A_PAGE + 1)
    return FoundSessions(
        items=[_session(one.shown, _whose(one), call.now) for one in rows[:ON_A_PAGE]],
        page=asked.page,
        more=len(rows) > ON_A_PAGE,
    )


async def periods(call: Call[SessionPath, Nothing, Nothing]) -> Periods:
    session_id = call.path.session_id
    async with call.hotline.read() as db:
        found = await slot_facts(db, session_id=session_id)
        if found is None or not found[0].hospital_live or not found[0].open:
            raise NotFound(facts={"what": "session"})
        rows = await open_periods(db, session_id=session_id, channel=Channel.WEB, now=call.now)
    return Periods(
        session_id=session_id,
        fee_fen=found[0].fee_fen,
        items=[
            Period(id=one.period_id, starts_at=one.starts_at, ends_at=one.ends_at, free=one.left)
            for one in rows
        ],
    )


OPERATIONS = (
    Operation(
        "department-schedule", "GET", "/departments/{department_id}/schedule", GROUP, "科室的出诊和余号",
        "Sessions of a department with what is left", of_department, Sessions, path_=DepartmentPath,
        query=SpanQuery,
    ),
    Operation(
        "doctor-schedule", "GET", "/doctors/{doctor_id}/schedule", GROUP, "医生的出诊和余号",
        "Sessions of a doctor with what is left", of_doctor, Sessions, path_=DoctorPath, query=SpanQuery,
    ),
    Operation(
        "search-schedule", "GET", "/schedule", GROUP, "按日期、号别、状态、专科查号源",
        "Search sessions by day, kind, state and speciality", search, FoundSessions, query=SearchQuery,
    ),
    Operation(
        "session-periods", "GET", "/schedule/{session_id}", GROUP, "一个班次还有号的时段",
        "Periods of a session with what is left", periods, Periods, path_=SessionPath,
    ),
)  # fmt: skip
