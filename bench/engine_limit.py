"""The limit on SQLite: the driver alone, in one thread, doing what one hold and one booking have to do.

The statements are those that the reference store was seen to execute (`before_cursor_execute`), each look-up
once a command, without what SQLAlchemy asks for its own sake: rows that were just written are not read again,
the session is not looked up twice. Nothing is decided, sealed or checked, and a channel's own share does not
go first, so that thousands of free numbers need not be sorted. bench.engine_same holds the rows that are left
against the engine's.
"""

import random
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy.engine import make_url

from bench.engine_seen import HOT, Seen
from bench.engine_town import Town

# An instant of the town's Monday, and the days from which its rules look back and ahead.
NOW, UNTIL = "2026-11-23 02:10:00.000000", "2026-11-23 02:18:00.000000"
LOOK_BACK, TODAY = "2025-10-19", "2026-11-23"
CHANNEL = "web"
PROMISED = (
    '{"cancel.deadline": "day-1 17:00", "change.deadline": "day-1 17:00", "change.max": "2", '
    '"checkin.from": "start-60m", "checkin.cutoff": "start-0m"}'
)
SEALED = b"\x01" * 40

KEY = (
    "insert into command_key (key, verb, fingerprint, outcome, at) values (?, ?, ?, '{}', ?) "
    "on conflict do nothing"
)
ANSWERED = "update command_key set outcome = ? where key = ?"
SESSION = (
    "select s.*, h.state, d.standard_code, d.open and p.open and coalesce(o.open, 1) from session s "
    "join hospital h on h.id = s.hospital_id join department d on d.id = s.department_id "
    "join post p on p.id = s.post_id left join doctor o on o.id = s.doctor_id where s.id = ?"
)
RULES = (
    "select count(id), max(updated_at), coalesce(max(id), 0), (select count(*) from holiday) "
    "from booking_rule"
)
PERIOD = "select id, session_id, starts_at, ends_at, capacity from period where id = ?"
PERSON = "select identity_kind, birth_date, sex from person where id = ?"
CARD = "select id from visit_card where person_id = ? and hospital_id = ? and state = 'active' limit 1"
HISTORY = (
    "select id, hospital_id, department_id, doctor_id, session_id, slot_id, day, starts_at, ends_at, "
    "state, channel, booked_at, ended_at, reason from appointment "
    "where person_id = ? and day >= ? order by id"
)
BLOCKS = (
    "select rule_key, hospital_id, reason, until, rule_row_id from blacklist_entry "
    "where person_id = ? and ended_at is null and (until is null or until > ?)"
)
CLAIM = (
    "update slot set state = 'held', fhir = 'busy-tentative', hold_id = ? where id = (select id from slot "
    "where session_id = ? and state = 'free' and (rests_until is null or rests_until <= ?) "
    "and pool in (?, 'common') order by sequence limit 1) and state = 'free' "
    "returning id, period_id, sequence"
)
OLDER = "select id from hold where owner = ? and state = 'live' and reason = 'choice'"
HOLD = (
    "insert into hold (id, slot_id, session_id, owner, reason, person_id, channel, state, made_at, "
    "expires_at, heartbeat_at) values (?, ?, ?, ?, 'choice', ?, ?, 'live', ?, ?, ?)"
)
JOURNAL = (
    'insert into journal ("transaction", at, kind, actor, channel, appointment_id, person_id, session_id, '
    "body) values (0, ?, ?, 'web', ?, ?, ?, ?, ?)"
)
HELD = "select slot_id, session_id, reason, state from hold where id = ?"
SLOT = "select period_id, sequence, pool, state, fhir, hold_id, rests_until from slot where id = ?"
PHONE = "select distinct person_id, state from appointment where contact_print = ? and day >= ?"
OCCUPY = (
    "update slot set state = 'booked', fhir = 'busy', hold_id = null, rests_until = null where id = ? "
    "and (state = 'held' and hold_id = ? or state = 'free' and (rests_until is null or rests_until <= ?)) "
    "returning id"
)
USED = "update hold set state = 'used' where id = ?"
DRAWN = "select id from appointment where serial = ?"
MADE = (
    "insert into appointment (serial, slot_id, session_id, hospital_id, department_id, doctor_id, person_id, "
    "contact_print, contact_tail, contact_sealed, channel, day, starts_at, ends_at, sequence, number_kind, "
    "room, fee_fen, pay_mode, state, fhir, changes, promised, booked_at, version) "
    "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, 'at-hospital', 'booked', 'booked', 0, ?, "
    "?, 1)"
)
OUTBOX = (
    "insert into outbox (carrier, journal_id, appointment_id, state, taken, due_at, created_at, attempts) "
    "values ('sms', ?, ?, 'waiting', 0, ?, ?, 0)"
)


@contextmanager
def bare(url: str) -> Iterator[sqlite3.Connection]:
    """A connection set as the house sets its own."""
    path = make_url(url).database
    assert path
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536"):
            db.execute(f"PRAGMA {pragma}")
        yield db


