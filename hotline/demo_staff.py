"""Staff of the fictional province, whose passwords stand on the start page of the demo."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select, update

from core.catalogue.tables import Hospital
from core.staff.engine import create_staff, set_roles
from core.staff.passwords import Passwords
from core.staff.roles import create_role
from core.staff.tables import Role, Staff
from core.work import Hotline, Work
from hotline.demo_people import WRITER
from web.house import DemoPerson

PASSWORD = "demo-12320"  # everybody may know it: nobody in the demo is real

ROLES: Mapping[str, frozenset[str]] = {
    "话务员": frozenset({"desk", "book", "query"}),
    "班长": frozenset(
        {
            "desk", "book", "query", "reveal", "override-deadline", "leave", "leave-approve", "appeals",
            "wall", "supervise", "recordings", "reports", "export", "texts",
        }
    ),
    "质检员": frozenset({"recordings", "quality", "reports"}),
    "医院管理员": frozenset(
        {
            "catalogue", "schedule", "leave", "leave-approve", "query", "reports", "staff",
            "announcements", "settlement",
        }
    ),
    "管理员": frozenset(
        {
            "rules", "catalogue", "schedule", "staff", "reports", "export",
            "announcements", "settlement", "texts",
        }
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Person:
    """hospital: by its place in the menu, from 1; None: of the hotline."""

    login: str
    name: str
    role: str
    about: str
    number: str | None = None
    hospital: int | None = None


ADMINISTRATOR = "admin"
STAFF = (
    Person("8001", "林静", "话务员", "话务员：接听、查询、预约", "8001"),
    Person("8002", "高勇", "话务员", "话务员", "8002"),
    Person("8003", "罗敏", "话务员", "话务员", "8003"),
    Person("8004", "谢明", "话务员", "话务员", "8004"),
    Person("9001", "邓岚", "班长", "班长：大屏、监听、报表", "9001"),
    Person("9101", "石磊", "质检员", "质检：调听录音、评分", "9101"),
    Person("yiyuan1", "叶青", "医院管理员", "省人民医院的管理员，只看得到本院", hospital=1),
    Person("guanli", "冯涛", "管理员", "规则、排班、人员、公告、对账、短信"),
    Person(ADMINISTRATOR, "超级管理员", "", "全部功能，不能删除"),
)
PEOPLE = tuple(DemoPerson(one.login, one.name, PASSWORD, one.about) for one in STAFF)


async def write(hotline: Hotline) -> None:
    """Whoever of them is missing, with a password; those who are there keep what was changed."""
    async with hotline.read() as db:
        known = await db.execute(select(Staff.login).where(Staff.password.is_not(None)))
        missing = {one.login for one in STAFF} - set(known.scalars())
    if not missing:
        return
    # One weak hash for all is enough for a password that stands on the start page.
    hashed = await Passwords.quick().hash(PASSWORD)

    async def act(work: Work) -> None:
        roles = {row.name: row.id for row in (await work.db.execute(select(Role))).scalars()}
        for name, functions in ROLES.items():
            if name not in roles:
                roles[name] = await create_role(work, name, set(functions))
        for one in STAFF:
            if one.login in missing:
                await _person(work, one, roles, hashed)

    await hotline.run(act, WRITER)


async def _person(work: Work, one: Person, roles: Mapping[str, int], hashed: str) -> None:
    row = (await work.db.execute(select(Staff).where(Staff.login == one.login))).scalar_one_or_none()
    if row is not None and row.state != "active":
        return  # deleted by a visitor, and that is for good
    hospital_id = await _hospital(work, one.hospital) if one.hospital else None
    staff_id = row.id if row is not None else await create_staff(
        work, login=one.login, name=one.name, number=one.number, hospital_id=hospital_id,
        supreme=one.login == ADMINISTRATOR,
    )  # fmt: skip
    if one.role:
        await set_roles(work, staff_id, {roles[one.role]})
    await work.db.execute(update(Staff).where(Staff.id == staff_id).values(password=hashed))


async def _hospital(work: Work, place: int) -> int:
    rows = select(Hospital.id).order_by(Hospital.menu_order, Hospital.id).offset(place - 1).limit(1)
    return (await work.db.execute(rows)).scalar_one()
