"""A forgotten password (R-182, R-183): number, papers, name and code must all agree, or nothing happens.

The seed makes the last six figures of the number the password; here they are shown nothing and choose
one at once, in a session that can do nothing else (requirements.md 21.1).
"""

from datetime import timedelta

from sqlalchemy import select

from core.accounts import codes, sessions
from core.accounts.codes import Purpose
from core.accounts.login import plain_number
from core.accounts.passwords import OF_ADDRESS, OF_LOGIN, Where
from core.accounts.sessions import CHANGE, Begun
from core.accounts.tables import Account
from core.errors import ResetWrong
from core.people.rules import same_name
from core.people.tables import Person
from core.staff import guesses
from core.staff.rules import Budget
from core.values import Actor, Phone
from core.work import Hotline, Work

OF_PHONE = Budget("p-reset", 10, timedelta(hours=1), pushed=False)


async def reset(
    hotline: Hotline, by: Actor, *, phone: Phone, number: str, name: str, code: str, where: Where
) -> Begun:
    """A session in which nothing but a new password can be chosen.

    number: of the identity papers, of whatever kind. Raises ResetWrong whatever does not agree, also
    when nobody has an account; LoginLocked after too many tries.
    """

    async def act(work: Work) -> Begun | None:
        await guesses.take(work, OF_ADDRESS, where.address)
        await guesses.take(work, OF_PHONE, phone.digits)
        found = await _account(work, phone, plain_number(number), name)
        # Asked for in any case: its tries count, whatever else does not agree.
        if not await codes.right(work, phone, Purpose.RESET, code) or found is None:
            return None
        await codes.spend(work, phone, Purpose.RESET)
        for budget, key in (
            (OF_PHONE, phone.digits),
            (OF_LOGIN, phone.digits),
            (OF_LOGIN, plain_number(number)),
        ):
            await guesses.forget(work, budget, key)
        await guesses.give_back(work, OF_ADDRESS, where.address)
        if where.before is not None:
            await sessions.end(work, where.before, "replaced")
        return await sessions.begin(work, found, stage=CHANGE, address=where.address, browser=where.browser)

    begun = await hotline.run(act, by)
    if begun is None:
        raise ResetWrong
    return begun


async def _account(work: Work, phone: Phone, number: str, name: str) -> int | None:
    query = (
        select(Account.id, Person.name)
        .join(Person, Person.id == Account.person_id)
        .where(
            Account.phone_print == work.sealer.fingerprint(phone.digits, "phone"),
            Person.identity_print == work.sealer.fingerprint(number, "identity"),
            Account.state == "active",
        )
    )
    found = (await work.db.execute(query)).one_or_none()
    return found[0] if found is not None and same_name(found[1], name) else None
