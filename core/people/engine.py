"""Register people, find them by number, phone or card, and limit guesses at an identity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import (
    CardMismatch,
    IdentityConflict,
    IdentityInvalid,
    IdentityLocked,
    NotAllowed,
    PersonUnknown,
    Refusal,
    WrongInput,
)
from core.events import IdentityRefused, PersonCompleted, PersonRegistered, SealOpened
from core.people.naming import initials_of, pinyin_of
from core.people.rules import agrees, same_name
from core.people.tables import IdentityAttempt, Person, PersonPhone, VisitCard
from core.sealing import Sealer
from core.values import Actor, Identity, IdentityKind, Phone
from core.work import Hotline, Work

# Wrong guesses within the window after which a phone, or an identity, is not listened to any more.
GUESSES = 5
GUESS_WINDOW = timedelta(hours=1)


@dataclass(frozen=True)
class Papers:
    """What the booking rules ask of a person."""

    identity_kind: IdentityKind | None
    birth_date: date | None
    sex: str | None
    has_card_here: bool


async def person_facts(db: AsyncSession, person_id: int, *, hospital_id: int) -> Papers:
    """Raises PersonUnknown."""
    row = (
        await db.execute(
            select(Person.identity_kind, Person.birth_date, Person.sex).where(Person.id == person_id)
        )
    ).one_or_none()
    if row is None:
        raise PersonUnknown
    card = select(VisitCard.id).where(
        VisitCard.person_id == person_id, VisitCard.hospital_id == hospital_id, VisitCard.state == "active"
    )
    has_card = (await db.execute(card.limit(1))).first() is not None
    return Papers(IdentityKind(row[0]) if row[0] else None, row[1], row[2], has_card)


async def register(
    work: Work,
    *,
    name: str,
    identity: Identity | None = None,
    phones: Sequence[Phone] = (),
    sex: str | None = None,
    birth_date: date | None = None,
    guardian_id: int | None = None,
) -> Person:
    """Write a person down, or find the one this identity already is (R-059, R-194).

    Without an identity they are provisional. Sex and birth date come from a resident number where
    there is one. Raises IdentityConflict when the number is known under another name (never
    merged by itself), IdentityInvalid when sex or birth date contradict the number, WrongInput.
    """
    name = name.strip()
    if not 1 <= len(name) <= 40:
        raise WrongInput(facts={"field": "name"})
    if identity is not None:
        agrees(identity, sex=sex, birth_date=birth_date)
        known = await find_by_identity(work.db, work.sealer, identity)
        if known is not None:
            if not same_name(known.name, name):
                raise IdentityConflict
            for number in phones:
                await add_phone(work, known.id, number)
            return known
    pinyin = pinyin_of(name)
    person = Person(
        name=name,
        pinyin=pinyin,
        initials=initials_of(pinyin),
        sex=sex,
        birth_date=birth_date,
        guardian_id=guardian_id,
        created_at=work.now,
    )
    if identity is not None:
        _put_identity(work.sealer, person, identity)
    work.db.add(person)
    await work.db.flush()
    for number in phones:
        await add_phone(work, person.id, number)
    work.record(PersonRegistered(person_id=person.id, provisional=identity is None))
    return person


def _put_identity(sealer: Sealer, person: Person, identity: Identity) -> None:
    person.identity_kind = identity.kind.value
    person.identity_sealed = sealer.seal(identity.number, "identity")
    person.identity_print = sealer.fingerprint(identity.number, "identity")
    person.identity_tail_print = sealer.fingerprint(identity.number[-4:], "identity-tail")
    person.birth_date = person.birth_date or identity.birth_date
    person.sex = person.sex or identity.sex
    person.verified = "number"


async def complete(work: Work, person_id: int, identity: Identity) -> None:
    """Give a provisional person their number. It cannot be changed afterwards (R-181).

    Raises PersonUnknown, IdentityConflict when the person has one or somebody else has this one.
    """
    person = await work.db.get(Person, person_id)
    if person is None:
        raise PersonUnknown
    agrees(identity, sex=person.sex, birth_date=person.birth_date)
    if person.identity_print is not None or await find_by_identity(work.db, work.sealer, identity):
        raise IdentityConflict
    _put_identity(work.sealer, person, identity)
    person.version += 1
    work.record(PersonCompleted(person_id=person_id))


async def add_phone(work: Work, person_id: int, number: Phone) -> None:
    """Let a person be reached, and recognised, by one more number; a repeat does no harm."""
    fingerprint = work.sealer.fingerprint(number.digits, "phone")
    there = select(PersonPhone.id).where(
        PersonPhone.person_id == person_id, PersonPhone.phone_print == fingerprint
    )
    if (await work.db.execute(there)).first() is None:
        work.db.add(
            PersonPhone(
                person_id=person_id,
                phone_print=fingerprint,
                phone_sealed=work.sealer.seal(number.digits, "phone"),
                created_at=work.now,
            )
        )
        await work.db.flush()


async def add_card(work: Work, person_id: int, hospital_id: int, card: str, balance_fen: int = 0) -> None:
    """A hospital's visit card of a person."""
    work.db.add(
        VisitCard(
            person_id=person_id,
            hospital_id=hospital_id,
            card_print=work.sealer.fingerprint(card, "card"),
            card_sealed=work.sealer.seal(card, "card"),
            balance_fen=balance_fen,
        )
    )
    await work.db.flush()


