"""Open the database by its URL: SQLite (WAL, immediate transactions) or PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
from sqlalchemy import BigInteger, DateTime, Dialect, Integer, MetaData, Table, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from core.errors import StorageAway
from core.sqlite import FLEETING, SQLITE_CACHE, WholeConnection
from core.sqlite import connector as sqlite_connector
from core.storage import away
from core.turn import Turn

# What an engine is told for units of work that need not survive a power cut.
OF_FLEETING = "hotline_fleeting"
# A server that does not answer at all is not waited for longer. Seconds.
CONNECT_S = 5.0

Key = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Every table of the house. Constraint names are fixed, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def table_of(entity: type[Base]) -> Table:
    """The table behind a class, for statements that make no objects: those cost half the processor's time."""
    table = entity.__table__
    assert isinstance(table, Table)
    return table


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime on both databases; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """Two doors to one database: `write` for units of work, `read` for questions.

    On SQLite a write takes the write lock at once (BEGIN IMMEDIATE): a deferred transaction that
    reads first and writes later loses its race with an error instead of waiting for its turn.
    """

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self.writer = writer
        self.reader = reader
        self.sqlite = writer.dialect.name == "sqlite"
        self._fleeting = writer.execution_options(**{OF_FLEETING: True})
        # A pool's queue lets a task that has just finished overtake. Whoever writes to SQLite by a connection
        # of its own takes it as well.
        self.turn = Turn()

    @property
    def url(self) -> str:
        return self.writer.url.render_as_string(hide_password=True)

    @asynccontextmanager
    async def write(self, *, fleeting: bool = False, urgent: bool = False) -> AsyncIterator[AsyncSession]:
        """One writing transaction; committed when the block ends well, else rolled back.

        fleeting: for what a power cut would make untrue anyway, such as who talks to whom, or what is done
        again after one, such as a delivery. Its end does not
        wait for the disk, which is most of what others wait for; whatever is durable after it makes it so.
        urgent: somebody waits for it on the telephone, and texts and notes do not mind to come after it.
        Raises StorageAway, also when it broke at the end: then nobody knows whether it was kept.
        """
        engine = self._fleeting if fleeting else self.writer
        if self.sqlite:
            async with self.turn.held(urgent=urgent), self._session(engine) as session:
                yield session
        else:
            async with self._session(engine) as session:
                yield session

    async def settle(self) -> None:
        """Return when all that was committed survives a power cut."""
        # Whatever is written and waited for takes with it what was written before.
        mark = (
            "pragma user_version = 0" if self.sqlite else "select pg_logical_emit_message(true, 'settle', '')"
        )
        async with self.write() as session:
            await session.execute(text(mark))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """One consistent look; nothing is kept. Raises StorageAway."""
        async with answering(), self._connected(self.reader) as session:
            yield session

    @asynccontextmanager
    async def _session(self, engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
        async with answering(), self._connected(engine) as session, session.begin():
            yield session

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
        """A session; its connection is given back, also when we are cancelled meanwhile."""
        session, well = AsyncSession(engine, expire_on_commit=False), False
        try:
            yield session
            well = True
        finally:
            if well and self.sqlite:
                await session.close()  # waits for nothing, and in a task others would wait for their turn
            else:
                await asyncio.shield(asyncio.create_task(session.close()))

    async def create_all(self) -> None:
        """Make every table at once: for tests; an installation goes through the migrations."""
        async with self.writer.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)

    async def lock(self, session: AsyncSession, *keys: int, shared: bool = False) -> None:
        """Let one transaction at a time go on for each key, until it ends.

        keys: signed 64-bit numbers. shared: beside others who share them. PostgreSQL only: counting a
        person's appointments and then adding one is write skew otherwise. SQLite has one writer.
        """
        if self.sqlite:
            return
        connection: AsyncConnection = await session.connection()
        locking = f"select pg_advisory_xact_lock{'_shared' if shared else ''}($1)"
        for key in sorted(set(keys)):  # one order everywhere, or two of us wait for each other
            await connection.exec_driver_sql(locking, (key,))

    async def close(self) -> None:
        await self.writer.dispose()
        await self.reader.dispose()


@asynccontextmanager
async def answering() -> AsyncIterator[None]:
    """Raises StorageAway for whatever means that the database is away."""
    try:
        yield
    except Exception as error:
        if away(error):
            raise StorageAway from error
        raise


async def _reach(*where: Any, **how: Any) -> Any:
    """A connection to PostgreSQL; a machine that does not answer is told as the server would tell it."""
    try:
        return await asyncpg.connect(*where, **how)
    except (OSError, TimeoutError) as error:
        raise asyncpg.ConnectionFailureError(type(error).__name__) from error


def open_database(url: str, *, pool: int = 8) -> Database:
    """Open `sqlite+aiosqlite:///path` or `postgresql+asyncpg://…`.

    pool: connections for each process. Errors never quote a statement's values. Raises ValueError for
    any other kind of database.
    """
    kind = make_url(url).drivername
    if kind == "postgresql+asyncpg":
        engine = create_async_engine(
            url, pool_size=pool, max_overflow=0, pool_timeout=60, pool_pre_ping=True, hide_parameters=True,
            connect_args={"async_creator_fn": _reach, "timeout": CONNECT_S},
        )  # fmt: skip
        _tune_postgresql(engine)
        return Database(engine, engine)
    if kind != "sqlite+aiosqlite":
        raise ValueError(f"{kind}: use sqlite+aiosqlite or postgresql+asyncpg")
    sqlite: dict[str, Any] = {
        "pool_timeout": 60,
        "hide_parameters": True,
        "async_creator": sqlite_connector(url),
    }
    writer = create_async_engine(url, pool_size=1, max_overflow=0, **sqlite)
    reader = create_async_engine(url, pool_size=4, max_overflow=0, **sqlite)
    _tune(writer, "BEGIN IMMEDIATE")
    _tune(reader, "BEGIN")
    return Database(writer, reader)


def _tune_postgresql(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection: Any) -> None:
        if connection.get_execution_options().get(OF_FLEETING):
            connection.exec_driver_sql("set local synchronous_commit to off")


def _tune(engine: AsyncEngine, begin: str) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # a confirmed appointment survives a power cut
            "foreign_keys=ON",
            SQLITE_CACHE,
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection: Any) -> None:
        fleeting = connection.get_execution_options().get(OF_FLEETING)
        # Not as a statement of SQLAlchemy's: there is one for each unit of work, and nothing is done yet.
        whole: WholeConnection = connection.connection.driver_connection
        whole.begins(FLEETING if fleeting else begin)
