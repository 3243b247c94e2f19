"""Skills: what callers need and operators have; kept by the hotline's own administrators."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.contact.agent_tables import AgentSkill, Skill, SkillHospital
from core.errors import NotAllowed, NotFound, WrongInput
from core.events import SkillKept
from core.staff import audit
from core.staff.tables import Staff
from core.work import Work

MOST_LABEL = 20
_CODE = re.compile(r"[a-z][a-z0-9-]{1,19}")


@dataclass(frozen=True)
class SkillView:
    """hospitals: whose callers need it. people: 工号 and name of who has it, from their next sign-in on."""

    code: str
    label: str
    hospitals: frozenset[int]
    people: tuple[tuple[str, str], ...]


async def skills(db: AsyncSession) -> Sequence[SkillView]:
    """Every skill, by code."""
    cares: dict[str, set[int]] = {}
    for row in (await db.execute(select(SkillHospital))).scalars():
        cares.setdefault(row.skill, set()).add(row.hospital_id)
    has: dict[str, list[tuple[str, str]]] = {}
    query = (
        select(AgentSkill.skill, Staff.number, Staff.name)
        .join(Staff, Staff.id == AgentSkill.staff_id)
        .where(Staff.state == "active", Staff.number.is_not(None))
        .order_by(Staff.number)
    )
    for skill, number, name in await db.execute(query):
        has.setdefault(skill, []).append((number or "", name))
    rows = (await db.execute(select(Skill).order_by(Skill.code))).scalars()
    return [
        SkillView(row.code, row.label, frozenset(cares.get(row.code, ())), tuple(has.get(row.code, ())))
        for row in rows
    ]


async def keep_skill(
    work: Work, code: str, label: str, hospitals: Iterable[int], numbers: Iterable[str]
) -> None:
    """Make a skill, or make it so; a hospital that another group cared for changes to this one.

    numbers: the 工号 of those who have it. Raises NotAllowed, WrongInput (field code, label or people).
    """
    _may(work)
    label = label.strip()
    if not _CODE.fullmatch(code):
        raise WrongInput(facts={"field": "code"})
    if not label or len(label) > MOST_LABEL:
        raise WrongInput(facts={"field": "label"})
    people = await _people(work, set(numbers))
    row = await work.db.get(Skill, code)
    if row is None:
        work.db.add(Skill(code=code, label=label))
    else:
        row.label = label
    await work.db.flush()
    cared = set(hospitals)
    await work.db.execute(
        delete(SkillHospital).where((SkillHospital.skill == code) | SkillHospital.hospital_id.in_(cared))
    )
    work.db.add_all(SkillHospital(hospital_id=one, skill=code) for one in sorted(cared))
    await work.db.execute(delete(AgentSkill).where(AgentSkill.skill == code))
    work.db.add_all(AgentSkill(staff_id=one, skill=code) for one in people)
    await work.db.flush()
    work.record(SkillKept(code=code, there=True))
    what = f"{label}（{code}）：{len(people)} 人，{len(cared)} 家医院"
    await audit.note(work, "skill-kept", what=what)


async def drop_skill(work: Work, code: str) -> None:
    """Nobody needs or has it any more; who waits for it is served by anybody. Raises NotAllowed, NotFound."""
    _may(work)
    row = await work.db.get(Skill, code)
    if row is None:
        raise NotFound(facts={"what": "skill"})
    await work.db.execute(delete(SkillHospital).where(SkillHospital.skill == code))
    await work.db.execute(delete(AgentSkill).where(AgentSkill.skill == code))
    await work.db.delete(row)
    await work.db.flush()
    work.record(SkillKept(code=code, there=False))
    await audit.note(work, "skill-dropped", what=f"{row.label}（{code}）")


async def _people(work: Work, numbers: set[str]) -> list[int]:
    query = select(Staff).where(Staff.number.in_(numbers), Staff.state == "active")
    found = {one.number: one.id for one in (await work.db.execute(query)).scalars()}
    if unknown := sorted(numbers - found.keys()):
        raise WrongInput(facts={"field": "people", "unknown": " ".join(unknown)[:60]})
    return sorted(found.values())


def _may(work: Work) -> None:
    if not work.by.may("staff") or not work.by.sees(None):
        raise NotAllowed(facts={"function": "staff"})
