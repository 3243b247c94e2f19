"""Patients log in and out, and change their password (R-179, R-184)."""

from sqlalchemy import or_, select, update

from core.accounts import sessions
from core.accounts.passwords import OF_ADDRESS, OF_LOGIN, Where, shown, strong_for
from core.accounts.sessions import WEB, Begun
from core.accounts.tables import Account
from core.errors import CredentialsWrong, PasswordWeak, PhoneInvalid
from core.events import AccountPasswordChanged
from core.people.tables import Person
from core.staff import guesses
from core.staff.passwords import Passwords
from core.staff.rules import plain
from core.values import Actor, phone
from core.work import Hotline, Work


def plain_number(number: str) -> str:
    """A number of identity papers as it is compared: without spaces, letters large."""
    return "".join(plain(number).split()).upper()


def plain_login(login: str, *, demo: bool) -> str:
    """A mobile however it is written, or the number of identity papers: guesses at it count together."""
    try:
        return phone(login, demo=demo).digits
    except PhoneInvalid:
        return plain_number(login)


async def log_in(
    hotline: Hotline,
    passwords: Passwords,
    by: Actor,
    *,
    login: str,
    password: str,
    where: Where,
    kind: str = WEB,
) -> Begun:
    """A session for the mobile or identity number and the password that belong together.

    Raises CredentialsWrong, the same for a wrong password as for a login that nobody has and after the
    same time; LoginLocked after too many tries, also for a login that nobody has.
    """
    key = plain_login(login, demo=hotline.demo)

    async def begin(work: Work) -> Account | None:
        await guesses.take(work, OF_ADDRESS, where.address)
        await guesses.take(work, OF_LOGIN, key)
        return await _account(work, key, plain_number(login))

    found = await hotline.run(begin, by)
    kept = found.password if found else None
    if not await passwords.right(kept, plain(password)) or found is None:
        raise CredentialsWrong
    account_id = found.id

    async def finish(work: Work) -> Begun:
        query = select(Account.password).where(Account.id == account_id, Account.state == "active")
        if await work.db.scalar(query) != kept:
            raise CredentialsWrong
        await guesses.give_back(work, OF_ADDRESS, where.address)
        await guesses.forget(work, OF_LOGIN, key)
        if where.before is not None:
            await sessions.end(work, where.before, "replaced")
        return await sessions.begin(work, account_id, kind=kind, address=where.address, browser=where.browser)

    return await hotline.run(finish, by)


async def _account(work: Work, key: str, number: str) -> Account | None:
    """Whose login this is. A number that papers of two kinds share is nobody's: they use their mobile."""
    query = (
        select(Account)
        .where(
            or_(
                Account.phone_print == work.sealer.fingerprint(key, "phone"),
                Account.person_id.in_(
                    select(Person.id).where(
                        Person.identity_print == work.sealer.fingerprint(number, "identity")
                    )
                ),
            ),
            Account.state == "active",
        )
        .limit(2)
    )
    found = (await work.db.execute(query)).scalars().all()
    return found[0] if len(found) == 1 else None


async def log_out(work: Work, session_id: int) -> None:
    await sessions.end(work, session_id, "logout")


async def change_password(
    hotline: Hotline,
    passwords: Passwords,
    by: Actor,
    account_id: int,
    *,
    old: str | None,
    new: str,
    again: str,
    where: Where,
) -> Begun:
    """A new password; every session ends and one begins anew.

    old: None for whoever has just shown all that is asked for a forgotten one. Raises CredentialsWrong,
    LoginLocked, PasswordWeak.
    """
    kept = None if old is None else await shown(hotline, passwords, by, account_id, old, where)

    async def look(work: Work) -> tuple[str, str]:
        account = await work.db.get_one(Account, account_id)
        person = await work.db.get_one(Person, account.person_id)
        return strong_for(work.sealer, account, person, new, again), account.password

    password, present = await hotline.run(look, by)
    if await passwords.right(present, password):
        raise PasswordWeak(facts={"why": "same"})
    hashed = await passwords.hash(password)

    async def finish(work: Work) -> Begun:
        changed = await work.db.execute(
            update(Account)
            .where(Account.id == account_id, Account.state == "active", Account.password == (kept or present))
            .values(password=hashed, version=Account.version + 1)
            .returning(Account.id)
            .execution_options(synchronize_session=False)
        )
        if changed.first() is None:
            raise CredentialsWrong
        await sessions.end_all(work, account_id, "password")
        why = "reset" if old is None else "changed"
        work.record(AccountPasswordChanged(account_id=account_id, why=why))
        return await sessions.begin(work, account_id, address=where.address, browser=where.browser)

    return await hotline.run(finish, by)
