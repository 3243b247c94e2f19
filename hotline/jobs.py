"""Everything that falls due with time, as jobs of the timers."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select

from core.accounts import captchas, codes, reminders
from core.accounts import sessions as account_sessions
from core.booking.cancel import expire_due
from core.booking.draft_end import forget_due
from core.booking.hold import lapse_due
from core.booking.tables import CommandKey
from core.booking.tails import fill_tails
from core.booking.visit import miss_due
from core.calling import overdue
from core.contact import kept
from core.contact.supervision import gone_home
from core.leave import following as leave_following
from core.leave import offering as leave_offering
from core.leave import timing as leave_timing
from core.offers import engine as offers
from core.partners import engine as partners
from core.people.engine import forget_attempts
from core.release.turns import Turns
from core.reminding import engine as visit_reminders
from core.schedule.engine import close_over
from core.schedule.nightly import Nightly
from core.staff import guesses
from core.staff import sessions as staff_sessions
from core.survey import engine as surveys
from core.timers import Job
from core.waiting import offering as waiting_offering
from core.waiting import settling as waiting_settling
from core.work import Work
from sms.talks import end_talks

# Nobody repeats a command after a week.
KEYS_LIVE = timedelta(days=7)


async def forget_keys(work: Work, limit: int = 500) -> int:
    """Drop idempotency keys that nobody will repeat."""
    old = select(CommandKey.key).where(CommandKey.at < work.now - KEYS_LIVE).limit(limit)
    gone = await work.db.execute(delete(CommandKey).where(CommandKey.key.in_(old)).returning(CommandKey.key))
    return len(gone.all())


def jobs() -> Sequence[Job]:
    """Each settles one bounded batch by guarded statements; late is never wrong, only late."""
    return (
        Job("offers", 2, offers.lapse_due),
        Job("calls", 5, overdue.settle_due),
        Job("waiting-answers", 2, waiting_settling.settle),
        Job("waiting", 2, waiting_offering.offer_next),
        Job("waiting-sweep", 20, waiting_settling.sweep),
        Job("waiting-over", 300, waiting_settling.end_over),
        Job("leave-cases", 2, leave_following.follow_due),
        Job("leave-offers", 2, leave_offering.offer_due),
        Job("leave-sessions", 30, leave_timing.extend_due),
        Job("leaves", 10, leave_timing.finish_due),
        Job("holds", 2, lapse_due),
        Job("lines", 1, Turns().give),
        Job("unpaid", 5, expire_due),
        Job("kept-places", 2, kept.follow),
        Job("visits", 60, miss_due),
        Job("sessions", 30, close_over),
        Job("publish", 600, Nightly().publish),
        Job("attempts", 300, forget_attempts),
        Job("keys", 3600, forget_keys),
        Job("drafts", 600, forget_due),
        Job("talks", 60, end_talks),
        Job("gone-home", 60, gone_home),
        Job("guesses", 300, guesses.forget_old),
        Job("staff-sessions", 3600, staff_sessions.forget_old),
        Job("captchas", 60, captchas.forget_old),
        Job("codes", 3600, codes.forget_old),
        Job("account-sessions", 3600, account_sessions.forget_old),
        Job("partners", 300, partners.forget_old),
        Job("reminders", 20, reminders.tell_due),
        Job("visit-reminders", 30, visit_reminders.remind_due),
        Job("visit-reminders-over", 10, visit_reminders.end_due),
        Job("surveys", 300, surveys.lapse_due),
        Job("tails", 600, fill_tails),
    )
