"""Find people by number, phone or card, limit guesses at an identity, and reveal what is sealed."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import (
    CardMismatch,
    IdentityInvalid,
    IdentityLocked,
    NotAllowed,
    PersonUnknown,
    Refusal,
    WrongInput,
)
from core.events import IdentityRefused, SealOpened
from core.people.rules import same_name
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
        # The number that is shown masked is the one that is asked for.
        query = query.order_by(PersonPhone.main.desc(), PersonPhone.id).limit(1)
        sealed = (await work.db.execute(query)).scalar_one_or_none()
    else:
        raise WrongInput(facts={"field": "field"})
    if sealed is None:
        raise PersonUnknown
    work.record(SealOpened(person_id=person_id, field=field, reason=reason[:60]))
    return work.sealer.open(sealed, field)
