"""A patient's password: how good it must be, and how somebody shows that they know it."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from core.accounts.tables import Account
from core.errors import CredentialsWrong, NotFound, PasswordWeak
from core.people.tables import Person
from core.sealing import Sealer
from core.staff import guesses, rules
from core.staff.passwords import Passwords
from core.staff.rules import Budget
from core.values import Actor, Identity
from core.work import Hotline, Work

# Five guesses at a login, from anywhere; from one address, behind which a whole village may be, more.
OF_LOGIN = Budget("p-login", 5, timedelta(minutes=15), pushed=True)
OF_ADDRESS = Budget("p-net", 60, timedelta(minutes=15), pushed=False)


@dataclass(frozen=True)
class Where:
    """From where somebody comes. before: the session this browser had, which ends."""

    address: str = ""
    browser: str = ""
    before: int | None = None


def own_facts(name: str, phone: str, identity: str) -> tuple[str, ...]:
    """What others know of somebody: none of it may stand in their password."""
    parts = (name, phone, phone[-6:], identity, identity[-6:])
    return tuple(one for one in parts if len(one) > 1)


def strong(new: str, again: str, *own: str) -> str:
    """A new password as it is hashed. Raises PasswordWeak."""
    password = rules.plain(new)
    why = rules.weak(password, *own)
    if why is None and password != rules.plain(again):
        why = "again"
    if why:
        raise PasswordWeak(facts={"why": why})
    return password


def strong_for(sealer: Sealer, account: Account, person: Person, new: str, again: str) -> str:
    """The same for somebody whom we know. Raises PasswordWeak."""
    sealed = person.identity_sealed
    number = sealer.open(sealed, "identity") if sealed else ""
    return strong(new, again, *own_facts(person.name, sealer.open(account.phone_sealed, "phone"), number))


def strong_for_new(name: str, phone: str, papers: Identity, new: str, again: str) -> str:
    """The same for somebody who registers. Raises PasswordWeak."""
    return strong(new, again, *own_facts(name, phone, papers.number))


async def shown(
    hotline: Hotline, passwords: Passwords, by: Actor, account_id: int, typed: str, where: Where
) -> str:
    """The hash of the password that was typed, of an account that is logged in.

    Raises CredentialsWrong, LoginLocked, NotFound.
    """
    key = f"account {account_id}"

    async def begin(work: Work) -> str:
        await guesses.take(work, OF_ADDRESS, where.address)
        await guesses.take(work, OF_LOGIN, key)
        kept = await work.db.scalar(select(Account.password).where(Account.id == account_id))
        if kept is None:
            raise NotFound(facts={"what": "account"})
        return kept

    kept = await hotline.run(begin, by)
    if not await passwords.right(kept, rules.plain(typed)):
        raise CredentialsWrong

    async def settle(work: Work) -> None:
        await guesses.give_back(work, OF_ADDRESS, where.address)
        await guesses.forget(work, OF_LOGIN, key)

    await hotline.run(settle, by)
    return kept
