"""Write people down: registered or found again, completed with their number, their phones and cards."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from core.errors import IdentityConflict, PersonUnknown, WrongInput
from core.events import PersonCompleted, PersonRegistered
from core.people.engine import find_by_identity
from core.people.naming import initials_of, pinyin_of
from core.people.rules import agrees, same_name
from core.people.tables import Person, PersonPhone, VisitCard
from core.sealing import Sealer
from core.values import Identity, Phone
from core.work import Work


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


def tail_print(sealer: Sealer, number: str, of: str) -> str:
    """The fingerprint of a number's last four characters: whoever knows only those finds it (R-094).

    of: 'phone' or 'card'. Ten thousand tails are few, but the key makes each of them say nothing.
    """
    return sealer.fingerprint(number[-4:], f"{of}-tail")


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
                phone_tail=tail_print(work.sealer, number.digits, "phone"),
                phone_sealed=work.sealer.seal(number.digits, "phone"),
                created_at=work.now,
            )
        )
        await work.db.flush()


async def add_card(work: Work, person_id: int, hospital_id: int, card: str) -> int:
    """A hospital's visit card of a person, empty (see core.money.card.load); returns its id."""
    made = VisitCard(
        person_id=person_id,
        hospital_id=hospital_id,
        card_print=work.sealer.fingerprint(card, "card"),
        card_tail=tail_print(work.sealer, card, "card"),
        card_sealed=work.sealer.seal(card, "card"),
        balance_fen=0,
    )
    work.db.add(made)
    await work.db.flush()
    return made.id
