"""Work that falls due: each job is woken at its own interval and runs until nothing is due."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from core.observing import Metrics
from core.values import system
from core.work import Hotline, Work

log = structlog.get_logger()

# Units of work in one waking; a job that is never done must not keep the house busy for ever.
MOST_BATCHES = 200


@dataclass(frozen=True)
class Job:
    """Something to do every so often.

    act: does one bounded batch in its unit of work by guarded updates, and returns how many rows it
    settled. Several processes may run the same job at once.
    """

    name: str
    every_s: float
    act: Callable[[Work], Awaitable[int]]


@dataclass
class JobHealth:
    """How a job is doing. behind: its last run stopped with more work left.

    ran_s: when it ran last, by the loop's clock: a machine whose clock is set has no job late for that.
    """

    every_s: float
    ran_s: float | None = None
    last_rows: int = 0
    last_error: str | None = None
    failures: int = 0  # in a row
    behind: bool = False

    def late(self, now_s: float) -> bool:
        """Whether two runs have been missed. now_s: by the loop's clock."""
        return self.ran_s is not None and now_s - self.ran_s > 3 * self.every_s + 5


class Timers:
    """Wakes the jobs, by a clock that nobody sets. What is due stands in the database."""

    def __init__(self, hotline: Hotline, jobs: Sequence[Job], *, metrics: Metrics | None = None) -> None:
        self._hotline = hotline
        self._jobs = {job.name: job for job in jobs}
        if len(self._jobs) != len(jobs):
            raise ValueError("two jobs have one name")
        self._metrics = metrics or Metrics()
        self._health = {job.name: JobHealth(job.every_s) for job in jobs}

    @property
    def health(self) -> Mapping[str, JobHealth]:
        return self._health

    async def run(self) -> None:
        """Wake every job now and then at its interval, until cancelled; a job is never two at once."""
        async with asyncio.TaskGroup() as group:
            for job in self._jobs.values():
                group.create_task(self._serve(job), name=f"timer {job.name}")

    async def run_once(self, name: str) -> int:
        """Run one job until a batch comes back empty; returns the rows settled. A failure is kept."""
        job, health = self._jobs[name], self._health[name]
        rows = 0
        try:
            for _ in range(MOST_BATCHES):
                settled = await self._hotline.run(job.act, system(f"timer {name}"))
                rows += settled
                if not settled:
                    break
            health.behind = bool(settled)
            health.last_error = None
            health.failures = 0
        except Exception as error:  # a border: one job's failure stops no other, and it comes again
            health.last_error = type(error).__name__
            health.failures += 1
            log.exception("timer failed", job=name)
        health.ran_s = asyncio.get_running_loop().time()
        health.last_rows = rows
        self._metrics.timer_runs.labels(name, "failed" if health.last_error else "done").inc()
        self._metrics.timer_rows.labels(name).inc(rows)
        return rows

    async def _serve(self, job: Job) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            await self.run_once(job.name)
            due_s = max(due_s + job.every_s, loop.time())  # wakings that were missed are one
            await asyncio.sleep(due_s - loop.time())
