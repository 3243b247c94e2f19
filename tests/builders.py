"""A small clinic and its people, for the tests of the engine."""

from dataclasses import dataclass, field
from datetime import date, time

from sqlalchemy import select

from core.booking.commands import Book, Booked, Hold
from core.booking.store import PlainStore
from core.catalogue.engine import posts_of_hospital
from core.catalogue.tables import Department, Doctor, Hospital, Post, Region
from core.credit.tables import BookingRule
from core.people.tables import Person, PersonPhone
from core.schedule.engine import Plan, publish
from core.schedule.tables import Period, Slot
from core.values import Actor, ActorKind, Channel, IdentityKind, Phone, demo_identity, system
from core.work import Hotline, Work

SEED = system("builder")
CALLER = Actor(ActorKind.PATIENT, "ivr", Channel.PHONE)
SURFER = Actor(ActorKind.PATIENT, "web", Channel.WEB)
TEXTER = Actor(ActorKind.PATIENT, "sms", Channel.SMS)
BORN = date(1970, 5, 4)

# The clock of the tests stands at Monday 2026-11-23; visits are on Thursday.
VISIT = date(2026, 11, 26)


@dataclass
class Clinic:
    """One live hospital with two departments and three doctors, and people who want to see them."""

    hotline: Hotline
    hospital_id: int = 0
    department_id: int = 0
    other_department_id: int = 0
    posts: dict[str, int] = field(default_factory=dict)
    doctors: dict[str, int] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)  # identity numbers
    _born: int = 0

    @property
    def store(self) -> PlainStore:
        return PlainStore(self.hotline)

    async def rule(
        self,
        key: str,
        value: str,
        *,
        own: bool = True,
        priority: int = 0,
        period: tuple[str, int] | None = None,
    ) -> int:
        """Set a rule row; own: the hospital's, else common."""
        from core.credit.engine import set_rule

        async with self.hotline.work(SEED) as work:
            return await set_rule(
                work,
                key=key,
                value=value,
                hospital_id=self.hospital_id if own else None,
                priority=priority,
                period_type=period[0] if period else None,
                period_value=period[1] if period else None,
            )

    async def session(
        self,
        post: str = "chen",
        *,
        day: date = VISIT,
        half: str = "am",
        slots: int = 6,
        minutes: int = 30,
        shares: dict[str, int | str] | None = None,
    ) -> int:
        """Publish one session of a doctor: 8:00 to 11:00 or 14:00 to 17:00."""
        starts, ends = (time(8), time(11)) if half == "am" else (time(14), time(17))
        async with self.hotline.work(SEED) as work:
            facts = {p.post_id: p for p in await posts_of_hospital(work.db, self.hospital_id)}
            plan = Plan(facts[self.posts[post]], day, half, starts, ends, minutes, slots, shares or {})
            return (await publish(work, [plan]))[0]

    async def person(
        self,
        name: str,
        *,
        born: date | None = BORN,
        sex: str | None = "female",
        identity: bool = True,
        phone: str | None = None,
    ) -> int:
        self._born += 1
        order = self._born * 2 + (sex == "male")
        async with self.hotline.work(SEED) as work:
            number = demo_identity("0101", born or BORN, order).number
            person = Person(
                name=name, pinyin=name, initials=name, sex=sex, birth_date=born,
                identity_kind=IdentityKind.RESIDENT.value if identity else None,
                identity_sealed=work.sealer.seal(number, "identity") if identity else None,
                identity_print=work.sealer.fingerprint(number, "identity") if identity else None,
                identity_tail_print=work.sealer.fingerprint(number[-4:], "identity-tail") if identity else None,
                created_at=work.now,
            )  # fmt: skip
            work.db.add(person)
            await work.db.flush()
            if phone:
                work.db.add(
                    PersonPhone(
                        person_id=person.id, phone_print=work.sealer.fingerprint(phone, "phone"),
                        phone_tail=work.sealer.fingerprint(phone[-4:], "phone-tail"),
                        phone_sealed=work.sealer.seal(phone, "phone"), created_at=work.now,
                    )
                )  # fmt: skip
            self.people[name] = person.id
            self.numbers[name] = number
            return person.id

    async def book(
        self,
        session_id: int,
        person_id: int,
        *,
        by: Actor = CALLER,
        phone: str | None = None,
        period_id: int | None = None,
        key: str | None = None,
    ) -> Booked:
        """Hold and book in two commands, as every face does."""
        held = await self.store.submit(
            Hold(
                session_id=session_id, owner=f"person:{person_id}", person_id=person_id, period_id=period_id
            ),
            by,
        )
        return await self.store.submit(
            Book(
                hold_id=held.hold_id,
                person_id=person_id,
                contact=Phone(phone or f"10{person_id:09d}"),
                key=key,
            ),
            by,
        )

    async def states(self, session_id: int) -> dict[str, int]:
        """Slots of a session by state."""
        async with self.hotline.read() as db:
            rows = (await db.execute(select(Slot.state).where(Slot.session_id == session_id))).scalars().all()
        return {state: rows.count(state) for state in set(rows)}

    async def periods(self, session_id: int) -> list[int]:
        async with self.hotline.read() as db:
            query = select(Period.id).where(Period.session_id == session_id).order_by(Period.starts_at)
            return list((await db.execute(query)).scalars())


async def clinic(hotline: Hotline, number: int = 1) -> Clinic:
    """Open a clinic: Dr Chen (expert) and Dr Wu in cardiology, and the ordinary number of paediatrics.

    number: 2 and more make further hospitals beside the first.
    """
    made = Clinic(hotline)
    async with hotline.work(SEED) as work:
        region = Region(code=f"990{number}00", name="青石市")
        work.db.add(region)
        await work.db.flush()
        hospital = Hospital(
            code=f"990{number}0001", name="青石市第一人民医院", short_name="市一医院", pinyin="qing shi shi yi", initials="qsyy",
            grade="三甲", kind="general", region_id=region.id, state="live", created_at=work.now,
        )  # fmt: skip
        work.db.add(hospital)
        await work.db.flush()
        made.hospital_id = hospital.id
        made.department_id = await _department(work, hospital.id, "XN", "03.04", "心血管内科")
        made.other_department_id = await _department(work, hospital.id, "EK", "07", "儿科")
        for key, name, department, kind, fee, title in (
            ("chen", "陈建国", made.department_id, "expert", 3000, "主任医师"),
            ("wu", "吴敏", made.department_id, "ordinary", 1000, "主治医师"),
            ("kid", "曾小雨", made.other_department_id, "ordinary", 800, "主治医师"),
        ):
            doctor = Doctor(
                hospital_id=hospital.id, code=key, name=name, pinyin=name, initials=key, title=title,
            )  # fmt: skip
            work.db.add(doctor)
            await work.db.flush()
            post = Post(department_id=department, doctor_id=doctor.id, kind=kind, fee_fen=fee)
            work.db.add(post)
            await work.db.flush()
            made.posts[key], made.doctors[key] = post.id, doctor.id
        if number == 1:
            work.db.add(BookingRule(key="window.last-day", value="14", updated_at=work.now))
    return made


async def _department(work: Work, hospital_id: int, code: str, standard: str, name: str) -> int:
    department = Department(
        hospital_id=hospital_id, code=code, standard_code=standard, name=name, pinyin=name, initials=code,
        where="门诊楼三楼",
    )  # fmt: skip
    work.db.add(department)
    await work.db.flush()
    return department.id
