"""A patient's credit, explained to them: each line with its proof and its end, each block, each appeal (16).

The owner of an account reads all of their own. Of whom they book for they learn whether these may book now,
and no more: that somebody did not come to a visit is theirs to tell.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts.credit_rules import Began, BlockRule, Counting, block_rules, counting
from core.accounts.tables import Attendee
from core.booking import view
from core.booking.evidence import gathered
from core.booking.miss_rules import NOTHING, Evidence
from core.booking.tables import Appointment
from core.booking.view import AppointmentView
from core.catalogue.tables import Hospital
from core.credit.engine import appeal, rules_for
from core.credit.keys import named
from core.credit.tables import Appeal, BlacklistEntry, CreditEvent
from core.errors import NotFound, WrongInput
from core.events import AppointmentCancelled
from core.journal import JournalRow, of_kind
from core.people.tables import Person
from core.work import Work

# Newest first; more than any check period holds of somebody who may still book.
MOST_LINES = 50
MOST_APPEALS = 20
LONGEST = 400


@dataclass(frozen=True)
class Line:
    """channel: by which a visit was given up. seen: what was told of it."""

    kind: str
    at: datetime
    visit: AppointmentView | None
    channel: str | None
    seen: Evidence
    forgiven_why: str | None
    counts: Sequence[Counting]


@dataclass(frozen=True)
class BlockView:
    """hospital: where it holds; None: everywhere. appealed: an appeal of it waits for its answer."""

    entry_id: int
    name: str
    value: str
    hospital: str | None
    from_at: datetime
    until: datetime | None
    ended_at: datetime | None
    ended_why: str | None
    active: bool
    appealed: bool


@dataclass(frozen=True)
class AppealView:
    entry_id: int
    words: str
    state: str
    made_at: datetime
    decided_at: datetime | None
    answer: str | None


@dataclass(frozen=True)
class Other:
    """Somebody the account books for. blocks: those that hold now."""

    name: str
    relation: str
    blocks: Sequence[BlockView]


@dataclass(frozen=True)
class Credit:
    """rules: the common ones; those of a hospital stand with the lines that they count."""

    lines: Sequence[Line]
    blocks: Sequence[BlockView]
    appeals: Sequence[AppealView]
    rules: Sequence[BlockRule]
    others: Sequence[Other]


async def explained(db: AsyncSession, account_id: int, person_id: int, *, now: datetime) -> Credit:
    """All of it. Lines that only say that something was booked are left out: nothing is wrong with them."""
    appeals = await _appeals(db, person_id)
    waiting = frozenset(one.entry_id for one in appeals if one.state == "open")
    family = await _family(db, account_id)
    held = await _blocks(db, [person_id, *(one for one, _, _ in family)], waiting, now)
    mine = held.get(person_id, ())
    return Credit(
        await lines(db, person_id),
        mine,
        appeals,
        block_rules(await rules_for(db, None)),
        [
            Other(name, relation, [block for block in held.get(one, ()) if block.active])
            for one, name, relation in family
        ],
    )


async def blocks(db: AsyncSession, person_id: int, now: datetime) -> Sequence[BlockView]:
    """Those that hold now, newest first."""
    waiting = frozenset(one.entry_id for one in await _appeals(db, person_id) if one.state == "open")
    found = await _blocks(db, [person_id], waiting, now)
    return [one for one in found.get(person_id, ()) if one.active]


async def lines(db: AsyncSession, person_id: int) -> list[Line]:
    """Somebody's ledger with its proofs, newest first, without what was only booked."""
    query = (
        select(CreditEvent)
        .where(CreditEvent.person_id == person_id, CreditEvent.kind != "booked")
        .order_by(CreditEvent.at.desc(), CreditEvent.id.desc())
        .limit(MOST_LINES)
    )
    rows = list((await db.execute(query)).scalars())
    ids = [row.appointment_id for row in rows if row.appointment_id is not None]
    visits = {
        one.appointment_id: one
        for one in await view.listed(db, view.joined().where(Appointment.id.in_(ids)))
    }  # fmt: skip
    told, channels = await gathered(db, ids), await _channels(db, ids)
    rules = {
        one: block_rules(await rules_for(db, one)) for one in {row.hospital_id for row in rows}
    }  # fmt: skip
    began = await _began(db, person_id)
    return [
        Line(
            row.kind,
            row.at,
            visits.get(row.appointment_id or 0),
            channels.get(row.appointment_id or 0),
            told.get(row.appointment_id or 0, NOTHING),
            row.forgiven_why,
            [] if row.forgiven_at else counting(row.kind, row.at, rules[row.hospital_id], began),
        )
        for row in rows
    ]


