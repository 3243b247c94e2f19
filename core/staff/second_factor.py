"""The second factor: six figures of an authenticator, each taken once (RFC 6238)."""

import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
import segno
from cryptography.exceptions import InvalidTag
from sqlalchemy import or_, update

from core.errors import FormStale, LoginWrong
from core.events import SecondFactorCleared, SecondFactorSet
from core.staff import audit
from core.staff.tables import Staff
from core.work import Hotline, Work

PURPOSE, OFFERED = "totp", "totp-offer"
ISSUER = "12320"
STEP_S = 30
# The clock of a phone may be this many steps off, either way.
ASIDE = 1
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
SECRET = 32
OFFER_LIVES = timedelta(minutes=15)


@dataclass(frozen=True)
class Offer:
    """A secret that is not anybody's yet. sealed: what the page brings back. picture: a QR code as SVG."""

    secret: str
    sealed: str
    picture: str

    @property
    def spoken(self) -> str:
        """In fours, to be typed where no camera is."""
        return " ".join(self.secret[at : at + 4] for at in range(0, SECRET, 4))


def offer(hotline: Hotline, staff_id: int, login: str, sealed: str = "") -> Offer:
    """A new secret for somebody; it becomes theirs when they show a code of it.

    sealed: of an offer made before, to show it again. Raises FormStale for one that is over.
    """
    if sealed:
        secret = _offered(hotline, staff_id, sealed, hotline.clock.now())
    else:
        secret = "".join(LETTERS[hotline.chance.number(0, len(LETTERS) - 1)] for _ in range(SECRET))
        until = (hotline.clock.now() + OFFER_LIVES).timestamp()
        sealed = hotline.sealer.seal(json.dumps([staff_id, secret, until]), OFFERED).hex()
    address = pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)
    return Offer(secret, sealed, segno.make(address, error="m").svg_inline(scale=5))


def _offered(hotline: Hotline, staff_id: int, sealed: str, now: datetime) -> str:
    try:
        owner, secret, until = json.loads(hotline.sealer.open(bytes.fromhex(sealed), OFFERED))
    except (ValueError, InvalidTag):
        raise FormStale from None
    if owner != staff_id or now.timestamp() > until:
        raise FormStale
    return str(secret)


async def accept(work: Work, staff_id: int, sealed: str, code: str) -> None:
    """Take an offer up by a code of it. Raises LoginWrong, FormStale."""
    secret = _offered(work.house, staff_id, sealed, work.now)
    step = _step(secret, code, work.now)
    if step is None:
        raise LoginWrong
    await work.db.execute(
        update(Staff)
        .where(Staff.id == staff_id)
        .values(totp_sealed=work.sealer.seal(secret, PURPOSE), totp_step=step)
    )
    work.record(SecondFactorSet(staff_id=staff_id))
    await audit.note(work, "second-factor-set", what=work.by.name, subject_id=staff_id)


async def right(work: Work, staff: Staff, code: str) -> bool:
    """Whether this is a code of theirs that nobody has used; it is used from now on."""
    if staff.totp_sealed is None:
        return False
    step = _step(work.sealer.open(staff.totp_sealed, PURPOSE), code, work.now)
    if step is None:
        return False
    used = await work.db.execute(
        update(Staff)
        .where(Staff.id == staff.id, or_(Staff.totp_step.is_(None), Staff.totp_step < step))
        .values(totp_step=step)
        .returning(Staff.id)
        .execution_options(synchronize_session=False)
    )
    return used.one_or_none() is not None


def _step(secret: str, code: str, now: datetime) -> int | None:
    """The step of time that a code belongs to, if it is one of now."""
    shown = "".join(code.split())
    made = pyotp.TOTP(secret)
    present = int(now.timestamp()) // STEP_S
    for step in range(present - ASIDE, present + ASIDE + 1):
        if hmac.compare_digest(made.generate_otp(step).encode(), shown.encode()):
            return step
    return None


async def clear(work: Work, staff: Staff, *, reason: str) -> None:
    """Take it away: the phone is lost, or the owner wants none."""
    staff.totp_sealed, staff.totp_step = None, None
    await work.db.flush()
    work.record(SecondFactorCleared(staff_id=staff.id))
    await audit.note(work, "second-factor-cleared", what=staff.login, subject_id=staff.id, reason=reason)
