"""The fictional province: what the start page promises of its cast is so."""

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.booking.loading import asked, facts_for
from core.booking.may import may_book
from core.booking.store import PlainStore
from core.booking.tables import Appointment
from core.catalogue.tables import Doctor, Hospital
from core.contact.rules import Disposition
from core.credit.engine import active_blocks
from core.database import open_database
from core.leave.tables import Leave, LeaveCase
from core.people.engine import household
from core.people.tables import Person, PersonPhone
from core.schedule.tables import Session, Slot
from core.sealing import AesSealer
from core.values import DEMO_REGION, Channel, Phone, day_of
from core.work import Hotline
from hotline import demo
from hotline.demo_crowd import Crowd
from hotline.demo_people import (
    BLOCKED,
    CHILD,
    ELDER,
    LI,
    STRANGER,
    STRANGERS_PHONE,
    WANG,
    WRITER,
    ZHOU,
    Patient,
)
from ivr.line import Manners
from ivr.reception import Desk
from tests.builders import clinic
from tests.callers import Caller
from tests.clocks import FrozenClock, SeededChance
from tests.conftest import MASTER
from tests.postgres import Cluster
from tests.sharing import seeded, whole_demo

__all__ = ["whole_demo"]


@pytest.fixture(scope="session")
def province_file(sqlite_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seeded once, copied for each test: quicker than sowing it each time."""
    path = tmp_path_factory.mktemp("province") / "province.db"
    shutil.copy(sqlite_model, path)
    asyncio.run(seeded(f"sqlite+aiosqlite:///{path}", "tiny"))
    return path


@pytest.fixture(scope="session")
def province_model(postgres: Cluster) -> str:
    """The same on PostgreSQL: the name of a database to be copied."""
    postgres.make("province")
    asyncio.run(seeded(postgres.url("province"), "tiny"))
    return "province"


@pytest.fixture(params=["sqlite", "postgresql"])
def province_url(request: pytest.FixtureRequest, in_memory: Path) -> Iterator[str]:
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("province_file"), in_memory / "province.db")
        yield f"sqlite+aiosqlite:///{in_memory / 'province.db'}"
    else:
        cluster: Cluster = request.getfixturevalue("postgres")
        with cluster.database(request.getfixturevalue("province_model")) as url:
            yield url


@pytest.fixture
async def province(province_url: str, clock: FrozenClock) -> AsyncIterator[Hotline]:
    database = open_database(province_url)
    yield Hotline(database, clock, SeededChance(12321), AesSealer(MASTER), demo=True)
    await database.close()


async def person_of(hotline: Hotline, patient: Patient) -> int:
    async with hotline.read() as db:
        mark = hotline.sealer.fingerprint(patient.identity.number, "identity")
        return (await db.execute(select(Person.id).where(Person.identity_print == mark))).scalar_one()


async def published(hotline: Hotline) -> Counter[tuple[int, date]]:
    """Sessions by post and day."""
    async with hotline.read() as db:
        return Counter((post, day) for post, day in await db.execute(select(Session.post_id, Session.day)))


async def call(hotline: Hotline, keys: str, ani: str | None) -> tuple[Disposition, Caller]:
    caller = Caller(keys, ani=ani)
    return await Desk(hotline, PlainStore(hotline), Manners()).receive(caller), caller


def keyed(patient: Patient) -> tuple[str, str]:
    number = patient.identity.number.replace("X", "*")
    return number[-4:], number


@pytest.mark.req("R-078")
async def test_li_xiuying_books_her_doctor_again_with_six_keys(province: Hotline) -> None:
    ended, caller = await call(province, f"1{keyed(LI)[0]}1.", LI.phone)
    assert ended is Disposition.BOOKED, caller.words
    assert "曾文华" in "".join(caller.words)
    assert caller.pressed == 6


async def test_the_elder_is_led_to_a_person_at_once(province: Hotline) -> None:
    ended, caller = await call(province, "", ELDER.phone)
    assert (ended, caller.target) == (Disposition.TO_PERSON, "queue")


async def test_zhou_min_has_an_appointment_to_cancel(province: Hotline) -> None:
    ended, caller = await call(province, "41.", ZHOU.phone)
    assert ended is Disposition.CANCELLED, caller.words


async def test_who_missed_three_visits_is_refused_and_told_why(province: Hotline) -> None:
    person = await person_of(province, BLOCKED)
    async with province.read() as db:
        assert await active_blocks(db, person, province.clock.now())
    _, caller = await call(province, f"1{keyed(BLOCKED)[0]}2!", BLOCKED.phone)
    assert caller.heard[3:6] == ["credit-missed", "credit-until", "credit-menu"]


async def test_the_doctor_who_is_away_has_a_leave_in_force(province: Hotline) -> None:
    async with province.read() as db:
        (leave,) = (await db.execute(select(Leave))).scalars().all()
        stopped = await db.scalar(select(func.count()).where(Session.state == "stopped"))
        displaced = await db.scalar(select(func.count()).select_from(LeaveCase))
    assert (leave.state, stopped) == ("approved", 1)
    assert displaced


async def test_a_family_shares_one_number(province: Hotline) -> None:
    async with province.read() as db:
        names = {one.name for one in await household(db, province.sealer, Phone(str(WANG.phone)))}
    assert names == {WANG.name, CHILD.name}


async def test_the_strange_number_is_nobodys_and_its_identity_is_known(province: Hotline) -> None:
    async with province.read() as db:
        assert await household(db, province.sealer, Phone(STRANGERS_PHONE)) == []
    _, caller = await call(province, f"1{keyed(STRANGER)[1]}", STRANGERS_PHONE)
    assert "choose-hospital" in caller.heard


async def test_nobody_in_it_can_exist(province: Hotline) -> None:
    async with province.read() as db:
        for sealed in (await db.execute(select(Person.identity_sealed))).scalars():
            assert sealed
            assert province.sealer.open(sealed, "identity").startswith(DEMO_REGION)
        for sealed in (await db.execute(select(PersonPhone.phone_sealed))).scalars():
            assert province.sealer.open(sealed, "phone").startswith("107")


async def test_a_doctor_is_away_and_another_is_sold_out(province: Hotline) -> None:
    async with province.read() as db:
        stopped = select(func.count()).select_from(Session).where(Session.state == "stopped")
        assert (await db.execute(stopped)).scalar_one() == 1
        her = select(Slot.state).join(Session, Session.id == Slot.session_id)
        her = her.join(Doctor, Doctor.id == Session.doctor_id).where(Doctor.name == "仇玉兰")
        open_now = her.where(
            Session.release_at <= province.clock.now(), Session.stop_at > province.clock.now()
        )
        assert set((await db.execute(open_now)).scalars()) == {"booked"}


async def test_it_is_not_written_over_what_is_there(province: Hotline) -> None:
    assert not await demo.is_empty(province)
    with pytest.raises(ValueError, match="already"):
        await demo.seed(province, "tiny")


async def test_a_seeding_that_is_broken_off_leaves_nothing_behind(
    hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def interrupted(_: Crowd) -> int:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(Crowd, "write", interrupted)
        with pytest.raises(asyncio.CancelledError):
            await demo.seed(hotline, "tiny")
    assert await demo.is_empty(hotline)
    assert (await demo.seed(hotline, "tiny")).cast == demo.CAST


async def test_after_days_off_the_missing_days_are_published_and_no_others(
    province: Hotline, clock: FrozenClock
) -> None:
    before = await published(province)
    assert await demo.publish_next(province) == 0
    clock.advance(days=3)
    made = await demo.publish_next(province)
    after = await published(province)
    today = day_of(clock.now())
    assert made == sum(after.values()) - sum(before.values()) > 0
    assert before.items() <= after.items()
    assert {day for _, day in after} >= {today + timedelta(days=n) for n in range(15)}
    assert await demo.publish_next(province) == 0


async def test_after_weeks_zhou_min_has_an_appointment_again(province: Hotline, clock: FrozenClock) -> None:
    clock.advance(days=20)
    await demo.renew(province)
    await demo.renew(province)
    ended, caller = await call(province, "41.", ZHOU.phone)
    assert ended is Disposition.CANCELLED, caller.words


async def test_a_database_without_the_cast_is_not_renewed(hotline: Hotline) -> None:
    await clinic(hotline)
    await demo.renew(hotline)
    async with hotline.read() as db:
        assert not (await db.execute(select(Person))).all()


async def test_the_crowd_booked_only_what_the_rules_allow(province: Hotline) -> None:
    async with province.read() as db:
        query = select(Appointment).where(Appointment.state == "booked").order_by(Appointment.id)
        booked = (await db.execute(query)).scalars().all()
        slots = select(Slot.id).where(Slot.state == "booked")
        assert {one.slot_id for one in booked} == set((await db.execute(slots)).scalars())
    assert len(booked) > 200
    for one in booked[::9]:
        async with replace(province, clock=FrozenClock(one.booked_at)).work(WRITER) as work:
            slot = await work.db.get_one(Slot, one.slot_id)
            wanted = await asked(work, session_id=one.session_id, period_id=slot.period_id)
            channel = Channel(one.channel)
            assert slot.pool in ("common", one.channel)
            facts = await facts_for(
                work, wanted.slot, person_id=one.person_id, contact_print=one.contact_print,
                channel=channel, replacing=one.id,
            )  # fmt: skip
            may_book(facts, wanted.book)
            assert (one.starts_at, one.fee_fen) == (wanted.slot.starts_at, wanted.slot.fee_fen)


@pytest.mark.slow
async def test_the_whole_province_has_its_size(whole_demo: Path, in_memory: Path, clock: FrozenClock) -> None:
    shutil.copy(whole_demo, in_memory / "demo.db")
    database = open_database(f"sqlite+aiosqlite:///{in_memory / 'demo.db'}")
    today = day_of(clock.now())
    async with database.read() as db:
        hospitals, appointments, slots = [
            await db.scalar(select(func.count()).select_from(kind)) or 0
            for kind in (Hospital, Appointment, Slot)
        ]
        days = set((await db.execute(select(Session.day).where(Session.day > today))).scalars())
    await database.close()
    assert hospitals == 13
    assert appointments > 5_000
    assert slots > 100_000
    assert {today + timedelta(days=n) for n in range(1, 15)} <= days
