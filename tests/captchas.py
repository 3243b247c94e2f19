"""What a patient sees in a picture, for tests of what comes after it."""

import re

from core.accounts import captchas
from core.work import Hotline
from tests.builders import SEED


async def made(hotline: Hotline) -> str:
    """A new captcha; returns its token."""
    async with hotline.work(SEED) as work:
        return await captchas.make(work)


async def figures(hotline: Hotline, token: str) -> str:
    """What it shows."""
    async with hotline.read() as db:
        return await captchas.figures(db, hotline.sealer, token, now=hotline.clock.now())


def token_of(page: str) -> str:
    """The captcha of a page, full or light."""
    found = re.search(r'name="captcha-token" value="([\w-]+)"', page)
    assert found, "this page asks for no captcha"
    return found[1]


async def solved(hotline: Hotline, page: str = "") -> dict[str, str]:
    """The fields that a form brings back: the right answer to the page's captcha, or to a new one."""
    token = token_of(page) if page else await made(hotline)
    return {"captcha-token": token, "captcha": await figures(hotline, token)}
