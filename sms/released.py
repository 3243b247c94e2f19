"""The text that tells of a release somebody has waited for (I-009): doctor, day, and how to book it."""

from core.accounts import reminders
from core.accounts.reminders import Release
from core.catalogue.codes import sms_code
from core.events import NumbersOpened
from core.values import local
from core.work import Work
from sms import kept
from sms.kept import Draft
from sms.replies import HALVES
from sms.texts import NUMBERS, Kind, write


async def draft_of(work: Work, event: NumbersOpened, *, public: str, answers: bool) -> Draft | None:
    """None when all of it has gone before morning: then the reminder waits for the next release.

    public: the address of our pages, '' without one. answers: whether an answer to the text books it (R-097).
    """
    subject = f"reminder/{event.reminder_id}"
    opened = await reminders.release(work.db, work.sealer, event.reminder_id, event.session_id, now=work.now)
    if opened is None:
        if await kept.untold(work, subject, event.session_id):
            await reminders.put_back(work, event.reminder_id, event.session_id)
        return None
    words = _words(opened, public=public, answers=answers)
    return Draft(
        Kind.RELEASED, subject, event.session_id, None, opened.phone, words, starts_at=opened.starts_at
    )


def _words(opened: Release, *, public: str, answers: bool) -> str:
    names = {
        "hospital": opened.hospital,
        "department": opened.department,
        "doctor": opened.doctor or NUMBERS.get(opened.kind, ""),
    }
    page = f"doctors/{opened.doctor_id}" if opened.doctor_id else f"departments/{opened.department_id}"
    facts = {
        "starts": local(opened.starts_at),
        "half": HALVES.get(opened.half, opened.half),
        "code": sms_code(opened.post_id) if answers else "",
        "link": f"{public}/{page}" if public else "",
    }
    return write(Kind.RELEASED, facts, names)
