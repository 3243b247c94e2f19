"""What an account keeps of its owner, and what of it they may change (R-181)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts import codes, sessions
from core.accounts.about import CARDS
from core.accounts.codes import Purpose
from core.accounts.tables import Account
from core.booking.view import open_of_person
from core.errors import AccountExists, ChangedMeanwhile, CodeWrong, NameBound, NotFound
from core.events import AccountChanged
from core.people.naming import initials_of, pinyin_of
from core.people.register import add_phone
from core.people.rules import agrees, same_name
from core.people.tables import Person, PersonCard
from core.sealing import Sealer
from core.values import Actor, Identity, IdentityKind, Phone, mask
from core.work import Hotline, Work


@dataclass(frozen=True)
class Info:
    """As a page shows it: numbers masked. version: of the person, for whoever changes them.

    cards: kind to masked number. fixed: name cannot be changed online, because a hospital has checked it.
    """

    name: str
    identity_kind: str
    identity_masked: str
    phone_masked: str
    sex: str | None
    birth_date: date | None
    by_number: bool
    address: str
    cards: Mapping[str, str]
    fixed: bool
    version: int


async def info(db: AsyncSession, sealer: Sealer, account_id: int) -> Info:
    """Raises NotFound."""
    query = (
        select(Account, Person).join(Person, Person.id == Account.person_id).where(Account.id == account_id)
    )
    found = (await db.execute(query)).one_or_none()
    if found is None:
        raise NotFound(facts={"what": "account"})
    account, person = found
    rows = await db.execute(select(PersonCard).where(PersonCard.person_id == person.id))
    kept = {row.kind: mask(sealer.open(row.card_sealed, "card"), 2, 4) for row in rows.scalars()}
    papers = _papers(sealer, person)
    return Info(
        person.name,
        person.identity_kind or "",
        papers.masked if papers else "",
        Phone(sealer.open(account.phone_sealed, "phone")).masked,
        person.sex,
        person.birth_date,
        papers is not None and papers.birth_date is not None,
        sealer.open(person.address_sealed, "address") if person.address_sealed else "",
        {kind: kept[kind] for kind in CARDS if kind in kept},
        person.verified == "hospital",
        person.version,
    )


def _papers(sealer: Sealer, person: Person) -> Identity | None:
    if person.identity_sealed is None or person.identity_kind is None:
        return None
    return Identity(IdentityKind(person.identity_kind), sealer.open(person.identity_sealed, "identity"))


@dataclass(frozen=True)
class Wish:
    """What somebody wants to stand there. cards: new numbers by kind; dropped: kinds to forget."""

    name: str
    sex: str | None
    birth_date: date | None
    address: str
    cards: Mapping[str, str]
    dropped: frozenset[str]


async def change(work: Work, account_id: int, wish: Wish, *, version: int) -> None:
    """Everything but the mobile, which needs a code, and the identity number, which never changes.

    A hospital finds its patient by number and name together, so that a name is corrected only while
    nothing is booked under it, and never after a hospital has checked it. Sex and birth date are those
    that the number carries. Raises NameBound, IdentityInvalid, ChangedMeanwhile, NotFound.
    """
    query = select(Person).join(Account, Account.person_id == Person.id).where(Account.id == account_id)
    person = (await work.db.execute(query)).scalar_one_or_none()
    if person is None:
        raise NotFound(facts={"what": "account"})
    papers = _papers(work.sealer, person)
    if papers is not None:
        agrees(papers, sex=wish.sex, birth_date=wish.birth_date)
    new = _differing(person, wish)
    if "name" in new:
        await _may_rename(work, person, wish.name)
    changed = [name for name in new if name not in ("pinyin", "initials")]
    if new:
        done = await work.db.execute(
            update(Person)
            .where(Person.id == person.id, Person.version == version)
            .values(**new, version=Person.version + 1)
            .returning(Person.id)
            .execution_options(synchronize_session=False)
        )
        if done.first() is None:
            raise ChangedMeanwhile
        await work.db.refresh(person)
    changed += await put_cards(work, person.id, wish.cards, wish.dropped)
    if await put_address(work, person, wish.address):
        changed.append("address")
    if changed:
        work.record(AccountChanged(account_id=account_id, person_id=person.id, what=changed))


def _differing(person: Person, wish: Wish) -> dict[str, object]:
    new: dict[str, object] = {}
    if wish.name != person.name:
        pinyin = pinyin_of(wish.name)
        new |= {"name": wish.name, "pinyin": pinyin, "initials": initials_of(pinyin)}
    if wish.sex and wish.sex != person.sex:
        new["sex"] = wish.sex
    if wish.birth_date and wish.birth_date != person.birth_date:
        new["birth_date"] = wish.birth_date
    return new


async def _may_rename(work: Work, person: Person, name: str) -> None:
    if same_name(person.name, name):
        return  # only spaces and dots
    if person.verified == "hospital":
        raise NameBound(facts={"why": "hospital"})
    if await open_of_person(work.db, person.id, work.now):
        raise NameBound(facts={"why": "booked"})


async def put_address(work: Work, person: Person, address: str) -> bool:
    """Keep an address, sealed; '' forgets it. Returns whether it is another one now."""
    sealed = person.address_sealed
    if (work.sealer.open(sealed, "address") if sealed else "") == address:
        return False
    person.address_sealed = work.sealer.seal(address, "address") if address else None
    await work.db.flush()
    return True


async def put_cards(
    work: Work, person_id: int, cards: Mapping[str, str], dropped: frozenset[str] = frozenset()
) -> list[str]:
    """Keep these cards in the place of those of their kind; returns the kinds that changed."""
    gone = [*cards, *(dropped & set(CARDS) - set(cards))]
    if gone:
        await work.db.execute(
            delete(PersonCard)
            .where(PersonCard.person_id == person_id, PersonCard.kind.in_(gone))
            .execution_options(synchronize_session=False)
        )
    for kind, number in cards.items():
        work.db.add(
            PersonCard(
                person_id=person_id,
                kind=kind,
                card_print=work.sealer.fingerprint(number, "card"),
                card_sealed=work.sealer.seal(number, "card"),
            )
        )
    await work.db.flush()
    return [f"card-{kind}" for kind in gone]


async def change_phone(
    hotline: Hotline, by: Actor, account_id: int, *, phone: Phone, code: str, keep: int
) -> None:
    """Another mobile, which its code has proved; every session but `keep` ends.

    Raises CodeWrong; AccountExists when the number is another account's, told to who holds it.
    """

    async def act(work: Work) -> bool:
        if not await codes.right(work, phone, Purpose.PHONE, code):
            return False
        await codes.spend(work, phone, Purpose.PHONE)
        try:
            async with work.db.begin_nested():
                moved = await work.db.execute(
                    update(Account)
                    .where(Account.id == account_id)
                    .values(
                        phone_print=work.sealer.fingerprint(phone.digits, "phone"),
                        phone_sealed=work.sealer.seal(phone.digits, "phone"),
                        version=Account.version + 1,
                    )
                    .returning(Account.person_id)
                    .execution_options(synchronize_session=False)
                )
                person_id = moved.scalar_one()
        except IntegrityError:
            raise AccountExists from None
        await add_phone(work, person_id, phone)
        await sessions.end_all(work, account_id, "phone", but=keep)
        work.record(AccountChanged(account_id=account_id, person_id=person_id, what=["phone"]))
        return True

    if not await hotline.run(act, by):
        raise CodeWrong
