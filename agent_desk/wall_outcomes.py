"""What became of it afterwards: figures that are read from the database, once a minute."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.missed import Due, due_visits
from core.contact import solved
from core.contact.answered import answered
from core.contact.figures import Figure, Reading
from core.contact.measure_rules import SPAN_WORDS, Span, Unit, start_of
from core.values import day_of

MISSED_OVER = timedelta(days=7)


async def outcomes(db: AsyncSession, now: datetime) -> Sequence[Figure]:
    """Whether texts were answered soon, whether callers had to call again, and whether patients came."""
    matters = await solved.ended(db, now)
    visits = await missed(db, now)
    texts = await answered(db, start_of(Span.TODAY, now), now)
    return (
        _share(
            "texts-answered",
            "短信3分钟回复率",
            "3分钟内回复 ÷ 收到的短信（GB/T 33358-2016：3分钟内）",
            SPAN_WORDS[Span.TODAY],
            texts.soon,
            texts.received,
            now,
        ),
        _share(
            "solved",
            "首次解决",
            "72小时内同一人未因同类事项再来电 ÷ 办结的事项；不知来电人是谁的不算",
            "72至96小时前",
            sum(one.again is None for one in matters),
            len(matters),
            now,
        ),
        _share(
            "missed",
            "爽约率",
            "爽约 ÷ 应就诊（已就诊 + 爽约）；停诊、退约的不算",
            f"近{MISSED_OVER.days}天",
            sum(one.missed for one in visits),
            sum(one.due for one in visits),
            now,
        ),
    )


async def missed(db: AsyncSession, now: datetime) -> Sequence[Due]:
    """The visits of the seven days before today, by hospital."""
    today = day_of(now)
    return await due_visits(db, today - MISSED_OVER, today - timedelta(days=1))


def _share(code: str, title: str, formula: str, span: str, part: int, of: int, now: datetime) -> Figure:
    value = part / of if of else None
    reading = Reading(span, value, of, part)
    return Figure(code, title, formula, Unit.PERCENT, reading, (), None, None, False, now)
