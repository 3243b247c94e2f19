"""The public pages, and how a test reads them."""

import re
from typing import Any

from aiohttp.test_utils import TestClient

Client = TestClient[Any, Any]
SMS = "106912320"


async def text(client: Client, path: str, status: int = 200) -> str:
    answer = await client.get(path)
    assert answer.status == status, (path, answer.status)
    return await answer.text()


def words(page: str) -> str:
    """What stands in a page, without its markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())
