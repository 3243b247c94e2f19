"""Ten sessions that open at one instant, and five thousand people who want them."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, select

from core.accounts.booking import owner
from core.catalogue.tables import Doctor, Post
from core.chance import SystemChance
from core.database import open_database
from core.people.tables import Person
from core.release import line
from core.schedule.tables import Session
from core.sealing import AesSealer
from core.values import Channel
from core.work import Hotline
from hotline import schema  # noqa: F401 every table must be known before one is made
from tests.builders import SEED, Clinic, clinic
from tests.clocks import RunningClock
from tests.postgres import start_cluster

SESSIONS, SLOTS, CONTENDERS = 10, 50, 5000
# Of fifty numbers fifteen are the telephone's and five those of texts; thirty are everybody's.
SHARES: dict[str, int | str] = {"phone": "30%", "sms": "10%"}
# Of ten contenders so many come by each way.
WAYS = (Channel.WEB,) * 6 + (Channel.PHONE,) * 3 + (Channel.SMS,)
# The turn is short here, so that several fit into a minute or two; its length is a rule all the same.
TURN_S, WINDOW_MIN = 40, 3
DAY = date(2026, 12, 8)
MASTER = b"a secret of the benches, 32 bytes"
# 6:59:00 in Shanghai on the day on which the numbers of DAY come out at seven.
STARTS = datetime(2026, 11, 23, 22, 59, tzinfo=UTC)


class Release:
    """The house's clock: stands before the release until everybody has come, then runs."""

    def __init__(self) -> None:
        self._running: RunningClock | None = None

    def now(self) -> datetime:
        return self._running.now() if self._running else STARTS

    def begin(self) -> None:
        self._running = RunningClock(STARTS + timedelta(seconds=60))


@dataclass(frozen=True)
class Contender:
    """Somebody and the session they want."""

    number: int
    person_id: int
    session_id: int
    channel: Channel

    @property
    def owner(self) -> str:
        return owner(self.number) if self.channel is Channel.WEB else f"{self.channel}:{self.number}"

    @property
    def whose(self) -> str:
        return line.whose(self.owner, self.person_id)


@dataclass
class Town:
    hotline: Hotline
    clock: Release
    clinic: Clinic
    sessions: list[int]
    contenders: list[Contender]


@asynccontextmanager
async def fresh(kind: str, *, empty: bool = False) -> AsyncIterator[str]:
    """The URL of a fresh database of this kind: a file, or a PostgreSQL of our own on loopback.

    empty: without tables on PostgreSQL too. Both lie in memory where that can be: the disk is not measured.
    """
    home = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="hotline-bench-", dir=home) as name:
        if kind == "SQLite":
            yield f"sqlite+aiosqlite:///{Path(name) / 'bench.db'}"
            return
        with ExitStack() as stack:
            # In a thread: it makes its tables in an event loop of its own.
            cluster = await asyncio.to_thread(stack.enter_context, start_cluster(Path(name)))
            yield stack.enter_context(cluster.database("template1" if empty else "model"))


async def town(url: str) -> Town:
    """Built by the real engine; closed by whoever asked for it (`hotline.database.close`)."""
    database, clock = open_database(url), Release()
    if database.sqlite:
        await database.create_all()
    hotline = Hotline(database, clock, SystemChance(), AesSealer(MASTER), demo=True)
    made = await clinic(hotline)
    for key, value in (("release.turn", str(TURN_S)), ("release.window", str(WINDOW_MIN))):
        await made.rule(key, value)
    sessions = await _sessions(hotline, made)
    people = await _people(hotline)
    contenders = [
        Contender(number, person_id, sessions[number % SESSIONS], WAYS[number // SESSIONS % len(WAYS)])
        for number, person_id in enumerate(people)
    ]
    return Town(hotline, clock, made, sessions, contenders)


async def _sessions(hotline: Hotline, made: Clinic) -> list[int]:
    """Ten doctors' mornings: each post is another doctor's, all in departments of one hospital."""
    async with hotline.work(SEED) as work:
        for number in range(SESSIONS):
            doctor = Doctor(
                hospital_id=made.hospital_id, code=f"d{number}", name=f"甲{number}", pinyin="jia",
                initials="j", title="主任医师",
            )  # fmt: skip
            work.db.add(doctor)
            await work.db.flush()
            post = Post(department_id=made.department_id, doctor_id=doctor.id, kind="expert", fee_fen=3000)
            work.db.add(post)
            await work.db.flush()
            made.posts[f"d{number}"] = post.id
    ids = [
        await made.session(f"d{number}", day=DAY, slots=SLOTS, shares=SHARES) for number in range(SESSIONS)
    ]
    async with hotline.read() as db:
        opens = set((await db.execute(select(Session.release_at).where(Session.id.in_(ids)))).scalars())
    assert opens == {STARTS + timedelta(seconds=60)}, opens
    return ids


async def _people(hotline: Hotline) -> list[int]:
    """Five thousand grown-ups without papers: whom the rules let book."""
    rows = [
        {
            "name": f"患者{number}", "pinyin": "huan zhe", "initials": "hz", "sex": "female",
            "birth_date": date(1970, 5, 4), "created_at": hotline.clock.now(),
        }
        for number in range(CONTENDERS)
    ]  # fmt: skip
    async with hotline.work(SEED) as work:
        await work.db.execute(insert(Person), rows)
        ids = list((await work.db.execute(select(Person.id).order_by(Person.id))).scalars())
    return ids[:CONTENDERS]
