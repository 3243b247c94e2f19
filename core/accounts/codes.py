"""Codes that prove a mobile number: one a minute, ten a day, five tries, ten minutes; only the newest counts.

A code stands nowhere: it is a keyed hash of whom it was sent to, what for, and when.
"""

import base64
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from sqlalchemy import and_, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts.tables import PhoneCode
from core.errors import CodesUsedUp, CodeTooSoon, CodeWrong, WrongInput
from core.events import CodeAsked
from core.sealing import Sealer
from core.staff import guesses
from core.staff.rules import Budget, plain
from core.values import Actor, Phone, day_of
from core.work import Hotline, Work


class Purpose(StrEnum):
    """What a code is good for, and for nothing else."""

    REGISTER = "register"
    RESET = "reset"
    PHONE = "phone"


FIGURES = 6
LIVES = timedelta(minutes=10)
# one code a minute.
APART = timedelta(minutes=1)
A_DAY = 10
TRIES = 5
# Codes that one address has sent out: an internet café asks for many, nobody for hundreds.
OF_ADDRESS = Budget("code-net", 30, timedelta(hours=1), pushed=False)
# How long somebody who has proved a number may take over the rest of the form.
PROOF_LIVES = timedelta(minutes=30)
PURPOSE, PROOF = "phone-code", "phone-proof"


@dataclass(frozen=True)
class ToSend:
    """A code on its way out, as it is now."""

    phone: Phone = field(repr=False)
    code: str = field(repr=False)
    purpose: Purpose
    number: int
    expires_at: datetime
    used: bool


async def ask(work: Work, phone: Phone, purpose: Purpose) -> datetime:
    """Send a code to a number; returns from when on the next may be asked for (R-177, R-178).

    Raises WrongInput for a number that takes no texts, CodeTooSoon, CodesUsedUp, LoginLocked when this
    address has asked for too many.
    """
    if not phone.is_mobile:
        raise WrongInput(facts={"field": "phone", "why": "mobile"})
    await guesses.take(work, OF_ADDRESS, work.by.address)
    key, today = work.sealer.fingerprint(phone.digits, "phone"), day_of(work.now)
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    fresh = {
        "purpose": purpose.value,
        "asked_at": work.now,
        "expires_at": work.now + LIVES,
        "tries": 0,
        "used_at": None,
    }
    sealed = work.sealer.seal(phone.digits, "phone")
    row = {**fresh, "phone_print": key, "phone_sealed": sealed, "number": 1, "day": today, "sent_today": 1}
    another_day = PhoneCode.day != today
    sent = await work.db.execute(
        maker(PhoneCode)
        .values(row)
        .on_conflict_do_update(
            index_elements=["phone_print"],
            set_={
                **fresh,
                "number": PhoneCode.number + 1,
                "day": today,
                "sent_today": case((another_day, 1), else_=PhoneCode.sent_today + 1),
            },
            where=and_(
                PhoneCode.asked_at <= work.now - APART, or_(another_day, PhoneCode.sent_today < A_DAY)
            ),
        )
        .returning(PhoneCode.id, PhoneCode.number)
        .execution_options(synchronize_session=False)
    )
    made = sent.one_or_none()
    if made is None:
        raise await _why_not(work, key)
    work.record(CodeAsked(phone_code_id=made[0], number=made[1], purpose=purpose.value))
    return work.now + APART


async def _why_not(work: Work, key: str) -> CodeTooSoon | CodesUsedUp:
    query = select(PhoneCode.asked_at, PhoneCode.day, PhoneCode.sent_today)
    asked_at, day, sent = (await work.db.execute(query.where(PhoneCode.phone_print == key))).one()
    if day == day_of(work.now) and sent >= A_DAY:
        return CodesUsedUp(facts={"most": A_DAY})
    return CodeTooSoon(facts={"until": asked_at + APART})


