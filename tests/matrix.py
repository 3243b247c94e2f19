"""All faces as they are served, and tables of who may do what in them."""

from collections.abc import Iterator, Mapping

import pytest
from aiohttp import web
from aiohttp.web_urldispatcher import AbstractResource, PrefixedSubAppResource
from sqlalchemy import select

from agent_desk.app import mount
from agent_desk.house import AgentHouse
from core.booking.store import PlainStore
from core.staff.functions import FUNCTIONS
from core.staff.tables import Staff
from core.work import Hotline
from hotline import demo_staff
from tests.walls import NoPhones, Noted
from web.app import make_app
from web.house import WebHouse

# Nobody; an operator, the supervisor, the inspector, the administrators of a hospital and of the
# hotline, the super administrator: the staff of the demo.
WHO = ("", "8001", "9001", "9101", "yiyuan1", "guanli", "admin")


def functions_of(login: str) -> frozenset[str] | None:
    """What somebody of the demo may; None: nobody."""
    if login == demo_staff.ADMINISTRATOR:
        return frozenset(FUNCTIONS)
    return next((demo_staff.ROLES[one.role] for one in demo_staff.STAFF if one.login == login), None)


async def staff_id(hotline: Hotline, login: str) -> int:
    async with hotline.read() as db:
        return (await db.execute(select(Staff.id).where(Staff.login == login))).scalar_one()


def table(text: str, columns: int) -> dict[str, str]:
    """Line to marks, one for each of the columns after the name: x is open, . is closed."""
    rows = [line.split() for line in text.strip().splitlines()[1:] if line.strip()]
    return {" ".join(row[:-columns]): "".join(row[-columns:]) for row in rows}


def line(name: str, marks: str) -> str:
    return f"{name:<55}" + "    ".join(marks)


def differences(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """What to change in the table, or in the code."""
    more = [f"+ {line(name, marks)}" for name, marks in found.items() if wanted.get(name) != marks]
    return more + [f"- {line(name, marks)}" for name, marks in wanted.items() if found.get(name) != marks]


@pytest.fixture
def app(house: WebHouse) -> web.Application:
    """All faces as they are served."""
    made = make_app(house)
    desks = AgentHouse(
        hotline=house.hotline,
        store=PlainStore(house.hotline),
        feed=house.feed,
        health=house.health,
        metrics=house.metrics,
        calls=Noted(),  # type: ignore[arg-type] # it takes every call
        phones=NoPhones(),  # type: ignore[arg-type] # there are none
    )
    mount(made, desks)
    return made


def routes(app: web.Application, prefix: str = "") -> Iterator[tuple[str, AbstractResource, str, object]]:
    """Method, resource, path and handler of every route, those of applications inside it too."""
    for resource in app.router.resources():
        if isinstance(resource, PrefixedSubAppResource):
            yield from routes(resource.get_info()["app"], prefix)
        else:
            for route in resource:
                if route.method != "HEAD":
                    yield route.method, resource, resource.canonical, route.handler
