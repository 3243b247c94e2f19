"""A draft between the telephone and the web: what an account may go on with, and what its number holds.

An account sees what its proved number left unfinished on the telephone, and goes on with that slot. What
it holds itself, or by text, is no draft until its number calls: at the release minute there are hundreds a
second.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, and_, bindparam, cast, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts.booking import owner
from core.accounts.orders import theirs
from core.accounts.people import phone_of
from core.accounts.tables import Account
from core.booking.draft_continue import (
    KeptDraft,
    begun_elsewhere,
    kept_for,
    of_account,
    of_number,
    to_web,
)
from core.booking.draft_end import discard
from core.booking.draft_places import Place
from core.booking.draft_rules import HeldFacts
from core.booking.loading import lock_key
from core.booking.tables import IS_ONGOING, Appointment, Draft
from core.contact.tables import Interaction
from core.database import Instant
from core.errors import NotFound
from core.schedule.tables import Hold
from core.sealing import Sealer
from core.values import Phone
from core.work import Work


@dataclass(frozen=True)
class Left:
    """What an account may go on with. serial: of the appointment that it would move; '' for a booking."""

    kept: KeptDraft
    serial: str

    @property
    def held(self) -> HeldFacts:
        return self.kept.held


async def left_for(db: AsyncSession, sealer: Sealer, account_id: int, now: datetime) -> Left | None:
    """What this account's proved number left elsewhere, with its slot still held.

    None also for the change of an appointment that the account does not see.
    """
    mark = await db.scalar(select(Account.phone_print).where(Account.id == account_id))
    kept = await kept_for(db, sealer, mark, now) if mark else None
    if kept is None or kept.place is Place.WEB:
        return None
    if kept.verb != "change":
        return Left(kept, "")
    query = select(Appointment.serial).where(Appointment.id == kept.appointment_id, theirs(account_id))
    serial = await db.scalar(query)
    return Left(kept, serial) if serial else None


async def _seen(work: Work, account_id: int, draft_id: int, version: int) -> Left:
    """Raises NotFound for what this account has not left, or what went on since the page was made."""
    found = await left_for(work.db, work.sealer, account_id, work.now)
    if found is None or (found.kept.draft_id, found.kept.version) != (draft_id, version):
        raise NotFound(facts={"what": "draft"})
    return found


async def go_on(work: Work, account_id: int, draft_id: int, *, version: int) -> Left:
    """Its slot is the account's now, until when it was. Raises NotFound, ChangedMeanwhile, HoldLapsed."""
    found = await _seen(work, account_id, draft_id, version)
    await to_web(work, found.kept, account_id=account_id, owner=owner(account_id))
    return found


async def give_up(work: Work, account_id: int, draft_id: int, *, version: int) -> None:
    """The slot goes back at once. Raises NotFound."""
    await _seen(work, account_id, draft_id, version)
    await discard(work, draft_id, version=version)


async def gone_on(db: AsyncSession, account_id: int, *, draft_id: int = 0, hold_id: str = "") -> bool:
    """Whether this was of the account's number and is not its to go on with any more: by that draft, or by
    a hold that went to the telephone."""
    mark = await db.scalar(select(Account.phone_print).where(Account.id == account_id))
    query = select(Draft.id).where(of_number(mark or ""), or_(Draft.id == draft_id, Draft.hold_id == hold_id))
    return (await db.execute(query.limit(1))).first() is not None


# --- to the telephone -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Elsewhere:
    """A slot that is held on the web or by text with a number, and is no draft yet."""

    hold_id: str
    place: Place
    account_id: int | None
    person_id: int | None


async def held_elsewhere(db: AsyncSession, phone_print: str, now: datetime) -> Elsewhere | None:
    """The newest there is. A text's counts when it says for whom: a change has its appointment's patient,
    and is not to be taken for a booking."""
    account_id = await db.scalar(select(Account.id).where(Account.phone_print == phone_print))
    drafted = select(Draft.id).where(Draft.ani_print == phone_print, Draft.hold_id == Hold.id, IS_ONGOING)
    web, text = owner(account_id) if account_id is not None else "", f"sms:{phone_print}"
    query = select(Hold.id, Hold.owner, Hold.person_id).where(
        or_(Hold.owner == web, and_(Hold.owner == text, Hold.person_id.is_not(None))),
        Hold.state == "live", Hold.reason == "choice", Hold.expires_at > now, ~drafted.exists(),
    )  # fmt: skip
    found = (await db.execute(query.order_by(Hold.made_at.desc()).limit(1))).one_or_none()
    if found is None:
        return None
    if found[1] == text:
        return Elsewhere(found[0], Place.SMS, None, found[2])
    return Elsewhere(found[0], Place.WEB, account_id, None)


_MARK, _NOW = bindparam("mark", type_=String), bindparam("now", type_=Instant)
# Coalesced: no planner is to read all live holds of a quiet moment instead of the owner's own.
_LIVE = and_(func.coalesce(Hold.state == "live", False), Hold.expires_at > _NOW)
_WEB = literal("web:", String).concat(cast(Account.id, String))
_TEXT = literal("sms:", String).concat(_MARK)
# Each is asked by an index of its own, and nearly always finds nothing.
_ANYTHING = select(
    or_(
        select(Hold.id).where(Hold.owner == _TEXT, _LIVE).exists(),
        select(Hold.id).where(Account.phone_print == _MARK, Hold.owner == _WEB, _LIVE).exists(),
        select(Draft.id).where(Draft.ani_print == _MARK, IS_ONGOING).exists(),
        select(Draft.id).where(Draft.contact_print == _MARK, IS_ONGOING).exists(),
        select(Interaction.closed_at)
        .where(Interaction.ani_print == _MARK, Interaction.answered_at.is_not(None))
        .order_by(Interaction.id.desc())
        .limit(1)
        .scalar_subquery()
        >= bindparam("since", type_=Instant),
    )
)


async def may_go_on(db: AsyncSession, phone_print: str, now: datetime, since: datetime) -> bool:
    """Whether a number has any slot, draft or talk that a call may go on with, in one look.

    Nothing here is nothing there: of `held_elsewhere`, `kept_for`, and `queue_view.broken_off` since then.
    """
    asked = {"mark": phone_print, "now": now, "since": since}
    return bool((await db.execute(_ANYTHING, asked)).scalar_one())


async def bring(work: Work, number: Phone) -> None:
    """This number calls: what it holds on the web or by text becomes a draft, to be gone on with here."""
    mark = work.sealer.fingerprint(number.digits, "phone")
    await work.lock(lock_key("draft-number", mark))
    found = await held_elsewhere(work.db, mark, work.now)
    if found is None:
        return
    changes = {"contact_phone": number.digits, "person_id": found.person_id}
    if found.account_id is not None:
        await _older_end(work, found.account_id)
    await begun_elsewhere(work, found.hold_id, found.place, mark, changes, account_id=found.account_id)


async def moves(work: Work, account_id: int, hold_id: str, appointment_id: int) -> None:
    """This hold is to take the place of an appointment: nobody who goes on with it books it beside."""
    if any(one.hold_id == hold_id for one in await of_account(work, account_id)):
        return
    await _older_end(work, account_id)
    number = await phone_of(work.db, work.sealer, account_id)
    mark = work.sealer.fingerprint(number.digits, "phone")
    changes = {"verb": "change", "appointment_id": appointment_id, "contact_phone": number.digits}
    await begun_elsewhere(work, hold_id, Place.WEB, mark, changes, account_id=account_id)


async def _older_end(work: Work, account_id: int) -> None:
    for older in await of_account(work, account_id):
        await discard(work, older.id)
