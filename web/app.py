"""The public application, given its house."""

from pathlib import Path

from aiohttp import web
from aiohttp_session import session_middleware

from core.catalogue.search import Finder
from core.http.access import enforced
from core.http.files import file, files
from core.http.keys import HOTLINE, PAGES
from core.http.middleware import failures, same_origin, security_headers
from core.http.pages import environment
from core.http.sessions import MANNERS, TableStorage
from core.release.board import Board
from web import completing, live, names, operations, paying, prompts, sounds, start, stories, texting
from web.account import captcha
from web.account import routes as account_pages
from web.api import app as api
from web.booking import pages as booking_pages
from web.house import HOUSE, WebHouse
from web.mine import credit as my_credit
from web.mine import favourites as my_favourites
from web.mine import joining as my_joining
from web.mine import orders as my_orders
from web.mine import waiting as my_waiting
from web.public import (
    announcements,
    assets,
    departments,
    doctors,
    finding,
    home,
    hospitals,
    light,
    line,
    line_told,
    search,
)
from web.staff import (
    accounts,
    appeals,
    audit,
    hospital_list,
    leave,
    leave_batch,
    leave_report,
    leaves,
    login,
    me,
    money,
    refunds,
    roles,
    skills,
)
from web.staff import announcements as staff_announcements
from web.staff import surveys as staff_surveys
from web.staff import texts as staff_texts

HERE = Path(__file__).parent
# Forms of patients are small; uploads come with their own limit where they come.
MOST_BYTES = 64 * 1024


def make_app(house: WebHouse) -> web.Application:
    """Every page and stream of the web face, ready to run or to be mounted."""
    app = web.Application(
        client_max_size=MOST_BYTES,
        middlewares=[
            failures(),
            same_origin(),
            session_middleware(TableStorage(house.sessions)),
            enforced(),
        ],
    )
    app[HOTLINE] = house.hotline
    app[HOUSE] = house
    app[MANNERS] = house.sessions
    app[PAGES] = environment(HERE / "templates")
    app[live.STREAMS] = set()
    app[finding.FINDER] = Finder()
    app[line.BOARD] = Board(house.hotline)
    for module in (
        operations,
        start,
        home,
        hospitals,
        departments,
        doctors,
        search,
        announcements,
        line,
        line_told,
        my_orders,
        my_credit,
        my_favourites,
        my_waiting,
        my_joining,
        booking_pages,
        light,
        api,
        captcha,
        account_pages,
        texting,
        completing,
        paying,
        live,
        stories,
        sounds,
        prompts,
        names,
        login,
        me,
        roles,
        skills,
        staff_announcements,
        leaves,
        leave,
        leave_batch,
        leave_report,
        money,
        hospital_list,
        refunds,
        staff_texts,
        appeals,
        staff_surveys,
        accounts,
        audit,
    ):
        app.add_routes(module.routes)
    api.mount(app)
    app.add_routes([files("/static", HERE / "static"), file("/favicon.ico", HERE / "static", "icon.svg")])
    app.on_response_prepare.append(security_headers(_policy))
    app.on_response_prepare.append(assets.kept)
    app.on_shutdown.append(live.end_streams)
    return app


def _policy(request: web.Request) -> str:
    """Only our own files run; the phone's script alone may reach one more place, the switch."""
    house = request.config_dict[HOUSE]
    reach = " ".join(filter(None, ("'self'", start.socket_origin(house))))
    forms = " ".join(filter(None, ("'self'", house.pay_origin)))
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:; "
        f"connect-src {reach}; form-action {forms}; base-uri 'none'; frame-ancestors 'none'"
    )
