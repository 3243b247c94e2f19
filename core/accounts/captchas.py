"""Captchas: five figures to be read or heard, good for one answer within five minutes (R-180)."""

import hmac
import re
import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts.tables import Captcha
from core.errors import CaptchaWrong, NotFound
from core.sealing import Sealer
from core.work import Work

PURPOSE = "captcha"
LIVES = timedelta(minutes=5)
LENGTH = 5
# Without 0 and 1, which are drawn like letters, and of which the second is said in two ways.
FIGURES = "23456789"


async def make(work: Work) -> str:
    """A new captcha; returns its token, which names the picture and the sound."""
    token = work.chance.token()
    drawn = "".join(FIGURES[work.chance.number(0, len(FIGURES) - 1)] for _ in range(LENGTH))
    work.db.add(
        Captcha(
            token_print=work.sealer.fingerprint(token, PURPOSE),
            answer_sealed=work.sealer.seal(drawn, PURPOSE),
            expires_at=work.now + LIVES,
        )
    )
    await work.db.flush()
    return token


async def figures(db: AsyncSession, sealer: Sealer, token: str, *, now: datetime) -> str:
    """What is to be drawn or said. Raises NotFound for one that was answered, is too old or never was."""
    query = select(Captcha.answer_sealed).where(
        Captcha.token_print == sealer.fingerprint(token, PURPOSE), Captcha.expires_at > now
    )
    sealed = await db.scalar(query)
    if sealed is None:
        raise NotFound(facts={"what": "captcha"})
    return sealer.open(sealed, PURPOSE)


async def check(work: Work, token: str, typed: str) -> None:
    """Spend a captcha on one answer. Raises CaptchaWrong.

    Ask in a unit of work of its own, or first of all: a wrong answer is spent whatever becomes of the
    rest, so it commits what was done so far, and the unit of work is over. A right one is spent when the
    unit of work ends well.
    """
    spent = await work.db.execute(
        delete(Captcha)
        .where(Captcha.token_print == work.sealer.fingerprint(token, PURPOSE), Captcha.expires_at > work.now)
        .returning(Captcha.answer_sealed)
        .execution_options(synchronize_session=False)
    )
    sealed = spent.scalar_one_or_none()
    wanted = work.sealer.open(sealed, PURPOSE) if sealed is not None else ""
    if not wanted or not hmac.compare_digest(folded(typed).encode(), wanted.encode()):
        await work.db.commit()
        raise CaptchaWrong


def folded(typed: str) -> str:
    """An answer as it is compared: without spaces, and with figures as every keyboard has them."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", typed)).lower()


async def forget_old(work: Work, limit: int = 500) -> int:
    """Drop those that nobody answered in time."""
    old = select(Captcha.token_print).where(Captcha.expires_at <= work.now).limit(limit)
    gone = await work.db.execute(
        delete(Captcha)
        .where(Captcha.token_print.in_(old))
        .returning(Captcha.token_print)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
