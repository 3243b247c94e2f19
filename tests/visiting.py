"""A patient before the pages of accounts: reads a page, fills in its form, sends it."""

import html
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from sqlalchemy import func, select

from core.accounts import codes
from core.accounts.tables import PhoneCode
from core.staff.passwords import Passwords
from core.values import demo_identity
from core.work import Hotline
from tests.captchas import solved
from tests.pages import Open

HIDDEN = re.compile(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"')
PASSWORD = "a long enough sentence"
PHONE, OTHER_PHONE = "10912345678", "10987654321"
NUMBER = demo_identity("0101", date(1966, 8, 12), 2).number
OTHER_NUMBER = demo_identity("0101", date(1985, 5, 20), 3).number


@dataclass
class Visitor:
    """One browser. form: '' or '/m'."""

    client: TestClient[Any, Any]
    hotline: Hotline
    form: str = ""

    async def read(self, path: str, status: int = 200) -> str:
        answer = await self.client.get(f"{self.form}{path}", allow_redirects=False)
        page: str = await answer.text()
        assert answer.status == status, (path, answer.status, page)
        return page

    async def send(self, path: str, page: str, *, puzzle: bool = True, **fields: str) -> ClientResponse:
        """The form of a page, with what it hides, and the right answer to its captcha if it has one."""
        hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(page)}
        if puzzle and "captcha-token" in hidden:
            hidden |= await solved(self.hotline, page)
        answer: ClientResponse = await self.client.post(
            f"{self.form}{path}", data={**hidden, **fields}, allow_redirects=False
        )
        return answer

    async def sent(self, path: str, page: str, status: int = 200, **fields: Any) -> str:
        """The same, and the page that comes back."""
        answer = await self.send(path, page, **fields)
        told = await answer.text()
        assert answer.status == status, (path, answer.status, trouble(told))
        return told

    async def code(self, phone: str) -> str:
        """What the newest text to a number says."""
        async with self.hotline.read() as db:
            key = self.hotline.sealer.fingerprint(phone, "phone")
            row = await db.scalar(select(PhoneCode.id).where(PhoneCode.phone_print == key))
            assert row is not None, "nothing was sent"
            found = await codes.to_send(db, self.hotline.sealer, row)
        assert found is not None
        return found.code

    async def proved(self, phone: str) -> str:
        """The third page of registering, for whoever holds this number."""
        page = await self.read("/account/register")
        page = await self.sent("/account/register", page, phone=phone)
        return await self.sent("/account/register", page, code=await self.code(phone))

    async def log_in(self, login: str, password: str = PASSWORD, status: int = 303) -> str:
        page = await self.read("/account/login")
        return await self.sent("/account/login", page, status, login=login, password=password)


def trouble(page: str) -> str:
    """Why not, as a page says it; '' when all is well."""
    found = re.search(r'id="trouble">([^<]*)<', page)
    return html.unescape(found[1]) if found else ""


def details(number: str, name: str = "李秀英", **more: str) -> dict[str, str]:
    """The third page of registering, filled in."""
    return {
        "name": name,
        "kind": "resident",
        "number": number,
        "password": PASSWORD,
        "again": PASSWORD,
        "agree": "yes",
        **more,
    }


async def registered(visitor: Visitor, phone: str = PHONE, number: str = NUMBER, **more: str) -> None:
    """An account by the pages; the browser is logged in then."""
    page = await visitor.proved(phone)
    await visitor.sent("/account/register", page, 303, **details(number, **more))


def left(visitor: Visitor) -> None:
    """Another browser."""
    visitor.client.session.cookie_jar.clear()


async def count(hotline: Hotline, table: Any) -> int:
    """Rows there are."""
    async with hotline.read() as db:
        return await db.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
async def visitor(open_pages: Open, hotline: Hotline) -> Visitor:
    return Visitor(await open_pages(passwords=Passwords.quick()), hotline)
