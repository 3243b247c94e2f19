"""Where UnionPay comes back to, behind the middleware of the house."""

from dataclasses import dataclass, field
from io import BytesIO

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient

from core.http.access import access_of, enforced
from core.links.unionpay.adapter import BACK_PATH, FRONT_PATH
from core.links.unionpay.web import notice_routes
from core.money.cashier import Forged

Client = TestClient[web.Request, web.Application]


@dataclass
class Heard:
    """Hears what comes, and believes it or not."""

    believed: bool = True
    fields: list[dict[str, str]] = field(default_factory=list)

    async def notice(self, provider: str, fields: dict[str, str]) -> None:
        self.fields.append(fields)
        if not self.believed:
            raise Forged("forged")

    async def shown(self, provider: str, fields: dict[str, str]) -> int | None:
        self.fields.append(fields)
        return 7 if self.believed else None


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def pages(heard: Heard, aiohttp_client: AiohttpClient) -> Client:
    app = web.Application(middlewares=[enforced()])
    app.add_routes(notice_routes(heard, lambda made: f"/me/appointments/{made}" if made else "/"))
    return await aiohttp_client(app)


async def test_a_notice_is_answered_with_200_and_one_that_is_not_believed_is_not(
    pages: Client, heard: Heard
) -> None:
    assert (await pages.post(BACK_PATH, data={"orderId": "P1", "respMsg": "成功"})).status == 200
    assert heard.fields == [{"orderId": "P1", "respMsg": "成功"}]
    heard.believed = False
    assert (await pages.post(BACK_PATH, data={"orderId": "P1"})).status == 400


@pytest.mark.parametrize("believed", [True, False])
async def test_the_browser_is_sent_to_a_page_of_ours(pages: Client, heard: Heard, believed: bool) -> None:
    heard.believed = believed
    answer = await pages.post(FRONT_PATH, data={"orderId": "P1"}, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/me/appointments/7" if believed else "/")


async def test_a_file_among_the_fields_is_not_read(pages: Client, heard: Heard) -> None:
    await pages.post(BACK_PATH, data={"orderId": "P1", "upload": BytesIO(b"a file")})
    assert heard.fields == [{"orderId": "P1"}]


def test_both_addresses_say_who_may_come(heard: Heard) -> None:
    for route in notice_routes(heard, lambda made: "/"):
        access = access_of(route.handler)
        assert access is not None
        assert access.everybody
