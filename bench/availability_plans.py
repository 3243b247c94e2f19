"""The empty-index plan check: hot questions on the day before a week comes, after it, and when it is counted.

The same as tests/engine/test_plans.py on a larger province, and told instead of judged.
"""

from collections.abc import Mapping
from typing import Any

from bench import raw
from bench.release_town import MASTER, fresh
from core.chance import SystemChance
from core.database import open_database
from core.sealing import AesSealer
from core.work import Hotline
from tests.clocks import FrozenClock
from tests.plans import BATCHES, HOT, MOMENTS, observed
from tests.provinces import NOW

DEPARTMENTS, TOGETHER = 30, 5


async def measured() -> Mapping[str, Any]:
    """Database → moment → question → what is wrong with its plans; prints the table."""
    found = {}
    for kind in ("SQLite", "PostgreSQL"):
        async with fresh(kind) as url:
            database = open_database(url)
            hotline = Hotline(database, FrozenClock(NOW), SystemChance(), AesSealer(MASTER), demo=True)
            try:
                found[kind] = await observed(hotline, url, departments=DEPARTMENTS, together=TOGETHER)
            finally:
                await database.close()
    rows = [
        (f"{kind}: {name}", *("; ".join(moments[moment][name]) or "its index" for moment in MOMENTS))
        for kind, moments in found.items()
        for name in (*(hot.name for hot in HOT), BATCHES)
    ]
    raw.markdown("the empty-index plan check, for the values asked and for any", ("question", *MOMENTS), rows)
    return found
