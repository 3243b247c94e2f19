"""Who a draft is about: picked, found by card, known by name and phone, or written down now."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import (
    CardMismatch,
    IdentityConflict,
    IdentityInvalid,
    PersonUnknown,
    PhoneInvalid,
    Refusal,
    WrongInput,
)
from core.people import engine as people
from core.people.register import add_phone, complete, register
from core.people.rules import same_name
from core.people.tables import Person, PersonPhone, VisitCard
from core.sealing import Sealer
from core.values import Identity, IdentityKind, Phone, identity, phone
from core.work import Work

# Where a text goes: the first of these that was typed.
CONTACT = ("contact_phone", "phone")


async def patient_of(work: Work, fields: Mapping[str, Any]) -> Person:
    """The patient of a draft (R-084, R-085), with what was typed beside it now known of them.

    Raises CardMismatch (facts: ask), PersonUnknown, WrongInput, PhoneInvalid, IdentityInvalid,
    IdentityConflict.
    """
    number = typed_phone(work, fields, "phone")
    if "person_id" in fields:
        person = await _picked(work, fields)
    elif "card" in fields:
        person = await by_card(
            work,
            hospital_id=int(fields["hospital_id"]),
            card=fields["card"],
            name=fields["name"],
            number=number,
        )
    else:
        return await _by_name(work, fields, number, typed_identity(fields, demo=work.demo))
    await papers_of(work, person, fields)
    if number is not None:
        await add_phone(work, person.id, number)
    return person


def typed_phone(work: Work, fields: Mapping[str, Any], *names: str) -> Phone | None:
    """The first of these numbers that was typed. Raises PhoneInvalid."""
    return next((phone(fields[name], demo=work.demo) for name in names if name in fields), None)


def typed_identity(fields: Mapping[str, Any], *, demo: bool) -> Identity | None:
    if "id_number" not in fields:
        return None
    kind = IdentityKind(fields.get("id_kind", IdentityKind.RESIDENT))
    return identity(kind, fields["id_number"], demo=demo)


async def papers_of(work: Work, person: Person, fields: Mapping[str, Any]) -> None:
    """Card and identity number that were typed are this person's; a first identity number becomes so.

    Raises CardMismatch (facts: ask), IdentityInvalid, IdentityConflict.
    """
    given = typed_identity(fields, demo=work.demo)
    for refusal in await contradictions(work.db, work.sealer, person, fields, demo=work.demo):
        raise refusal
    if given is not None and person.identity_print is None:
        await complete(work, person.id, given)


async def contradictions(
    db: AsyncSession, sealer: Sealer, person: Person, fields: Mapping[str, Any], *, demo: bool
) -> list[Refusal]:
    """Which of the card and the identity number that were typed is not this person's (R-084).

    A card whose hospital is not chosen, and an identity number that is not whole, say nothing yet.
    """
    found: list[Refusal] = []
    if "card" in fields and "hospital_id" in fields:
        owner = await _owner(db, sealer, int(fields["hospital_id"]), fields["card"])
        if owner is None or owner.id != person.id:
            found.append(CardMismatch(facts={"ask": ["card"]}))
    with suppress(IdentityInvalid):
        given = typed_identity(fields, demo=demo)
        mark = sealer.fingerprint(given.number, "identity") if given is not None else None
        if mark is not None and person.identity_print not in (None, mark):
            found.append(IdentityConflict(facts={"why": "other-person"}))
    return found


async def contact_of(work: Work, fields: Mapping[str, Any], person_id: int) -> Phone:
    """Where the text goes: as agreed, else the patient's own mobile. Raises WrongInput without any."""
    number = typed_phone(work, fields, *CONTACT)
    if number is not None:
        return number
    own = await people.phones_of(work.db, work.sealer, person_id)
    if not own:
        raise WrongInput(facts={"field": "contact_phone"})
    return next((number for number in own if number.is_mobile), own[0])