async def _channels(db: AsyncSession, ids: Collection[int]) -> Mapping[int, str]:
    """By which channel these appointments were given up."""
    query = select(JournalRow.appointment_id, JournalRow.channel).where(
        JournalRow.appointment_id.in_(ids), of_kind(AppointmentCancelled.kind)
    )
    return {one: channel or "" for one, channel in (await db.execute(query)).all() if one is not None}


async def _began(db: AsyncSession, person_id: int) -> list[Began]:
    query = select(BlacklistEntry.rule_key, BlacklistEntry.hospital_id, BlacklistEntry.from_at)
    rows = await db.execute(query.where(BlacklistEntry.person_id == person_id))
    return [Began(named(key).name, hospital_id, at) for key, hospital_id, at in rows.all()]


async def _blocks(
    db: AsyncSession, people: Collection[int], waiting: Collection[int], now: datetime
) -> Mapping[int, Sequence[BlockView]]:
    """Person → their blocks, newest first."""
    query = (
        select(BlacklistEntry, Hospital.short_name)
        .outerjoin(Hospital, Hospital.id == BlacklistEntry.hospital_id)
        .where(BlacklistEntry.person_id.in_(people))
        .order_by(BlacklistEntry.from_at.desc(), BlacklistEntry.id.desc())
    )
    found: dict[int, list[BlockView]] = {}
    for row, hospital in (await db.execute(query)).all():
        over = row.ended_at is not None or (row.until is not None and row.until <= now)
        seen = BlockView(
            row.id, named(row.rule_key).name, row.rule_value, hospital, row.from_at, row.until, row.ended_at,
            row.ended_why, not over, row.id in waiting,
        )  # fmt: skip
        found.setdefault(row.person_id, []).append(seen)
    return found


async def _appeals(db: AsyncSession, person_id: int) -> list[AppealView]:
    query = select(Appeal).where(Appeal.person_id == person_id).order_by(Appeal.id.desc())
    rows = (await db.execute(query.limit(MOST_APPEALS))).scalars()
    return [
        AppealView(row.entry_id, row.words, row.state, row.made_at, row.decided_at, row.answer)
        for row in rows
    ]


async def _family(db: AsyncSession, account_id: int) -> list[tuple[int, str, str]]:
    query = (
        select(Person.id, Person.name, Attendee.relation)
        .join(Attendee, Attendee.person_id == Person.id)
        .where(Attendee.account_id == account_id)
        .order_by(Attendee.id)
    )
    return [(row[0], row[1], row[2]) for row in (await db.execute(query)).all()]


async def object_to(work: Work, person_id: int, entry_id: int, words: str) -> int:
    """Say that a block of one's own is wrong, and why; return the appeal's id. One waits at a time.

    words: up to LONGEST characters. Raises NotFound, also for another's; WrongInput; AppealClosed.
    """
    if not words:
        raise WrongInput(facts={"field": "appeal", "why": "empty"})
    if len(words) > LONGEST:
        raise WrongInput(facts={"field": "appeal", "why": "long", "most": LONGEST, "length": len(words)})
    # Whoever else appeals against the same entry waits here, and then finds this appeal.
    query = (
        select(BlacklistEntry.id)
        .where(BlacklistEntry.id == entry_id, BlacklistEntry.person_id == person_id)
        .with_for_update()
    )
    if (await work.db.execute(query)).first() is None:
        raise NotFound(facts={"what": "blacklist-entry"})
    return await appeal(work, entry_id=entry_id, words=words)
