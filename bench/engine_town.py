"""The town of the engine bench: five hospitals with rules of their own, and people known by identity."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select

from bench.engine_past import SLOTS, written
from bench.engine_past import past as past_visits
from core.catalogue.engine import posts_of_hospital
from core.catalogue.tables import Department, Doctor, Hospital, Post, Region
from core.chance import SystemChance
from core.credit.engine import set_rule
from core.database import open_database
from core.links import cashiers
from core.migrations import upgrade
from core.people.tables import Person
from core.schedule.engine import Plan, publish
from core.sealing import AesSealer
from core.values import IdentityKind, demo_identity, system
from core.work import Hotline, Work
from hotline import aftermath, schema  # noqa: F401 every table must be known before one is made
from sms import inbound, outbound
from tests.clocks import RunningClock

MASTER = b"a secret of the benches, 32 bytes"
SEED = system("bench")
# Monday, ten o'clock in Shanghai: what is published for this week and the next is released.
STARTS = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
FIRST_DAY = date(2026, 11, 25)
HOSPITALS, POSTS, DAYS = 5, 20, 5
HOT_SLOTS, HOT_DAYS, RUSH_SLOTS = 4000, 5, 30
PEOPLE, PAST = 200_000, 30_000
# Of each hospital, so that every booking is judged by rows and not by defaults alone.
OWN_RULES = {
    "booking.hours": "06:00-23:00",
    "cancel.deadline": "day-1 17:00",
    "cancel.deadline@kind=expert": "day-1 12:00",
    "hold.minutes": "8",
    "identity.needed": "yes",
    "limit.day": "2",
    "limit.live": "4",
    "limit.doctor-period": "3",
    "overlap.minutes": "60",
    "rebook.pause-minutes": "30",
}


@dataclass
class Town:
    """sessions: with 60 numbers each. hot: thousands each, wanted by all, one after the other. rush: one
    with 30. people: the first of as many consecutive ids."""

    sessions: list[int]
    hot: list[int]
    rush: int
    first_person: int
    people: int
    past: int


def open_town(url: str) -> Hotline:
    """The engine on a town, with the routes of the house; closed by `hotline.database.close`."""
    routes = aftermath.merged(outbound.ROUTES, inbound.ROUTES, cashiers.ROUTES, aftermath.ROUTES)
    return Hotline(
        open_database(url), RunningClock(STARTS), SystemChance(), AesSealer(MASTER), demo=True, routes=routes
    )


async def renewed(url: str) -> None:
    """A town that was kept, at the newest schema."""
    database = open_database(url)
    try:
        await upgrade(database)
    finally:
        await database.close()


async def build(url: str, *, people: int = PEOPLE, past: int = PAST) -> Town:
    """Write it into an empty database, at the newest schema."""
    hotline = open_town(url)
    try:
        await upgrade(hotline.database)
        hospitals = [await _hospital(hotline, number) for number in range(HOSPITALS)]
        sessions: list[int] = []
        for hospital_id in hospitals:
            sessions += await _week(hotline, hospital_id)
        hot, rush = await _wanted(hotline, hospitals[0])
        first = await _people(hotline, people)
        await past_visits(hotline, first, people, past)
        return Town(sessions, hot, rush, first, people, past)
    finally:
        await hotline.database.close()


async def _hospital(hotline: Hotline, number: int) -> int:
    """With four departments; each post is another doctor's."""
    async with hotline.work(SEED) as work:
        region = await _added(work, Region(code=f"99{number:02d}00", name=f"区{number}"))
        hospital = await _added(
            work,
            Hospital(
                code=f"99{number:02d}000001", name=f"第{number}医院", short_name=f"{number}院",
                pinyin="yi yuan", initials="yy", grade="三甲", kind="general", region_id=region, state="live",
                created_at=work.now,
            ),
        )  # fmt: skip
        for place in range(POSTS):
            if place % 5 == 0:
                code = ("03.04", "04.01", "07", "10")[place // 5]
                department = await _added(
                    work,
                    Department(
                        hospital_id=hospital, code=f"d{place}", standard_code=code, name=f"科{place}",
                        pinyin="ke", initials="k",
                    ),
                )  # fmt: skip
            doctor = await _added(
                work,
                Doctor(
                    hospital_id=hospital, code=f"{place}", name=f"医生{place}", pinyin="yi sheng",
                    initials="ys", title="主任医师",
                ),
            )  # fmt: skip
            kind, fee = ("expert", 3000) if place % 2 else ("ordinary", 1000)
            await _added(work, Post(department_id=department, doctor_id=doctor, kind=kind, fee_fen=fee))
        if number == 0:
            await set_rule(work, key="window.last-day", value="14")
        for key, value in OWN_RULES.items():
            await set_rule(work, key=key, value=value, hospital_id=hospital)
    return hospital


async def _added(work: Work, row: Any) -> int:
    work.db.add(row)
    await work.db.flush()
    return int(row.id)


async def _week(hotline: Hotline, hospital_id: int) -> list[int]:
    """Every post on five days, morning and afternoon; six periods each."""
    async with hotline.work(SEED) as work:
        plans = [
            Plan(post, FIRST_DAY + timedelta(days=ahead), half, starts, ends, 30, SLOTS)
            for post in await posts_of_hospital(work.db, hospital_id)
            for ahead in range(DAYS)
            for half, starts, ends in (("am", time(8), time(11)), ("pm", time(14), time(17)))
        ]
        return await publish(work, plans)


async def _wanted(hotline: Hotline, hospital_id: int) -> tuple[list[int], int]:
    """The sessions that all want: thousands of numbers a day, and one of thirty."""
    async with hotline.work(SEED) as work:
        post = (await posts_of_hospital(work.db, hospital_id))[1]
        days = [FIRST_DAY + timedelta(days=DAYS + ahead) for ahead in range(HOT_DAYS + 1)]
        plans = [Plan(post, day, "am", time(8), time(11), 30, HOT_SLOTS) for day in days[:-1]]
        *hot, rush = await publish(
            work, [*plans, Plan(post, days[-1], "am", time(8), time(11), 30, RUSH_SLOTS)]
        )
        return hot, rush


async def _people(hotline: Hotline, number: int) -> int:
    """Grown-ups with invented identity numbers; returns the first id."""
    sealer, born_first, now = hotline.sealer, date(1950, 1, 1), hotline.clock.now()

    def rows() -> Iterator[dict[str, Any]]:
        for one in range(number):
            born = born_first + timedelta(days=one % 20_000)
            identity = demo_identity("0101", born, one // 20_000).number
            yield {
                "name": f"患者{one}", "pinyin": "huan zhe", "initials": "hz", "sex": "female",
                "birth_date": born, "identity_kind": IdentityKind.RESIDENT.value,
                "identity_sealed": sealer.seal(identity, "identity"),
                "identity_print": sealer.fingerprint(identity, "identity"),
                "identity_tail_print": sealer.fingerprint(identity[-4:], "identity-tail"),
                "verified": "number", "created_at": now,
            }  # fmt: skip

    await written(hotline.database, Person, rows())
    async with hotline.read() as db:
        query = select(func.min(Person.id), func.max(Person.id), func.count())
        first, last, there = (await db.execute(query)).one()
    assert last - first + 1 == there == number
    return int(first)
