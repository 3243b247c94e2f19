"""Which errors of a driver mean that the storage is away, and which are an answer of it."""

import sqlite3

import asyncpg
import pytest
from sqlalchemy import exc

from core.storage import away


def wrapped(orig: BaseException, *, cut: bool = False) -> exc.DBAPIError:
    """As SQLAlchemy raises it. cut: it found the connection closed."""
    return exc.DBAPIError("select 1", None, orig, connection_invalidated=cut)  # type: ignore[arg-type]


def of_sqlite(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("as the library words it")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.ConnectionFailureError("ConnectionRefusedError"),
        asyncpg.DiskFullError("could not extend file"),
        asyncpg.PostgresIOError("could not fsync"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
        asyncpg.InterfaceError("cannot perform operation: connection is closed"),
        of_sqlite(sqlite3.SQLITE_FULL),
        of_sqlite(sqlite3.SQLITE_IOERR_WRITE),
        of_sqlite(sqlite3.SQLITE_IOERR_FSYNC),
        of_sqlite(sqlite3.SQLITE_READONLY),
        of_sqlite(sqlite3.SQLITE_CANTOPEN),
        of_sqlite(sqlite3.SQLITE_BUSY),
    ],
    ids=lambda error: f"{type(error).__name__} {getattr(error, 'sqlite_errorcode', '')}".strip(),
)
def test_no_answer_at_all_bare_and_as_sqlalchemy_raises_it(error: BaseException) -> None:
    assert away(error)
    assert away(wrapped(error))


def test_a_cut_connection_and_a_pool_without_a_free_one_are_no_answer_either() -> None:
    assert away(wrapped(RuntimeError(), cut=True))
    assert away(exc.TimeoutError("QueuePool limit of size 8 overflow 0 reached"))


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError("duplicate key"),
        asyncpg.DeadlockDetectedError("deadlock detected"),
        asyncpg.SerializationError("could not serialize access"),
        asyncpg.UndefinedTableError("relation does not exist"),
        asyncpg.InvalidPasswordError("password authentication failed"),
        asyncpg.InterfaceError("cannot perform operation: another operation is in progress"),
        of_sqlite(sqlite3.SQLITE_CONSTRAINT_UNIQUE),
        of_sqlite(sqlite3.SQLITE_ERROR),
        of_sqlite(sqlite3.SQLITE_CORRUPT),
        FileNotFoundError("a recording"),
        ConnectionResetError("a browser"),
        ValueError("a bug"),
    ],
    ids=lambda error: f"{type(error).__name__} {getattr(error, 'sqlite_errorcode', '')}".strip(),
)
def test_what_waiting_does_not_cure_is_not_taken_for_it(error: BaseException) -> None:
    assert not away(error)
    assert not away(wrapped(error))
