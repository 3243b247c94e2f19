"""Where in the queue a caller belongs, and who served them last: from what we know of their number."""

from datetime import timedelta

from core.booking import view as booking
from core.booking.rules import State
from core.contact import queue_view
from core.contact.distribution import QueueClass
from core.values import Phone
from core.work import Work

# A redial this soon reaches the operator who had the call, if they are free.
SAME_OPERATOR = timedelta(minutes=30)
# A call that broke off with its matter unfinished, this recently, goes on where it was.
BROKEN_OFF = timedelta(minutes=10)


async def place_in_queue(
    work: Work, interaction_id: int, number: Phone | None, *, elder: bool
) -> tuple[QueueClass, int | None]:
    """The class, and the operator preferred."""
    if number is None:
        return (QueueClass.ELDER if elder else QueueClass.NORMAL), None
    mark = work.sealer.fingerprint(number.digits, "phone")
    prefers = await queue_view.last_operator(work.db, mark, work.now - SAME_OPERATOR)
    if await queue_view.broken_off(work.db, mark, work.now - BROKEN_OFF):
        return QueueClass.RECONNECT, prefers
    visits = await booking.open_by_phone(work.db, mark, work.now)
    if any(visit.state is State.STOPPED for visit in visits):
        return QueueClass.DISPLACED, prefers
    return (QueueClass.ELDER if elder else QueueClass.NORMAL), prefers
