"""Which days are working days: weekdays, but for what the holiday table says."""

from collections.abc import Callable, Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.contact.tables import Holiday


async def working_days(db: AsyncSession) -> Callable[[date], bool]:
    """A function that tells a working day; made from the table as it is now.

    The table is filled from the yearly notice; beyond it the weekday decides, which is a guess
    that hurts nobody: it only shifts a deadline counted in working days.
    """
    return working_by(dict((await db.execute(select(Holiday.day, Holiday.working))).all()))


def working_by(named: Mapping[date, bool]) -> Callable[[date], bool]:
    """The same from the named days: True for one that is worked though it is a weekend."""

    def is_working(day: date) -> bool:
        return named.get(day, day.isoweekday() <= 5)

    return is_working
