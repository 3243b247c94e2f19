"""An account books, or moves what it has booked, out of a hold of its own (I-008)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts import captchas, people
from core.accounts.orders import find, theirs
from core.booking.commands import Book, Booked, Change
from core.booking.draft_continue import settle
from core.booking.hold import release
from core.booking.loading import Asked, asked, known_facts
from core.booking.may import objections, ruled
from core.booking.rush import RECENTLY, captcha_due
from core.booking.store import once
from core.booking.tables import IS_LIVE, Appointment, CommandKey
from core.errors import NotFound, Refusal
from core.schedule.tables import Hold, Period, Slot
from core.values import Channel
from core.work import Work


def owner(account_id: int) -> str:
    """Whose the hold of an account is."""
    return f"web:{account_id}"


@dataclass(frozen=True)
class Held:
    """A hold of this account, live or not, with the period of its slot. state: of the hold's own life."""

    hold_id: str
    slot_id: int
    session_id: int
    period_id: int
    starts_at: datetime
    ends_at: datetime
    sequence: int
    state: str
    until: datetime
    made_at: datetime

    def live(self, now: datetime) -> bool:
        return self.state == "live" and self.until > now

    @property
    def used(self) -> bool:
        """It has become an appointment."""
        return self.state == "used"

    @property
    def given_up(self) -> bool:
        """By its owner, for another choice, or because the doctor is away. One that only lapsed may yet
        become an appointment, while nobody has taken its slot."""
        return self.state == "released"


async def held(db: AsyncSession, account_id: int, hold_id: str, *, locked: bool = False) -> Held:
    """Raises NotFound, for another's as for one there is not.

    locked: it stays theirs until the commit, whoever goes on with it elsewhere meanwhile.
    """
    query = _holds(account_id).where(Hold.id == hold_id)
    row = (await db.execute(query.with_for_update(of=Hold) if locked else query)).one_or_none()
    if row is None:
        raise NotFound(facts={"what": "hold"})
    return Held(*row)


async def kept_in(db: AsyncSession, account_id: int, session_id: int, now: datetime) -> Held | None:
    """What this account keeps in a session just now."""
    query = _holds(account_id).where(
        Hold.session_id == session_id, Hold.state == "live", Hold.expires_at > now
    )
    row = (await db.execute(query.limit(1))).one_or_none()
    return Held(*row) if row else None


def _holds(account_id: int) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Hold.id,
            Hold.slot_id,
            Hold.session_id,
            Period.id,
            Period.starts_at,
            Period.ends_at,
            Slot.sequence,
            Hold.state,
            Hold.expires_at,
            Hold.made_at,
        )
        .join(Slot, Slot.id == Hold.slot_id)
        .join(Period, Period.id == Slot.period_id)
        .where(Hold.owner == owner(account_id))
    )


async def came_of(db: AsyncSession, account_id: int, hold: Held) -> str | None:
    """The serial number of what this hold became; None: nothing yet, or it is not theirs any more."""
    query = select(Appointment.serial).where(
        Appointment.slot_id == hold.slot_id, Appointment.booked_at >= hold.made_at, theirs(account_id)
    )
    return await db.scalar(query.order_by(Appointment.id).limit(1)) if hold.used else None


async def captcha_asked(db: AsyncSession, account_id: int, wanted: Asked, now: datetime) -> bool:
    """Whether rule captcha.web asks this account for one now."""
    mode = ruled(wanted.book, wanted.slot, "captcha.web").value
    if mode == "off":
        return False
    query = select(func.count()).where(
        Appointment.account_id == account_id,
        Appointment.channel == Channel.WEB.value,
        IS_LIVE,
        Appointment.booked_at > now - RECENTLY,
    )
    recent = await db.scalar(query) or 0
    return captcha_due(mode, release_at=wanted.slot.release_at, now=now, recent=recent)


async def obstacles(
    db: AsyncSession,
    wanted: Asked,
    *,
    person_id: int,
    contact_print: str,
    now: datetime,
    replacing: int | None = None,
) -> list[Refusal]:
    """What would refuse this person now, before anything is done; no lock, and nothing decided."""
    facts = await known_facts(
        db, wanted.slot, now=now, person_id=person_id, contact_print=contact_print,
        channel=Channel.WEB, replacing=replacing,
    )  # fmt: skip
    return objections(facts, wanted.book)


@dataclass(frozen=True)
class Wish:
    """What is to come of a hold. person_id: for whom; change: serial of the appointment that moves, for
    whoever that is for. pay_online: where the hospital leaves the choice."""

    hold_id: str
    person_id: int | None = None
    change: str | None = None
    pay_online: bool | None = None


async def confirm(work: Work, wish: Wish, *, owner_id: int, captcha: tuple[str, str]) -> Booked:
    """Book it, once for each hold: a repeat is answered as the first time.

    owner_id: the account's own person. captcha: token and what was typed; looked at where the rule asks.
    A lapsed hold is tried all the same: its slot may still be free. Raises NotFound for another's hold,
    appointment or attendee, CaptchaWrong, KeyReused when the hold has become something else, and the
    refusals of core.booking.book.
    """
    account_id = work.by.account_id
    assert account_id is not None
    mine = await held(work.db, account_id, wish.hold_id, locked=not work.house.database.sqlite)
    command = await _command(work, account_id, wish, owner_id)
    assert command.key is not None
    if await work.db.get(CommandKey, command.key) is None:
        wanted = await asked(work, session_id=mine.session_id, period_id=mine.period_id)
        if await captcha_asked(work.db, account_id, wanted, work.now):
            await captchas.check(work, *captcha)
    made = await once(work, command)
    assert isinstance(made, Booked)
    await settle(work, account_id, wish.hold_id, made.appointment_id)
    return made


async def _command(work: Work, account_id: int, wish: Wish, owner_id: int) -> Book | Change:
    key = f"web:{account_id}:book:{wish.hold_id}"
    if wish.change is not None:
        moved = await find(work.db, account_id, wish.change)
        return Change(moved.id, wish.hold_id, key=key)
    if wish.person_id is None:
        raise NotFound(facts={"what": "attendee"})
    await people.books_for(work.db, account_id, wish.person_id)
    return Book(
        wish.hold_id,
        wish.person_id,
        await people.phone_of(work.db, work.sealer, account_id),
        booker_id=owner_id if owner_id != wish.person_id else None,
        pay_online=wish.pay_online,
        key=key,
    )


async def leave(work: Work, account_id: int, hold_id: str) -> Held:
    """Give a hold up; a repeat does no harm. Returns what it was. Raises NotFound for another's."""
    mine = await held(work.db, account_id, hold_id)
    await release(work, hold_id)
    await settle(work, account_id, hold_id)
    return mine
