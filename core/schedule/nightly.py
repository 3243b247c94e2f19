"""Publish each hospital's next days as far ahead as its own rules let people look (R-148)."""

from datetime import timedelta

from sqlalchemy import select

from core.catalogue.tables import Hospital
from core.credit.engine import rules_for
from core.schedule.engine import publish_range
from core.values import day_of
from core.work import Work

# Sessions exist before they are released, so that release is a comparison and nothing is written at 7:00.
AHEAD = 1


class Nightly:
    """One hospital's missing days in each unit of work: a province in one transaction would stop the desk."""

    def __init__(self) -> None:
        self._after = 0  # id of the hospital that was looked at last

    async def publish(self, work: Work) -> int:
        """Publish what one hospital lacks; return its new sessions, 0 when no hospital lacks any."""
        live = select(Hospital.id).where(Hospital.state == "live").order_by(Hospital.id)
        ids = list((await work.db.execute(live)).scalars())
        for hospital_id in [i for i in ids if i > self._after] + [i for i in ids if i <= self._after]:
            self._after = hospital_id
            book = await rules_for(work.db, hospital_id)
            today = day_of(work.now)
            # Some departments or number kinds may be open further ahead than others.
            last = today + timedelta(days=max(book.every("window.last-day")) + AHEAD)
            made = await publish_range(work, hospital_id=hospital_id, first_day=today, last_day=last)
            if made:
                return made
        return 0
