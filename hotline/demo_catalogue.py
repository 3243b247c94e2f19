"""The invented province's hospitals, doctors, weekly templates, rules, hours and staff, as rows."""

import random

from core.catalogue.tables import Campus, Hospital, Region
from core.contact.tables import Greeting, Holiday, OpeningHours
from core.credit.engine import set_rule
from core.people.naming import initials_of, pinyin_of
from core.work import Work
from hotline.demo_staffing import Size, Staffing
from hotline.demo_words import (
    CITIES,
    COMMON_RULES,
    COUNTIES,
    GREETINGS,
    HOSPITALS,
    HOURS,
    MADE_UP,
    NOBODY,
    PROVINCE,
    REST,
    HospitalPlan,
    Row,
)

# Everything random is drawn from here, so that the province is the same at each seeding.
SEED = 12320


SIZES = {"demo": Size(len(HOSPITALS), 99, 999), "tiny": Size(2, 3, 8)}


async def write(work: Work, size: Size) -> None:
    """Everything but sessions and people, into an empty database."""
    dice = random.Random(SEED)
    regions = await _regions(work)
    for key_value in COMMON_RULES:
        await _rule(work, key_value, None)
    made: list[int] = []
    for place, plan in enumerate(HOSPITALS[: size.hospitals]):
        hospital = await _hospital(work, plan, place, regions[plan.city], made)
        made.append(hospital.id)
        await Staffing(work, dice, hospital, place, plan, size).write()
    await _contact(work)


async def _regions(work: Work) -> list[int]:
    province = Region(code=PROVINCE[0], name=PROVINCE[1])
    work.db.add(province)
    await work.db.flush()
    ids = []
    for place, city in enumerate(CITIES, start=1):
        row = Region(code=f"99{place:02}00", name=city, parent_id=province.id)
        work.db.add(row)
        await work.db.flush()
        ids.append(row.id)
        work.db.add_all(
            Region(code=f"99{place:02}{number:02}", name=f"{city[0]}{county}区", parent_id=row.id)
            for number, county in enumerate(COUNTIES, start=1)
        )
    return ids


async def _hospital(work: Work, plan: HospitalPlan, place: int, region: int, before: list[int]) -> Hospital:
    pinyin = pinyin_of(plan.name, person=False)
    row = Hospital(
        code=f"9901{place + 1:04}",
        name=plan.name,
        short_name=plan.short,
        pinyin=pinyin,
        initials=initials_of(pinyin),
        grade=plan.grade,
        kind=plan.kind,
        region_id=region,
        address=f"{CITIES[plan.city]}健康路{place * 7 + 12}号",
        introduction=f"{plan.name}是虚构的医院，仅用于演示。",
        state=plan.state,
        mode=plan.mode,
        menu_order=place,
        parent_id=before[plan.parent] if plan.parent is not None else None,
        created_at=work.now,
    )
    work.db.add(row)
    await work.db.flush()
    work.db.add(Campus(hospital_id=row.id, name="本部", address=row.address))
    for key_value in plan.rules:
        await _rule(work, key_value, row.id)
    return row


async def _rule(work: Work, row: Row, hospital_id: int | None) -> None:
    period_type, period_value = (row[2], row[3]) if len(row) == 4 else (None, None)
    await set_rule(
        work,
        key=row[0],
        value=row[1],
        hospital_id=hospital_id,
        period_type=period_type,
        period_value=period_value,
    )


async def _contact(work: Work) -> None:
    """When people answer, and what is said on special days."""
    for weekday, (opens, closes) in HOURS.items():
        work.db.add(OpeningHours(dnis=None, weekday=weekday, opens=opens, closes=closes))
    for name, days in REST:
        work.db.add_all(Holiday(day=day, name=name, working=False, staffed=day not in NOBODY) for day in days)
    work.db.add_all(Holiday(day=day, name=name, working=True) for name, day in MADE_UP)
    work.db.add_all(Greeting(name=name, text=text, on=False) for name, text in GREETINGS)
