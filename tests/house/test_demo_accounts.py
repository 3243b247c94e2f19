"""The accounts of the demo: what the login page shows is so."""

import pytest
from sqlalchemy import func, select

from core.accounts.login import log_in
from core.accounts.passwords import Where
from core.accounts.people import attendees
from core.accounts.tables import Account
from core.people.register import register
from core.staff.passwords import Passwords
from core.values import Phone
from core.work import Hotline
from hotline import demo_accounts
from hotline.demo_accounts import PEOPLE
from hotline.demo_people import CHILD, LI, WANG, WRITER
from tests.builders import SURFER


@pytest.fixture
async def cast(hotline: Hotline) -> Hotline:
    async with hotline.work(WRITER) as work:
        for one in (LI, WANG, CHILD):
            await register(work, name=one.name, identity=one.identity, phones=[Phone(str(one.phone))])
    return hotline


async def test_who_stands_on_the_login_page_can_log_in(cast: Hotline) -> None:
    await demo_accounts.write(cast)
    for one in PEOPLE:
        begun = await log_in(
            cast, Passwords.quick(), SURFER, login=one.login, password=one.password, where=Where()
        )
        async with cast.read() as db:
            listed = await attendees(db, cast.sealer, begun.account_id)
        assert listed[0].name == one.name
    assert [one.name for one in listed] == [WANG.name, CHILD.name]


async def test_written_again_they_stay_as_they_are(cast: Hotline) -> None:
    await demo_accounts.write(cast)
    async with cast.read() as db:
        before = (await db.execute(select(Account.id, Account.password))).all()
    await demo_accounts.write(cast)
    async with cast.read() as db:
        assert (await db.execute(select(Account.id, Account.password))).all() == before


async def test_a_database_without_the_cast_gets_none(hotline: Hotline) -> None:
    await demo_accounts.write(hotline)
    async with hotline.read() as db:
        assert await db.scalar(select(func.count()).select_from(Account)) == 0
