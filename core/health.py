"""How each part of the house is: named probes, asked together, each with a limit in time."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import structlog
from prometheus_client import Gauge
from sqlalchemy import text

from core import owed
from core.errors import StorageAway
from core.observing import Metrics
from core.outbox import Outbox
from core.ports import Clock
from core.timers import Timers
from core.work import Hotline

log = structlog.get_logger()

# Without these nobody is served; everything else may be away, and the house still answers.
ESSENTIAL = frozenset({"database"})
# Texts later than this are late enough to tell somebody.
OUTBOX_LATE_S = 120
# Below this somebody must make room: the recordings of a busy day may not fit any more. Bytes.
LEAST_FREE = 3e9
# Below this nothing more can be kept, or in a moment: a day's log of the database alone is more.
FULL = 100e6


class State(StrEnum):
    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    STARTING = "starting"
    ABSENT = "absent"  # not part of this installation, and not missed


@dataclass(frozen=True)
class Report:
    """What a probe says. words: one Chinese sentence for pages. progress: 0 to 1, of something long."""

    state: State
    words: str = ""
    progress: float | None = None


@dataclass(frozen=True)
class Part:
    """A part as it is now; since: when it came into this state."""

    name: str
    state: State
    words: str
    since: datetime
    progress: float | None = None


Probe = Callable[[], Awaitable[Report]]


class Told:
    """A probe for a part that says by itself how it is, when it changes."""

    def __init__(self, state: State = State.STARTING, words: str = "") -> None:
        self._report = Report(state, words)

    def say(self, state: State, words: str = "", *, progress: float | None = None) -> None:
        self._report = Report(state, words, progress)

    async def __call__(self) -> Report:
        return self._report


class Health:
    """Asks every probe; many askers within fresh_s get one answer.

    A probe that raises or takes longer than within_s is down: its part cannot be relied on.
    """

    def __init__(
        self,
        clock: Clock,
        probes: Mapping[str, Probe],
        *,
        metrics: Metrics | None = None,
        within_s: float = 2.0,
        fresh_s: float = 1.0,
    ) -> None:
        self._clock = clock
        self._probes = dict(probes)
        self._within_s = within_s
        self._fresh_s = fresh_s
        self._parts: dict[str, Part] = {}
        self._asked_at: float | None = None
        self._asking = asyncio.Lock()
        if metrics:
            self._gauge = Gauge(
                "hotline_part_up",
                "1 up, 0.5 degraded or starting, 0 down",
                ["part"],
                registry=metrics.registry,
            )
            metrics.measures.append(self._measure)

    async def parts(self) -> list[Part]:
        """Every part, in the order given at the start."""
        async with self._asking:
            now_s = asyncio.get_running_loop().time()
            if self._asked_at is None or now_s - self._asked_at >= self._fresh_s:
                reports = await asyncio.gather(*(self._ask(probe) for probe in self._probes.values()))
                self._keep(dict(zip(self._probes, reports, strict=True)))
                self._asked_at = asyncio.get_running_loop().time()
            return list(self._parts.values())

    async def _ask(self, probe: Probe) -> Report:
        try:
            async with asyncio.timeout(self._within_s):
                return await probe()
        except TimeoutError:
            return Report(State.DOWN, "没有及时回答")
        except Exception as error:  # a border: whatever a probe meets, the others are still told
            log.warning("probe failed", error=type(error).__name__)
            return Report(State.DOWN, "无法检查")

    def _keep(self, reports: Mapping[str, Report]) -> None:
        now = self._clock.now()
        for name, report in reports.items():
            before = self._parts.get(name)
            since = before.since if before and before.state == report.state else now
            self._parts[name] = Part(name, report.state, report.words, since, report.progress)

    async def _measure(self) -> None:
        self._gauge.clear()
        for part in await self.parts():
            if part.state is not State.ABSENT:
                self._gauge.labels(part.name).set({State.UP: 1.0, State.DOWN: 0.0}.get(part.state, 0.5))


def overall(parts: list[Part]) -> State:
    """The house in one word: down only when an essential part is, degraded when any other is not well."""
    essential = {part.state for part in parts if part.name in ESSENTIAL}
    for state in (State.DOWN, State.STARTING):
        if state in essential:
            return state
    well = all(part.state in (State.UP, State.ABSENT) for part in parts)
    return State.UP if well else State.DEGRADED


# --- the probes of the core ---------------------------------------------------------------------------


def database(hotline: Hotline) -> Probe:
    async def probe() -> Report:
        try:
            async with hotline.read() as db:
                await db.execute(text("select 1"))
        except StorageAway:
            return Report(State.DOWN, "数据库没有响应，恢复后自动继续")
        return Report(State.UP)

    return probe


def outbox(hotline: Hotline, box: Outbox) -> Probe:
    async def probe() -> Report:
        if box.last_error:
            return Report(State.DOWN, "发件箱取不到任务")
        async with hotline.read() as db:
            oldest = await owed.age(db, hotline.clock.now())
        if oldest.total_seconds() > OUTBOX_LATE_S:
            return Report(State.DEGRADED, f"最早一条已等待{int(oldest.total_seconds() // 60)}分钟")
        return Report(State.UP)

    return probe


def disk(folder: Path) -> Probe:
    """Room where recordings and the database lie."""

    async def probe() -> Report:
        room = await asyncio.to_thread(shutil.disk_usage, folder)
        if room.free < FULL:
            return Report(
                State.DOWN, f"磁盘已满，只剩 {room.free / 1e6:.0f} MB，不能保存预约；腾出空间后自动继续"
            )
        words = f"可用 {room.free / 1e9:.0f} GB"
        return Report(State.DEGRADED if room.free < LEAST_FREE else State.UP, words)

    return probe


def timers(clockwork: Timers) -> Probe:
    async def probe() -> Report:
        jobs, now_s = clockwork.health, asyncio.get_running_loop().time()
        failing = sorted(name for name, job in jobs.items() if job.last_error)
        late = sorted(name for name, job in jobs.items() if job.late(now_s))
        if failing or late:
            return Report(State.DEGRADED, f"有任务失败或误点：{'、'.join(failing or late)}")
        if any(job.ran_s is None for job in jobs.values()):
            return Report(State.STARTING)
        return Report(State.UP)

    return probe
