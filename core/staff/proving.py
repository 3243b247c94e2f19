"""Who is logged in shows once more who they are: tries count and are noted as those of a login."""

from collections.abc import Awaitable, Callable

from core.errors import LoginWrong
from core.staff import audit, guesses, rules, second_factor
from core.staff.passwords import Passwords
from core.staff.tables import Staff
from core.values import Actor
from core.work import Hotline, Work


async def password(
    hotline: Hotline, passwords: Passwords, find: Callable[[Work], Awaitable[Staff]], by: Actor, typed: str
) -> Staff:
    """The account that `find` loads, whose password was typed. find: may say who acts in `work.by`.

    Raises LoginWrong, LoginLocked, and what `find` raises.
    """

    async def begin(work: Work) -> tuple[int, Staff, Actor]:
        staff = await find(work)
        await guesses.take(work, rules.OF_ADDRESS, by.address)
        return await guesses.take(work, rules.OF_LOGIN, staff.login.lower()), staff, work.by

    tries, staff, who = await hotline.run(begin, by)
    right = await passwords.right(staff.password, rules.plain(typed))

    async def settle(work: Work) -> None:
        if right:
            await guesses.give_back(work, rules.OF_ADDRESS, by.address)
            await guesses.forget(work, rules.OF_LOGIN, staff.login.lower())
            return
        await audit.note(work, "password-wrong", what=staff.login, subject_id=staff.id)
        if tries == rules.OF_LOGIN.tries:
            await audit.note(work, "lockout", what=staff.login, subject_id=staff.id)

    await hotline.run(settle, who)
    if not right:
        raise LoginWrong
    return staff


async def code(work: Work, staff: Staff, typed: str) -> bool:
    """Whether it is a code of their second factor. A wrong one is noted: let the unit of work end well.

    Raises LoginLocked.
    """
    tries = await guesses.take(work, rules.OF_CODE, str(staff.id))
    if await second_factor.right(work, staff, rules.plain(typed)):
        await guesses.forget(work, rules.OF_CODE, str(staff.id))
        return True
    await audit.note(work, "code-wrong", what=staff.login, subject_id=staff.id)
    if tries == rules.OF_CODE.tries:
        await audit.note(work, "lockout", what=staff.login, subject_id=staff.id)
    return False
