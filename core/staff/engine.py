"""Accounts: made, changed, given roles and one-time passwords, deleted; and the actor each of them is."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotAllowed, NotFound, SuperAdministrator, WrongInput
from core.events import PasswordReset, RolesGiven, StaffChanged, StaffCreated, StaffDeleted
from core.staff import audit, guesses, rules, second_factor, sessions
from core.staff.functions import EVERY_FUNCTION
from core.staff.roles import ROLES_LOCK
from core.staff.tables import Role, Staff, StaffRole
from core.values import Actor, ActorKind, Channel, phone
from core.work import Work

PHONE = "staff-phone"
MOST_NAME = 40
MOST_NUMBER = 8


async def create_staff(
    work: Work,
    *,
    login: str,
    name: str,
    number: str | None = None,
    hospital_id: int | None = None,
    mobile: str | None = None,
    supreme: bool = False,
) -> int:
    """A new account (R-168), without a way in until it is given a one-time password.

    A login is never used again, also not that of a deleted account, nor one that differs in case only
    (R-170). Raises WrongInput (field), also for a number (工号) that somebody has or had, PhoneInvalid,
    NotAllowed.
    """
    _may(work)
    work.by.must_see(hospital_id)
    login = rules.plain(login).strip()
    if rules.wrong_login(login):
        raise WrongInput(facts={"field": "login", "why": "shape"})
    if await _there(work, select(Staff.id).where(func.lower(Staff.login) == login.lower())):
        raise WrongInput(facts={"field": "login", "why": "taken"})
    made = Staff(
        login=login,
        name=_name(name),
        number=await _number(work, number),
        hospital_id=hospital_id,
        phone_sealed=_mobile(work, mobile),
        supreme=supreme,
        created_at=work.now,
    )
    work.db.add(made)
    await work.db.flush()
    work.record(StaffCreated(staff_id=made.id))
    await audit.note(work, "staff-created", what=login, subject_id=made.id)
    return made.id


async def change_staff(
    work: Work, staff_id: int, *, name: str, number: str | None, hospital_id: int | None, mobile: str | None
) -> list[str]:
    """Change all but login and password (R-169); returns the fields that are otherwise now.

    Raises WrongInput (field), PhoneInvalid, NotFound, NotAllowed, SuperAdministrator.
    """
    staff = await load(work, staff_id)
    work.by.must_see(hospital_id)
    before = {
        "name": staff.name, "number": staff.number, "hospital": staff.hospital_id,
        "mobile": work.sealer.open(staff.phone_sealed, PHONE) if staff.phone_sealed else None,
    }  # fmt: skip
    sealed = _mobile(work, mobile)
    after = {
        "name": _name(name), "number": await _number(work, number, staff), "hospital": hospital_id,
        "mobile": work.sealer.open(sealed, PHONE) if sealed else None,
    }  # fmt: skip
    changed = [field for field, value in after.items() if value != before[field]]
    if changed:
        staff.name, staff.number, staff.hospital_id = str(after["name"]), after["number"], hospital_id  # type: ignore[assignment] # each of its own kind
        staff.phone_sealed = sealed
        await work.db.flush()
        work.record(StaffChanged(staff_id=staff.id, fields=changed))
        what = f"{staff.login}：{'、'.join(changed)}"
        await audit.note(work, "staff-changed", what=what, subject_id=staff.id)
    return changed


async def give_role(work: Work, staff_id: int, role_id: int) -> None:
    """One more role; the rights are the union (R-172). A repeat does no harm. Raises NotFound."""
    _may(work)
    staff = await load(work, staff_id)
    query = select(StaffRole.role_id).where(StaffRole.staff_id == staff.id)
    has = set((await work.db.execute(query)).scalars())
    if role_id not in has:
        await set_roles(work, staff_id, {*has, role_id})


async def set_roles(work: Work, staff_id: int, role_ids: Iterable[int]) -> None:
    """Exactly these roles from now on (R-172).

    Nobody gives themselves rights, and staff of a hospital give only such as they have. Raises
    NotFound, NotAllowed, SuperAdministrator.
    """
    wanted = set(role_ids)
    await work.lock(ROLES_LOCK)
    staff = await load(work, staff_id)
    if staff.id == work.by.staff_id:
        raise NotAllowed(facts={"function": "own-roles"})
    known = {
        row.id: row for row in (await work.db.execute(select(Role).where(Role.id.in_(wanted)))).scalars()
    }
    if wanted - set(known):
        raise NotFound(facts={"what": "role"})
    query = select(StaffRole.role_id).where(StaffRole.staff_id == staff.id)
    has = set((await work.db.execute(query)).scalars())
    if has == wanted:
        return
    _may_give(work, (function for role_id in wanted - has for function in known[role_id].functions))
    gone = StaffRole.role_id.in_(has - wanted)
    await work.db.execute(delete(StaffRole).where(StaffRole.staff_id == staff.id, gone))
    work.db.add_all(StaffRole(staff_id=staff.id, role_id=role_id) for role_id in sorted(wanted - has))
    await work.db.flush()
    work.record(RolesGiven(staff_id=staff.id, roles=sorted(wanted)))
    names = "、".join(known[role_id].name for role_id in sorted(wanted)) or "无"
    await audit.note(work, "roles-given", what=f"{staff.login}：{names}", subject_id=staff.id)


async def give_one_time(work: Work, staff_id: int, hashed: str) -> None:
    """A one-time password (R-171): good for 24 hours, to be changed before anything else.

    hashed: see core.staff.passwords. The account's sessions and waits end. Raises NotFound, NotAllowed
    (also for one's own account: that would be a way round one's password), SuperAdministrator.
    """
    staff = await _of_another(work, staff_id)
    if work.by.hospital_id is not None:
        _may_give(work, await functions_of(work.db, staff.id))
    staff.password, staff.one_time_until = hashed, work.now + rules.ONE_TIME_LIVES
    await work.db.flush()
    await guesses.forget(work, rules.OF_LOGIN, staff.login.lower())
    await guesses.forget(work, rules.OF_CODE, str(staff.id))
    await sessions.end_all(work, staff.id, "password")
    work.record(PasswordReset(staff_id=staff.id))
    await audit.note(work, "password-reset", what=staff.login, subject_id=staff.id)


async def clear_second_factor(work: Work, staff_id: int, *, reason: str) -> None:
    """For somebody who has lost their phone; their sessions end. Raises as give_one_time, WrongInput."""
    if not reason.strip():
        raise WrongInput(facts={"field": "reason", "why": "empty"})
    staff = await _of_another(work, staff_id)
    if work.by.hospital_id is not None:
        _may_give(work, await functions_of(work.db, staff.id))
    await sessions.end_all(work, staff.id, "ended")
    await second_factor.clear(work, staff, reason=reason.strip())


async def delete_staff(work: Work, staff_id: int) -> None:
    """The account can do nothing any more, from this moment; its row stays, and keeps its login (R-170).

    Raises NotFound, NotAllowed, SuperAdministrator (R-174).
    """
    staff = await load(work, staff_id)
    if staff.supreme:
        raise SuperAdministrator
    _another(work, staff)
    gone = await work.db.execute(
        update(Staff)
        .where(Staff.id == staff_id, Staff.state == "active")
        .values(state="deleted", password=None, totp_sealed=None)
        .returning(Staff.id)
    )
    if gone.one_or_none() is None:
        raise NotFound(facts={"what": "staff"})
    await sessions.end_all(work, staff_id, "deleted")
    work.record(StaffDeleted(staff_id=staff_id))
    await audit.note(work, "staff-deleted", what=staff.login, subject_id=staff_id)


async def end_session(work: Work, session_id: int) -> None:
    """End a session: one's own, or, with the function `staff`, that of anybody one sees.

    Raises NotFound, NotAllowed.
    """
    owner = await sessions.owner(work.db, session_id)
    if owner != work.by.staff_id:
        await load(work, owner)
    await sessions.end(work, session_id, "ended")
    await audit.note(work, "session-ended", what=f"会话 {session_id}", subject_id=owner)


async def load(work: Work, staff_id: int) -> Staff:
    """An account that `work.by` may keep. Raises NotFound, NotAllowed, SuperAdministrator."""
    _may(work)
    staff = await work.db.get(Staff, staff_id)
    if staff is None or staff.state != "active":
        raise NotFound(facts={"what": "staff"})
    work.by.must_see(staff.hospital_id)
    if staff.supreme and work.by.kind is not ActorKind.SYSTEM and work.by.staff_id != staff.id:
        raise SuperAdministrator
    return staff


async def _of_another(work: Work, staff_id: int) -> Staff:
    staff = await load(work, staff_id)
    _another(work, staff)
    return staff


def _another(work: Work, staff: Staff) -> None:
    if staff.id == work.by.staff_id:
        raise NotAllowed(facts={"function": "own-account"})


# --- who acts -----------------------------------------------------------------------------------------


async def everybody_of(db: AsyncSession) -> Sequence[Staff]:
    """Every account there is or was, by 工号 and login: for names beside what they did."""
    return (await db.execute(select(Staff).order_by(Staff.number, Staff.login))).scalars().all()


async def name_of(db: AsyncSession, staff_id: int) -> str:
    """What somebody is called. Raises NotFound."""
    found = (await db.execute(select(Staff.name).where(Staff.id == staff_id))).scalar_one_or_none()
    if found is None:
        raise NotFound(facts={"what": "staff"})
    return found


async def actor(db: AsyncSession, login: str, channel: Channel | None = None) -> Actor:
    """Who acts, with the united functions of their roles. Raises NotFound for a deleted account."""
    return await _actor(db, Staff.login == login, channel)


async def actor_of_account(
    db: AsyncSession,
    staff_id: int,
    channel: Channel | None = None,
    *,
    session_id: int | None = None,
    address: str = "",
) -> Actor:
    """The same by the account's id, in a session. Raises NotFound for a deleted account."""
    return await _actor(db, Staff.id == staff_id, channel, session_id, address)


