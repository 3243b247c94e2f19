"""For whom an account books: its owner, and its attendees up to a limit (I-007)."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts.tables import Account, Attendee
from core.errors import AttendeesFull, NotFound
from core.events import AttendeeAdded, AttendeeRemoved
from core.people.tables import Person
from core.sealing import Sealer
from core.values import Phone, mask
from core.work import Work

# Besides the owner: two parents, two of the other side, a spouse and a child or two.
MOST = 8
SELF = "self"
# The relations of GB/T 4761 that a family needs, and the rest.
RELATIONS = ("spouse", "child", "parent", "grandparent", "sibling", "other")


@dataclass(frozen=True)
class AttendeeView:
    """Somebody an account books for, as a page shows them. provisional: the identity number is missing."""

    person_id: int
    name: str
    relation: str
    sex: str | None
    birth_date: date | None
    identity_masked: str
    provisional: bool


async def attendees(db: AsyncSession, sealer: Sealer, account_id: int) -> list[AttendeeView]:
    """The owner first, then whom they added, in that order."""
    owner = select(Person).join(Account, Account.person_id == Person.id).where(Account.id == account_id)
    me = (await db.execute(owner)).scalar_one()
    query = (
        select(Person, Attendee.relation)
        .join(Attendee, Attendee.person_id == Person.id)
        .where(Attendee.account_id == account_id)
        .order_by(Attendee.id)
    )
    others = (await db.execute(query)).all()
    return [_view(sealer, me, SELF), *(_view(sealer, person, relation) for person, relation in others)]


def _view(sealer: Sealer, person: Person, relation: str) -> AttendeeView:
    sealed = person.identity_sealed
    return AttendeeView(
        person.id,
        person.name,
        relation,
        person.sex,
        person.birth_date,
        mask(sealer.open(sealed, "identity"), 3, 4) if sealed else "",
        sealed is None,
    )


async def books_for(db: AsyncSession, account_id: int, person_id: int) -> None:
    """Raises NotFound when this account does not book for this person."""
    owner = select(Account.id).where(Account.id == account_id, Account.person_id == person_id)
    other = select(Attendee.account_id).where(
        Attendee.account_id == account_id, Attendee.person_id == person_id
    )
    if (await db.execute(owner.union_all(other))).first() is None:
        raise NotFound(facts={"what": "attendee"})


async def phone_of(db: AsyncSession, sealer: Sealer, account_id: int) -> Phone:
    """The account's number, unsealed: where the texts of its bookings go."""
    sealed = await db.scalar(select(Account.phone_sealed).where(Account.id == account_id))
    if sealed is None:
        raise NotFound(facts={"what": "account"})
    return Phone(sealer.open(sealed, "phone"))


async def add(work: Work, account_id: int, person_id: int, relation: str) -> None:
    """Book for one more; a repeat does no harm. Raises AttendeesFull."""
    # One row that every adder of this account waits for: two at once must not both be the last.
    await work.db.execute(select(Account.id).where(Account.id == account_id).with_for_update())
    there = await work.db.execute(
        select(Attendee.id).where(Attendee.account_id == account_id, Attendee.person_id == person_id)
    )
    if there.first() is not None:
        return
    number = await work.db.scalar(select(func.count()).where(Attendee.account_id == account_id))
    if (number or 0) >= MOST:
        raise AttendeesFull(facts={"most": MOST})
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    row = {"account_id": account_id, "person_id": person_id, "relation": relation, "added_at": work.now}
    await work.db.execute(maker(Attendee).values(row).on_conflict_do_nothing())
    work.record(AttendeeAdded(account_id=account_id, person_id=person_id))


async def remove(work: Work, account_id: int, person_id: int) -> None:
    """Book for them no longer; their appointments stay. Raises NotFound."""
    gone = await work.db.execute(
        delete(Attendee)
        .where(Attendee.account_id == account_id, Attendee.person_id == person_id)
        .returning(Attendee.id)
        .execution_options(synchronize_session=False)
    )
    if gone.first() is None:
        raise NotFound(facts={"what": "attendee"})
    work.record(AttendeeRemoved(account_id=account_id, person_id=person_id))
