"""How a database goes about the questions that are asked of it: which index, for these values and for any."""

import json
import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Protocol

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import make_url

from core.accounts import drafts
from core.booking import cancel, hold, loading, visit
from core.booking import view as visits
from core.booking.facts import PersonFacts
from core.booking.group.texts import FREE_OF_MANY, for_postgresql, for_sqlite
from core.schedule import slots, view
from core.values import Channel, day_of, system
from core.work import Hotline, Work
from tests.provinces import COMING, build, come, settle

ASKER = system("plans")
LAST = COMING + timedelta(days=6)
NOBODY = PersonFacts(0, None, None, None, False)


@dataclass(frozen=True)
class Hot:
    """A question that is asked all the time, and the indexes that must answer it, `a|b` where either does."""

    name: str
    ask: Callable[[Work, int], Awaitable[object]]
    indexes: tuple[str, ...]


async def _history(work: Work, session_id: int) -> object:
    return await loading.history(work.db, 1, work.now)


async def _phone(work: Work, session_id: int) -> object:
    slot = (await loading.asked_of(work.db, session_id=session_id)).slot
    return await loading.stranger_facts(
        work.db, slot, now=work.now, person=NOBODY, contact_print="1", channel=Channel.PHONE
    )


async def _visits(work: Work, session_id: int) -> object:
    return await visits.open_by_phone(work.db, "1", work.now)


async def _phones(work: Work, session_id: int) -> object:
    """Of as many as one batch asks for."""
    phones, today = [f"phone-{number}" for number in range(64)], day_of(work.now)
    connection = await work.db.connection()
    if connection.dialect.name == "sqlite":
        values: tuple[Any, ...] = (json.dumps(phones), today.isoformat())
        return await connection.exec_driver_sql(for_sqlite()[0].phones, values)
    return await connection.exec_driver_sql(for_postgresql()[0].phones, (phones, today))


async def _free(work: Work, session_id: int) -> object:
    return await slots.claim(work, session_id=session_id, hold_id="x", channel=Channel.PHONE, recycle_at=None)


async def _department(work: Work, session_id: int) -> object:
    return await view.open_sessions(
        work.db,
        department_id=1,
        channel=Channel.PHONE,
        now=work.now,
        first_day=day_of(work.now),
        last_day=LAST,
    )


async def _hospital(work: Work, session_id: int) -> object:
    return await view.departments_with_room(
        work.db, hospital_id=1, channel=Channel.PHONE, now=work.now, last_day=LAST
    )


async def _unfinished(work: Work, session_id: int) -> object:
    return await drafts.may_go_on(work.db, "1", work.now, work.now)


# A session has some dozens of numbers: reading them in their order does as well.
OF_A_SESSION = "ix_slot_session_state|uq_slot_session_id_sequence"
# Sessions are made nights before anybody may book them, and counted by then: the index by day misleads nobody
# in the release minute.
HOT = (
    Hot("a person's history", _history, ("ix_appointment_person_day",)),
    Hot("live appointments of a phone", _phone, ("ix_appointment_contact_print",)),
    Hot("visits to come of a phone", _visits, ("ix_appointment_contact_print",)),
    Hot("live appointments of a batch's phones", _phones, ("ix_appointment_contact_print",)),
    Hot("a free slot of a session", _free, (OF_A_SESSION,)),
    Hot(
        "free slots of a department", _department, ("ix_session_department_day|ix_session_day", OF_A_SESSION)
    ),
    Hot("departments with room", _hospital, ("ix_session_hospital_day|ix_session_day",)),
    Hot("what an owner holds", lambda work, _: hold.let_older_choice_go(work, "x"), ("ix_hold_owner",)),
    Hot("what a number left unfinished", _unfinished, ("ix_hold_owner",)),
    Hot("holds that lapse", lambda work, _: hold.lapse_due(work, limit=1), ("ix_hold_due",)),
    Hot("unpaid and due", lambda work, _: cancel.expire_due(work, limit=1), ("ix_appointment_pay_by",)),
    Hot("visits that are over", lambda work, _: visit.miss_due(work, limit=1), ("ix_appointment_due",)),
)
BATCHES = "what the writer of batches says"
# Of these no question may read all there is.
LARGE = ("slot", "session", "appointment", "hold")


class _NotKept(Exception):
    """Nothing of what was asked stays."""


@dataclass(frozen=True)
class Asked:
    """What a question has sent to the database."""

    statement: str
    values: tuple[Any, ...]


async def asked(hotline: Hotline, hot: Hot, session_id: int) -> list[Asked]:
    """The statements of this question that touch a large table; nothing is kept of what they do."""
    heard: list[Asked] = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if re.search(rf"\b(FROM|JOIN|UPDATE) ({'|'.join(LARGE)})\b", statement, re.IGNORECASE):
            heard.append(Asked(statement, tuple(values)))

    engine = hotline.database.writer.sync_engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        with suppress(_NotKept):
            async with hotline.work(ASKER) as work:
                await hot.ask(work, session_id)
                raise _NotKept
    finally:
        event.remove(engine, "before_cursor_execute", hear)
    return heard


@dataclass(frozen=True)
class Step:
    """One access to a table. index: "" for none. whole: all of the table or index is read."""

    table: str
    index: str
    whole: bool


