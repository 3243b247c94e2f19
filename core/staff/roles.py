"""Roles: a name and a set of functions (R-164, R-166), kept by the hotline's own administrators (R-165)."""

from sqlalchemy import delete, func, select

from core.errors import NotAllowed, NotFound, RoleInUse, WrongInput
from core.events import RoleChanged, RoleCreated, RoleDeleted
from core.staff import audit
from core.staff.functions import FUNCTIONS
from core.staff.tables import Role, Staff, StaffRole
from core.work import Work

# Who gives a role and who deletes it stand in line.
ROLES_LOCK = 0x726F6C6573
MOST_NAME = 40


async def create_role(work: Work, name: str, functions: set[str]) -> int:
    """Raises WrongInput for an empty or known name and for unknown functions, NotAllowed."""
    _may(work)
    role = Role(name=await _name(work, name), functions=_functions(functions))
    work.db.add(role)
    await work.db.flush()
    work.record(RoleCreated(role_id=role.id))
    await audit.note(work, "role-created", what=_told(role), subject_id=role.id)
    return role.id


async def change_role(work: Work, role_id: int, name: str, functions: set[str]) -> bool:
    """For whoever has it, from their next request on; False when nothing is otherwise.

    Raises WrongInput, NotFound, NotAllowed; nobody adds to a role of their own.
    """
    role = await _load(work, role_id)
    name, wanted = await _name(work, name, role), _functions(functions)
    if set(wanted) - set(role.functions) and await _own(work, role_id):
        raise NotAllowed(facts={"function": "own-roles"})
    if (role.name, role.functions) == (name, wanted):
        return False
    role.name, role.functions = name, wanted
    await work.db.flush()
    work.record(RoleChanged(role_id=role.id))
    await audit.note(work, "role-changed", what=_told(role), subject_id=role.id)
    return True


async def delete_role(work: Work, role_id: int) -> None:
    """Raises RoleInUse (count) while an account has it, NotFound, NotAllowed."""
    await work.lock(ROLES_LOCK)
    role = await _load(work, role_id)
    holders = select(func.count()).select_from(StaffRole).join(Staff, Staff.id == StaffRole.staff_id)
    query = holders.where(StaffRole.role_id == role_id, Staff.state == "active")
    if count := (await work.db.execute(query)).scalar_one():
        raise RoleInUse(facts={"count": count})
    await work.db.execute(delete(StaffRole).where(StaffRole.role_id == role_id))
    await work.db.delete(role)
    await work.db.flush()
    work.record(RoleDeleted(role_id=role_id))
    await audit.note(work, "role-deleted", what=role.name, subject_id=role_id)


def _may(work: Work) -> None:
    """A role is the same in every hospital, so nobody of one hospital keeps it."""
    if not work.by.may("staff"):
        raise NotAllowed(facts={"function": "staff"})
    work.by.must_see(None)


async def _load(work: Work, role_id: int) -> Role:
    _may(work)
    role = await work.db.get(Role, role_id)
    if role is None:
        raise NotFound(facts={"what": "role"})
    return role


async def _own(work: Work, role_id: int) -> bool:
    query = select(StaffRole.id).where(StaffRole.role_id == role_id, StaffRole.staff_id == work.by.staff_id)
    return (await work.db.execute(query)).first() is not None


async def _name(work: Work, name: str, role: Role | None = None) -> str:
    name = " ".join(name.split())
    if not name or len(name) > MOST_NAME:
        raise WrongInput(facts={"field": "name", "why": "long" if name else "empty"})
    query = select(Role.id).where(Role.name == name)
    if role is not None:
        query = query.where(Role.id != role.id)
    if (await work.db.execute(query)).first() is not None:
        raise WrongInput(facts={"field": "name", "why": "taken"})
    return name


def _functions(functions: set[str]) -> list[str]:
    unknown = functions - set(FUNCTIONS)
    if unknown:
        raise WrongInput(facts={"field": "functions", "value": sorted(unknown)})
    return sorted(functions)


def _told(role: Role) -> str:
    return f"{role.name}：{'、'.join(FUNCTIONS[one][1] for one in role.functions) or '无'}"
