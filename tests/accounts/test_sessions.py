"""Sessions of patients: who is known by a token, how long, and that each has a name of its own."""

import pytest

from core.accounts import sessions
from core.accounts.sessions import APP, LIVES, WEB, Known
from core.work import Hotline
from tests import patients
from tests.builders import SEED, Clinic, clinic
from tests.clocks import FrozenClock


@pytest.fixture
async def scene(hotline: Hotline) -> Clinic:
    made = await clinic(hotline)
    await made.person("李秀英", phone="10912345678")
    return made


async def known(hotline: Hotline, token: str, kind: str = WEB) -> Known | None:
    async with hotline.read() as db:
        return await sessions.find(db, hotline.sealer, token, kind=kind, now=hotline.clock.now())


async def test_a_token_stands_for_its_account(hotline: Hotline, scene: Clinic) -> None:
    account_id = await patients.account(hotline, scene.people["李秀英"])
    found = await known(hotline, await patients.token(hotline, account_id))
    assert found
    assert (found.account_id, found.name) == (account_id, "李秀英")
    assert await known(hotline, "another") is None


async def test_a_browser_s_token_is_no_application_s(hotline: Hotline, scene: Clinic) -> None:
    account_id = await patients.account(hotline, scene.people["李秀英"])
    assert await known(hotline, await patients.token(hotline, account_id), APP) is None
    assert await known(hotline, await patients.token(hotline, account_id, kind=APP)) is None


async def test_a_session_ends_when_nobody_asks_for_anything(
    hotline: Hotline, scene: Clinic, clock: FrozenClock
) -> None:
    token = await patients.token(hotline, await patients.account(hotline, scene.people["李秀英"]))
    clock.advance(seconds=LIVES[WEB].idle.total_seconds() - 1)
    assert await known(hotline, token)
    clock.advance(seconds=2)
    assert await known(hotline, token) is None


async def test_whoever_changes_the_password_ends_the_others_and_stays(
    hotline: Hotline, scene: Clinic
) -> None:
    account_id = await patients.account(hotline, scene.people["李秀英"])
    mine, other = await patients.token(hotline, account_id), await patients.token(hotline, account_id)
    here = await known(hotline, mine)
    assert here
    async with hotline.work(SEED) as work:
        await sessions.end_all(work, account_id, "password", but=here.session_id)
    assert await known(hotline, mine)
    assert await known(hotline, other) is None
