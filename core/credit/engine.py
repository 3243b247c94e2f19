"""Rules as rows, the credit ledger, the black list and appeals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncSession

from core.contact.calendar import working_days
from core.contact.tables import Holiday
from core.credit.book import RuleBook, RuleRow
from core.credit.keys import named, parsed
from core.credit.periods import CheckPeriod
from core.credit.rules import Block, LedgerLine, PastBlock, due_blocks, still_stands
from core.credit.tables import Appeal, BlacklistEntry, BookingRule, CreditEvent
from core.errors import AppealClosed, NotAllowed, NotFound
from core.events import (
    AppealDecided,
    AppealMade,
    CreditForgiven,
    CreditNoted,
    PersonBlacklisted,
    PersonCleared,
    RuleChanged,
)
from core.work import Work

# --- rules --------------------------------------------------------------------------------------------

# One book for each hospital and state of the tables: (rows, newest change, holidays) is cheap to ask
# and changes with every write, by whichever process.
_Stamp = tuple[int, datetime | None, int, int]
_books: WeakKeyDictionary[Engine, tuple[_Stamp, dict[int | None, RuleBook]]] = WeakKeyDictionary()


async def rules_for(db: AsyncSession, hospital_id: int | None) -> RuleBook:
    """The rule book of a hospital, as the rows are now."""
    stamp = await _stamp(db)
    bind = db.get_bind()
    engine = bind if isinstance(bind, Engine) else bind.engine
    kept = _books.get(engine)
    if kept is None or kept[0] != stamp:
        kept = (stamp, {})
        _books[engine] = kept
    if hospital_id not in kept[1]:
        kept[1][hospital_id] = await _load(db, hospital_id)
    return kept[1][hospital_id]


async def _stamp(db: AsyncSession) -> _Stamp:
    """One statement: every rule that is asked asks this first."""
    stamp = select(
        func.count(BookingRule.id),
        func.max(BookingRule.updated_at),
        func.coalesce(func.max(BookingRule.id), 0),
        select(func.count()).select_from(Holiday).scalar_subquery(),
    )
    count, newest, last, holidays = (await db.execute(stamp)).one()
    return count, newest, last, holidays


async def _load(db: AsyncSession, hospital_id: int | None) -> RuleBook:
    wanted = or_(BookingRule.hospital_id.is_(None), BookingRule.hospital_id == hospital_id)
    rows = (await db.execute(select(BookingRule).where(wanted))).scalars()
    return RuleBook([_row(row) for row in rows], hospital_id, await working_days(db))


def _row(row: BookingRule) -> RuleRow:
    return RuleRow(
        row.id,
        row.key,
        row.value,
        row.state,
        row.priority,
        row.hospital_id,
        row.period_type,
        row.period_value,
    )


async def rules(db: AsyncSession, hospital_id: int | None = None) -> list[RuleRow]:
    """The rows of one hospital, or the common ones."""
    scope = (
        BookingRule.hospital_id.is_(None) if hospital_id is None else BookingRule.hospital_id == hospital_id
    )
    found = await db.execute(select(BookingRule).where(scope).order_by(BookingRule.key, BookingRule.id))
    return [_row(row) for row in found.scalars()]


async def set_rule(
    work: Work,
    *,
    key: str,
    value: str,
    hospital_id: int | None = None,
    priority: int = 0,
    state: str = "on",
    period_type: str | None = None,
    period_value: int | None = None,
) -> int:
    """Write a rule row (R-158); a row of the same key, hospital and priority is replaced.

    Sessions already published keep their instants until schedule.engine.retime is called. Raises
    RuleInvalid for a key or value nobody could read, NotAllowed without the function 'rules'.
    """
    _may_set(work)
    parsed(named(key).name, value)
    if period_type is not None:
        CheckPeriod.parse(period_type, period_value)
    same = (
        select(BookingRule)
        .where(
            BookingRule.key == key,
            BookingRule.priority == priority,
            BookingRule.hospital_id.is_(None)
            if hospital_id is None
            else BookingRule.hospital_id == hospital_id,
        )
        .limit(1)
    )
    row = (await work.db.execute(same)).scalar_one_or_none()
    if row is None:
        row = BookingRule(key=key, priority=priority, hospital_id=hospital_id)
        work.db.add(row)
    row.value, row.state, row.updated_at = value, state, work.now
    row.period_type, row.period_value = period_type, period_value
    await work.db.flush()
    _books.clear()
    work.record(RuleChanged(key=key, value=value if state == "on" else None, hospital_id=hospital_id))
    return row.id


async def remove_rule(work: Work, rule_id: int) -> None:
    """Switch a row off; the row stays, because refusals and blocks refer to it. Raises NotFound."""
    _may_set(work)
    row = await work.db.get(BookingRule, rule_id)
    if row is None:
        raise NotFound(facts={"what": "rule"})
    row.state, row.updated_at = "off", work.now
    await work.db.flush()
    _books.clear()
    work.record(RuleChanged(key=row.key, value=None, hospital_id=row.hospital_id))


def _may_set(work: Work) -> None:
    if not work.by.may("rules"):
        raise NotAllowed(facts={"function": "rules"})


# --- the ledger ---------------------------------------------------------------------------------------


async def note(
    work: Work,
    *,
    person_id: int,
    kind: str,
    appointment_id: int | None,
    hospital_id: int,
    proof: str,
    why_not: str | None = None,
) -> None:
    """Add a line to a person's ledger, and block them if a rule now calls for it (R-061, R-062).

    why_not: the line does not count, and this is why.
    """
    work.db.add(
        CreditEvent(
            person_id=person_id,
            kind=kind,
            hospital_id=hospital_id,
            appointment_id=appointment_id,
            at=work.now,
            proof=proof,
            forgiven_at=work.now if why_not else None,
            forgiven_why=why_not,
        )
    )
    work.record(CreditNoted(person_id=person_id, credit_kind=kind, appointment_id=appointment_id))
    if why_not:
        work.record(
            CreditForgiven(person_id=person_id, credit_kind=kind, appointment_id=appointment_id, why=why_not)
        )
        return
    book = await rules_for(work.db, hospital_id)
    await work.db.flush()
    for block in due_blocks(await _ledger(work, person_id), await _past(work, person_id), book, work.now):
        await _block(work, person_id, block)


async def _ledger(work: Work, person_id: int) -> list[LedgerLine]:
    rows = await work.db.execute(
        select(CreditEvent).where(CreditEvent.person_id == person_id).order_by(CreditEvent.id)
    )
    return [
        LedgerLine(row.id, row.kind, row.hospital_id, row.at, row.forgiven_at is not None)
        for row in rows.scalars()
    ]


async def _past(work: Work, person_id: int) -> list[PastBlock]:
    rows = await work.db.execute(select(BlacklistEntry).where(BlacklistEntry.person_id == person_id))
    return [
        PastBlock(
            row.rule_key,
            row.hospital_id,
            row.from_at,
            row.ended_at is None and (row.until is None or row.until > work.now),
        )
        for row in rows.scalars()
    ]


async def _block(work: Work, person_id: int, block: Block) -> None:
    await _end_expired(work, person_id)
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    row = {
        "person_id": person_id,
        "rule_key": block.rule.key,
        "rule_row_id": block.rule.row_id,
        "hospital_id": block.hospital_id,
        "reason": f"{block.count} x {block.rule.key} {block.rule.value}",
        "from_at": work.now,
        "until": block.until,
    }
    # Two lines written at once call for the same block; the unique index lets one through.
    added = await work.db.execute(
        maker(BlacklistEntry).values(row).on_conflict_do_nothing().returning(BlacklistEntry.id)
    )
    if added.one_or_none() is not None:
        work.record(PersonBlacklisted(person_id=person_id, rule=block.rule.key, until=block.until))


async def _end_expired(work: Work, person_id: int) -> None:
    """Mark entries that are over, so that they do not stand in a new one's way."""
    await work.db.execute(
        update(BlacklistEntry)
        .where(
            BlacklistEntry.person_id == person_id,
            BlacklistEntry.ended_at.is_(None),
            BlacklistEntry.until <= work.now,
        )
        .values(ended_at=BlacklistEntry.until, ended_why="expired")
    )


