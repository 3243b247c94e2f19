"""The release minute: 5,000 people, 500 numbers, three ways; the real line before the real engine.

In one process and without HTTP: what is measured is the line. Everybody acts through the units of work that
the pages use; the clock stands until all have registered, then it runs.
"""

import asyncio
import random
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from bench import raw
from bench.raw import part
from bench.release_audit import Audit, audit
from bench.release_crowd import Crowd, Seen
from bench.release_town import CONTENDERS, SESSIONS, SLOTS, Town, fresh, town
from core.errors import LineFirst
from core.release import gate
from core.release.turns import advance
from core.values import Actor, ActorKind, Channel, system
from core.work import Work

SEED = 12320
GIVER = system("bench")
MOST_S = 140.0
REFUSED_S, REFUSERS = 3.0, 32


async def run() -> None:
    found: dict[str, Any] = {}
    rows = []
    for kind in ("SQLite", "PostgreSQL"):
        async with fresh(kind) as url:
            here = await town(url)
            try:
                found[kind] = one = await _measured(here)
            finally:
                await here.hotline.database.close()
        rows.append(_row(kind, one))
        for line_ in one["story"]:
            print(f"{kind}: {line_}", flush=True)
    raw.markdown(
        f"release: {CONTENDERS} people, {SESSIONS} sessions of {SLOTS} numbers, by web, telephone and text",
        HEADS,
        rows,
    )
    print(f"\nraw figures: {raw.keep('release', found)}")


HEADS = (
    "database", "oversold", "sold", "shares broken", "out of turn", "past the line", "draw replayed",
    "register p50 / p99", "admission step p50 / p99", "wait p50 / p99", "places told",
    "refused, memory", "refused, database",
)  # fmt: skip


async def _measured(here: Town) -> Mapping[str, Any]:
    crowd = Crowd(here, random.Random(SEED))
    began = time.monotonic()
    await crowd.register()
    registered_s = time.monotonic() - began
    here.clock.begin()
    giving = asyncio.Event()
    steps: list[float] = []
    giver = asyncio.create_task(_give(here, giving, steps))
    memory = await _refused_from_memory(crowd)
    database = asyncio.create_task(_refused_by_the_database(here))
    try:
        async with asyncio.timeout(MOST_S):
            await crowd.rush()
    except TimeoutError:
        crowd.seen.told["still there when the bench ended"] += 1
    rush_s = time.monotonic() - began - registered_s
    giving.set()
    await giver
    return _figures(await audit(here), crowd.seen, steps, registered_s, rush_s, memory, await database)


async def _give(here: Town, ends: asyncio.Event, steps: list[float]) -> None:
    """As the house's timer does: each line once a second, again at once where something changed."""
    last = False
    while not last:
        last = ends.is_set()
        for session_id in here.sessions:
            changed = 1
            while changed:
                began = time.perf_counter()
                changed = await here.hotline.run(partial(advance, session_id=session_id), GIVER)
                steps.append(time.perf_counter() - began)
        if not last:
            await asyncio.sleep(1)


async def _refused_from_memory(crowd: Crowd) -> float:
    """Refusals a second of people without a turn, answered from the look of this second."""
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < 1:
        for one in crowd.early[:500]:
            look = await crowd.board.look(one.session_id)
            count += look.must_wait(f"stranger:{one.number}", one.channel, look.at)
    return count / (time.perf_counter() - began)


async def _refused_by_the_database(here: Town) -> float:
    """The same for who comes to the engine itself, while everybody else is at it as well."""
    refused, began = 0, time.monotonic()

    async def knock(number: int) -> None:
        nonlocal refused
        by = Actor(ActorKind.PATIENT, "bench", Channel.WEB)
        while time.monotonic() - began < REFUSED_S:
            act = partial(_knocks, session_id=here.sessions[number % SESSIONS], number=number)
            refused += await here.hotline.run(act, by)

    await asyncio.gather(*(knock(number) for number in range(REFUSERS)))
    return refused / (time.monotonic() - began)


async def _knocks(work: Work, *, session_id: int, number: int) -> int:
    try:
        async with gate.through(work, session_id, owner=f"stranger:{number}"):
            return 0
    except LineFirst:
        return 1


def _figures(
    checked: Audit,
    seen: Seen,
    steps: list[float],
    registered_s: float,
    rush_s: float,
    memory: float,
    database: float,
) -> Mapping[str, Any]:
    def spread(seconds: list[float]) -> tuple[float, float]:
        ordered = sorted(seconds)
        return part(ordered, 0.5), part(ordered, 0.99)

    return {
        "oversold": checked.oversold,
        "sold": checked.sold,
        "by_channel": checked.by_channel,
        "shares_broken": checked.shares_broken,
        "out_of_turn": checked.out_of_turn,
        "past": seen.past,
        "replayed": checked.replayed,
        "drawn": checked.drawn,
        "join_s": spread(seen.joins_s),
        "step_s": spread(steps),
        "wait_s": spread(seen.waits_s),
        "hold_s": spread(seen.holds_s),
        "looks_a_second": seen.looks / rush_s,
        "refused_memory": memory,
        "refused_database": database,
        "registered_s": registered_s,
        "rush_s": rush_s,
        "told": dict(seen.told),
        "story": [
            f"registered in {registered_s:.0f} s, released and served in {rush_s:.0f} s",
            f"what came of them: {dict(sorted(seen.told.items()))}",
            f"numbers by channel: {checked.by_channel}; every draw replayed: {checked.replayed}",
        ],
    }


def _row(kind: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    def ms(name: str) -> str:
        return " / ".join(f"{seconds * 1000:.0f}" for seconds in one[name]) + " ms"

    waits = " / ".join(f"{seconds:.1f}" for seconds in one["wait_s"]) + " s"
    return (
        kind,
        str(one["oversold"]),
        str(one["sold"]),
        str(one["shares_broken"]),
        str(one["out_of_turn"]),
        str(one["past"]),
        f"{one['replayed']} of {SESSIONS}",
        ms("join_s"),
        ms("step_s"),
        waits,
        f"{one['looks_a_second']:.0f}/s",
        f"{one['refused_memory']:.0f}/s",
        f"{one['refused_database']:.0f}/s",
    )
