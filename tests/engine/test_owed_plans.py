"""What waits, and what goes on, is found by an index of its own: nobody reads all that was ever carried or written."""

import re
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, make_url

from agent_desk.tending import OPEN, OPERATORS
from core import owed
from core.booking import call_notes, draft_view
from core.booking.call_notes import CallEnd, DraftNote, Note
from core.contact.rules import Disposition
from core.outbox_rows import Due
from core.values import system
from core.work import Hotline

AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
READ_WHOLE = re.compile(
    r"SCAN (outbox|draft)\b(?!.*(ix_draft_|uq_draft_|ix_outbox_d))|USING INDEX sqlite_autoindex_outbox"
)


@pytest.fixture
def database_url(sqlite_model: Path, in_memory: Path) -> str:
    """SQLite only: the plans of PostgreSQL for any values are looked at by tests/engine/test_plans.py."""
    shutil.copy(sqlite_model, in_memory / "test.db")
    return f"sqlite+aiosqlite:///{in_memory / 'test.db'}"


async def test_what_waits_is_found_by_its_own_index(hotline: Hotline) -> None:
    asked: list[tuple[str, tuple[object, ...]]] = []

    def hear(
        _connection: object, _cursor: object, statement: str, values: tuple[object, ...], *_: object
    ) -> None:
        if re.search(r"\b(FROM|JOIN|UPDATE) (outbox|draft)\b", statement):
            asked.append((statement, values))

    event.listen(hotline.database.writer.sync_engine, "before_cursor_execute", hear)
    ended = Note(1, "a print", drafts=(DraftNote({}, None),), end=CallEnd(Disposition.BOOKED, MINUTE))
    async with hotline.work(system("test")) as work:
        for due in (Due("sms", ordered=False), Due("survey", ordered=True)):
            await due.any(work.db, AT)
            await due.take(work.db, AT, AT + MINUTE, 4)
        await owed.age(work.db, AT)
        await owed.counts(work.db)
        await owed.dead(work.db)
        await call_notes.write(work, [ended], {})
        await work.db.execute(OPEN, {"calls": [1, 2]})
        await work.db.execute(OPERATORS)
        assert await draft_view.of_interaction(work.db, hotline.sealer, 4711) is None
    assert len(asked) >= 10
    with sqlite3.connect(str(make_url(hotline.database.url).database)) as file:
        for statement, values in asked:
            plan = [str(row[3]) for row in file.execute(f"explain query plan {statement}", values)]
            assert [step for step in plan if READ_WHOLE.search(step)] == [], statement