async def forgive(work: Work, *, appointment_id: int, why: str) -> int:
    """Take back what an appointment put on the ledger; lift blocks that no longer stand.

    Returns how many lines were forgiven.
    """
    rows = (
        (
            await work.db.execute(
                select(CreditEvent).where(
                    CreditEvent.appointment_id == appointment_id,
                    CreditEvent.kind != "booked",
                    CreditEvent.forgiven_at.is_(None),
                )
            )
        )
        .scalars()
        .all()
    )
    for row in rows:
        row.forgiven_at, row.forgiven_why = work.now, why
        work.record(
            CreditForgiven(
                person_id=row.person_id, credit_kind=row.kind, appointment_id=appointment_id, why=why
            )
        )
    await work.db.flush()
    for person_id in {row.person_id for row in rows}:
        await _lift(work, person_id, why)
    return len(rows)


async def _lift(work: Work, person_id: int, why: str) -> None:
    ledger = await _ledger(work, person_id)
    for entry in await active_blocks(work.db, person_id, work.now):
        name = named(entry.rule_key).name
        book = await rules_for(work.db, entry.hospital_id)
        if not still_stands(name, ledger, book, entry.from_at):
            await _end(work, entry, why)


async def _end(work: Work, entry: BlacklistEntry, why: str) -> None:
    ended = await work.db.execute(
        update(BlacklistEntry)
        .where(BlacklistEntry.id == entry.id, BlacklistEntry.ended_at.is_(None))
        .values(ended_at=work.now, ended_why=why)
        .returning(BlacklistEntry.id)
    )
    if ended.one_or_none() is not None:
        work.record(PersonCleared(person_id=entry.person_id, rule=entry.rule_key, why=why))


