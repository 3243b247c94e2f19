"""Appeals against blocks, for those who make them for a caller and for those who decide them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts.credit import Line, lines, object_to
from core.booking.patients import must_know
from core.catalogue.tables import Hospital
from core.credit import engine
from core.credit.keys import named
from core.credit.rules import COUNTED
from core.credit.tables import Appeal, BlacklistEntry
from core.errors import WrongInput
from core.people.tables import Person
from core.staff import audit
from core.values import Actor
from core.work import Work

AT_ONCE = 50
LONGEST = 400
# What an appeal says that was made by one key, on the telephone or at the desk.
BY_KEY = "电话按键申诉"
BY_OPERATOR = "话务员代为申诉"


@dataclass(frozen=True)
class Waiting:
    """An appeal nobody has decided. hospital: where the block holds; None: everywhere.

    lines: of the ledger, those that the block's rule looks at, newest first.
    """

    appeal_id: int
    made_at: datetime
    words: str
    person_id: int
    person: str = field(repr=False)
    name: str
    value: str
    hospital: str | None
    from_at: datetime
    until: datetime | None
    lines: Sequence[Line]


async def waiting(db: AsyncSession, by: Actor) -> Sequence[Waiting]:
    """Those that the actor may decide, the oldest first: staff of one hospital its own blocks (R-167)."""
    query = (
        select(Appeal, BlacklistEntry, Person.name, Hospital.short_name)
        .join(BlacklistEntry, BlacklistEntry.id == Appeal.entry_id)
        .join(Person, Person.id == Appeal.person_id)
        .outerjoin(Hospital, Hospital.id == BlacklistEntry.hospital_id)
        .where(Appeal.state == "open")
        .order_by(Appeal.id)
        .limit(AT_ONCE)
    )
    if by.hospital_id is not None:
        query = query.where(BlacklistEntry.hospital_id == by.hospital_id)
    return [await _waiting(db, *row) for row in (await db.execute(query)).all()]


async def _waiting(
    db: AsyncSession, appeal: Appeal, entry: BlacklistEntry, person: str, hospital: str | None
) -> Waiting:
    name = named(entry.rule_key).name
    counted = [one for one in await lines(db, entry.person_id) if one.kind in COUNTED[name]]
    if entry.hospital_id is not None:
        counted = [one for one in counted if one.visit and one.visit.hospital_id == entry.hospital_id]
    return Waiting(
        appeal.id,
        appeal.made_at,
        appeal.words,
        entry.person_id,
        person,
        name,
        entry.rule_value,
        hospital,
        entry.from_at,
        entry.until,
        [one for one in counted if one.at <= entry.from_at],
    )


async def decide(work: Work, appeal_id: int, *, granted: bool, answer: str) -> None:
    """Decide one, with an answer that the person reads; it stands in the audit.

    Raises WrongInput without an answer, and what `core.credit.engine.decide` raises.
    """
    await engine.decide(work, appeal_id=appeal_id, granted=granted, answer=answer)
    # After whose appeal it is: what is not theirs to see is not theirs to write about either.
    if not answer:
        raise WrongInput(facts={"field": "answer", "why": "empty"})
    if len(answer) > LONGEST:
        raise WrongInput(facts={"field": "answer", "why": "long", "most": LONGEST, "length": len(answer)})
    act = "appeal-granted" if granted else "appeal-refused"
    await audit.note(work, act, what="appeal", subject_id=appeal_id, reason=answer)


async def appeal_for(work: Work, person_id: int, entry_id: int) -> int:
    """An operator appeals for the caller, by one key. Raises PersonUnknown, NotFound, AppealClosed."""
    await must_know(work.db, person_id, work.by)
    return await object_to(work, person_id, entry_id, BY_OPERATOR)


async def blocked(db: AsyncSession, person_id: int, now: datetime) -> tuple[BlacklistEntry, bool] | None:
    """The block that keeps somebody from booking anywhere, and whether an appeal of it waits already."""
    entries = [one for one in await engine.active_blocks(db, person_id, now) if one.hospital_id is None]
    if not entries:
        return None
    longest = max(entries, key=lambda one: (one.until is None, one.until or now))
    open_one = select(Appeal.id).where(Appeal.entry_id == longest.id, Appeal.state == "open")
    return longest, (await db.execute(open_one)).first() is not None
