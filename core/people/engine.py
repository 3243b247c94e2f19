"""Find people by number, phone or card, limit guesses at an identity, and reveal what is sealed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ScalarSelect, bindparam, func, insert, select
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

# Built once: every caller's number is asked for, and whom they name.
_BY_ID = select(Person).where(Person.id == bindparam("person_id"))
_BY_IDENTITY = select(Person).where(
    Person.identity_kind == bindparam("kind"), Person.identity_print == bindparam("mark")
)
_HOUSEHOLD = (
    select(Person)
    .join(PersonPhone, PersonPhone.person_id == Person.id)
    .where(PersonPhone.phone_print == bindparam("mark"))
    .order_by(PersonPhone.id)
)


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
    mark = sealer.fingerprint(identity.number, "identity")
    found = await db.execute(_BY_IDENTITY, {"kind": identity.kind.value, "mark": mark})
    return found.scalar_one_or_none()


async def household(db: AsyncSession, sealer: Sealer, number: Phone) -> list[Person]:
    """Everybody who is known by this number, in the order they became known."""
    mark = sealer.fingerprint(number.digits, "phone")
    return list((await db.execute(_HOUSEHOLD, {"mark": mark})).scalars())


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


def _wrong(kind: str) -> ScalarSelect[int]:
    """How many wrong guesses were counted by what is given under this name."""
    return (
        select(func.count())
        .where(
            IdentityAttempt.by_kind == kind,
            IdentityAttempt.by_print == bindparam(kind),
            IdentityAttempt.at > bindparam("since"),
            ~IdentityAttempt.good,
        )
        .scalar_subquery()
    )


_WRONG = select(_wrong("phone"), _wrong("identity"))


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
    # The caller waits for it, and a power cut ends the call, the guess and whoever made it.
    async with hotline.work(by, interaction_id, fleeting=True, urgent=True) as work:
        named = await _named(work, identity, person_id)
        marks = _marks(work, phone, identity, named, person_id)
        for kind, mark in sorted(marks.items()):
            await work.lock(_mark_lock(kind, mark))
        found = named if identity is not None or _has_tail(work, named, tail) else None
        if await _locked(work, marks):
            refused = IdentityLocked(facts={"minutes": int(GUESS_WINDOW.total_seconds() // 60)})
        elif found is None:
            refused = PersonUnknown() if identity is not None else IdentityInvalid()
        if refused is not None:
            work.record(IdentityRefused(reason=refused.code, locked=isinstance(refused, IdentityLocked)))
        if not isinstance(refused, IdentityLocked):
            await work.db.execute(
                insert(IdentityAttempt),
                [
                    {"by_kind": kind, "by_print": mark, "at": work.now, "good": found is not None}
                    for kind, mark in marks.items()
                ],
            )
    if refused is not None:
        raise refused
    assert found is not None
    return found


async def _named(work: Work, identity: Identity | None, person_id: int | None) -> Person | None:
    """Whom a whole number names, or who is meant."""
    if identity is not None:
        return await find_by_identity(work.db, work.sealer, identity)
    return (await work.db.execute(_BY_ID, {"person_id": person_id})).scalar_one_or_none()


def _marks(
    work: Work, phone: Phone | None, identity: Identity | None, named: Person | None, person_id: int | None
) -> dict[str, str]:
    """By what a guess is counted: kind to print."""
    if identity is not None:
        marks = {"identity": work.sealer.fingerprint(identity.number, "identity")}
    else:
        marks = {"identity": (named.identity_print if named else None) or f"person:{person_id}"}
    if phone is not None:
        marks["phone"] = work.sealer.fingerprint(phone.digits, "phone")
    return marks


def _mark_lock(kind: str, mark: str) -> int:
    digest = hashlib.blake2b(f"guess:{kind}:{mark}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _has_tail(work: Work, person: Person | None, tail: str | None) -> bool:
    wanted = work.sealer.fingerprint((tail or "").upper(), "identity-tail")
    return person is not None and person.identity_tail_print == wanted


async def _locked(work: Work, marks: Mapping[str, str]) -> bool:
    since = work.now - GUESS_WINDOW
    asked = {"phone": marks.get("phone", ""), "identity": marks["identity"], "since": since}
    return any(wrong >= GUESSES for wrong in (await work.db.execute(_WRONG, asked)).one())


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
