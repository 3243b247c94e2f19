"""Write what a batch has decided: all at once where nothing is in the way, else one by one in savepoints."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

import asyncpg

from core.booking.commands import packed
from core.booking.group.door import Door
from core.booking.group.line import Asking
from core.booking.group.plan import Plan
from core.booking.group.texts import ORDER
from core.booking.store import fingerprint
from core.events import Event
from core.outbox_table import WAITING
from core.work import journal_row

# What one bad row raises; whatever else a driver raises ends the batch.
SPOILT = (sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError)
Carriers = Callable[[Event], tuple[str, ...]]


class GuardLost(Exception):
    """A row was not as it had been read: somebody without our locks was quicker."""


async def write(
    door: Door, plans: Mapping[Asking, Plan], now: datetime, carriers: Carriers, ids: Iterator[int]
) -> set[Asking]:
    """Write every plan, its key, its events and what goes outside; return those that could not be.

    carriers: who must hear of an event outside. ids: of the events. Each plan is whole or not at all.
    Raises the driver's errors of a storage that fails.
    """
    for asking, plan in plans.items():
        _keep(asking, plan, now)
        for event in plan.events:
            _tell(asking, plan, event, next(ids), now, carriers(event))
    try:
        await _write(door, list(plans.values()))
        return set()
    except (*SPOILT, GuardLost):
        await door.say("rollback to savepoint batch")
    return {asking for asking, plan in plans.items() if not await _alone(door, plan)}


async def _alone(door: Door, plan: Plan) -> bool:
    await door.say("savepoint one")
    try:
        await _write(door, [plan])
    except (*SPOILT, GuardLost):
        await door.say("rollback to savepoint one")
        return False
    await door.say("release savepoint one")
    return True


async def _write(door: Door, plans: Sequence[Plan]) -> None:
    rows = {name: [row for plan in plans for row in plan.rows.get(name, ())] for name in ORDER}
    rows = {name: some for name, some in rows.items() if some}
    done = await door.write(rows)
    lost = [name for name, some in rows.items() if done[name] != len(some)]
    if lost:
        raise GuardLost(*lost)


def _keep(asking: Asking, plan: Plan, now: datetime) -> None:
    command = asking.command
    if command.key is not None and plan.outcome is not None:
        verb = type(command).__name__.lower()
        plan.add("key", command.key, verb, fingerprint(command), json.dumps(packed(plan.outcome)), now)


def _tell(
    asking: Asking, plan: Plan, event: Event, journal_id: int, now: datetime, carriers: Sequence[str]
) -> None:
    row = journal_row(event, now, asking.by, asking.interaction_id)
    plan.add(
        "journal", journal_id, row["at"], row["kind"], row["actor"], row["channel"], row["interaction_id"],
        row["appointment_id"], row["person_id"], row["session_id"], json.dumps(row["body"]),
    )  # fmt: skip
    for carrier in carriers:
        plan.add("outbox", carrier, journal_id, row["appointment_id"], WAITING, False, now, now, 0)
