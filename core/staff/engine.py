"""Accounts and roles: enough for an actor on every act."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotAllowed, NotFound, WrongInput
from core.staff.functions import FUNCTIONS
from core.staff.tables import Role, Staff, StaffRole
from core.values import Actor, ActorKind, Channel
from core.work import Work


async def create_role(work: Work, name: str, functions: set[str]) -> int:
    """A role is a name and a set of functions (R-164, R-166). Raises WrongInput, NotAllowed."""
    _may(work)
    unknown = functions - set(FUNCTIONS)
    if unknown or not name.strip():
        raise WrongInput(facts={"field": "functions", "value": sorted(unknown)})
    role = Role(name=name, functions=sorted(functions))
    work.db.add(role)
    await work.db.flush()
    return role.id


async def create_staff(
    work: Work, *, login: str, name: str, number: str | None = None, hospital_id: int | None = None
) -> int:
    """A new account. A login is never used again, also not that of a deleted account (R-170).

    Raises WrongInput, NotAllowed.
    """
    _may(work)
    taken = (await work.db.execute(select(Staff.id).where(Staff.login == login))).first()
    if taken is not None or not login.strip() or not name.strip():
        raise WrongInput(facts={"field": "login"})
    made = Staff(login=login, name=name, number=number, hospital_id=hospital_id, created_at=work.now)
    work.db.add(made)
    await work.db.flush()
    return made.id


async def give_role(work: Work, staff_id: int, role_id: int) -> None:
    """One more role; the rights are the union (R-172). A repeat does no harm."""
    _may(work)
    there = select(StaffRole.id).where(StaffRole.staff_id == staff_id, StaffRole.role_id == role_id)
    if (await work.db.execute(there)).first() is None:
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


def _may(work: Work) -> None:
    if not work.by.may("staff"):
        raise NotAllowed(facts={"function": "staff"})
