"""Staff who are logged in already: for tests of what they may do, not of how they log in."""

from typing import Any

from aiohttp.test_utils import TestClient

from core.http.keys import HOTLINE
from core.http.sessions import MANNERS
from core.staff import sessions
from core.staff.engine import actor_of_account, create_staff, give_role
from core.staff.roles import create_role
from core.staff.sessions import Stage
from core.values import Actor, Channel
from core.work import Hotline
from tests.builders import SEED


async def account(
    hotline: Hotline,
    *functions: str,
    login: str = "zhang",
    number: str | None = None,
    hospital_id: int | None = None,
) -> int:
    """An account with these functions; returns its id."""
    async with hotline.work(SEED) as work:
        staff_id = await create_staff(work, login=login, name="张敏", number=number, hospital_id=hospital_id)
        role_id = await create_role(work, f"角色 {login}", set(functions))
        await give_role(work, staff_id, role_id)
    return staff_id


async def cookie(
    client: TestClient[Any, Any], hotline: Hotline, staff_id: int, *, stage: Stage = Stage.FULL
) -> dict[str, str]:
    """The cookie of a new session of this account: for clients, sockets and browsers."""
    assert client.app
    manners = client.app[MANNERS]
    async with hotline.work(SEED) as work:
        begun = await sessions.begin(
            work, staff_id, stage, lives=manners.lives, address="127.0.0.1", browser="测试"
        )
    return {manners.cookie: begun.token}


def form_token(client: TestClient[Any, Any]) -> str:
    """What the forms of this client's session bring back."""
    assert client.app
    name = client.app[MANNERS].cookie
    kept = {one.key: one.value for one in client.session.cookie_jar}
    return client.app[HOTLINE].sealer.fingerprint(kept.get(name, ""), "form")


async def enter(client: TestClient[Any, Any], hotline: Hotline, *functions: str, **who: Any) -> Actor:
    """Log this client in as a new account with these functions (who: see `account`); returns the actor."""
    staff_id = await account(hotline, *functions, **who)
    client.session.cookie_jar.update_cookies(await cookie(client, hotline, staff_id))
    async with hotline.read() as db:
        return await actor_of_account(db, staff_id, Channel.WEB)
