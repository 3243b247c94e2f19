"""What would refuse a draft if it were committed now: said before the patient waits for it; read-only."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.draft_view import DraftView
from core.booking.facts import BookingFacts, PersonFacts
from core.booking.loading import Asked, asked_of, known_facts, stranger_facts
from core.booking.may import objections
from core.booking.patient_of import CONTACT, contradictions, likely, typed_identity
from core.booking.tables import Appointment
from core.errors import IdentityInvalid, Refusal
from core.people.tables import Person
from core.sealing import Sealer
from core.values import Actor, Channel


async def warnings(
    db: AsyncSession, sealer: Sealer, seen: DraftView, *, by: Actor, now: datetime, demo: bool = False
) -> list[Refusal]:
    """Asked of the pure rules, with no lock and nothing done.

    Empty while there is no slot, or nothing by which anybody could be told from others.
    """
    if seen.held is None or seen.verb == "cancel":
        return []
    fields = seen.fields
    old = await db.get(Appointment, fields.get("appointment_id", 0)) if seen.verb == "change" else None
    if old is not None:
        person = await db.get(Person, old.person_id)
    elif seen.verb == "book":
        person = await likely(db, sealer, fields, demo=demo)
    else:
        return []
    if person is None and not ("name" in fields and "phone" in fields):
        return []
    typed = next((str(fields[name]) for name in CONTACT if name in fields), None)
    mark = sealer.fingerprint(typed, "phone") if typed else old.contact_print if old else None
    wanted = await asked_of(db, session_id=seen.held.session_id, period_id=seen.held.period_id)
    facts = await _facts(
        db, wanted, person, _said(fields, demo=demo), now=now, contact_print=mark,
        channel=by.channel or Channel.PHONE, replacing=old.id if old else None,
    )  # fmt: skip
    found = objections(facts, wanted.book)
    if person is not None:
        found += await contradictions(db, sealer, person, fields, demo=demo)
    return found


async def _facts(
    db: AsyncSession,
    wanted: Asked,
    person: Person | None,
    said: PersonFacts,
    *,
    now: datetime,
    contact_print: str | None,
    channel: Channel,
    replacing: int | None,
) -> BookingFacts:
    if person is None:
        return await stranger_facts(
            db, wanted.slot, now=now, person=said, contact_print=contact_print, channel=channel
        )
    facts = await known_facts(
        db, wanted.slot, now=now, person_id=person.id, contact_print=contact_print,
        channel=channel, replacing=replacing,
    )  # fmt: skip
    if facts.person.identity_kind is not None:
        return facts
    # A number that was typed completes them with the commit.
    completed = replace(
        facts.person,
        identity_kind=said.identity_kind,
        birth_date=facts.person.birth_date or (said.birth_date if said.identity_kind else None),
        sex=facts.person.sex or (said.sex if said.identity_kind else None),
    )
    return replace(facts, person=completed)


def _said(fields: Mapping[str, Any], *, demo: bool) -> PersonFacts:
    """What was typed about somebody, as far as it is whole. Nobody has the key 0."""
    born, given = None, None
    with suppress(ValueError):
        born = date.fromisoformat(str(fields.get("birth_date", "")))
    with suppress(IdentityInvalid):
        given = typed_identity(fields, demo=demo)
    if given is None:
        return PersonFacts(0, None, born, fields.get("sex"))
    return PersonFacts(0, given.kind, given.birth_date or born, given.sex or fields.get("sex"))
