"""Accounts, roles and the audit as pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.sealing import Sealer
from core.staff.engine import PHONE
from core.staff.functions import EVERY_FUNCTION
from core.staff.tables import AuditEntry, Role, Staff, StaffRole, StaffSession
from core.values import Actor, Phone

ON_A_PAGE = 50


@dataclass(frozen=True)
class RoleView:
    role_id: int
    name: str
    functions: frozenset[str]
    holders: int = 0


@dataclass(frozen=True)
class StaffView:
    """One account. way_in: none (no password yet), one-time, over (one-time, but too late), own."""

    staff_id: int
    login: str
    name: str
    number: str | None
    mobile: Phone | None
    hospital_id: int | None
    supreme: bool
    second_factor: bool
    way_in: str
    created_at: datetime
    last_login: datetime | None
    roles: Sequence[RoleView]

    @property
    def functions(self) -> frozenset[str]:
        """Of all roles, united (R-172)."""
        if self.supreme:
            return EVERY_FUNCTION
        return frozenset(one for role in self.roles for one in role.functions)


@dataclass(frozen=True)
class Found:
    """A part of a list, and how many there are in all."""

    rows: Sequence[StaffView]
    found: int


async def accounts(
    db: AsyncSession, sealer: Sealer, by: Actor, *, now: datetime, search: str = "", page: int = 1
) -> Found:
    """The accounts that somebody sees, by login. search: in login, name and number."""
    query = select(Staff).where(Staff.state == "active")
    if by.hospital_id is not None:
        query = query.where(Staff.hospital_id == by.hospital_id)
    if search:
        wanted = f"%{search.lower().replace('%', '')}%"
        query = query.where(
            or_(func.lower(Staff.login).like(wanted), Staff.name.like(wanted), Staff.number.like(wanted))
        )
    count = (await db.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
    part = query.order_by(Staff.supreme.desc(), Staff.login).limit(ON_A_PAGE).offset((page - 1) * ON_A_PAGE)
    rows = (await db.execute(part)).scalars().all()
    return Found(await _views(db, sealer, rows, now), count)


async def account(db: AsyncSession, sealer: Sealer, by: Actor, staff_id: int, *, now: datetime) -> StaffView:
    """Raises NotFound, NotAllowed for one of another hospital."""
    row = await db.get(Staff, staff_id)
    if row is None or row.state != "active":
        raise NotFound(facts={"what": "staff"})
    if by.staff_id != staff_id:
        by.must_see(row.hospital_id)
    return (await _views(db, sealer, [row], now))[0]


async def _views(db: AsyncSession, sealer: Sealer, rows: Sequence[Staff], now: datetime) -> list[StaffView]:
    ids = [row.id for row in rows]
    of_roles = (
        select(StaffRole.staff_id, Role)
        .join(Role, Role.id == StaffRole.role_id)
        .where(StaffRole.staff_id.in_(ids))
        .order_by(Role.name)
    )
    roles: dict[int, list[RoleView]] = {}
    for staff_id, role in (await db.execute(of_roles)).all():
        roles.setdefault(staff_id, []).append(RoleView(role.id, role.name, frozenset(role.functions)))
    of_logins = (
        select(StaffSession.staff_id, func.max(StaffSession.created_at))
        .where(StaffSession.staff_id.in_(ids), StaffSession.stage == "full")
        .group_by(StaffSession.staff_id)
    )
    logins = dict((await db.execute(of_logins)).all())
    return [
        StaffView(
            staff_id=row.id,
            login=row.login,
            name=row.name,
            number=row.number,
            mobile=Phone(sealer.open(row.phone_sealed, PHONE)) if row.phone_sealed else None,
            hospital_id=row.hospital_id,
            supreme=row.supreme,
            second_factor=row.totp_sealed is not None,
            way_in=_way_in(row, now),
            created_at=row.created_at,
            last_login=logins.get(row.id),
            roles=roles.get(row.id, ()),
        )
        for row in rows
    ]


def _way_in(row: Staff, now: datetime) -> str:
    if row.password is None:
        return "none"
    if row.one_time_until is None:
        return "own"
    return "one-time" if row.one_time_until > now else "over"


async def roles(db: AsyncSession) -> list[RoleView]:
    """All roles by name, with how many accounts have each."""
    query = (
        select(Role, func.count(Staff.id))
        .outerjoin(StaffRole, StaffRole.role_id == Role.id)
        .outerjoin(Staff, (Staff.id == StaffRole.staff_id) & (Staff.state == "active"))
        .group_by(Role.id)
        .order_by(Role.name)
    )
    rows = (await db.execute(query)).all()
    return [RoleView(role.id, role.name, frozenset(role.functions), count) for role, count in rows]


async def role(db: AsyncSession, role_id: int) -> RoleView:
    """Raises NotFound."""
    found = next((one for one in await roles(db) if one.role_id == role_id), None)
    if found is None:
        raise NotFound(facts={"what": "role"})
    return found


@dataclass(frozen=True)
class Audited:
    """Which entries are asked for. actor: a login; act: a key of core.http.audit_words."""

    actor: str = ""
    act: str = ""
    since: datetime | None = None
    until: datetime | None = None
    page: int = 1


async def audit_entries(db: AsyncSession, by: Actor, asked: Audited) -> tuple[Sequence[AuditEntry], int]:
    """One page, newest first, and how many there are; staff of a hospital see what its staff did."""
    query = select(AuditEntry)
    if by.hospital_id is not None:
        query = query.where(AuditEntry.hospital_id == by.hospital_id)
    if asked.actor:
        query = query.where(AuditEntry.actor == asked.actor)
    if asked.act:
        query = query.where(AuditEntry.act == asked.act)
    if asked.since:
        query = query.where(AuditEntry.at >= asked.since)
    if asked.until:
        query = query.where(AuditEntry.at < asked.until)
    count = (await db.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
    part = query.order_by(AuditEntry.id.desc()).limit(ON_A_PAGE).offset((asked.page - 1) * ON_A_PAGE)
    return (await db.execute(part)).scalars().all(), count
