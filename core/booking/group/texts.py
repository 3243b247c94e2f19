"""The statements of the hot path, each once, for both databases.

Written by hand and run on the bare driver: building them through SQLAlchemy costs ten times what they take.
"Live" is said so that no partial index of the live ones is thought of (core.booking.tables.IS_LIVE), and a
day, where a phone is asked for, so that the index by day is not (`not_before` there).
`<1>` is an argument, `<1!text>` one that PostgreSQL must be told the type of, `<1:bigint>` a list.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache

_ARGUMENT = re.compile(r"<(\d+)(?::(\w+)|!(\w+))?>")
_LIVE = "('provisional', 'unpaid', 'booked', 'checked_in')"


@dataclass(frozen=True)
class Questions:
    """What is read: all that a batch needs, in one statement for each kind of fact."""

    keys: str = "select key, fingerprint, outcome from command_key where key in <1:text>"
    holds: str = (
        "select id, slot_id, session_id, owner, reason, state from hold where id in <1:text> for update"
    )
    choices: str = (
        "select id, slot_id, session_id, owner from hold"
        " where owner in <1:text> and coalesce(state = 'live', false) and reason = 'choice' order by id"
    )
    slots: str = """select id, session_id, period_id, sequence, state, hold_id, rests_until
        from slot where id in <1:bigint>"""
    sessions: str = (
        "select s.id, s.hospital_id, s.department_id, d.standard_code, s.doctor_id, s.number_kind, s.day,"
        " s.half, s.starts_at, s.ends_at, s.release_at, s.stop_at, h.state = 'live',"
        " d.open and p.open and coalesce(o.open, true), s.state, s.fee_fen, s.room, s.recycle_at,"
        " r.many, r.changed, r.newest, r.holidays"
        " from session s join hospital h on h.id = s.hospital_id join department d on d.id = s.department_id"
        " join post p on p.id = s.post_id left join doctor o on o.id = s.doctor_id"
        # core.credit.engine's stamp of the rules.
        " cross join (select count(id) as many, max(updated_at) as changed, coalesce(max(id), 0) as newest,"
        " (select count(*) from holiday) as holidays from booking_rule) r where s.id in <1:bigint>"
    )
    periods: str = "select id, session_id, starts_at, ends_at from period where id in <1:bigint>"
    # Of one session as many as may be wanted; FREE_OF_MANY is the same for PostgreSQL.
    free: str = """select id, session_id, period_id, sequence, pool from slot
        where session_id = <1> and state = 'free' and (<2> is null or period_id = <2>)
          and (<3> is null or id = <3>) and (<4> or rests_until is null or rests_until <= <5>)
          and (<6> is null or pool in ('common', <6>))
        order by case when pool = 'common' then 1 else 0 end, sequence limit <7>"""
    # How many a channel might still get of a session, and how many are left for others alone.
    left: str = """select
          coalesce(sum(case when (<4!boolean> or rests_until is null or rests_until <= <5!timestamptz>)
            and (<6!text> is null or pool in ('common', <6!text>))
            and (<3!bigint> is null or id = <3!bigint>) then 1 else 0 end), 0),
          coalesce(sum(case when (rests_until is null or rests_until <= <5!timestamptz>)
            and <6!text> is not null and pool not in ('common', <6!text>) then 1 else 0 end), 0)
        from slot where session_id = <1> and state = 'free'
          and (<2!bigint> is null or period_id = <2!bigint>)"""
    # With what else there is to be asked of each.
    people: str = """select p.id, p.identity_kind, p.birth_date, p.sex,
          exists (select 1 from visit_card c where c.person_id = p.id),
          exists (select 1 from blacklist_entry b where b.person_id = p.id),
          exists (select 1 from appointment a where a.person_id = p.id and a.day >= <2>)
        from person p where p.id in <1:bigint>"""
    cards: str = (
        "select person_id, hospital_id from visit_card where person_id in <1:bigint> and state = 'active'"
    )
    history: str = (
        "select person_id, id, hospital_id, department_id, doctor_id, session_id, slot_id, day, starts_at,"
        " ends_at, state, channel, booked_at, ended_at, reason from appointment"
        " where person_id in <1:bigint> and day >= <2> order by id"
    )
    blocks: str = (
        "select person_id, rule_key, reason, hospital_id, until, rule_row_id, from_at, ended_at"
        " from blacklist_entry where person_id in <1:bigint> order by id"
    )
    phones: str = (
        "select distinct contact_print, person_id from appointment where contact_print in <1:text>"
        f" and coalesce(state in {_LIVE}, false) and coalesce(day, day) >= <2>"
    )
    whose: str = "select id, person_id, contact_print from appointment where id in <1:bigint>"
    appointments: str = (
        "select id, serial, person_id, booker_id, session_id, slot_id, hospital_id, department_id,"
        " contact_print, contact_tail, contact_sealed, account_id, partner_id, day, starts_at, ends_at,"
        " state, pay_mode, changes, reason, promised, version, channel"
        " from appointment where id in <1:bigint> for no key update"
    )
    paid: str = "select distinct appointment_id from payment where appointment_id in <1:bigint>"
    awaited: str = """select department_id, doctor_id, until from awaited
        where department_id in <1:bigint> and until >= <2>"""
    ledger: str = (
        "select person_id, id, kind, hospital_id, at, forgiven_at is not null from credit_event"
        " where person_id in <1:bigint> order by id"
    )
    serials: str = "select serial from appointment where serial in <1:text>"
    rules: str = (
        "select id, key, value, state, priority, hospital_id, period_type, period_value from booking_rule"
        " where hospital_id is null or hospital_id = <1>"
    )
    holidays: str = "select day, working from holiday"


def _insert(table: str, columns: str) -> tuple[str, tuple[str, ...]]:
    return table, tuple(columns.split())


# What is added: the table, its columns and, for PostgreSQL, their types.
INSERTS = {
    "key": _insert("command_key", "key:text verb:text fingerprint:text outcome:json at:timestamptz"),
    "hold": _insert(
        "hold",
        "id:text slot_id:bigint session_id:bigint owner:text reason:text person_id:bigint"
        " interaction_id:bigint channel:text state:text made_at:timestamptz expires_at:timestamptz"
        " heartbeat_at:timestamptz",
    ),
    "appointment": _insert(
        "appointment",
        "id:bigint serial:text slot_id:bigint session_id:bigint hospital_id:bigint department_id:bigint"
        " doctor_id:bigint person_id:bigint booker_id:bigint contact_print:text contact_tail:text"
        " contact_sealed:bytea channel:text staff_id:bigint account_id:bigint partner_id:bigint"
        " interaction_id:bigint day:date starts_at:timestamptz ends_at:timestamptz sequence:bigint"
        " number_kind:text room:text fee_fen:bigint pay_mode:text pay_by:timestamptz state:text fhir:text"
        " reason:text queue_number:text replaces_id:bigint replaced_by_id:bigint changes:bigint promised:json"
        " booked_at:timestamptz ended_at:timestamptz checked_in_at:timestamptz version:bigint",
    ),
    "payment": _insert(
        "payment",
        "appointment_id:bigint hospital_id:bigint amount_fen:bigint owed_fen:bigint state:text provider:text"
        " pay_by:timestamptz created_at:timestamptz",
    ),
    "credit": _insert(
        "credit_event",
        "person_id:bigint kind:text hospital_id:bigint appointment_id:bigint at:timestamptz proof:text",
    ),
    "journal": _insert(
        "journal",
        "id:bigint at:timestamptz kind:text actor:text channel:text interaction_id:bigint"
        " appointment_id:bigint person_id:bigint session_id:bigint body:json",
    ),
    "outbox": _insert(
        "outbox",
        "carrier:text journal_id:bigint appointment_id:bigint state:text taken:boolean due_at:timestamptz"
        " created_at:timestamptz attempts:bigint",
    ),
}

# What is changed: each names the state it expects, and its columns' types for PostgreSQL.
UPDATES = {
    "claim": (
        "update slot set state = 'held', fhir = 'busy-tentative', hold_id = <2>"
        " where id = <1> and state = 'free'",
        ("bigint", "text"),
    ),
    "let-go": (
        "update slot set state = 'free', fhir = 'free', hold_id = null, rests_until = null"
        " where id = <1> and state = 'held' and hold_id = <2>",
        ("bigint", "text"),
    ),
    "occupy": (
        "update slot set state = 'booked', fhir = 'busy', hold_id = null, rests_until = null where id = <1>"
        " and ((state = 'held' and hold_id = <2>) or (state = 'free' and (rests_until is null"
        " or rests_until <= <3>)))",
        ("bigint", "text", "timestamptz"),
    ),
    "vacate": (
        "update slot set state = 'free', fhir = 'free', hold_id = null, rests_until = <2>"
        " where id = <1> and state in ('booked', 'taken')",
        ("bigint", "timestamptz"),
    ),
    "release": (
        "update hold set state = 'released' where id = <1> and coalesce(state = 'live', false)",
        ("text",),
    ),
    "use": ("update hold set state = 'used' where id = <1> and state in ('live', 'lapsed')", ("text",)),
    "end": (
        "update appointment set state = <3>, fhir = <4>, reason = <5>, ended_at = <6>, version = <2> + 1"
        " where id = <1> and version = <2>",
        ("bigint", "bigint", "text", "text", "text", "timestamptz"),
    ),
    "follow": ("update appointment set replaced_by_id = <2> where id = <1>", ("bigint", "bigint")),
}
# In this order: what leaves a unique index makes room for what enters it.
ORDER = (
    "end", "let-go", "release", "vacate", "claim", "occupy", "use", "hold", "appointment", "follow",
    "payment", "credit", "key", "journal", "outbox",
)  # fmt: skip
# Where a row of each write has instants and days, which SQLite keeps as words.
WORDED = {
    name: tuple(place for place, kind in enumerate(kinds) if kind in ("timestamptz", "date"))
    for name, kinds in [
        *((name, [column.partition(":")[2] for column in columns]) for name, (_, columns) in INSERTS.items()),
        *((name, list(kinds)) for name, (_, kinds) in UPDATES.items()),
    ]
}
# These touch rows that another of the same batch touches too, and have a statement of their own.
ALONE = frozenset({"end", "vacate", "follow"})


def for_sqlite() -> tuple[Questions, dict[str, str]]:
    """Questions take lists as JSON; what is written is written row by row."""

    def spoken(text: str) -> str:
        text = re.sub(r" for (no key )?update$", "", text)
        return _ARGUMENT.sub(
            lambda m: f"(select value from json_each(?{m[1]}))" if m[2] else f"?{m[1]}", text
        )

    writes = {name: spoken(text) for name, (text, _) in UPDATES.items()}
    for name, (table, columns) in INSERTS.items():
        names = [column.partition(":")[0] for column in columns]
        values = [f"?{place + 1}" for place in range(len(names))]
        if name == "journal":
            names, values = [*names, '"transaction"'], [*values, "0"]  # core.journal: one writer, one order
        writes[name] = f"insert into {table} ({', '.join(names)}) values ({', '.join(values)})"
    return _all(spoken), writes


# Of many sessions at once: what <1> to <7> are for one, in arrays, with the place of each.
FREE_OF_MANY = """
select w.n, f.id, f.session_id, f.period_id, f.sequence, f.pool
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::boolean[], $5::text[], $6::bigint[])
  with ordinality as w(session_id, period_id, slot_id, resting, own, most, n)
