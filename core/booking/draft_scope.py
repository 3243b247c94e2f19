"""A draft as far as its operator may see it: staff of one hospital see nothing of another (R-167); read-only.

A call and its draft are given out by skill, so a draft may hold another hospital's slot, or name a patient
of another: begun by the menu, or by a colleague. It stays whole for whoever gets it next.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.draft_rules import HANGS_ON, OF_PERSON, missing
from core.booking.draft_view import DraftView, Result
from core.booking.patients import known
from core.booking.tables import ONGOING, Appointment
from core.values import Actor


async def within(
    db: AsyncSession, seen: DraftView, by: Actor, *, typed: frozenset[str] = frozenset()
) -> DraftView:
    """The draft without people, visits and slots beyond the actor's hospital; what is missing, reckoned anew.

    typed: fields that the actor typed, which are no secret from them.
    """
    if by.hospital_id is None:
        return seen
    fields = dict(seen.fields)
    await _drop_people(db, fields, by, typed)
    if not by.sees(fields.get("hospital_id", by.hospital_id)):
        for name in ("hospital_id", *HANGS_ON["hospital_id"]):
            fields.pop(name, None)
    if "appointment_id" in fields and not await _sees_visit(db, fields["appointment_id"], by):
        del fields["appointment_id"]
    held = seen.held if seen.held is not None and by.sees(seen.held.hospital_id) else None
    return replace(
        seen,
        person_id=fields.get("person_id"),
        fields=fields,
        held=held,
        missing=tuple(missing(fields, held)) if seen.state in ONGOING else (),
        result=await _result(db, seen.result, by),
    )


async def _drop_people(db: AsyncSession, fields: dict[str, Any], by: Actor, typed: frozenset[str]) -> None:
    named = {name: fields[name] for name in ("person_id", "booker_id") if name in fields}
    theirs = await known(db, named.values(), by)
    for name, person_id in named.items():
        if person_id in theirs:
            continue
        del fields[name]
        if name == "person_id":
            for said in set(OF_PERSON) - typed:
                fields.pop(said, None)


async def _sees_visit(db: AsyncSession, appointment_id: int, by: Actor) -> bool:
    query = select(Appointment.hospital_id).where(Appointment.id == appointment_id)
    return by.sees(await db.scalar(query))


async def _result(db: AsyncSession, result: Result | None, by: Actor) -> Result | None:
    return result if result is not None and await _sees_visit(db, result.appointment_id, by) else None
