"""What an engine bench's town has behind it: visits of the months before, and all that they left."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import func, insert, select, text

from core.booking.rules import FHIR, State
from core.booking.tables import Appointment
from core.database import Database
from core.schedule.rules import SLOT_FHIR, SessionState, SlotState
from core.schedule.tables import Period, Session, Slot
from core.values import Channel, serial
from core.work import Hotline

# Rows for one statement.
CHUNK = 5_000
SLOTS = 60
# The first sessions of the town come again so many times, each time this long before.
MODELS, TURNS, APART = 200, 3, timedelta(days=70)
KEPT = ("hospital_id", "department_id", "doctor_id", "number_kind", "fee_fen")
# What those visits left in the other tables when they were booked: a planner that finds these empty reads
# them from end to end, and is right for the first hundred bookings of the day.
LEFT_BEHIND = (
    "insert into hold (id, slot_id, session_id, owner, reason, person_id, channel, state, made_at, "
    "expires_at, heartbeat_at) select 'past-' || id, slot_id, session_id, 'web:' || person_id, 'choice', "
    "person_id, channel, 'used', booked_at, booked_at, booked_at from appointment",
    *(
        "insert into command_key (key, verb, fingerprint, outcome, at) "
        f"select 'past-{verb}-' || id, '{verb}', serial, '{{}}', booked_at from appointment"
        for verb in ("hold", "book")
    ),
    *(
        'insert into journal ("transaction", at, kind, actor, channel, appointment_id, person_id, '
        f"session_id, body) select 0, booked_at, '{kind}', 'web', channel, id, person_id, session_id, '{{}}' "
        "from appointment"
        for kind in ("past.held", "past.booked")
    ),
    "insert into outbox (carrier, journal_id, appointment_id, state, taken, due_at, created_at, attempts) "
    "select 'sms', id, appointment_id, 'done', false, at, at, 1 from journal where kind = 'past.booked'",
)


@dataclass(frozen=True)
class _Places:
    """Sessions of the past; the last ids before their own."""

    sessions: list[dict[str, Any]]
    session: int
    slot: int


async def past(hotline: Hotline, first_person: int, people: int, number: int) -> None:
    """So many visits among all people at random: a history for some, depth for every index."""
    dice = random.Random(12320)
    there = await _places(hotline, number)
    sealed = hotline.sealer.seal("13900000000", "phone")

    def rows() -> Iterator[dict[str, Any]]:
        drawn = dice.sample(range(1_000_000, 9_999_999), number)
        for one in range(number):
            n, place = divmod(one, SLOTS)
            session = there.sessions[n]
            person = first_person + dice.randrange(people)
            yield {
                "serial": serial(drawn[one]), "slot_id": there.slot + 1 + one,
                "session_id": there.session + 1 + n, **{name: session[name] for name in KEPT},
                "person_id": person, "contact_print": f"{person:032d}",
                "contact_tail": f"{person % 9999:032d}", "contact_sealed": sealed,
                "channel": Channel.PHONE.value, "day": session["day"], "starts_at": session["starts_at"],
                "ends_at": session["ends_at"], "sequence": place + 1, "pay_mode": "at-hospital",
                "state": State.ATTENDED.value, "fhir": FHIR[State.ATTENDED], "promised": {},
                "booked_at": session["starts_at"] - timedelta(days=3),
            }  # fmt: skip

    await written(hotline.database, Appointment, rows())
    async with hotline.database.write() as db:
        for statement in LEFT_BEHIND:
            await db.execute(text(statement))


async def _places(hotline: Hotline, number: int) -> _Places:
    """So many used slots, each session in one period."""
    database = hotline.database
    async with hotline.read() as db:
        models = (await db.execute(select(Session).order_by(Session.id).limit(MODELS))).scalars().all()
    sessions = [
        {name: getattr(one, name) for name in (*KEPT, "post_id", "half")}
        | {"day": one.day - APART * turn, "total": SLOTS, "state": SessionState.PUBLISHED.value}
        | {
            name: getattr(one, name) - APART * turn
            for name in ("starts_at", "ends_at", "release_at", "stop_at")
        }
        for turn in range(1, TURNS + 1)
        for one in models
    ][: -(-number // SLOTS)]
    assert len(sessions) * SLOTS >= number
    session, period, slot = [await _last(database, table) for table in (Session, Period, Slot)]
    await written(database, Session, iter(sessions))
    periods = (
        {
            "session_id": session + n,
            "starts_at": one["starts_at"],
            "ends_at": one["ends_at"],
            "capacity": SLOTS,
        }
        for n, one in enumerate(sessions, 1)
    )
    await written(database, Period, periods)
    used = {"pool": "common", "state": SlotState.USED.value, "fhir": SLOT_FHIR[SlotState.USED]}
    numbered = (divmod(one, SLOTS) for one in range(number))
    slots = (
        {"session_id": session + 1 + n, "period_id": period + 1 + n, "sequence": place + 1, **used}
        for n, place in numbered
    )
    await written(database, Slot, slots)
    return _Places(sessions, session, slot)


async def _last(database: Database, table: Any) -> int:
    """The largest id so far."""
    async with database.read() as db:
        return int((await db.execute(select(func.coalesce(func.max(table.id), 0)))).scalar_one())


async def written(database: Database, table: Any, rows: Iterator[dict[str, Any]]) -> None:
    """Rows in statements of a few thousand, in one transaction."""
    async with database.write() as db:
        while part := list(islice(rows, CHUNK)):
            await db.execute(insert(table.__table__), part)
