"""What a doctor, or a department's own number, offers in seven days: each session with its periods."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.browse_posts import PostLine
from core.catalogue.codes import sms_code
from core.credit.book import RuleBook
from core.credit.engine import rules_for
from core.schedule import browse
from core.schedule.browse import Shown
from core.values import day_of
from web.booking.moving import Moving, carried
from web.house import HOUSE
from web.public import notes, sessions, words
from web.public.sessions import Cell, Reader, Week


@dataclass(frozen=True)
class PostRow:
    """One kind of number in one department. code: to book it by text."""

    it: PostLine
    number: str
    fee: str
    code: str


@dataclass(frozen=True)
class Agenda:
    """notes: whom these departments see, each said once. moving: what is moved to one of these sessions."""

    posts: Sequence[PostRow]
    week: Week
    by_day: Mapping[date, Sequence[tuple[Cell, PostLine]]]
    notes: Sequence[notes.Note]
    moving: Moving | None = None


async def agenda(
    request: web.Request,
    db: AsyncSession,
    posts: Collection[PostLine],
    *,
    hospital_id: int,
    asked: date | None,
) -> Agenda:
    """Of these posts; at most five statements. asked: one of the days wanted."""
    house = request.app[HOUSE]
    now = house.hotline.clock.now()
    by_id = {one.post_id: one for one in posts}
    week = sessions.week(asked, day_of(now), await browse.last_day(db, by_id, day_of(now)))
    shown: list[Shown] = []
    if week.days:
        shown = await browse.sessions(db, by_id, now=now, first_day=week.days[0], last_day=week.days[-1])
    spans = await browse.spans(db, [one.session_id for one in shown], now=now)
    book = await rules_for(db, hospital_id)
    reader = Reader(book, now, bool(house.sms_number))
    by_day: dict[date, list[tuple[Cell, PostLine]]] = {}
    for one in shown:
        post = by_id[one.post_id]
        cell = reader.cell(one, post.standard_code, spans.get(one.session_id, ()))
        by_day.setdefault(one.day, []).append((cell, post))
    rows = [_row(one) for one in posts]
    return Agenda(rows, week, by_day, _notes(book, posts), await carried(request))


def _row(it: PostLine) -> PostRow:
    return PostRow(it, words.number(it.kind), words.fee(it.fee_fen), sms_code(it.post_id))


def _notes(book: RuleBook, posts: Iterable[PostLine]) -> list[notes.Note]:
    told: dict[notes.Note, None] = {}
    for one in posts:
        told |= dict.fromkeys(notes.of_department(book, one.standard_code))
    return list(told)