def hold(db: sqlite3.Connection, session: int, person: int, owner: str, key: str) -> str | None:
    """One transaction: a number of the session is kept; None when none is free."""
    run, hold_id = db.execute, secrets.token_urlsafe(16)
    run("begin immediate")
    run(KEY, (key, "hold", key[:32], NOW))
    facts = run(SESSION, (session,)).fetchone()
    run(RULES).fetchone()
    taken = run(CLAIM, (hold_id, session, NOW, CHANNEL)).fetchall()
    if not taken:
        run("rollback")
        return None
    slot, period, sequence = taken[0]
    run(PERIOD, (period,)).fetchone()
    _known(db, person, facts[2])
    run(OLDER, (owner,)).fetchall()
    run(HOLD, (hold_id, slot, session, owner, person, CHANNEL, NOW, UNTIL, NOW))
    run(
        ANSWERED,
        (
            f'{{"kind": "HeldSlot", "body": {{"hold_id": "{hold_id}", "slot_id": {slot}, '
            f'"session_id": {session}, "period_id": {period}, "sequence": {sequence}, "until": "{UNTIL}"}}}}',
            key,
        ),
    )
    body = (
        f'{{"hold_id": "{hold_id}", "slot_id": {slot}, "session_id": {session}, "person_id": {person}, '
        f'"reason": "choice", "until": "{UNTIL}"}}'
    )
    run(JOURNAL, (NOW, "slot.held", CHANNEL, None, person, session, body))
    run("commit")
    return hold_id


def _known(db: sqlite3.Connection, person: int, hospital: int) -> None:
    run = db.execute
    run(PERSON, (person,)).fetchone()
    run(CARD, (person, hospital)).fetchone()
    run(HISTORY, (person, LOOK_BACK)).fetchall()
    run(BLOCKS, (person, NOW)).fetchall()


def book(db: sqlite3.Connection, hold_id: str, person: int, key: str) -> None:
    """One transaction: the hold becomes an appointment."""
    run, mark = db.execute, f"{person:032d}"
    run("begin immediate")
    run(KEY, (key, "book", key[:32], NOW))
    slot, session, _, _ = run(HELD, (hold_id,)).fetchone()
    period, sequence, *_ = run(SLOT, (slot,)).fetchone()
    facts = run(SESSION, (session,)).fetchone()
    _, _, starts, ends, _ = run(PERIOD, (period,)).fetchone()
    run(RULES).fetchone()
    _known(db, person, facts[2])
    run(PHONE, (mark, TODAY)).fetchall()
    run(OCCUPY, (slot, hold_id, NOW)).fetchall()
    run(USED, (hold_id,))
    drawn = _drawn(db)
    made = run(
        MADE,
        (
            drawn, slot, session, facts[2], facts[3], facts[4], person, mark, mark, SEALED, CHANNEL, facts[6],
            starts, ends, sequence, facts[5], facts[11], PROMISED, NOW,
        ),
    ).lastrowid  # fmt: skip
    run(
        ANSWERED,
        (
            f'{{"kind": "Booked", "body": {{"appointment_id": {made}, "serial": "{drawn}", '
            f'"state": "booked", "slot_id": {slot}, "session_id": {session}, "starts_at": "{starts}", '
            f'"ends_at": "{ends}", "fee_fen": {facts[11]}, "pay_by": null, "replaces": null}}}}',
            key,
        ),
    )
    body = (
        f'{{"appointment_id": {made}, "person_id": {person}, "session_id": {session}, "slot_id": {slot}, '
        f'"state": "booked", "version": 1, "replaces": null, "hold_id": "{hold_id}"}}'
    )
    entry = run(JOURNAL, (NOW, "appointment.booked", CHANNEL, made, person, session, body)).lastrowid
    run(OUTBOX, (entry, made, NOW, NOW))
    run("commit")


def _drawn(db: sqlite3.Connection) -> str:
    """A serial number that nobody has."""
    while True:
        drawn = str(random.randrange(10_000_000, 99_999_999))
        if db.execute(DRAWN, (drawn,)).fetchone() is None:
            return drawn


def limit(url: str, town: Town, place: str, *, seconds: float, warm_up: float) -> Seen:
    """Bookings one after the other, as fast as they go."""
    seen, number, hot = Seen(), 0, iter(town.hot)
    session, begins = next(hot), time.perf_counter() + warm_up
    with bare(url) as db:
        while (began := time.perf_counter()) < begins + seconds:
            number += 1
            person = town.first_person + number * 7919 % town.people
            if place != HOT:
                session = town.sessions[number * 389 % len(town.sessions)]
            held = hold(db, session, person, f"web:{person}", f"h-{number}-of-the-limit-of-this-bench")
            if held is None:
                session = next(hot, 0) if place == HOT else session
                if not session:
                    break
                continue
            between = time.perf_counter()
            book(db, held, person, f"b-{number}-of-the-limit-of-this-bench")
            seen.holds, seen.booked = seen.holds + 1, seen.booked + 1
            if began >= begins:
                seen.took(between - began, time.perf_counter() - between)
    seen.seconds = time.perf_counter() - begins
    return seen