# --- finding ------------------------------------------------------------------------------------------


async def find_by_identity(db: AsyncSession, sealer: Sealer, identity: Identity) -> Person | None:
    query = select(Person).where(
        Person.identity_kind == identity.kind.value,
        Person.identity_print == sealer.fingerprint(identity.number, "identity"),
    )
    return (await db.execute(query)).scalar_one_or_none()


async def household(db: AsyncSession, sealer: Sealer, number: Phone) -> list[Person]:
    """Everybody who is known by this number, in the order they became known."""
    query = (
        select(Person)
        .join(PersonPhone, PersonPhone.person_id == Person.id)
        .where(PersonPhone.phone_print == sealer.fingerprint(number.digits, "phone"))
        .order_by(PersonPhone.id)
    )
    return list((await db.execute(query)).scalars())


async def phones_of(db: AsyncSession, sealer: Sealer, person_id: int) -> list[Phone]:
    """The numbers a person is reached by, unsealed: for texts and callbacks, never for a log."""
    query = select(PersonPhone.phone_sealed).where(PersonPhone.person_id == person_id)
    rows = await db.execute(query.order_by(PersonPhone.main.desc(), PersonPhone.id))
    return [Phone(sealer.open(sealed, "phone")) for sealed in rows.scalars()]


async def find_by_card(
    db: AsyncSession, sealer: Sealer, *, hospital_id: int, card: str, name: str, number: Phone
) -> Person:
    """Card number, name and phone must all belong to one person (R-084). Raises CardMismatch."""
    query = (
        select(Person)
        .join(VisitCard, VisitCard.person_id == Person.id)
        .join(PersonPhone, PersonPhone.person_id == Person.id)
        .where(
            VisitCard.hospital_id == hospital_id,
            VisitCard.card_print == sealer.fingerprint(card, "card"),
            PersonPhone.phone_print == sealer.fingerprint(number.digits, "phone"),
        )
    )
    person = (await db.execute(query)).scalar_one_or_none()
    if person is None or not same_name(person.name, name):
        raise CardMismatch
    return person


async def search(db: AsyncSession, sealer: Sealer, words: str, limit: int = 20) -> list[Person]:
    """People by part of a name or pinyin, by initials, or a whole phone or card number (R-094)."""
    words = words.strip()
    if not words:
        return []
    by_card = select(VisitCard.person_id).where(VisitCard.card_print == sealer.fingerprint(words, "card"))
    conditions: list[ColumnElement[bool]] = [Person.id.in_(by_card)]
    if words.isdigit():
        by_phone = select(PersonPhone.person_id).where(
            PersonPhone.phone_print == sealer.fingerprint(words, "phone")
        )
        conditions.append(Person.id.in_(by_phone))
    else:
        part = words.lower()
        conditions += [
            Person.name.contains(words, autoescape=True),
            Person.initials.startswith(part, autoescape=True),
            Person.pinyin.contains(part, autoescape=True),
        ]
    query = select(Person).where(or_(*conditions)).order_by(Person.id).limit(limit)
    return list((await db.execute(query)).scalars())


# --- who is it ----------------------------------------------------------------------------------------


