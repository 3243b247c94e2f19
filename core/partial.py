"""Partial indexes, and questions that may use them.

A plan that serves any value of a parameter may use no partial index: some values are left out of it. So
whoever asks for the rows of one says its condition with the states written out, as the index does. Both are
made here, of the same words (docs/performance.md, Tables that only grow).
"""

from typing import TypedDict

from sqlalchemy import ColumnElement, String, TextClause, literal_column, text
from sqlalchemy.orm import InstrumentedAttribute


class Where(TypedDict):
    """What an Index takes for its condition, on both databases."""

    sqlite_where: TextClause
    postgresql_where: TextClause


def only(condition: str) -> Where:
    """An index of nothing but the rows of which this is true."""
    return Where(sqlite_where=text(condition), postgresql_where=text(condition))


def only_in(*states: str) -> Where:
    """An index of nothing but the rows in one of these states."""
    names = [f"'{state}'" for state in states]
    return only(f"state = {names[0]}" if len(names) == 1 else f"state in ({', '.join(names)})")


def written(column: InstrumentedAttribute[str], *states: str) -> ColumnElement[bool]:
    """The same said of a question: an index that is `only_in` these states may answer it."""
    literals: list[ColumnElement[str]] = [literal_column(f"'{state}'", String) for state in states]
    return column == literals[0] if len(literals) == 1 else column.in_(literals)
