"""The invented province's hospitals, doctors, weekly templates, rules, hours and staff, as rows."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from core.catalogue.tables import Campus, Department, Doctor, Hospital, Post, Region
from core.contact.tables import Greeting, Holiday, OpeningHours
from core.credit.engine import set_rule
from core.people.naming import initials_of, pinyin_of
from core.schedule.tables import Template
from core.staff.engine import create_role, create_staff, give_role
from core.values import day_of
from core.work import Work
from hotline.demo_words import (
    CAPACITY,
    CITIES,
    COMMON_RULES,
    COUNTIES,
    GIVEN,
    GREETINGS,
    HALVES,
    HOSPITALS,
    HOURS,
    KNOWN,
    MADE_UP,
    NO_ORDINARY,
    NOBODY,
    PROVINCE,
    REST,
    ROLES,
    SHARES,
    STAFF,
    SURNAMES,
    TITLES,
    WORKDAYS,
    DoctorPlan,
    HospitalPlan,
    Row,
)

# Everything random is drawn from here, so that the province is the same at each seeding.
SEED = 12320


_KNOWN_NAMES = {plan.name for plans in KNOWN.values() for plan in plans}


@dataclass(frozen=True)
class Size:
    """How much of the province is written: hospitals, and the most departments and doctors of each."""

    hospitals: int
    departments: int
    doctors: int


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
        await _Staffing(work, dice, hospital, place, plan, size).write()
    await _contact(work)
    await _staff(work)


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


class _Staffing:
    """One hospital's departments, doctors, posts and templates."""

    def __init__(
        self, work: Work, dice: random.Random, hospital: Hospital, place: int, plan: HospitalPlan, size: Size
    ) -> None:
        self._work, self._dice, self._hospital, self._place, self._plan = work, dice, hospital, place, plan
        self._departments = min(plan.departments, size.departments)
        self._doctors = min(plan.doctors, size.doctors)
        self._code = count(1)
        # Templates hold from two months ago, so that there is a past to have been in.
        self._from: date = day_of(work.now) - timedelta(days=60)

    async def write(self) -> None:
        """The first departments get the known doctors, and every department its share of the rest."""
        subjects = self._plan.subjects[: self._departments]
        beyond = self._departments - len(subjects)
        known = {number: KNOWN.get((self._place, number), ()) for number in range(self._departments)}
        left = max(0, self._doctors - sum(map(len, known.values())))
        for number in range(self._departments):
            subject = subjects[number] if number < len(subjects) else self._plan.subjects[number - beyond]
            name = subject[1] if number < len(subjects) else f"{subject[1]}二区"
            department = await self._department(number, subject[0], name)
            if (self._place, number) not in NO_ORDINARY:
                await self._templates(await self._post(department.id, None, "ordinary", 500))
            plans = list(known[number])
            if (self._place, number) not in NO_ORDINARY:
                share = left // self._departments + (number < left % self._departments)
                plans += [self._drawn() for _ in range(share)]
            for plan in plans:
                await self._doctor(department.id, plan, subject[2])

    async def _department(self, number: int, standard: str, name: str) -> Department:
        pinyin = pinyin_of(name, person=False)
        row = Department(
            hospital_id=self._hospital.id,
            code=f"{number + 1:03}",
            standard_code=standard,
            name=name,
            pinyin=pinyin,
            initials=initials_of(pinyin),
            menu_order=number,
            where=f"门诊楼{'一二三四五六'[number % 6]}楼{'东西'[number % 2]}区",
        )
        self._work.db.add(row)
        await self._work.db.flush()
        return row

    def _drawn(self) -> DoctorPlan:
        titles = list(TITLES)
        (title,) = self._dice.choices(titles, [TITLES[name][0] for name in titles])
        _, _, low, high = TITLES[title]
        sex = self._dice.choice(("male", "female"))
        (surname,) = self._dice.choices(list(SURNAMES), list(SURNAMES.values()))
        given = "".join(self._dice.choices(GIVEN[sex], k=self._dice.choice((1, 2, 2))))
        kind = TITLES[title][1]
        half_days = self._dice.sample([(half, day) for half in ("am", "pm") for day in WORKDAYS], k=4)
        days = {half: tuple(sorted(d for h, d in half_days if h == half)) for half in ("am", "pm")}
        capacity = self._dice.randint(*CAPACITY[kind])
        return DoctorPlan(
            surname + given, sex, title, self._dice.randrange(low, high + 1, 100), days, capacity
        )

    async def _doctor(self, department_id: int, plan: DoctorPlan, speciality: str) -> None:
        pinyin = pinyin_of(plan.name)
        row = Doctor(
            hospital_id=self._hospital.id,
            code=f"{next(self._code):04}",
            name=plan.name,
            pinyin=pinyin,
            initials=initials_of(pinyin),
            sex=plan.sex,
            title=plan.title,
            speciality=speciality,
            recommended=plan.title == "主任医师" and self._dice.random() < 0.2,
        )
        self._work.db.add(row)
        await self._work.db.flush()
        kind, fee_fen, capacity = self._number(plan)
        post = await self._post(department_id, row.id, kind, fee_fen)
        shares = self._dice.choice(SHARES) if self._plan.shares else {}
        for half, weekdays in plan.days.items():
            for weekday in weekdays:
                self._template(post, weekday, half, capacity, dict(shares))

    def _number(self, plan: DoctorPlan) -> tuple[str, int, int]:
        """Kind of number, fee in fen, slots of a half-day; some experts see one disease, or few people."""
        usual = TITLES[plan.title][1]
        rare = self._dice.random() < 0.12 and usual == "expert" and plan.name not in _KNOWN_NAMES
        if not rare:
            return usual, plan.fee_fen, plan.capacity
        if plan.title == "主任医师":
            return (
                "special",
                self._dice.randrange(100, 301, 50) * 100,
                self._dice.randint(*CAPACITY["special"]),
            )
        return "disease", plan.fee_fen, self._dice.randint(*CAPACITY["disease"])

    async def _post(self, department_id: int, doctor_id: int | None, kind: str, fee_fen: int) -> int:
        row = Post(department_id=department_id, doctor_id=doctor_id, kind=kind, fee_fen=fee_fen)
        self._work.db.add(row)
        await self._work.db.flush()
        return row.id

    async def _templates(self, post: int) -> None:
        """The department's own number, each working half-day."""
        for half in ("am", "pm"):
            for weekday in WORKDAYS:
                self._template(post, weekday, half, self._dice.randint(*CAPACITY["department"]), {})

    def _template(
        self, post: int, weekday: int, half: str, capacity: int, shares: dict[str, int | str]
    ) -> None:
        starts, ends = HALVES[half]
        self._work.db.add(
            Template(
                post_id=post,
                weekday=weekday,
                half=half,
                starts=starts,
                ends=ends,
                period_minutes=30 if capacity > 4 else 60,
                capacity=capacity,
                shares=shares,
                room=f"{self._dice.randint(1, 6)}{self._dice.randint(1, 30):02}诊室",
                valid_from=self._from,
            )
        )


async def _contact(work: Work) -> None:
    """When people answer, and what is said on special days."""
    for weekday, (opens, closes) in HOURS.items():
        work.db.add(OpeningHours(dnis=None, weekday=weekday, opens=opens, closes=closes))
    for name, days in REST:
        work.db.add_all(Holiday(day=day, name=name, working=False, staffed=day not in NOBODY) for day in days)
    work.db.add_all(Holiday(day=day, name=name, working=True) for name, day in MADE_UP)
    work.db.add_all(Greeting(name=name, text=text, on=False) for name, text in GREETINGS)


async def _staff(work: Work) -> None:
    roles: dict[str, int] = {}
    for name, functions in ROLES.items():
        roles[name] = await create_role(work, name, set(functions))
    for login, name, theirs in STAFF:
        staff = await create_staff(work, login=login, name=name, number=login)
        for role in theirs:
            await give_role(work, staff, roles[role])


def surname_weights() -> tuple[Sequence[str], Sequence[int]]:
    """Surnames and how common each is."""
    return list(SURNAMES), list(SURNAMES.values())
