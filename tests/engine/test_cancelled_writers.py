"""A writer that is cancelled, as by a hang-up, leaves nothing behind: no row and no lock."""

import asyncio
import gc

from sqlalchemy import text

from core.database import Database


async def test_a_cancelled_writer_holds_nobody_up(database: Database) -> None:
    async with database.write() as db:
        await db.execute(text("create table note (number integer)"))

    async def write() -> None:
        async with database.write() as db:
            (await db.execute(text("insert into note values (1), (2) returning number"))).all()
            await db.execute(text("insert into note values (3)"))

    gc.disable()  # a lock that lives until the collector comes is a lock
    try:
        for steps in range(60):
            writing = asyncio.create_task(write())
            for _ in range(steps):
                await asyncio.sleep(0)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            async with asyncio.timeout(10), database.write() as db:
                assert (await db.execute(text("select count(*) from note"))).scalar_one() % 3 == 0
                await db.execute(text("insert into note values (1), (2), (3)"))
    finally:
        gc.enable()
