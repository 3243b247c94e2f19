"""Provinces of ten thousand to ten million slots, written by the database itself: departments grow with them.

A department has ten doctors and 120 half-days of thirty numbers in the coming week, 70 % of them sold, and
as many in a past one, all used. Rows lie in the order in which nights would have published them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, delete, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.schema import CreateIndex, DropIndex

from core.booking.tables import Appointment
from core.catalogue.tables import Department, Doctor, Hospital, Post, Region
from core.database import Base
from core.people.tables import Person
from core.schedule.tables import Hold, Period, Session, Slot
from core.values import instant_of
from hotline import schema  # noqa: F401 every table must be known before one is made
from tests import province_rows as rows
from tests.province_rows import HALVES, NUMBERS, PERIOD, POSTS

# Monday, ten o'clock in Shanghai; the coming week's six working days lie behind it, the past one's before.
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
COMING, PAST = date(2026, 11, 24), date(2026, 11, 16)
SUNDAY = 7

DEPARTMENTS = 20
# Of a department, past and coming week together.
EACH = 2 * POSTS * HALVES * NUMBERS
# Rows for one statement, and sessions whose numbers one statement makes.
CHUNK, TOGETHER = 2_000, 20_000

# What is being made survives nothing, and its keys are right by construction. SQLite is left without
# statistics, as an installation's is; PostgreSQL's own housekeeper would gather them.
_QUICKLY = {
    "sqlite": ("pragma synchronous=off", "pragma cache_size=-262144"),
    "postgresql": ("set session_replication_role = replica", "set maintenance_work_mem = '256MB'"),
}
_SETTLED = {"sqlite": (), "postgresql": ("vacuum analyze", "checkpoint")}
_FILLED: tuple[Any, ...] = (Session, Period, Slot, Appointment, Hold)


def departments_of(slots: int) -> int:
    """So many departments make a province of about this size."""
    return max(1, round(slots / EACH))


async def build(url: str, departments: int, *, together: int = DEPARTMENTS, past_only: bool = False) -> None:
    """Write a province into a database with no rows: departments 1 and on, both weeks of them.

    together: so many make a hospital. past_only: no slot is free, and every visit is over.
    """

    def write(connection: Connection) -> None:
        _make(connection)
        _people_and_places(connection, departments, together)
        _week(connection, departments, past=True)
        if not past_only:
            _week(connection, departments, past=False)
        _indexes(connection, CreateIndex)

    await _done(url, write, settle=True)


async def come(url: str, departments: int) -> None:
    """The coming week all at once, and nobody has counted it yet."""
    await _done(url, lambda connection: _week(connection, departments, past=False), settle=False)


async def settle(url: str) -> None:
    """As the housekeeper of an installation leaves it."""
    await _done(url, lambda _: None, settle=True)


async def _done(url: str, write: Callable[[Connection], None], *, settle: bool) -> None:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await _said(connection, _QUICKLY)
            await connection.run_sync(write)
            if settle:
                await _said(connection, _SETTLED)
    finally:
        await engine.dispose()


async def _said(connection: AsyncConnection, statements: Mapping[str, Sequence[str]]) -> None:
    for statement in statements[connection.dialect.name]:
        await connection.execute(text(statement))


def _make(connection: Connection) -> None:
    Base.metadata.create_all(connection)
    rows.OWN.create_all(connection)
    _indexes(connection, DropIndex)


def _indexes(connection: Connection, act: Any) -> None:
    """An index that is made of rows that are there is made in a fraction of the time."""
    for index in (index for table in _FILLED for index in table.__table__.indexes):
        connection.execute(act(index))


def _week(connection: Connection, departments: int, *, past: bool) -> None:
    first = 0 if past else HALVES
    for table in (rows.HALF, rows.PLACE):
        connection.execute(delete(table))
    connection.execute(insert(rows.HALF), list(_halves(PAST if past else COMING, first)))
    connection.execute(
        insert(rows.PLACE), [{"sequence": n + 1, "period": n // PERIOD} for n in range(NUMBERS)]
    )
    posts = departments * POSTS
    connection.execute(rows.sessions(posts))
    for at in range(first * posts + 1, (first + HALVES) * posts + 1, TOGETHER):
        some = Session.id.between(at, min(at + TOGETHER, (first + HALVES) * posts + 1) - 1)
        for statement in (
            rows.periods(some),
            rows.slots(some, past),
            rows.appointments(some, past, posts),
            rows.holds(some),
        ):
            connection.execute(statement)


def _people_and_places(connection: Connection, departments: int, together: int) -> None:
    """Ten doctors a department, a patient for each session of the week."""

    def write(table: Any, lines: Iterator[dict[str, Any]]) -> None:
        while part := list(islice(lines, CHUNK)):
            connection.execute(insert(table.__table__), part)

    called = {"pinyin": "yi", "initials": "y"}
    hospitals = range(1, -(-departments // together) + 1)
    posts = range(1, departments * POSTS + 1)
    write(Region, iter([{"id": 1, "code": "990000", "name": "省"}]))
    write(
        Hospital,
        ({"id": n, "code": f"99{n:08d}", "name": f"第{n}医院", "short_name": f"{n}院", "grade": "三甲",
          "kind": "general", "region_id": 1, "state": "live", "created_at": NOW, **called} for n in hospitals),
    )  # fmt: skip
    write(
        Department,
        ({"id": n, "hospital_id": (n - 1) // together + 1, "code": f"{n}", "name": f"科{n}",
          "standard_code": f"{n % DEPARTMENTS:02d}", **called} for n in range(1, departments + 1)),
    )  # fmt: skip
    write(
        Doctor,
        ({"id": n, "hospital_id": _department(n) // together + 1, "code": f"{n}", "name": f"医生{n}",
          "title": "主任医师", **called} for n in posts),
    )  # fmt: skip
    write(
        Post,
        ({"id": n, "department_id": _department(n) + 1, "doctor_id": n, "kind": "expert", "fee_fen": 3000}
         for n in posts),
    )  # fmt: skip
    write(Person, ({"id": n, "name": f"患者{n}", "created_at": NOW, **called} for n in _people(len(posts))))


def _department(post: int) -> int:
    """The department of a post, counted from 0."""
    return (post - 1) // POSTS


def _people(posts: int) -> range:
    return range(1, posts * HALVES + 1)


def _halves(first_day: date, number: int) -> Iterator[dict[str, Any]]:
    """The twelve half-days of a week without its Sunday, numbered from `number` on."""
    days = (first_day + timedelta(days=n) for n in range(7))
    for day in (day for day in days if day.isoweekday() != SUNDAY):
        for half, hour in (("am", 8), ("pm", 14)):
            starts = instant_of(day, time(hour))
            yield {
                "number": number, "day": day, "half": half, "starts_at": starts,
                "ends_at": starts + timedelta(hours=3), "release_at": starts - timedelta(days=14),
                "stop_at": starts - timedelta(hours=1),
            }  # fmt: skip
            number += 1
