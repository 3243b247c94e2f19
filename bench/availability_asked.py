"""What is asked of a province: by our own functions, and the first of it by the bare driver."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking import availability
from core.schedule import browse, outlook, view
from core.values import Channel, day_of
from tests.province_rows import POSTS
from tests.provinces import DEPARTMENTS, NOW

TODAY = day_of(NOW)
LAST = TODAY + timedelta(days=7)
PHONE = Channel.PHONE


@dataclass(frozen=True)
class Question:
    name: str
    ask: Callable[[AsyncSession, int], Awaitable[Any]]


async def _free(db: AsyncSession, department: int) -> Any:
    return await view.open_sessions(
        db, department_id=department, channel=PHONE, now=NOW, first_day=TODAY, last_day=LAST
    )


async def _page(db: AsyncSession, department: int) -> Any:
    posts = range((department - 1) * POSTS + 1, department * POSTS + 1)
    return await browse.sessions(db, posts, now=NOW, first_day=TODAY, last_day=LAST)


async def _desk(db: AsyncSession, department: int) -> Any:
    return await availability.sessions(db, now=NOW, department_id=department)


async def _outlook(db: AsyncSession, department: int) -> Any:
    return await outlook.outlook(db, department, channel=PHONE, now=NOW)


async def _hospital(db: AsyncSession, department: int) -> Any:
    hospital = (department - 1) // DEPARTMENTS + 1
    return await view.departments_with_room(db, hospital_id=hospital, channel=PHONE, now=NOW, last_day=LAST)


QUESTIONS = (
    Question("free slots, 7 days", _free),
    Question("the page's week", _page),
    Question("the desk's list", _desk),
    Question("outlook", _outlook),
    Question("a hospital's departments", _hospital),
)

_BARE = """
select s.id, s.hospital_id, s.department_id, s.doctor_id, d.name, d.pinyin, d.title, s.number_kind, s.day,
       s.half, s.starts_at, s.ends_at, s.fee_fen, f.left_now
from session s
join (select t.id, count(*) as left_now from session t join slot n on n.session_id = t.id
      where t.department_id = {0} and t.day between {1} and {2} and t.state = 'published'
        and t.release_at <= {3} and t.stop_at > {3} and n.state = 'free'
        and (n.rests_until is null or n.rests_until <= {3})
        and (n.pool in ('phone', 'common') or t.recycle_at <= {3})
      group by t.id) f on f.id = s.id
left join doctor d on d.id = s.doctor_id
order by s.starts_at, s.id
"""


class Bare(Protocol):
    async def ask(self, department: int) -> Sequence[Any]:
        """Rows that begin with the session and end with its free slots."""


@asynccontextmanager
async def bare(url: str) -> AsyncIterator[Bare]:
    """A connection of the driver alone, with the question prepared."""
    at = make_url(url)
    if at.drivername.startswith("sqlite"):
        assert at.database
        with closing(sqlite3.connect(at.database)) as file:
            file.execute("pragma cache_size=-65536")
            yield _Sqlite(file)
        return
    server = await asyncpg.connect(host=at.host, port=at.port, user=at.username, database=at.database)
    try:
        yield _Postgresql(await server.prepare(_BARE.format("$1", "$2", "$3", "$4")))
    finally:
        await server.close()


class _Sqlite:
    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file
        self._days = (TODAY.isoformat(), LAST.isoformat(), NOW.strftime("%Y-%m-%d %H:%M:%S.%f"))

    async def ask(self, department: int) -> Sequence[Any]:
        return self._file.execute(_BARE.format("?1", "?2", "?3", "?4"), (department, *self._days)).fetchall()


class _Postgresql:
    def __init__(self, prepared: Any) -> None:
        self._prepared = prepared

    async def ask(self, department: int) -> Sequence[Any]:
        rows: Sequence[Any] = await self._prepared.fetch(department, TODAY, LAST, NOW)
        return rows
