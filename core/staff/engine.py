"""Accounts and roles: enough for an actor on every act."""

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotAllowed, NotFound, WrongInput
from core.staff.functions import FUNCTIONS
from core.staff.tables import Role, Staff, StaffRole
from core.values import Actor, ActorKind, Channel
from core.work import Work


async def create_role(work: Work, name: str, functions: set[str]) -> int:
    """A role is a name and a set of functions (R-164, R-166).

    Raises WrongInput for an empty or known name and for unknown functions, NotAllowed.
    """
    _may(work)
    name = name.strip()
    unknown = functions - set(FUNCTIONS)
    if unknown:
        raise WrongInput(facts={"field": "functions", "value": sorted(unknown)})
    if not name or await _there(work, select(Role.id).where(Role.name == name)):
        raise WrongInput(facts={"field": "name"})
    role = Role(name=name, functions=sorted(functions))
    work.db.add(role)
    await work.db.flush()
    return role.id


async def create_staff(
    work: Work, *, login: str, name: str, number: str | None = None, hospital_id: int | None = None
) -> int:
    """A new account. A login is never used again, also not that of a deleted account (R-170).

    Raises WrongInput, also for a number (工号) that somebody has or had, NotAllowed.
    """
    _may(work)
    login, name = login.strip(), name.strip()
    if not login or await _there(work, select(Staff.id).where(Staff.login == login)):
        raise WrongInput(facts={"field": "login"})
    if not name:
        raise WrongInput(facts={"field": "name"})
    if number is not None and await _there(work, select(Staff.id).where(Staff.number == number)):
        raise WrongInput(facts={"field": "number"})
    made = Staff(login=login, name=name, number=number, hospital_id=hospital_id, created_at=work.now)
    work.db.add(made)
    await work.db.flush()
    return made.id


async def give_role(work: Work, staff_id: int, role_id: int) -> None:
    """One more role; the rights are the union (R-172). A repeat does no harm. Raises NotFound."""
    _may(work)
    if await work.db.get(Staff, staff_id) is None or await work.db.get(Role, role_id) is None:
        raise NotFound(facts={"what": "staff or role"})
    given = select(StaffRole.id).where(StaffRole.staff_id == staff_id, StaffRole.role_id == role_id)
    if not await _there(work, given):
        work.db.add(StaffRole(staff_id=staff_id, role_id=role_id))
        await work.db.flush()


async def delete_staff(work: Work, staff_id: int) -> None:
    """The account can do nothing any more; its row stays, and keeps its login (R-170).

    Raises NotFound.
    """
    _may(work)
    gone = await work.db.execute(
        update(Staff).where(Staff.id == staff_id).values(state="deleted").returning(Staff.id)
    )
    if gone.one_or_none() is None:
        raise NotFound(facts={"what": "staff"})


async def actor(db: AsyncSession, login: str, channel: Channel | None = None) -> Actor:
    """Who acts, with the united functions of their roles. Raises NotFound for a deleted account."""
    found = (
        await db.execute(select(Staff.id).where(Staff.login == login, Staff.state == "active"))
    ).scalar_one_or_none()
    if found is None:
        raise NotFound(facts={"what": "staff"})
    roles = await db.execute(
        select(Role.functions)
        .join(StaffRole, StaffRole.role_id == Role.id)
        .where(StaffRole.staff_id == found)
    )
    functions = frozenset(function for row in roles.scalars() for function in row)
    return Actor(ActorKind.STAFF, login, channel, found, functions)


async def _there(work: Work, query: Select[int]) -> bool:
    return (await work.db.execute(query.limit(1))).first() is not None


def _may(work: Work) -> None:
    if not work.by.may("staff"):
        raise NotAllowed(facts={"function": "staff"})
