"""Who a draft is about: picked, found by card, known by name and phone, or written down now."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from core.errors import CardMismatch, PersonUnknown, WrongInput
from core.people import engine as people
from core.people.register import add_phone, complete, register
from core.people.rules import same_name
from core.people.tables import Person, PersonPhone, VisitCard
from core.values import Identity, IdentityKind, Phone, identity, phone
from core.work import Work


async def patient_of(work: Work, fields: Mapping[str, Any]) -> Person:
    """The patient of a draft (R-084, R-085), with what was typed beside it now known of them.

    Raises CardMismatch (facts: ask), PersonUnknown, WrongInput, PhoneInvalid, IdentityInvalid,
    IdentityConflict.
    """
    number = _phone(work, fields, "phone")
    given = _identity(work, fields)
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
        return await _by_name(work, fields, number, given)
    if given is not None and person.identity_print is None:
        await complete(work, person.id, given)
    if number is not None:
        await add_phone(work, person.id, number)
    return person


def _phone(work: Work, fields: Mapping[str, Any], name: str) -> Phone | None:
    return phone(fields[name], demo=work.demo) if name in fields else None


def _identity(work: Work, fields: Mapping[str, Any]) -> Identity | None:
    if "id_number" not in fields:
        return None
    kind = IdentityKind(fields.get("id_kind", IdentityKind.RESIDENT))
    return identity(kind, fields["id_number"], demo=work.demo)


async def contact_of(work: Work, fields: Mapping[str, Any], person_id: int) -> Phone:
    """Where the text goes: as agreed, else the patient's own mobile. Raises WrongInput without any."""
    for name in ("contact_phone", "phone"):
        number = _phone(work, fields, name)
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
    query = (
        select(Person)
        .join(VisitCard, VisitCard.person_id == Person.id)
        .where(
            VisitCard.hospital_id == hospital_id,
            VisitCard.card_print == work.sealer.fingerprint(card.strip(), "card"),
        )
    )
    owner = (await work.db.execute(query)).scalar_one_or_none()
    if owner is None:
        raise CardMismatch(facts={"ask": ["card"]})
    ask = [] if same_name(owner.name, name) else ["name"]
    if number is None or not await _reached_by(work, owner.id, number):
        ask.append("phone")
    raise CardMismatch(facts={"ask": ask})


async def _reached_by(work: Work, person_id: int, number: Phone) -> bool:
    mark = work.sealer.fingerprint(number.digits, "phone")
    query = select(PersonPhone.id).where(PersonPhone.person_id == person_id, PersonPhone.phone_print == mark)
    return (await work.db.execute(query)).first() is not None


async def _by_name(
    work: Work, fields: Mapping[str, Any], number: Phone | None, given: Identity | None
) -> Person:
    """Name and phone. Somebody known by both is not written down twice; an identity number decides."""
    name = str(fields["name"]).strip()
    known = [] if number is None else await people.household(work.db, work.sealer, number)
    same = [one for one in known if same_name(one.name, name)]
    if given is None:
        same.sort(key=lambda one: (one.identity_print is None, one.id))
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


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongInput(facts={"field": "birth_date"}) from None
