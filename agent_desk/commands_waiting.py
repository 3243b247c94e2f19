"""The waiting list at the desk: where everything is booked, the caller stands in line instead (I-009)."""

from collections.abc import Mapping
from typing import Any

from agent_desk.commands import Command, Said, Seat
from agent_desk.commands_booking import MAY_BOOK, OfDraft, own_in
from core.booking.draft_view import DraftView
from core.catalogue.tables import Department
from core.contact.tables import Interaction
from core.errors import DraftIncomplete, PhoneInvalid
from core.values import Phone, phone
from core.waiting import engine, view
from core.work import Work


async def join(seat: Seat, asked: OfDraft, _key: str) -> Said:
    """Who the draft is about waits for the doctor, or the department, that it names.

    Raises DraftIncomplete (facts: field, words) and what `core.waiting.engine.join` raises.
    """
    async with seat.work() as work:
        seen = await own_in(seat, work, asked.draft_id)
        person_id, department_id = seen.person_id, seen.fields.get("department_id")
        if person_id is None:
            raise _lacks("person_id", "先选就诊人,再登记候补。")
        if department_id is None:
            raise _lacks("department_id", "先选科室或医生,再登记候补。")
        department = await work.db.get_one(Department, department_id)
        seat.by.must_see(department.hospital_id)
        wish = engine.Join(person_id, await _number(work, seen), department_id, seen.fields.get("doctor_id"))
        entry = await view.load(work.db, await engine.join(work, wish))
    return {"entry_id": entry.entry_id, "ahead": entry.ahead or 0}


async def _number(work: Work, seen: DraftView) -> Phone:
    """Whom to tell: the number for texts, else the one that called. Raises DraftIncomplete."""
    called = await work.db.get(Interaction, seen.interaction_id) if seen.interaction_id else None
    ani = work.sealer.open(called.ani_sealed, "phone") if called and called.ani_sealed else ""
    for given in (seen.fields.get("contact_phone"), seen.fields.get("phone"), ani):
        try:
            if given:
                return phone(str(given), demo=work.demo)
        except PhoneInvalid:
            continue
    raise _lacks("contact_phone", "先填联系电话,再登记候补。")


def _lacks(field: str, words: str) -> DraftIncomplete:
    return DraftIncomplete(facts={"field": field, "words": words})


COMMANDS: Mapping[str, Command[Any]] = {"waiting.join": Command(MAY_BOOK, OfDraft, join, "draft")}
