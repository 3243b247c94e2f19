"""A process killed between sending and settling: the next one carries again, with the same key."""

import asyncio
import signal
import sys
from pathlib import Path

from core.events import SessionResumed
from core.outbox import Outbox, Parcel, Route
from core.values import system
from core.wake import Wake
from core.work import Hotline
from tests.clocks import FrozenClock

CHILD = """
import asyncio, os, signal, sys
from core.chance import SystemChance, SystemClock
from core.database import open_database
from core.outbox import Outbox, Route
from core.sealing import AesSealer
from core.wake import Wake
from core.work import Hotline
import core.tables

class Sender:
    async def carry(self, parcel):
        with open(sys.argv[2], "a") as sent:
            sent.write(parcel.key + "\\n")
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    hotline = Hotline(open_database(sys.argv[1]), SystemClock(), SystemChance(), AesSealer(b"0" * 32))
    hotline.clock.now = lambda: __import__("datetime").datetime.fromisoformat(sys.argv[3])
    await Outbox(hotline, {"out": Route(Sender())}, Wake()).carry_due()

asyncio.run(main())
"""


async def test_a_process_killed_after_sending_sends_again_with_the_same_key(
    hotline: Hotline, database_url: str, clock: FrozenClock, tmp_path: Path
) -> None:
    hotline.routes = {"session.resumed": ("out",)}
    async with hotline.work(system("test")) as work:
        work.record(SessionResumed(session_id=1))
    sent = tmp_path / "sent"
    arguments = [sys.executable, "-c", CHILD, database_url, str(sent), clock.now().isoformat()]
    child = await asyncio.create_subprocess_exec(*arguments, cwd=Path(__file__).parents[2])
    assert await asyncio.wait_for(child.wait(), 60) == -signal.SIGKILL

    again: list[Parcel] = []

    class Sender:
        async def carry(self, parcel: Parcel) -> None:
            again.append(parcel)

    carrying = Outbox(hotline, {"out": Route(Sender())}, Wake())
    assert await carrying.carry_due() == 0  # the dead process's lease is respected
    clock.advance(minutes=5)
    assert await carrying.carry_due() == 1
    assert [again[0].key] == sent.read_text().split()
    assert again[0].attempt == 2