class Planner(Protocol):
    async def these(self, one: Asked) -> list[Step]:
        """Of the plan for these values."""

    async def any_(self, statement: str) -> list[Step]:
        """Of the plan for any values."""


@asynccontextmanager
async def planner(url: str, *, shunned: bool = False) -> AsyncIterator[Planner]:
    """On a connection of its own, which remembers plans for any values as a pool's connections do.

    shunned: PostgreSQL reads a table whole only where no index will do, however small it is. (SQLite does so.)
    """
    at = make_url(url)
    if at.drivername.startswith("sqlite"):
        assert at.database
        with closing(sqlite3.connect(at.database)) as file:
            yield _Sqlite(file)
        return
    server = await asyncpg.connect(host=at.host, port=at.port, user=at.username, database=at.database)
    try:
        await server.execute("set plan_cache_mode = force_generic_plan")
        if shunned:
            await server.execute("set enable_seqscan = off")
        yield _Postgresql(server)
    finally:
        await server.close()


class _Sqlite:
    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file

    async def these(self, one: Asked) -> list[Step]:
        return self._of(one.statement, one.values)

    async def any_(self, statement: str) -> list[Step]:
        numbered = max(map(int, re.findall(r"\?(\d+)", statement)), default=statement.count("?"))
        return self._of(statement, (None,) * numbered)

    def _of(self, statement: str, values: tuple[Any, ...]) -> list[Step]:
        rows = self._file.execute(f"explain query plan {statement}", values).fetchall()
        found = [re.match(r"(SCAN|SEARCH) (\w+)(?:.* INDEX (\w+))?", row[3]) for row in rows]
        return [Step(step[2], step[3] or "", step[1] == "SCAN") for step in found if step]


class _Postgresql:
    def __init__(self, server: Any) -> None:
        self._server = server
        self._prepared: dict[str, str] = {}

    async def these(self, one: Asked) -> list[Step]:
        plan = await self._server.fetchval(f"explain (format json) {one.statement}", *one.values)
        return list(_steps(json.loads(plan)[0]["Plan"], ""))

    async def any_(self, statement: str) -> list[Step]:
        if statement not in self._prepared:
            self._prepared[statement] = f"asked_{len(self._prepared)}"
            await self._server.execute(f"prepare {self._prepared[statement]} as {statement}")
        nulls = ["null"] * max(map(int, re.findall(r"\$(\d+)", statement)), default=0)
        values = f"({', '.join(nulls)})" if nulls else ""
        plan = await self._server.fetchval(
            f"explain (format json) execute {self._prepared[statement]} {values}"
        )
        return list(_steps(json.loads(plan)[0]["Plan"], ""))


def _steps(node: dict[str, Any], table: str) -> Iterator[Step]:
    table = node.get("Relation Name", table)
    inner = node.get("Plans", [])
    kind = node["Node Type"]
    if kind == "Bitmap Index Scan" or (
        "Relation Name" in node and kind.endswith(" Scan") and "Heap" not in kind
    ):
        yield Step(table, node.get("Index Name", ""), "Index Cond" not in node)
    for one in inner:
        yield from _steps(one, table)


def _of_batches(hotline: Hotline) -> list[str]:
    """Everything that the writer of batches says."""
    if hotline.database.sqlite:
        questions, writes = for_sqlite()
        return [*asdict(questions).values(), *writes.values()]
    questions, writes = for_postgresql()
    return [*(asdict(questions) | {"free": FREE_OF_MANY}).values(), *writes.values()]


def wrong(indexes: Sequence[str], steps: Sequence[Step]) -> list[str]:
    """What is wrong with these plans: an index that is not used, or a large table that is read as a whole."""
    used = {step.index for step in steps}
    instead = ", ".join(sorted(step.index for step in steps if step.index)) or "none"
    return [
        f"{index} is not used, but {instead}" for index in indexes if used.isdisjoint(index.split("|"))
    ] + [
        f"reads all of {step.table} {step.index}".rstrip()
        for step in steps
        if step.whole and step.table in LARGE
    ]


# The day before a release: every visit is over, and no number is free, so that nothing is counted where the
# partial indexes look. Then a week comes, to plans that were made before it. At last all is counted.
MOMENTS = ("all is over", "a week has come", "it is counted")


async def observed(
    hotline: Hotline, url: str, *, departments: int, together: int
) -> dict[str, dict[str, list[str]]]:
    """Moment → hot question → what is wrong with its plans. On a database with no rows.

    together: so many departments make a hospital.
    """
    found: dict[str, dict[str, list[str]]] = {}
    async with planner(url) as plans:
        for moment in MOMENTS:
            if moment == "all is over":
                await build(url, departments, together=together, past_only=True)
            elif moment == "a week has come":
                await come(url, departments)
            else:
                await settle(url)
            found[moment] = {}
            for hot in HOT:
                said = await asked(hotline, hot, 1)
                these = [step for one in said for step in await plans.these(one)]
                any_ = [step for one in said for step in await plans.any_(one.statement)]
                flaws = wrong(hot.indexes, these), wrong(hot.indexes, any_)
                found[moment][hot.name] = [f"for these values {flaw}" for flaw in flaws[0]]
                found[moment][hot.name] += [f"for any values {flaw}" for flaw in flaws[1]]
            in_batches = [step for one in _of_batches(hotline) for step in await plans.any_(one)]
            found[moment][BATCHES] = wrong((), in_batches)
    return found