async def functions_of(db: AsyncSession, staff_id: int) -> frozenset[str]:
    """What somebody's roles allow. Raises NotFound."""
    return (await _actor(db, Staff.id == staff_id, None)).functions


async def _actor(
    db: AsyncSession,
    wanted: ColumnElement[bool],
    channel: Channel | None,
    session_id: int | None = None,
    address: str = "",
) -> Actor:
    query = (
        select(Staff.id, Staff.login, Staff.hospital_id, Staff.supreme, Role.functions)
        .outerjoin(StaffRole, StaffRole.staff_id == Staff.id)
        .outerjoin(Role, Role.id == StaffRole.role_id)
        .where(wanted, Staff.state == "active")
    )
    rows = (await db.execute(query)).all()
    if not rows:
        raise NotFound(facts={"what": "staff"})
    staff_id, login, hospital_id, supreme, _ = rows[0]
    united = frozenset(function for row in rows for function in row.functions or ())
    functions = EVERY_FUNCTION if supreme else united & EVERY_FUNCTION
    return Actor(ActorKind.STAFF, login, channel, staff_id, functions, hospital_id, session_id, address)


# --- what is asked of fields and of who acts ----------------------------------------------------------


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > MOST_NAME:
        raise WrongInput(facts={"field": "name", "why": "long" if name else "empty"})
    return name


