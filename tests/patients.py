"""Patients who are logged in already: for tests of what they may do, not of how they log in."""

from typing import Any

from aiohttp.test_utils import TestClient

from core.accounts import sessions
from core.accounts.tables import Account
from core.http.forms import PURPOSE
from core.http.sessions import MANNERS
from core.work import Hotline
from tests.builders import SEED

PASSWORD = "a-password-of-the-tests"


async def account(hotline: Hotline, person_id: int, phone: str = "10912345678", *, password: str = "") -> int:
    """An account of this person with this number; returns its id. password: its argon2id hash."""
    async with hotline.work(SEED) as work:
        made = Account(
            person_id=person_id,
            phone_print=work.sealer.fingerprint(phone, "phone"),
            phone_sealed=work.sealer.seal(phone, "phone"),
            password=password,
            opened_at=work.now,
        )
        work.db.add(made)
        await work.db.flush()
        return made.id


async def token(hotline: Hotline, account_id: int, *, kind: str = sessions.WEB) -> str:
    """A new session's token: the value of the cookie, or the bearer's."""
    async with hotline.work(SEED) as work:
        return (await sessions.begin(work, account_id, kind=kind)).token


async def enter(client: TestClient[Any, Any], hotline: Hotline, account_id: int) -> str:
    """Log this client in; returns what its forms must bring back under core.http.forms.FIELD."""
    assert client.app
    https = client.app[MANNERS].https
    given = await token(hotline, account_id)
    client.session.cookie_jar.update_cookies(
        {"__Host-hotline-account" if https else "hotline-account": given}
    )
    return hotline.sealer.fingerprint(given, PURPOSE)