async def to_send(db: AsyncSession, sealer: Sealer, phone_code_id: int) -> ToSend | None:
    """The newest code of a row, for the text that brings it; None when the row is forgotten already."""
    row = await db.get(PhoneCode, phone_code_id, populate_existing=True)
    if row is None:
        return None
    phone = Phone(sealer.open(row.phone_sealed, "phone"))
    used = row.used_at is not None
    return ToSend(phone, _code(sealer, row), Purpose(row.purpose), row.number, row.expires_at, used)


def _code(sealer: Sealer, row: PhoneCode) -> str:
    # The moment makes it another one also when the row was forgotten between, and counts from 1 again.
    words = f"{row.phone_print} {row.purpose} {row.number} {int(row.asked_at.timestamp())}"
    drawn = int.from_bytes(base64.urlsafe_b64decode(sealer.fingerprint(words, PURPOSE)), "big")
    return f"{drawn % 10**FIGURES:0{FIGURES}d}"


# --- what somebody types ------------------------------------------------------------------------------


async def right(work: Work, phone: Phone, purpose: Purpose, typed: str) -> bool:
    """Whether it is the code; a try is taken, so let the unit of work end well. It is not spent yet."""
    taken = await work.db.execute(
        update(PhoneCode)
        .where(
            PhoneCode.phone_print == work.sealer.fingerprint(phone.digits, "phone"),
            PhoneCode.purpose == purpose.value,
            PhoneCode.used_at.is_(None),
            PhoneCode.expires_at > work.now,
            PhoneCode.tries < TRIES,
        )
        .values(tries=PhoneCode.tries + 1)
        .returning(PhoneCode)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    row = taken.scalar_one_or_none()
    code = plain(typed).replace(" ", "")
    # Compared also where there is none: it takes as long.
    wanted = _code(work.sealer, row) if row is not None else "x" * FIGURES
    return hmac.compare_digest(code.encode(), wanted.encode()) and row is not None


async def spend(work: Work, phone: Phone, purpose: Purpose) -> None:
    """A right code is good for one act. Raises CodeWrong when another act has just used it."""
    spent = await work.db.execute(
        update(PhoneCode)
        .where(
            PhoneCode.phone_print == work.sealer.fingerprint(phone.digits, "phone"),
            PhoneCode.purpose == purpose.value,
            PhoneCode.used_at.is_(None),
        )
        .values(used_at=work.now)
        .returning(PhoneCode.id)
        .execution_options(synchronize_session=False)
    )
    if spent.first() is None:
        raise CodeWrong


async def prove(hotline: Hotline, by: Actor, phone: Phone, purpose: Purpose, typed: str) -> str:
    """Spend a code; returns a sealed proof of the number for the rest of the form. Raises CodeWrong."""

    async def act(work: Work) -> str | None:
        if not await right(work, phone, purpose, typed):
            return None
        await spend(work, phone, purpose)
        return _proof(work, phone, purpose)

    proof = await hotline.run(act, by)
    if proof is None:
        raise CodeWrong
    return proof


def _proof(work: Work, phone: Phone, purpose: Purpose) -> str:
    body = json.dumps([phone.digits, purpose.value, int((work.now + PROOF_LIVES).timestamp())])
    return base64.urlsafe_b64encode(work.sealer.seal(body, PROOF)).decode()


def proved(sealer: Sealer, proof: str, purpose: Purpose, *, now: datetime) -> Phone:
    """The number that a proof is of. Raises CodeWrong for one that is not ours, or too old."""
    try:
        digits, of, until = json.loads(sealer.open(base64.urlsafe_b64decode(proof), PROOF))
    except (ValueError, InvalidTag):
        raise CodeWrong from None
    if of != purpose.value or now.timestamp() >= until:
        raise CodeWrong
    return Phone(digits)


async def forget_old(work: Work, limit: int = 500) -> int:
    """Drop rows of days gone by: until then they count how often a number was sent one."""
    old = select(PhoneCode.id).where(PhoneCode.expires_at <= work.now, PhoneCode.day < day_of(work.now))
    gone = await work.db.execute(
        delete(PhoneCode)
        .where(PhoneCode.id.in_(old.limit(limit)))
        .returning(PhoneCode.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