# Built once: every caller who would book is asked for.
_ACTIVE_BLOCKS = select(BlacklistEntry).where(
    BlacklistEntry.person_id == bindparam("person_id"),
    BlacklistEntry.ended_at.is_(None),
    or_(BlacklistEntry.until.is_(None), BlacklistEntry.until > bindparam("now")),
)


async def active_blocks(db: AsyncSession, person_id: int, now: datetime) -> Sequence[BlacklistEntry]:
    """The entries that count now: a block ends by the clock, not by a job."""
    rows = await db.execute(_ACTIVE_BLOCKS, {"person_id": person_id, "now": now})
    return rows.scalars().all()


# --- appeals ------------------------------------------------------------------------------------------


async def appeal(work: Work, *, entry_id: int, words: str) -> int:
    """A person says that a block is wrong. Raises NotFound, AppealClosed when it is over already or
    another appeal is open."""
    entry = await work.db.get(BlacklistEntry, entry_id)
    if entry is None:
        raise NotFound(facts={"what": "blacklist-entry"})
    over = entry.ended_at is not None or (entry.until is not None and entry.until <= work.now)
    open_one = select(Appeal.id).where(Appeal.entry_id == entry_id, Appeal.state == "open")
    if over or (await work.db.execute(open_one)).first() is not None:
        raise AppealClosed
    made = Appeal(entry_id=entry_id, person_id=entry.person_id, words=words[:400], made_at=work.now)
    work.db.add(made)
    await work.db.flush()
    work.record(AppealMade(person_id=entry.person_id, entry_id=entry_id))
    return made.id


async def decide(work: Work, *, appeal_id: int, granted: bool, answer: str) -> None:
    """Grant or refuse an appeal; a granted one lifts the block at once.

    Raises NotFound, also for a block that is not the actor's to see; AppealClosed when it was decided before;
    NotAllowed.
    """
    if not work.by.may("appeals"):
        raise NotAllowed(facts={"function": "appeals"})
    about = select(BlacklistEntry.hospital_id).join(Appeal, Appeal.entry_id == BlacklistEntry.id)
    where = (await work.db.execute(about.where(Appeal.id == appeal_id))).one_or_none()
    if where is None or not work.by.sees(where[0]):
        raise NotFound(facts={"what": "appeal"})
    decided = await work.db.execute(
        update(Appeal)
        .where(Appeal.id == appeal_id, Appeal.state == "open")
        .values(
            state="granted" if granted else "refused",
            decided_at=work.now,
            decided_by=work.by.name,
            answer=answer[:400],
        )
        .returning(Appeal.entry_id)
    )
    row = decided.one_or_none()
    if row is None:
        raise AppealClosed
    entry = await work.db.get_one(BlacklistEntry, row[0])
    if granted:
        await _end(work, entry, "appeal granted")
    work.record(AppealDecided(person_id=entry.person_id, entry_id=entry.id, granted=granted))


@dataclass(frozen=True)
class StatementLine:
    """A line of a person's ledger with its proof, as an operator quotes it."""

    kind: str
    at: datetime
    proof: str
    hospital_id: int | None
    appointment_id: int | None
    forgiven_why: str | None


@dataclass(frozen=True)
class Statement:
    lines: Sequence[StatementLine]
    blocks: Sequence[BlacklistEntry]


async def statement(db: AsyncSession, person_id: int, now: datetime) -> Statement:
    """A person's credit, explained: every line with its proof, every block with rule and end."""
    rows = await db.execute(
        select(CreditEvent)
        .where(CreditEvent.person_id == person_id, CreditEvent.kind != "booked")
        .order_by(CreditEvent.at)
    )
    lines = [
        StatementLine(row.kind, row.at, row.proof, row.hospital_id, row.appointment_id, row.forgiven_why)
        for row in rows.scalars()
    ]
    return Statement(lines, await active_blocks(db, person_id, now))
