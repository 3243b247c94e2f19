"""The text to who did not answer what the waiting list offered: how to go on."""

from functools import partial

from core.events import WaitingPaused
from core.values import Phone
from core.waiting import view
from core.waiting.rules import State
from core.work import Work
from sms.kept import Draft
from sms.texts import NUMBERS, Kind, write


async def draft_of(work: Work, event: WaitingPaused, *, answers: bool) -> Draft:
    """As long as it is paused. answers: whether what patients write is taken."""
    entry = await view.load(work.db, event.entry_id)
    phone = Phone(work.sealer.open(entry.phone_sealed, "phone"))
    draft = partial(Draft, Kind.WAITING_PAUSED, f"waiting/{entry.entry_id}", event.version, None, phone)
    if entry.state is not State.PAUSED or entry.version != event.version:
        return draft(None, "overtaken")
    if not phone.is_mobile:
        return draft(None, "not a mobile")
    names = {
        "person": entry.person,
        "hospital": entry.hospital_short,
        "department": entry.department,
        "doctor": entry.doctor or NUMBERS.get(entry.number_kind or "", ""),
    }
    return draft(write(Kind.WAITING_PAUSED, {"answers": answers}, names))
