"""Satisfaction: what patients said of calls and visits, in figures and a picture, and each low score."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from aiohttp import web

from core.booking.serials import serials
from core.http.access import actor_of, needs
from core.http.keys import HOTLINE
from core.survey import view
from core.survey.view import Figures
from core.values import day_of
from web.staff.pages import staff_page

HOME = "/staff/surveys"
# What one look may show; the first is what is shown unasked.
SPANS = {"7": "近 7 天", "30": "近 30 天"}
KINDS = {"call": "通话", "visit": "就诊"}
HIGH, WIDE = 120, 600


@dataclass(frozen=True)
class Block:
    """A part of a day's bar, in the units of the picture."""

    tone: str
    x: float
    width: float
    y: float
    height: float


def picture(days: Sequence[tuple[date, Figures]]) -> list[Block]:
    """Scores of each day: three and more from the bottom, the low ones on top."""
    most = max([1, *(figures.answered for _, figures in days)])
    step = WIDE / len(days)
    blocks = []
    for place, (_, figures) in enumerate(days):
        foot = float(HIGH)
        for tone, count in (("good", figures.answered - figures.low), ("bad", figures.low)):
            if count:
                height = max(2.0, count * HIGH / most)
                foot -= height
                blocks.append(
                    Block(
                        tone, round(place * step, 1), round(step * 0.7, 1), round(foot, 1), round(height, 1)
                    )
                )
    return blocks


@needs("reports")
async def see(request: web.Request) -> web.Response:
    """Staff of one hospital see what was said of it."""
    hotline, by = request.app[HOTLINE], await actor_of(request)
    asked = request.query.get("days", "")
    span = asked if asked in SPANS else "7"
    last = day_of(hotline.clock.now())
    async with hotline.read() as db:
        found = await view.results(db, last - timedelta(days=int(span) - 1), last, by.hospital_id)
        visits = [one.appointment_id for one in found.lows if one.appointment_id is not None]
        known = await serials(db, visits)
    return await staff_page(
        request,
        "surveys",
        found=found,
        blocks=picture(found.days),
        most=max([1, *(figures.answered for _, figures in found.days)]),
        high=HIGH,
        wide=WIDE,
        spans=SPANS,
        span=span,
        kinds=KINDS,
        serials=known,
        tables=[
            ("按话务员", "话务员", found.by_operator),
            ("按队列", "队列", found.by_queue),
            ("按医院", "医院", found.by_hospital),
        ],
        may_hear=by.hospital_id is None and by.may("recordings"),
        may_query=by.may("query"),
    )


routes = [web.get(HOME, see, name="staff-surveys")]
