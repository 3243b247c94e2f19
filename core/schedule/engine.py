"""Publish sessions from templates and exceptions; amend, withdraw and close them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import insert, select, update

from core.catalogue.engine import PostFacts, posts_of_hospital
from core.credit.book import RuleBook
from core.credit.engine import rules_for
from core.errors import HasAppointments, NotFound, SessionExists, TemplateInvalid
from core.events import SessionAmended, SessionOver, SessionPublished, SessionWithdrawn
from core.schedule import freed, slots
from core.schedule.opening import opening
from core.schedule.rules import (
    SLOT_FHIR,
    SessionState,
    SlotState,
    bands,
    pools,
    session_step,
)
from core.schedule.tables import Period, ScheduleException, Session, Slot, Template
from core.values import instant_of
from core.work import Work

# One statement takes this many rows: SQLite allows 32,766 parameters in one.
CHUNK = 2_000


@dataclass(frozen=True)
class Plan:
    """One session to be published."""

    post: PostFacts
    day: date
    half: str
    starts: time
    ends: time
    period_minutes: int
    capacity: int
    shares: dict[str, int | str] = field(default_factory=dict)
    room: str = ""
    source: str = "template"
    external_id: str | None = None


async def publish_range(
    work: Work, *, hospital_id: int, first_day: date, last_day: date, skip: frozenset[date] = frozenset()
) -> int:
    """Publish what templates and exceptions ask for on these days; return how many sessions.

    Days already published are left as they are, so that this may be repeated every night. `skip`:
    days on which the hospital sees nobody. Raises TemplateInvalid.
    """
    posts = {post.post_id: post for post in await posts_of_hospital(work.db, hospital_id)}
    templates = (await work.db.execute(select(Template).where(Template.post_id.in_(posts)))).scalars().all()
    exceptions = {
        (row.post_id, row.day, row.half): row
        for row in (
            await work.db.execute(
                select(ScheduleException).where(
                    ScheduleException.post_id.in_(posts), ScheduleException.day.between(first_day, last_day)
                )
            )
        ).scalars()
    }
    there = set(
        await work.db.execute(
            select(Session.post_id, Session.day, Session.half).where(
                Session.hospital_id == hospital_id, Session.day.between(first_day, last_day)
            )
        )
    )
    days = [
        day
        for day in (first_day + timedelta(days=n) for n in range((last_day - first_day).days + 1))
        if day not in skip
    ]
    plans = [
        plan
        for plan in _plans(posts, templates, exceptions, days)
        if (plan.post.post_id, plan.day, plan.half) not in there
    ]
    await publish(work, plans)
    return len(plans)


def _plans(
    posts: dict[int, PostFacts],
    templates: Sequence[Template],
    exceptions: dict[tuple[int, date, str], ScheduleException],
    days: Sequence[date],
) -> Iterable[Plan]:
    by_weekday: dict[int, list[Template]] = {}
    for template in templates:
        by_weekday.setdefault(template.weekday, []).append(template)
    for day in days:
        for template in by_weekday.get(day.isoweekday(), ()):
            if day < template.valid_from or (template.valid_until and day > template.valid_until):
                continue
            change = exceptions.get((template.post_id, day, template.half))
            if change is not None and change.kind != "amend":
                continue  # off, or replaced as a whole by an extra one
            yield Plan(
                posts[template.post_id],
                day,
                template.half,
                (change and change.starts) or template.starts,
                (change and change.ends) or template.ends,
                (change and change.period_minutes) or template.period_minutes,
                (change and change.capacity) or template.capacity,
                template.shares,
                (change and change.room) or template.room,
            )
    for (post_id, day, half), extra in exceptions.items():
        if extra.kind == "extra" and day in days:
            if extra.starts is None or extra.ends is None or not extra.capacity:
                raise TemplateInvalid(facts={"field": "extra", "day": day.isoformat()})
            yield Plan(
                posts[post_id], day, half, extra.starts, extra.ends,
                extra.period_minutes or 30, extra.capacity, {}, extra.room or "",
            )  # fmt: skip


async def publish(work: Work, plans: Sequence[Plan]) -> list[int]:
    """Make sessions with their periods and numbered slots; return their ids, in order.

    Raises TemplateInvalid, and SessionExists when a post already has that half-day.
    """
    if not plans:
        return []
    hospitals = {plan.post.hospital_id for plan in plans}
    books = {hospital_id: await rules_for(work.db, hospital_id) for hospital_id in hospitals}
    taken = set(
        await work.db.execute(
            select(Session.post_id, Session.day, Session.half).where(
                Session.day.in_({plan.day for plan in plans}),
                Session.post_id.in_({plan.post.post_id for plan in plans}),
            )
        )
    )
    for plan in plans:
        if (plan.post.post_id, plan.day, plan.half) in taken:
            raise SessionExists(facts={"day": plan.day.isoformat(), "half": plan.half})
    ids: list[int] = []
    for start in range(0, len(plans), 200):
        part = plans[start : start + 200]
        ids += await _publish_part(work, part, books)
    return ids


async def _publish_part(work: Work, plans: Sequence[Plan], books: dict[int, RuleBook]) -> list[int]:
    # Rows are known again by what is unique in them: to get ids back in the order of the rows, SQLite
    # would have to be asked row by row.
    sessions = [_session_row(plan, books[plan.post.hospital_id]) for plan in plans]
    made = await work.db.execute(
        insert(Session).returning(Session.post_id, Session.day, Session.half, Session.id), sessions
    )
    id_of = {(post_id, day, half): session_id for post_id, day, half, session_id in made.all()}
    ids = [id_of[plan.post.post_id, plan.day, plan.half] for plan in plans]
    cut = [
        (session_id, band)
        for plan, session_id in zip(plans, ids, strict=True)
        for band in bands(
            instant_of(plan.day, plan.starts), instant_of(plan.day, plan.ends),
            plan.period_minutes, plan.capacity,
        )
    ]  # fmt: skip
    periods = [
        {"session_id": session_id, "starts_at": b.starts_at, "ends_at": b.ends_at, "capacity": b.capacity}
        for session_id, b in cut
    ]
    written = await work.db.execute(
        insert(Period).returning(Period.session_id, Period.starts_at, Period.id), periods
    )
    period_of = {(session_id, starts_at): period_id for session_id, starts_at, period_id in written.all()}
    places = {
        session_id: enumerate(pools(plan.capacity, plan.shares))
        for plan, session_id in zip(plans, ids, strict=True)
    }
    numbered = [
        {
            "session_id": session_id,
            "period_id": period_of[session_id, band.starts_at],
            "sequence": place + 1,
            "pool": pool,
            "state": SlotState.FREE.value,
            "fhir": SLOT_FHIR[SlotState.FREE],
        }
        for session_id, band in cut
        for place, pool in islice(places[session_id], band.capacity)
    ]
    for start in range(0, len(numbered), CHUNK):
        await work.db.execute(insert(Slot), numbered[start : start + CHUNK])
    for plan, session_id in zip(plans, ids, strict=True):
        work.record(SessionPublished(session_id=session_id, slots=plan.capacity))
    released = {
        session_id: row["department_id"]
        for row, session_id in zip(sessions, ids, strict=True)
        if row["release_at"] <= work.now < row["stop_at"]
    }
    awaited = await freed.awaited_among(work.db, set(released.values()))
    for session_id, department_id in released.items():
        if department_id in awaited:
            await freed.rest_new(work, session_id)
    return ids


def _session_row(plan: Plan, book: RuleBook) -> dict[str, Any]:
    post = plan.post
    starts_at, ends_at = instant_of(plan.day, plan.starts), instant_of(plan.day, plan.ends)
    times = opening(
        book, day=plan.day, starts_at=starts_at, kind=post.kind, department=post.department_code,
        half=plan.half,
    )  # fmt: skip
    return {
        "post_id": post.post_id,
        "hospital_id": post.hospital_id,
        "department_id": post.department_id,
        "doctor_id": post.doctor_id,
        "number_kind": post.kind,
        "day": plan.day,
        "half": plan.half,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "room": plan.room,
        "fee_fen": post.fee_fen,
        "total": plan.capacity,
        "state": SessionState.PUBLISHED.value,
        "release_at": times.release_at,
        "stop_at": times.stop_at,
        "recycle_at": times.recycle_at,
        "source": plan.source,
        "external_id": plan.external_id,
    }


async def amend(
    work: Work, session_id: int, *, room: str | None = None, fee_fen: int | None = None, add: int = 0
) -> None:
    """Change the room or the fee of a published session, or add slots to its last period (加号).

    What was promised to those already booked stays as it was promised. Raises NotFound, WrongInput.
    """
    session = await work.db.get(Session, session_id)
    if session is None:
        raise NotFound
    if add < 0 or (fee_fen is not None and fee_fen < 0):
        raise TemplateInvalid(facts={"field": "add" if add < 0 else "fee"})
    changes: dict[str, object] = {}
    if room is not None and room != session.room:
        changes["room"] = room
    if fee_fen is not None and fee_fen != session.fee_fen:
        changes["fee_fen"] = fee_fen
    if add:
        changes["total"] = session.total + add
        await _add_slots(work, session, add)
        await freed.rest_new(work, session.id, above=session.total)
    if not changes:
        return
    await work.db.execute(
        update(Session).where(Session.id == session_id).values(version=Session.version + 1, **changes)
    )
    work.record(SessionAmended(session_id=session_id, changes=changes))


async def _add_slots(work: Work, session: Session, add: int) -> None:
    last = (
        await work.db.execute(
            select(Period).where(Period.session_id == session.id).order_by(Period.starts_at.desc()).limit(1)
        )
    ).scalar_one()
    last.capacity += add
    await work.db.execute(
        insert(Slot),
        [
            {
                "session_id": session.id,
                "period_id": last.id,
                "sequence": session.total + place,
                "pool": "common",
                "state": SlotState.FREE.value,
                "fhir": SLOT_FHIR[SlotState.FREE],
            }
            for place in range(1, add + 1)
        ],
    )


async def withdraw(work: Work, session_id: int, *, reason: str) -> None:
    """Take a session back that nobody has booked or holds.

    Raises HasAppointments when somebody has: then the doctor's absence is a leave, and each
    patient is told. Raises NotFound, WrongState.
    """
    session = await work.db.get(Session, session_id, with_for_update=True)
    if session is None:
        raise NotFound
    session_step(SessionState(session.state), SessionState.WITHDRAWN)
    await slots.close_unsold(work, session_id)
    left = await slots.counts(work, session_id)
    busy = sum(number for state, number in left.items() if state is not SlotState.CLOSED)
    if busy:
        raise HasAppointments(facts={"count": busy})
    await work.db.execute(
        update(Session)
        .where(Session.id == session_id)
        .values(state=SessionState.WITHDRAWN.value, version=Session.version + 1)
    )
    work.record(SessionWithdrawn(session_id=session_id, reason=reason))


async def retime(work: Work, hospital_id: int) -> int:
    """Work out the opening instants of a hospital's future sessions again, after a rule change."""
    book = await rules_for(work.db, hospital_id)
    posts = {post.post_id: post for post in await posts_of_hospital(work.db, hospital_id)}
    rows = (
        await work.db.execute(
            select(Session).where(Session.hospital_id == hospital_id, Session.ends_at > work.now)
        )
    ).scalars()
    moved = 0
    for session in rows:
        department = posts[session.post_id].department_code
        times = opening(
            book, day=session.day, starts_at=session.starts_at, kind=session.number_kind,
            department=department, half=session.half,
        )  # fmt: skip
        new = (times.release_at, times.stop_at, times.recycle_at)
        if new == (session.release_at, session.stop_at, session.recycle_at):
            continue
        session.release_at, session.stop_at, session.recycle_at = new
        session.version += 1
        moved += 1
        work.record(
            SessionAmended(
                session_id=session.id,
                changes={"release_at": _iso(new[0]), "stop_at": _iso(new[1]), "recycle_at": _iso(new[2])},
            )
        )
    return moved


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


async def close_over(work: Work, limit: int = 50) -> int:
    """Close the unsold slots of sessions that are past; return how many sessions were closed."""
    rows = (
        (
            await work.db.execute(
                select(Session.id)
                .where(
                    Session.ends_at < work.now,
                    Session.state == SessionState.PUBLISHED,
                    select(Slot.id)
                    .where(Slot.session_id == Session.id, Slot.state == SlotState.FREE)
                    .exists(),
                )
                .order_by(Session.ends_at)
                .limit(limit)
            )
        )
        .scalars()
        .all()
    )
    for session_id in rows:
        unsold = await slots.close_unsold(work, session_id)
        work.record(SessionOver(session_id=session_id, unsold=unsold))
    return len(rows)