async def _picked(work: Work, fields: Mapping[str, Any]) -> Person:
    """A name typed beside somebody picked must be theirs: a family's phone leads to several."""
    person = await work.db.get(Person, fields["person_id"])
    if person is None:
        raise PersonUnknown
    if fields.get("name") and not same_name(person.name, fields["name"]):
        raise WrongInput(facts={"field": "name", "why": "other-person"})
    return person


async def by_card(work: Work, *, hospital_id: int, card: str, name: str, number: Phone | None) -> Person:
    """Card number, name and phone must all belong to one person (R-084).

    Raises CardMismatch; its fact `ask` names what the operator asks once more, and is not for the
    caller: to be told which of the three was wrong is half a way in.
    """
    if number is not None:
        try:
            return await people.find_by_card(
                work.db, work.sealer, hospital_id=hospital_id, card=card.strip(), name=name, number=number
            )
        except CardMismatch:
            pass
    owner = await _owner(work.db, work.sealer, hospital_id, card)
    if owner is None:
        raise CardMismatch(facts={"ask": ["card"]})
    ask = [] if same_name(owner.name, name) else ["name"]
    if number is None or not await _reached_by(work, owner.id, number):
        ask.append("phone")
    raise CardMismatch(facts={"ask": ask})


async def _owner(db: AsyncSession, sealer: Sealer, hospital_id: int, card: str) -> Person | None:
    query = (
        select(Person)
        .join(VisitCard, VisitCard.person_id == Person.id)
        .where(
            VisitCard.hospital_id == hospital_id,
            VisitCard.card_print == sealer.fingerprint(card.strip(), "card"),
        )
    )
    return (await db.execute(query)).scalar_one_or_none()


async def _reached_by(work: Work, person_id: int, number: Phone) -> bool:
    mark = work.sealer.fingerprint(number.digits, "phone")
    query = select(PersonPhone.id).where(PersonPhone.person_id == person_id, PersonPhone.phone_print == mark)
    return (await work.db.execute(query)).first() is not None


async def _by_name(
    work: Work, fields: Mapping[str, Any], number: Phone | None, given: Identity | None
) -> Person:
    """Name and phone. Somebody known by both is not written down twice; an identity number decides."""
    name = str(fields["name"]).strip()
    same = [] if number is None else await _called(work.db, work.sealer, number, name)
    if given is None:
        if same:
            return same[0]
    elif await people.find_by_identity(work.db, work.sealer, given) is None:
        unproven = [one for one in same if one.identity_print is None]
        if len(unproven) == 1:
            await complete(work, unproven[0].id, given)
            return unproven[0]
    born = fields.get("birth_date")
    return await register(
        work,
        name=name,
        identity=given,
        phones=[number] if number is not None else [],
        sex=fields.get("sex"),
        birth_date=_day(born) if born else None,
    )


async def _called(db: AsyncSession, sealer: Sealer, number: Phone, name: str) -> list[Person]:
    """Who has this name at this number, proven people first."""
    known = await people.household(db, sealer, number)
    same = [one for one in known if same_name(one.name, name)]
    return sorted(same, key=lambda one: (one.identity_print is None, one.id))


async def likely(db: AsyncSession, sealer: Sealer, fields: Mapping[str, Any], *, demo: bool) -> Person | None:
    """Whom `patient_of` would find for what is typed so far; None: nobody who is known. Writes nothing."""
    if "person_id" in fields:
        return await db.get(Person, fields["person_id"])
    name = str(fields.get("name", "")).strip()
    if not name:
        return None
    if "card" in fields:
        owner = await _owner(db, sealer, int(fields.get("hospital_id", 0)), fields["card"])
        return owner if owner is not None and same_name(owner.name, name) else None
    same: list[Person] = []
    with suppress(PhoneInvalid):
        same = await _called(db, sealer, phone(fields.get("phone", ""), demo=demo), name)
    with suppress(IdentityInvalid):
        given = typed_identity(fields, demo=demo)
        if given is not None:
            known = await people.find_by_identity(db, sealer, given)
            unproven = [one for one in same if one.identity_print is None]
            if known is not None:
                return known if same_name(known.name, name) else None
            return unproven[0] if len(unproven) == 1 else None
    return same[0] if same else None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongInput(facts={"field": "birth_date"}) from None
