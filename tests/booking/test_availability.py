"""What a desk sees of sessions adds up: free, another's share, held by somebody, booked."""

from datetime import date, timedelta

import pytest

from core.booking.availability import departments, sessions
from core.booking.commands import Hold
from core.booking.stopping import stop
from core.work import Hotline
from tests.booking.room import NUMBER, Room, open_room
from tests.builders import CALLER, SEED, SURFER, VISIT
from tests.clocks import FrozenClock


@pytest.fixture
async def room(hotline: Hotline) -> Room:
    return await open_room(hotline)


@pytest.mark.req("R-075", "R-082")
async def test_every_slot_is_counted_once_and_nobody_is_named(room: Room, clock: FrozenClock) -> None:
    chen = await room.clinic.session("chen", slots=8, minutes=60, shares={"web": 2})
    await room.clinic.book(chen, await room.clinic.person("李"), by=CALLER)
    await room.clinic.store.submit(Hold(chen, owner="web:77"), SURFER)
    await room.clinic.store.submit(Hold(chen, owner="call:9"), CALLER)
    await room.prepared(chen, name="孙丽", phone=NUMBER)
    async with room.hotline.read() as db:
        [one] = await sessions(db, now=clock.now(), department_id=room.clinic.department_id)
    assert (one.total, one.free, one.others, one.booked, len(one.held)) == (8, 3, 1, 1, 3)
    assert one.free + one.others + one.booked + len(one.held) == one.total
    assert [held.face for held in one.held] == ["网站", "语音", "坐席"]
    assert all(held.until == clock.now() + timedelta(minutes=5) for held in one.held)
    assert sum(period.free for period in one.periods) == one.free
    assert next(period.free for period in one.periods) == 0
    assert (one.doctor, one.hospital, one.opens, one.over, one.stopped) == (
        "陈建国", "市一医院", None, False, False,
    )  # fmt: skip


async def test_what_is_not_open_says_when_and_what_is_stopped_says_so(room: Room, clock: FrozenClock) -> None:
    far = await room.clinic.session("chen", day=date(2026, 12, 24))
    away = await room.clinic.session("wu")
    async with room.hotline.work(SEED) as work:
        await stop(work, away, reason="病假")
    async with room.hotline.read() as db:
        found = await sessions(db, now=clock.now(), hospital_id=room.clinic.hospital_id)
        rooms = await departments(db, room.clinic.hospital_id, now=clock.now())
    assert [(one.session_id, one.stopped, one.opens is not None, one.free) for one in found] == [
        (away, True, False, 0), (far, False, True, 0),
    ]  # fmt: skip
    assert [(one.name, one.free, one.opens) for one in rooms] == [
        ("心血管内科", 0, found[1].opens), ("儿科", 0, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "posts"),
    [
        ({"day": VISIT}, {"chen", "kid"}),
        ({"doctor": "chen"}, {"chen", "chen2"}),
        ({"doctor": "chen", "day": VISIT}, {"chen"}),
    ],
)
async def test_sessions_are_asked_for_by_doctor_and_day(
    room: Room, clock: FrozenClock, asked: dict[str, object], posts: set[str]
) -> None:
    made = {
        "chen": await room.clinic.session("chen"),
        "chen2": await room.clinic.session("chen", day=VISIT + timedelta(days=1)),
        "kid": await room.clinic.session("kid"),
    }
    wanted = dict(asked)
    if "doctor" in wanted:
        wanted["doctor_id"] = room.clinic.doctors[str(wanted.pop("doctor"))]
    async with room.hotline.read() as db:
        found = await sessions(
            db,
            now=clock.now(),
            hospital_id=room.clinic.hospital_id,
            **wanted,  # type: ignore[arg-type]
        )
        with pytest.raises(ValueError, match="which"):
            await sessions(db, now=clock.now())
    assert {one.session_id for one in found} == {made[post] for post in posts}