async def _number(work: Work, number: str | None, owner: Staff | None = None) -> str | None:
    number = rules.plain(number or "").strip()
    if not number:
        return None
    if not number.isdecimal() or len(number) > MOST_NUMBER:
        raise WrongInput(facts={"field": "number", "why": "shape"})
    query = select(Staff.id).where(Staff.number == number)
    if owner is not None:
        query = query.where(Staff.id != owner.id)
    if await _there(work, query):
        raise WrongInput(facts={"field": "number", "why": "taken"})
    return number


def _mobile(work: Work, mobile: str | None) -> bytes | None:
    if not (mobile or "").strip():
        return None
    return work.sealer.seal(phone(mobile or "", demo=work.demo).digits, PHONE)


async def _there(work: Work, query: Select[int]) -> bool:
    return (await work.db.execute(query.limit(1))).first() is not None


def _may(work: Work) -> None:
    if not work.by.may("staff"):
        raise NotAllowed(facts={"function": "staff"})


def _may_give(work: Work, functions: Iterable[str]) -> None:
    """Staff of a hospital hand on what they have; those of the hotline keep everybody's rights (R-165)."""
    beyond = set(functions) - work.by.functions
    if work.by.hospital_id is not None and beyond:
        raise NotAllowed(facts={"function": "|".join(sorted(beyond))})
