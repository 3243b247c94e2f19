"""The public home page: how to find a doctor, announcements, the column of experts, and the ways to book."""

from datetime import timedelta

from aiohttp import web

from core.catalogue import browse, browse_posts
from core.schedule.browse import left_with
from core.site import view as site
from core.values import day_of
from web.house import HOUSE
from web.public import frame
from web.public.announcements import KINDS
from web.public.finding import Choice, grades, kinds

EXPERTS, SPECIALITIES, ANNOUNCEMENTS = 8, 18, 5
# So far ahead the column of experts counts: today and the six days after it.
COMING = timedelta(days=6)


@frame.public
async def home(request: web.Request) -> web.Response:
    """Seven statements, however large the province is."""
    hotline = request.app[HOUSE].hotline
    now = hotline.clock.now()
    today = day_of(now)
    async with hotline.read() as db:
        choices = await browse.choices(db)
        experts = await browse_posts.experts(db, today=today, most=EXPERTS)
        left = await left_with(db, [one.id for one in experts], now=now, last_day=today + COMING)
        announcements = await site.newest(db, today, most=ANNOUNCEMENTS)
        specialities = await browse_posts.specialities(db, SPECIALITIES)
    return frame.show(
        request,
        "home",
        "home",
        hospitals=choices.hospitals,
        areas=[Choice(area.code, area.name) for area in choices.areas],
        grades=grades(choices),
        kinds=kinds(choices),
        announcements=announcements,
        announcement_kinds=KINDS,
        specialities=specialities,
        experts=[(one, *left.get(one.id, (0, None))) for one in experts],
        days=COMING.days + 1,
    )


routes = [web.get("/home", home, name="home")]
