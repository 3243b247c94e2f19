"""The same pages for any phone (R-098): no script, under 30 KB each, in a markup of 2001."""

from aiohttp import web

from web.account import routes as account_pages
from web.api import app as api
from web.booking import pages as booking_pages
from web.mine import credit, favourites, joining, orders, waiting
from web.public import announcements, departments, doctors, frame, home, hospitals, line, search

FULL = (
    *home.routes,
    *hospitals.routes,
    *departments.routes,
    *doctors.routes,
    *search.routes,
    *announcements.routes,
    *booking_pages.routes,
    *line.routes,
    *orders.routes,
    *credit.routes,
    *account_pages.routes,
    *favourites.routes,
    *waiting.routes,
    *joining.routes,
    *api.routes,
)

routes = [
    web.get(frame.LIGHT, home.home, name="light"),
    *(
        web.route(one.method, f"{frame.LIGHT}{one.path}", one.handler, name=f"light-{one.kwargs['name']}")
        for one in FULL
    ),
]
