"""Registering: one account for each person and each number, and nobody takes what is another's (R-176)."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.accounts import about as abouts
from core.accounts import sessions
from core.accounts.about import About
from core.accounts.codes import Purpose, proved
from core.accounts.info import put_address, put_cards
from core.accounts.passwords import Where, strong_for_new
from core.accounts.sessions import Begun
from core.accounts.tables import Account
from core.booking.loading import lock_key
from core.errors import AccountExists, IdentityConflict
from core.events import AccountOpened
from core.people.engine import find_by_identity, household
from core.people.register import complete, register
from core.people.rules import same_name
from core.people.tables import Person, PersonPhone
from core.staff import guesses
from core.staff.passwords import Passwords
from core.staff.rules import Budget
from core.values import Actor, Identity, Phone, day_of
from core.work import Hotline, Work

# Whoever tries one identity number after the other with one telephone in hand is stopped here.
OF_PHONE = Budget("p-open", 10, timedelta(hours=1), pushed=False)


async def open_account(
    hotline: Hotline,
    passwords: Passwords,
    by: Actor,
    *,
    proof: str,
    about: About,
    address: str = "",
    cards: Mapping[str, str] | None = None,
    password: str,
    again: str,
    where: Where,
) -> Begun:
    """An account for whoever has proved a mobile number, and its first session.

    proof: of core.accounts.codes.prove. Raises CodeWrong for a proof that is too old; WrongInput;
    PasswordWeak; AccountExists when the number has an account; IdentityConflict, the same whether the
    papers are another name's, have an account, or are known by other numbers only; LoginLocked.
    """
    now = hotline.clock.now()
    phone = proved(hotline.sealer, proof, Purpose.REGISTER, now=now)
    papers = abouts.own_account(about, day_of(now))
    chosen = strong_for_new(about.name, phone.digits, papers, password, again)

    async def count(work: Work) -> None:
        await guesses.take(work, OF_PHONE, phone.digits)

    await hotline.run(count, by)
    hashed = await passwords.hash(chosen)

    async def act(work: Work) -> Begun:
        person = await _person(work, about, papers, phone)
        account_id = await _account(work, person, phone, hashed)
        await put_address(work, person, address)
        await put_cards(work, person.id, cards or {})
        await guesses.forget(work, OF_PHONE, phone.digits)
        if where.before is not None:
            await sessions.end(work, where.before, "replaced")
        return await sessions.begin(work, account_id, address=where.address, browser=where.browser)

    return await hotline.run(act, by)


async def one_at_a_time(work: Work, papers: Identity) -> None:
    """Let one act at a time write down who has these papers: a second click finds who the first wrote."""
    await work.lock(lock_key("identity", work.sealer.fingerprint(papers.number, "identity")))


async def _person(work: Work, about: About, papers: Identity, phone: Phone) -> Person:
    """Who registers: somebody new, or whom the hotline knows already and reaches by this very number."""
    await one_at_a_time(work, papers)
    known = await find_by_identity(work.db, work.sealer, papers)
    if known is None:
        known = await _provisional(work, about, papers, phone)
    elif not same_name(known.name, about.name) or not await _reached_by(work, known.id, phone):
        raise IdentityConflict(facts={"why": "account"})
    if known is None:
        known = await register(
            work,
            name=about.name,
            identity=papers,
            phones=[phone],
            sex=about.sex,
            birth_date=about.birth_date,
        )
    else:
        await register(work, name=known.name, identity=papers, phones=[phone])
        known.sex, known.birth_date = known.sex or about.sex, known.birth_date or about.birth_date
    await work.db.execute(
        update(PersonPhone)
        .where(PersonPhone.person_id == known.id, PersonPhone.phone_print == _print(work, phone))
        .values(confirmed_at=work.now)
        .execution_options(synchronize_session=False)
    )
    return known


async def _provisional(work: Work, about: About, papers: Identity, phone: Phone) -> Person | None:
    """Somebody who booked from this number under this name, and whose papers were still to come."""
    same = [
        person
        for person in await household(work.db, work.sealer, phone)
        if person.identity_print is None
        and same_name(person.name, about.name)
        and person.sex in (None, about.sex)
        and person.birth_date in (None, about.birth_date)
    ]
    if len(same) != 1:
        return None
    await complete(work, same[0].id, papers)
    return same[0]


async def _reached_by(work: Work, person_id: int, phone: Phone) -> bool:
    """Whether this number is one of a known person's, or they have none that could be."""
    query = select(PersonPhone.phone_print).where(PersonPhone.person_id == person_id)
    prints = set((await work.db.execute(query)).scalars())
    return not prints or _print(work, phone) in prints


def _print(work: Work, phone: Phone) -> str:
    return work.sealer.fingerprint(phone.digits, "phone")


async def _account(work: Work, person: Person, phone: Phone, hashed: str) -> int:
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    row = {
        "person_id": person.id,
        "phone_print": _print(work, phone),
        "phone_sealed": work.sealer.seal(phone.digits, "phone"),
        "password": hashed,
        "state": "active",
        "opened_at": work.now,
        "version": 1,
    }
    await work.db.flush()
    made = await work.db.execute(maker(Account).values(row).on_conflict_do_nothing().returning(Account.id))
    account_id = made.scalar_one_or_none()
    if account_id is None:
        taken = select(Account.id).where(Account.phone_print == row["phone_print"])
        if (await work.db.execute(taken)).first() is not None:
            raise AccountExists
        raise IdentityConflict(facts={"why": "account"})
    work.record(AccountOpened(account_id=account_id, person_id=person.id))
    return account_id
