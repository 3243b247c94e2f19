"""How many statements somebody's questions cost."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from core.work import Hotline


@contextmanager
def statements(hotline: Hotline) -> Iterator[list[str]]:
    """Every statement that is read meanwhile, but for the begin of a transaction and for the feed's own."""
    heard: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "SELECT journal.")):
            heard.append(statement)

    engine = hotline.database.reader.sync_engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(engine, "before_cursor_execute", hear)
