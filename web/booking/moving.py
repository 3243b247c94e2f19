"""Which appointment is being moved, where a journey through the pages is for that (R-087)."""

from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts.orders import find, people_of
from core.booking import view
from core.booking.deadlines import may_change
from core.booking.draft_pay import Before
from core.booking.loading import asked_of
from core.booking.view import AppointmentView
from core.errors import NotFound, Refusal
from core.http.pages import clock, spoken_day, surname
from core.http.patients import Patient, patient
from core.money import engine as money
from core.values import is_serial
from web.house import HOUSE

FIELD = "change"


@dataclass(frozen=True)
class Moving:
    """made, words: of the appointment; None and '' where nobody is logged in who could see it.

    patient: whose it is; in full only where the account books for them. refusal: why it may not be moved.
    paid_fen: what has come for it and not gone back.
    """

    serial: str
    words: str = ""
    refusal: Refusal | None = None
    made: AppointmentView | None = None
    patient: str = ""
    paid_fen: int = 0

    @property
    def more(self) -> str:
        """What stands behind an address that asks nothing else."""
        return f"?{FIELD}={self.serial}"

    def before(self, hospital_id: int) -> Before:
        """Its money, as a page reckons with it. hospital_id: of the new session."""
        assert self.made is not None
        return Before(self.made.pay_mode, self.paid_fen, moved=self.made.hospital_id != hospital_id)


async def mover(db: AsyncSession, who: Patient, serial: str, now: datetime) -> Moving:
    """Raises NotFound, also for another account's."""
    row = await find(db, who.account_id, serial if is_serial(serial) else "")
    made = await view.load(db, row.id)
    wanted = await asked_of(db, session_id=row.session_id)
    refusal = None
    try:
        may_change(row, wanted.book, slot=wanted.slot, now=now, by=who.by)
    except Refusal as why:
        refusal = why
    paid = await money.balance_of(db, row.id)
    ours = row.person_id in await people_of(db, who.account_id)
    patient_name = made.person if ours else surname(made.person)
    return Moving(made.serial, _words(made), refusal, made, patient_name, paid.left_fen)


def _words(made: AppointmentView) -> str:
    when = f"{spoken_day(made.day)} {clock(made.starts_at)}"
    return f"{when} {made.hospital_short} {made.department} {made.doctor or ''}".strip()


async def carried(request: web.Request) -> Moving | None:
    """What the address of a public page says is moved; nothing for what cannot be, or is another's."""
    serial = request.query.get(FIELD, "")
    if not is_serial(serial):
        return None
    who = await patient(request)
    if who is None:
        return Moving(serial)
    hotline = request.app[HOUSE].hotline
    try:
        async with hotline.read() as db:
            return await mover(db, who, serial, hotline.clock.now())
    except NotFound:
        return None
