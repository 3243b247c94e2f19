"""Timed work: each job runs until nothing is due, and one job's failure stops no other."""

import asyncio
from collections.abc import Iterator

import pytest

from core import journal
from core.events import SessionResumed
from core.timers import MOST_BATCHES, Job, Timers
from core.work import Hotline, Work
from tests.waiting import until


class Due:
    """Rows that fall due, settled in batches; each batch leaves an event, or the script's failure."""

    def __init__(self, *batches: int | Exception) -> None:
        self.batches: Iterator[int | Exception] = iter(batches)
        self.actors: list[str] = []

    async def act(self, work: Work) -> int:
        self.actors.append(work.by.name)
        batch = next(self.batches, 0)
        work.record(SessionResumed(session_id=len(self.actors)))
        if isinstance(batch, Exception):
            raise batch
        return batch


async def test_a_job_runs_until_a_batch_comes_back_empty(hotline: Hotline) -> None:
    due = Due(3, 3, 1)
    timers = Timers(hotline, [Job("lapse", 5, due.act)])
    assert await timers.run_once("lapse") == 7
    assert due.actors == ["timer lapse"] * 4
    health = timers.health["lapse"]
    assert (health.last_rows, health.last_error, health.behind) == (7, None, False)


async def test_each_batch_is_its_own_unit_of_work(hotline: Hotline) -> None:
    timers = Timers(hotline, [Job("lapse", 5, Due(1, 1, ValueError("broken row")).act)])
    await timers.run_once("lapse")
    async with hotline.read() as db:
        assert await journal.count(db) == 2  # what was done before the failure stays done
    assert timers.health["lapse"].last_error == "ValueError"


async def test_work_without_end_is_left_for_the_next_time(hotline: Hotline) -> None:
    due = Due(*[1] * (MOST_BATCHES + 50))
    timers = Timers(hotline, [Job("lapse", 5, due.act)])
    assert await timers.run_once("lapse") == MOST_BATCHES
    assert timers.health["lapse"].behind


async def test_by_itself_it_wakes_every_job_and_a_failing_one_stops_no_other(hotline: Hotline) -> None:
    good, bad = Due(*[1, 0] * 50), Due(*[ValueError()] * 50)
    timers = Timers(hotline, [Job("bad", 0.02, bad.act), Job("good", 0.02, good.act)])
    running = asyncio.create_task(timers.run())
    try:
        await until(lambda: len(good.actors) > 6 and len(bad.actors) > 3)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert timers.health["bad"].failures >= 3
    assert timers.health["good"].failures == 0


async def test_a_slow_job_is_never_two_at_once(hotline: Hotline) -> None:
    inside, most, runs = 0, 0, 0
    gate = asyncio.Event()

    async def slow(work: Work) -> int:
        nonlocal inside, most, runs
        inside, runs = inside + 1, runs + 1
        most = max(most, inside)
        if runs == 1:
            await gate.wait()
        inside -= 1
        return 0

    quick = Due()
    running = asyncio.create_task(
        Timers(hotline, [Job("slow", 0.02, slow), Job("quick", 0.02, quick.act)]).run()
    )
    try:
        if hotline.database.sqlite:  # its one writer is busy; the clock goes on all the same
            await asyncio.sleep(0.1)
        else:
            await until(lambda: len(quick.actors) > 5)
        assert (most, runs) == (1, 1)
        gate.set()
        await until(lambda: runs > 2)
        assert most == 1
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_health_tells_a_job_that_has_missed_its_runs(hotline: Hotline) -> None:
    timers = Timers(hotline, [Job("lapse", 10, Due().act)])
    await timers.run_once("lapse")
    now_s = asyncio.get_running_loop().time()
    assert not timers.health["lapse"].late(now_s + 20)
    assert timers.health["lapse"].late(now_s + 50)


def test_two_jobs_of_one_name_are_refused(hotline: Hotline) -> None:
    with pytest.raises(ValueError, match="one name"):
        Timers(hotline, [Job("a", 1, Due().act), Job("a", 2, Due().act)])
