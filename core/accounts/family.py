"""Adding people whom an account books for: written down, or found again by their papers (I-007)."""

from datetime import timedelta

from core.accounts import people
from core.accounts.about import About, years
from core.accounts.opening import one_at_a_time
from core.accounts.people import MOST, RELATIONS, attendees, books_for
from core.accounts.tables import Account
from core.errors import AttendeesFull, IdentityConflict, NotFound, WrongInput
from core.people.engine import find_by_identity
from core.people.register import complete, register
from core.people.rules import same_name
from core.people.tables import Person
from core.staff import guesses
from core.staff.rules import Budget
from core.values import Identity, IdentityKind, day_of
from core.work import Work

# Whoever tries names with numbers, or numbers with names, is stopped here.
OF_ACCOUNT = Budget("p-family", 20, timedelta(hours=1), pushed=False)
# Until then a parent answers for a child, and the child's papers may be the household's.
CHILD_YEARS = 18


async def count_try(work: Work, account_id: int) -> None:
    """In a unit of work of its own, before each `add` and `give_papers`. Raises LoginLocked."""
    await guesses.take(work, OF_ACCOUNT, str(account_id))


async def add(work: Work, account_id: int, about: About, relation: str) -> int:
    """Book for one more; returns the person. Without papers they are provisional, as by phone (21.1).

    Raises WrongInput; IdentityConflict, the same whether the papers are another name's or something else
    differs from what is known; AttendeesFull.
    """
    if relation not in RELATIONS:
        raise WrongInput(facts={"field": "relation", "why": "unknown"})
    owner_id = await _owner(work, account_id)
    if about.identity is not None:
        await one_at_a_time(work, about.identity)
    grown = about.birth_date is None or years(about.birth_date, day_of(work.now)) >= CHILD_YEARS
    if about.identity is not None and about.identity.kind is IdentityKind.HOUSEHOLD and grown:
        raise WrongInput(facts={"field": "identity_kind", "why": "grown"})
    known = None if about.identity is None else await find_by_identity(work.db, work.sealer, about.identity)
    if known is not None:
        _must_be(known, about)
        if known.id == owner_id:
            raise IdentityConflict(facts={"why": "account"})
        person_id = known.id
    else:
        # Nothing is written down for whom there is no room.
        if len(await attendees(work.db, work.sealer, account_id)) > MOST:
            raise AttendeesFull(facts={"most": MOST})
        person = await register(
            work,
            name=about.name,
            identity=about.identity,
            sex=about.sex,
            birth_date=about.birth_date,
            guardian_id=owner_id if relation == "child" and not grown else None,
        )
        person_id = person.id
    await people.add(work, account_id, person_id, relation)
    return person_id


def _must_be(known: Person, about: About) -> None:
    """Who is known already is only found by who knows them. Raises IdentityConflict."""
    same = same_name(known.name, about.name)
    if not same or known.birth_date not in (None, about.birth_date) or known.sex not in (None, about.sex):
        raise IdentityConflict(facts={"why": "account"})


async def _owner(work: Work, account_id: int) -> int:
    account = await work.db.get(Account, account_id)
    if account is None:
        raise NotFound(facts={"what": "account"})
    return account.person_id


async def give_papers(work: Work, account_id: int, person_id: int, papers: Identity) -> None:
    """The number of somebody who was added without one.

    Raises NotFound for whom this account does not book, IdentityConflict, IdentityInvalid.
    """
    await books_for(work.db, account_id, person_id)
    try:
        await complete(work, person_id, papers)
    except IdentityConflict:
        raise IdentityConflict(facts={"why": "account"}) from None
