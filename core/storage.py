"""Which errors mean that the database does not answer, or has no room: whoever asked may ask again."""

import sqlite3

import asyncpg
from sqlalchemy import exc

# PostgreSQL, appendix A: no connection (08), no resources: disk, memory, connections (53), the server is
# stopping, starting or was killed, the system under it failed (58), it takes no writes for now.
_CLASSES = ("08", "53", "58")
_STATES = frozenset({"57P01", "57P02", "57P03", "57P05", "25006"})

# https://www.sqlite.org/rescode.html; an extended code has its primary one in the lowest byte. A corrupt file
# is not among them: waiting does not cure it, and somebody must look.
_CODES = frozenset(
    {
        sqlite3.SQLITE_BUSY,  # another process holds the lock for longer than anybody should
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,  # what a file system becomes when its disk fails
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)


def away(error: BaseException) -> bool:
    """Whether the storage is away: unreachable, restarting, out of room, all its connections taken.

    error: of SQLAlchemy, or a driver's own. A statement that is wrong, a constraint that says no, a lost
    race is none.
    """
    if isinstance(error, exc.TimeoutError):  # of the pool
        return True
    if isinstance(error, exc.DBAPIError):
        return error.connection_invalidated or _says_so(error.orig)
    return _says_so(error)


def _says_so(error: BaseException | None) -> bool:
    if isinstance(error, asyncpg.InterfaceError):
        return "is closed" in str(error)
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return state[:2] in _CLASSES or state in _STATES
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in _CODES
