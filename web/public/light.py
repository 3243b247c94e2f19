"""The same pages for any phone (R-098): no script, under 30 KB each, in a markup of 2001."""

from aiohttp import web

from web.public import departments, doctors, frame, home, hospitals, search

FULL = (*home.routes, *hospitals.routes, *departments.routes, *doctors.routes, *search.routes)

routes = [
    web.get(frame.LIGHT, home.home, name="light"),
    *(
        web.route(one.method, f"{frame.LIGHT}{one.path}", one.handler, name=f"light-{one.kwargs['name']}")
        for one in FULL
    ),
]
