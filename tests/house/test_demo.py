"""The fictional province: what the start page promises of its cast is so."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.booking.store import PlainStore
from core.catalogue.tables import Doctor
from core.contact.rules import Disposition
from core.credit.engine import active_blocks
from core.database import open_database
from core.events import DemoBegun
from core.people.engine import household
from core.people.tables import Person, PersonPhone
from core.schedule.tables import Session, Slot
from core.sealing import AesSealer
from core.values import DEMO_REGION, Phone, day_of
from core.work import Hotline
from hotline import demo
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
from tests.callers import Caller
from tests.clocks import FrozenClock, SeededChance
from tests.conftest import MASTER


@pytest.fixture
async def province(hotline: Hotline) -> Hotline:
    assert await demo.is_empty(hotline)
    await demo.seed(hotline, "tiny")
    return hotline


async def person_of(hotline: Hotline, patient: Patient) -> int:
    async with hotline.read() as db:
        mark = hotline.sealer.fingerprint(patient.identity.number, "identity")
        return (await db.execute(select(Person.id).where(Person.identity_print == mark))).scalar_one()


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
    assert (ended, caller.target) == (Disposition.TO_PERSON, "queue-elder")


async def test_zhou_min_has_an_appointment_to_cancel(province: Hotline) -> None:
    ended, caller = await call(province, "41.", ZHOU.phone)
    assert ended is Disposition.CANCELLED, caller.words


async def test_who_missed_three_visits_is_refused_and_told_why(province: Hotline) -> None:
    person = await person_of(province, BLOCKED)
    async with province.read() as db:
        assert await active_blocks(db, person, province.clock.now())
    _, caller = await call(province, f"1{keyed(BLOCKED)[0]}1111110", BLOCKED.phone)
    assert "refusal-blacklisted" in caller.heard, caller.heard


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


async def test_a_province_that_was_left_half_written_is_not_taken_for_one(hotline: Hotline) -> None:
    async with hotline.work(WRITER) as work:
        work.record(DemoBegun(size="tiny"))
    with pytest.raises(demo.HalfWritten):
        await demo.is_empty(hotline)


async def test_a_province_that_is_there_is_left_alone(province: Hotline) -> None:
    assert not await demo.is_empty(province)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
async def test_the_whole_province_has_its_size(tmp_path: Path, clock: FrozenClock) -> None:
    database = open_database(f"sqlite+aiosqlite:///{tmp_path / 'demo.db'}")
    await database.create_all()
    hotline = Hotline(database, clock, SeededChance(1), AesSealer(MASTER), demo=True)
    counts = await demo.seed(hotline, "demo")
    today = day_of(clock.now())
    async with hotline.read() as db:
        days = set((await db.execute(select(Session.day).where(Session.day > today))).scalars())
    await database.close()
    assert counts.hospitals == 13
    assert counts.slots > 100_000
    assert {today + timedelta(days=n) for n in range(1, 15)} <= days
