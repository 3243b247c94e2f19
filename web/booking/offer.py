"""A session as the wizard shows it: what it is, what is left in which period, and what else there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.booking import availability
from core.booking.availability import DeskSession
from core.booking.equivalents import equivalents
from core.booking.equivalents_rules import Equivalent
from core.booking.loading import Asked, asked_of
from core.booking.may import may_ask
from core.errors import NotFound, Refusal, ShareUsedUp, SlotFull
from core.values import Channel
from web.public import notes, words
from web.public.notes import Note


@dataclass(frozen=True)
class Offer:
    """refusal: why nobody books it here now."""

    it: DeskSession
    asked: Asked
    refusal: Refusal | None

    @property
    def half(self) -> str:
        return words.HALVES.get(self.it.half, self.it.half)

    @property
    def number(self) -> str:
        return words.number(self.it.number_kind)

    @property
    def fee(self) -> str:
        return words.fee(self.it.fee_fen)

    @property
    def who(self) -> str:
        """The doctor with title, or the department's own number."""
        return f"{self.it.doctor} {self.it.title or ''}".strip() if self.it.doctor else words.OWN_NUMBER

    @property
    def place(self) -> str:
        return f"{self.it.hospital} {self.it.department}"

    @property
    def post(self) -> str:
        """The path of the page that tells the other days, behind '' or '/m'."""
        return words.path_of(self.it.department_id, self.it.doctor_id)

    @property
    def notes(self) -> Sequence[Note]:
        """Whom the department sees, where that is not everybody."""
        return notes.of_department(self.asked.book, self.asked.slot.department_code)


async def offer(db: AsyncSession, session_id: int, now: datetime) -> Offer:
    """Raises NotFound, also for what no public page shows: another state, a hospital that is not live."""
    wanted = await asked_of(db, session_id=session_id)
    found = await availability.sessions(db, now=now, channel=Channel.WEB, session_id=session_id)
    if not found or not wanted.slot.hospital_live or not wanted.slot.open:
        raise NotFound(facts={"what": "session"})
    return Offer(found[0], wanted, _refusal(found[0], wanted, now))


def _refusal(it: DeskSession, wanted: Asked, now: datetime) -> Refusal | None:
    try:
        may_ask(wanted.slot, wanted.book, channel=Channel.WEB, now=now)
    except Refusal as why:
        return why
    if it.free:
        return None
    return ShareUsedUp() if it.others else SlotFull()


async def others(db: AsyncSession, session_id: int, now: datetime) -> Sequence[Equivalent]:
    """What may stand in for it, with something left on the web, best first."""
    return await equivalents(db, session_id=session_id, now=now, channel=Channel.WEB)
