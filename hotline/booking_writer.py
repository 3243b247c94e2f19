"""What the house tells of its booking writer: measures of each batch, and how it is."""

from collections.abc import Callable

from core.booking.group.batch import Measured
from core.booking.group.store import GroupStore
from core.health import Probe, Report, State
from core.observing import Metrics


def into(metrics: Metrics) -> Callable[[Measured], None]:
    """Keeps what batches measure."""

    def measure(batch: Measured) -> None:
        metrics.booking_waiting.set(batch.waiting)
        metrics.booking_batch.observe(batch.size)
        metrics.booking_batch_took.observe(batch.took_s)
        metrics.booking_commit.observe(batch.commit_s)
        metrics.booking_aside.inc(batch.aside)

    return measure


def writer_probe(store: GroupStore) -> Probe:
    """Down while nothing can be kept; degraded while the line is half full and people may soon be refused."""

    async def probe() -> Report:
        if store.failing:
            return Report(State.DOWN, "预约写不进数据库，正在重试")
        if store.crowded:
            return Report(State.DEGRADED, f"等候写入的预约有 {store.waiting} 个")
        return Report(State.UP)

    return probe