cross join lateral (
  select id, session_id, period_id, sequence, pool from slot
  where session_id = w.session_id and state = 'free' and (w.period_id is null or period_id = w.period_id)
    and (w.slot_id is null or id = w.slot_id) and (w.resting or rests_until is null or rests_until <= $7)
    and (w.own is null or pool in ('common', w.own))
  order by case when pool = 'common' then 1 else 0 end, sequence limit w.most
  for update skip locked
) as f"""


def for_postgresql() -> tuple[Questions, dict[str, str]]:
    """Lists are arrays; what is written comes as one array for each column."""

    def spoken(text: str) -> str:
        text = re.sub(r"in <(\d+):(\w+)>", r"= any($\1::\2[])", text)
        return _ARGUMENT.sub(lambda m: f"${m[1]}::{m[3]}" if m[3] else f"${m[1]}", text)

    writes = {}
    for name, (text, kinds) in UPDATES.items():
        table = text.split()[1]
        said = _ARGUMENT.sub(lambda m: f"v.c{m[1]}", text)
        said = re.sub(r" where id = v\.c1", f" from {_rows(kinds)} where {table}.id = v.c1", said)
        said = re.sub(r"version = v\.c2 \+ 1", f"version = {table}.version + 1", said)
        writes[name] = said
    for name, (table, columns) in INSERTS.items():
        names, kinds = zip(*(column.split(":") for column in columns), strict=True)
        chosen = [f"v.c{place + 1}{'::json' if kind == 'json' else ''}" for place, kind in enumerate(kinds)]
        into, values = list(names), chosen
        if name == "journal":
            into, values = [*into, '"transaction"'], [*values, "pg_current_xact_id()::text::bigint"]
        rows = _rows(tuple("text" if kind == "json" else kind for kind in kinds))
        writes[name] = f"insert into {table} ({', '.join(into)}) select {', '.join(values)} from {rows}"
    return _all(spoken), writes


@lru_cache(maxsize=512)
def _numbered(text: str, by: int) -> str:
    return re.sub(r"\$(\d+)", lambda m: f"${int(m[1]) + by}", text)


def together(writes: dict[str, str], parts: tuple[tuple[str, int], ...]) -> str:
    """Several of PostgreSQL's writes as one statement, which returns how many rows each has written.

    parts: name and number of arguments of each, in order.
    """
    said: list[str] = []
    before = 0
    for name, arguments in parts:
        said.append(f"w{len(said)} as ({_numbered(writes[name], before)} returning 1)")
        before += arguments
    counts = ", ".join(f"(select count(*) from w{place})" for place in range(len(parts)))
    return f"with {', '.join(said)} select {counts}"


def _rows(kinds: tuple[str, ...]) -> str:
    arrays = ", ".join(f"${place + 1}::{kind}[]" for place, kind in enumerate(kinds))
    return f"unnest({arrays}) as v({', '.join(f'c{place + 1}' for place in range(len(kinds)))})"


def _all(spoken: Callable[[str], str]) -> Questions:
    return Questions(**{field.name: spoken(field.default) for field in fields(Questions)})  # type: ignore[arg-type]
