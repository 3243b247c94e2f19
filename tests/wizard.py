"""Somebody who books through the pages, step by step, as forms and links lead them."""

import re
from dataclasses import dataclass
from html import unescape

import pytest
from sqlalchemy import select

from core.accounts import people
from core.booking.tables import Appointment
from core.http.forms import FIELD
from core.work import Hotline
from tests import patients
from tests.builders import SEED, Clinic, clinic
from tests.pages import Open
from tests.public import Client, words

PHONE = "10912345678"


@dataclass
class Surfer:
    """A browser of somebody who is logged in. form: what ties its forms to the session. base: '' or '/m'."""

    client: Client
    town: Clinic
    account_id: int
    person_id: int
    form: str
    base: str = ""

    async def get(self, path: str, status: int = 200) -> str:
        answer = await self.client.get(path, allow_redirects=False)
        assert answer.status == status, (path, answer.status, words(await answer.text())[:300])
        return answer.headers.get("Location", "") or await answer.text()

    async def post(self, path: str, status: int = 303, **fields: object) -> str:
        """Returns where it leads, or the page."""
        body = {FIELD: self.form} | {name.replace("_", "-"): str(value) for name, value in fields.items()}
        answer = await self.client.post(path, data=body, allow_redirects=False)
        assert answer.status == status, (path, answer.status, words(await answer.text())[:300])
        return answer.headers.get("Location", "") or await answer.text()

    async def hold(self, session_id: int, *, place: int = 0, key: str = "k1", change: str = "") -> str:
        """The path of a held number in one of the session's periods."""
        period = (await self.town.periods(session_id))[place]
        return await self.post(f"{self.base}/book/{session_id}", key=key, period=period, change=change)

    async def book(self, held: str, person_id: int | None = None, **fields: object) -> str:
        """The path of what came of it."""
        return await self.post(held, person=person_id or self.person_id, **fields)

    async def family(self, name: str, **facts: object) -> int:
        """One more whom this account books for."""
        person_id = await self.town.person(name, **facts)  # type: ignore[arg-type]
        async with self.town.hotline.work(SEED) as work:
            await people.add(work, self.account_id, person_id, "child")
        return person_id


async def surfer(open_pages: Open, town: Clinic, name: str, phone: str = PHONE, **changes: object) -> Surfer:
    """Somebody with an account, in a browser of their own."""
    client = await open_pages(**changes)
    person_id = await town.person(name)
    account_id = await patients.account(town.hotline, person_id, phone)
    form = await patients.enter(client, town.hotline, account_id)
    return Surfer(client, town, account_id, person_id, form)


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    return await clinic(hotline)


@pytest.fixture
async def li(open_pages: Open, town: Clinic) -> Surfer:
    return await surfer(open_pages, town, "李秀英")


async def made(hotline: Hotline, serial: str = "") -> list[Appointment]:
    """All appointments, or the one of a serial number, oldest first."""
    query = select(Appointment).order_by(Appointment.id)
    if serial:
        query = query.where(Appointment.serial == serial)
    async with hotline.read() as db:
        return list((await db.execute(query)).scalars())


def serial_of(path: str) -> str:
    found = re.search(r"/book/done/(\d{8})", path)
    assert found, path
    return found[1]


def links(page: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'href="([^"]+)"', page)]
