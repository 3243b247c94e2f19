"""One invented hospital's departments and doctors, and when they see patients."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from core.catalogue.tables import Department, Doctor, Hospital, Post
from core.people.naming import initials_of, pinyin_of
from core.schedule.tables import ScheduleException, Template
from core.values import day_of
from core.work import Work
from hotline.demo_words import (
    CAPACITY,
    GIVEN,
    HALVES,
    KNOWN,
    KNOWN_NAMES,
    NO_ORDINARY,
    SHARES,
    SURNAMES,
    TITLES,
    WORKDAYS,
    DoctorPlan,
    HospitalPlan,
)


@dataclass(frozen=True)
class Size:
    """How much of the province is written: hospitals, and the most departments and doctors of each."""

    hospitals: int
    departments: int
    doctors: int


class Staffing:
    """One hospital's departments, doctors, posts and templates."""

    def __init__(
        self, work: Work, dice: random.Random, hospital: Hospital, place: int, plan: HospitalPlan, size: Size
    ) -> None:
        self._work, self._dice, self._hospital, self._place, self._plan = work, dice, hospital, place, plan
        self._departments = min(plan.departments, size.departments)
        self._doctors = min(plan.doctors, size.doctors)
        self._code = count(1)
        # Templates hold from two months ago, so that there is a past to have been in.
        self._today = day_of(work.now)
        self._from = self._today - timedelta(days=60)

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
                post = await self._doctor(department.id, plan, subject[2])
                if plan.name not in KNOWN_NAMES:  # those are as the guide says
                    self._changes(post, plan)

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

    async def _doctor(self, department_id: int, plan: DoctorPlan, speciality: str) -> int:
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
        return post

    def _number(self, plan: DoctorPlan) -> tuple[str, int, int]:
        """Kind of number, fee in fen, slots of a half-day; some experts see one disease, or few people."""
        usual = TITLES[plan.title][1]
        rare = self._dice.random() < 0.12 and usual == "expert" and plan.name not in KNOWN_NAMES
        if not rare:
            return usual, plan.fee_fen, plan.capacity
        if plan.title == "主任医师":
            return (
                "special",
                self._dice.randrange(100, 301, 50) * 100,
                self._dice.randint(*CAPACITY["special"]),
            )
        return "disease", plan.fee_fen, self._dice.randint(*CAPACITY["disease"])

    def _changes(self, post: int, plan: DoctorPlan) -> None:
        """A few are away for a week, and a few see patients on a Saturday besides."""
        drawn = self._dice.random()
        if drawn < 0.03:
            away = self._today + timedelta(days=self._dice.randint(1, 7))
            for day in (away + timedelta(days=number) for number in range(7)):
                self._exceptions(post, day, [h for h in plan.days if day.isoweekday() in plan.days[h]], "off")
        elif drawn < 0.06:
            self._exceptions(
                post, self._today + timedelta(days=13 - self._today.isoweekday()), ["am"], "extra"
            )

    def _exceptions(self, post: int, day: date, halves: list[str], kind: str) -> None:
        extra = kind == "extra"
        for half in halves:
            row = ScheduleException(
                post_id=post, day=day, half=half, kind=kind, reason="加班门诊" if extra else "休假",
            )  # fmt: skip
            if extra:
                row.starts, row.ends = HALVES[half]
                row.capacity = self._dice.randint(*CAPACITY["expert"])
            self._work.db.add(row)

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