async def identify(
    hotline: Hotline,
    by: Actor,
    *,
    phone: Phone | None,
    identity: Identity | None = None,
    person_id: int | None = None,
    tail: str | None = None,
    interaction_id: int | None = None,
) -> Person:
    """Believe who somebody says they are: a whole identity number, or the last four of a known one.

    Each try is committed by itself, good or wrong, so that guessing is counted although it is
    refused: by the phone that guesses, and by the identity that is guessed at. Raises
    IdentityLocked after GUESSES wrong ones within GUESS_WINDOW, PersonUnknown when nobody has this
    number, IdentityInvalid when the tail is another one.
    """
    if (identity is None) == (person_id is None or tail is None):
        raise ValueError("either an identity, or a person and a tail")
    refused: Refusal | None = None
    found: Person | None = None
    async with hotline.work(by, interaction_id) as work:
        marks = await _marks(work, phone, identity, person_id)
        for key in sorted(marks):
            await work.lock(_mark_lock(*key))
        if await _locked(work, marks):
            refused = IdentityLocked(facts={"minutes": int(GUESS_WINDOW.total_seconds() // 60)})
        else:
            found = await _match(work, identity, person_id, tail)
            if found is None:
                refused = PersonUnknown() if identity is not None else IdentityInvalid()
        if refused is not None:
            work.record(IdentityRefused(reason=refused.code, locked=isinstance(refused, IdentityLocked)))
        if not isinstance(refused, IdentityLocked):
            for kind, mark in marks:
                work.db.add(IdentityAttempt(by_kind=kind, by_print=mark, at=work.now, good=found is not None))
    if refused is not None:
        raise refused
    assert found is not None
    return found


async def _marks(
    work: Work, phone: Phone | None, identity: Identity | None, person_id: int | None
) -> set[tuple[str, str]]:
    marks = set()
    if phone is not None:
        marks.add(("phone", work.sealer.fingerprint(phone.digits, "phone")))
    if identity is not None:
        marks.add(("identity", work.sealer.fingerprint(identity.number, "identity")))
    elif person_id is not None:
        whose = await work.db.execute(select(Person.identity_print).where(Person.id == person_id))
        marks.add(("identity", whose.scalar_one_or_none() or f"person:{person_id}"))
    return marks


def _mark_lock(kind: str, mark: str) -> int:
    import hashlib

    digest = hashlib.blake2b(f"guess:{kind}:{mark}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


async def _locked(work: Work, marks: set[tuple[str, str]]) -> bool:
    for kind, mark in marks:
        wrong = select(func.count()).where(
            IdentityAttempt.by_kind == kind,
            IdentityAttempt.by_print == mark,
            IdentityAttempt.at > work.now - GUESS_WINDOW,
            ~IdentityAttempt.good,
        )
        if (await work.db.execute(wrong)).scalar_one() >= GUESSES:
            return True
    return False


async def _match(
    work: Work, identity: Identity | None, person_id: int | None, tail: str | None
) -> Person | None:
    if identity is not None:
        return await find_by_identity(work.db, work.sealer, identity)
    person = await work.db.get(Person, person_id)
    wanted = work.sealer.fingerprint((tail or "").upper(), "identity-tail")
    return person if person is not None and person.identity_tail_print == wanted else None


async def forget_attempts(work: Work, limit: int = 500) -> int:
    """Attempts older than a day say nothing any more; returns how many were removed."""
    from sqlalchemy import delete

    old = select(IdentityAttempt.id).where(IdentityAttempt.at < work.now - timedelta(days=1)).limit(limit)
    gone = await work.db.execute(
        delete(IdentityAttempt).where(IdentityAttempt.id.in_(old)).returning(IdentityAttempt.id)
    )
    return len(gone.all())


async def reveal(work: Work, person_id: int, field: str, *, reason: str) -> str:
    """A masked value in full: an act with a reason that leaves an event.

    field: 'identity' or 'phone'. Raises NotAllowed without the function 'reveal', PersonUnknown,
    WrongInput without a reason.
    """
    if not work.by.may("reveal"):
        raise NotAllowed(facts={"function": "reveal"})
    if not reason.strip():
        raise WrongInput(facts={"field": "reason"})
    if field == "identity":
        sealed = (
            await work.db.execute(select(Person.identity_sealed).where(Person.id == person_id))
        ).scalar_one_or_none()
    elif field == "phone":
        query = select(PersonPhone.phone_sealed).where(PersonPhone.person_id == person_id)
        sealed = (await work.db.execute(query.order_by(PersonPhone.id).limit(1))).scalar_one_or_none()
    else:
        raise WrongInput(facts={"field": "field"})
    if sealed is None:
        raise PersonUnknown
    work.record(SealOpened(person_id=person_id, field=field, reason=reason[:60]))
    return work.sealer.open(sealed, field)
