"""Accounts of two of the cast, so that a visitor of the demo can look at one without a telephone."""

from sqlalchemy import select

from core.accounts.about import About
from core.accounts.family import add
from core.accounts.tables import Account
from core.events import AccountOpened
from core.people.engine import find_by_identity
from core.staff.passwords import Passwords
from core.work import Hotline, Work
from hotline.demo_people import CHILD, LI, WANG, WRITER, Patient
from web.house import DemoPerson

PASSWORD = "mountain stream 12320"
OWNERS = (LI, WANG)
PEOPLE = (
    DemoPerson(str(LI.phone), LI.name, PASSWORD, "老患者，看过曾文华主任"),
    DemoPerson(str(WANG.phone), WANG.name, PASSWORD, f"也为孩子{CHILD.name}预约"),
)


async def write(hotline: Hotline) -> None:
    """Whoever of them has no account gets one; those who have one keep what was changed."""
    # One weak hash for both is enough for a password that stands on the login page.
    hashed = await Passwords.quick().hash(PASSWORD)

    async def act(work: Work) -> None:
        for one in OWNERS:
            await _account(work, one, hashed)

    await hotline.run(act, WRITER)


async def _account(work: Work, one: Patient, hashed: str) -> None:
    person = await find_by_identity(work.db, work.sealer, one.identity)
    if person is None:
        return
    number = str(one.phone)
    phone_print = work.sealer.fingerprint(number, "phone")
    there = select(Account.id).where((Account.person_id == person.id) | (Account.phone_print == phone_print))
    if (await work.db.execute(there)).first() is not None:
        return
    account = Account(
        person_id=person.id,
        phone_print=phone_print,
        phone_sealed=work.sealer.seal(number, "phone"),
        password=hashed,
        opened_at=work.now,
    )
    work.db.add(account)
    await work.db.flush()
    work.record(AccountOpened(account_id=account.id, person_id=person.id))
    if one is WANG:
        child = About(CHILD.name, CHILD.identity, CHILD.identity.sex, CHILD.born)
        await add(work, account.id, child, "child")
