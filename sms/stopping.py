"""退订: a number that wants duty messages only, until it says otherwise."""

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from core.events import TextsResumed, TextsStopped
from sms.sender import BY, Sender
from sms.tables import TextStop


async def stop(sender: Sender) -> None:
    """A repeat does no harm."""
    async with sender.hotline.work(BY, sender.interaction_id) as work:
        maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
        row = {"phone_print": sender.phone_print, "at": work.now}
        added = await work.db.execute(
            maker(TextStop).values(row).on_conflict_do_nothing().returning(TextStop.phone_print)
        )
        if added.first() is not None:
            work.record(TextsStopped())


async def resume(sender: Sender) -> None:
    """A repeat does no harm."""
    async with sender.hotline.work(BY, sender.interaction_id) as work:
        gone = await work.db.execute(
            delete(TextStop).where(TextStop.phone_print == sender.phone_print).returning(TextStop.phone_print)
        )
        if gone.first() is not None:
            work.record(TextsResumed())
