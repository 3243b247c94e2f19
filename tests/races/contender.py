"""One process of many that all want the same few slots; prints what became of each, as JSON.

Usage: contender.py URL SESSION_ID FIRST_PERSON COUNT NOW
"""

import asyncio
import json
import sys
from collections import Counter
from datetime import datetime

import core.tables  # noqa: F401
from core.booking.commands import Book, Hold
from core.booking.store import PlainStore
from core.chance import SystemChance
from core.database import open_database
from core.errors import Refusal
from core.sealing import AesSealer
from core.values import Channel, Phone
from core.work import Hotline
from tests.builders import CALLER, SURFER, TEXTER
from tests.clocks import FrozenClock

AT_ONCE = 64


async def main(url: str, session_id: int, first: int, count: int, now: datetime) -> None:
    database = open_database(url)
    hotline = Hotline(database, FrozenClock(now), SystemChance(), AesSealer(b"x" * 32), demo=True)
    store = PlainStore(hotline)
    told: Counter[str] = Counter()
    serials: list[str] = []
    gate = asyncio.Semaphore(AT_ONCE)

    async def contend(person_id: int) -> None:
        by = (CALLER, SURFER, TEXTER)[person_id % 3]
        async with gate:
            try:
                held = await store.submit(
                    Hold(session_id=session_id, owner=f"person:{person_id}", person_id=person_id), by
                )
                made = await store.submit(Book(held.hold_id, person_id, Phone(f"10{person_id:09d}")), by)
            except Refusal as refusal:
                told[refusal.code] += 1
            else:
                told["booked"] += 1
                serials.append(made.serial)

    assert Channel.PHONE
    await asyncio.gather(*(contend(person) for person in range(first, first + count)))
    await database.close()
    print(json.dumps({"told": told, "serials": serials}))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(
        main(
            sys.argv[1],
            int(sys.argv[2]),
            int(sys.argv[3]),
            int(sys.argv[4]),
            datetime.fromisoformat(sys.argv[5]),
        )
    )
