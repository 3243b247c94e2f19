"""What the public sees of sessions: what each channel may sell now, and why there is nothing."""

from datetime import date, timedelta

import pytest
from sqlalchemy import update

from core.booking.stopping import stop
from core.catalogue.tables import Doctor, Post
from core.schedule import browse
from core.schedule.browse import Places, Room, Shown, Standing
from core.schedule.engine import withdraw
from core.schedule.find import Meant, Wanted, find
from core.schedule.tables import Session, Slot
from core.work import Hotline
from tests.builders import CALLER, SEED, SURFER, VISIT, Clinic, clinic
from tests.clocks import FrozenClock

LATER = VISIT + timedelta(days=1)


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    return await clinic(hotline)


async def seen(town: Clinic, clock: FrozenClock, *posts: str) -> list[Shown]:
    ids = [town.posts[post] for post in posts or town.posts]
    async with town.hotline.read() as db:
        return await browse.sessions(
            db, ids, now=clock.now(), first_day=date(2026, 11, 23), last_day=date(2027, 1, 30)
        )


@pytest.mark.req("R-069", "R-096", "R-011")
async def test_each_channel_is_told_what_it_may_sell_now(town: Clinic, clock: FrozenClock) -> None:
    session = await town.session(slots=8, minutes=60, shares={"web": 2, "sms": 1})
    [before] = await seen(town, clock)
    assert (before.total, before.places) == (8, Places(web=7, phone=5, sms=6))
    await town.book(session, await town.person("李"), by=SURFER)
    await town.book(session, await town.person("王"), by=CALLER)
    [after] = await seen(town, clock)
    assert (after.total, after.places) == (8, Places(web=5, phone=4, sms=5))


async def test_what_rests_after_a_cancellation_is_not_offered(town: Clinic, clock: FrozenClock) -> None:
    session = await town.session(slots=6)
    async with town.hotline.work(SEED) as work:
        await work.db.execute(
            update(Slot)
            .where(Slot.session_id == session, Slot.sequence == 1)
            .values(rests_until=work.now + timedelta(minutes=5))
        )
    assert (await seen(town, clock))[0].places.web == 5
    clock.advance(minutes=6)
    assert (await seen(town, clock))[0].places.web == 6


async def every_standing(town: Clinic) -> dict[int, Standing]:
    """One session for each standing but closed and over: those two come with the time. One is withdrawn."""
    free = await town.session("chen")
    full = await town.session("chen", half="pm", slots=1)
    await town.book(full, await town.person("李"))
    soon = await town.session("chen", day=date(2026, 12, 24))
    away, gone = await town.session("wu"), await town.session("wu", half="pm")
    async with town.hotline.work(SEED) as work:
        await stop(work, away, reason="病假")
        await withdraw(work, gone, reason="重复")
    return {free: Standing.FREE, full: Standing.FULL, soon: Standing.SOON, away: Standing.STOPPED}


@pytest.mark.req("R-070")
@pytest.mark.parametrize("moment", ["2026-11-23 10:00", "2026-11-26 07:30", "2026-11-26 12:00"])
async def test_a_session_is_found_by_what_it_is_said_to_be(
    town: Clinic, clock: FrozenClock, moment: str
) -> None:
    """The condition in the database and the words on the page agree, before, on and during the day."""
    wanted = await every_standing(town)
    clock.set(moment)
    now = clock.now()
    shown = {one.session_id: one.standing(now) for one in await seen(town, clock)}
    if moment == "2026-11-23 10:00":
        assert shown == wanted
    assert set(shown) == set(wanted), "what is withdrawn is not shown"
    async with town.hotline.read() as db:
        for day in (VISIT, date(2026, 12, 24)):
            for standing in set(Standing) - {Standing.OVER}:
                rows = await find(db, Wanted(day=day, standing=standing), now=now, first=0, most=99)
                told = {one.shown.session_id: one.shown.standing(now) for one in rows}
                assert set(told.values()) <= {standing}
                there = {one.session_id for one in await seen(town, clock) if one.day == day}
                assert set(told) == {one for one in there if shown[one] is standing}


async def test_a_session_that_is_over_says_so_and_is_not_found(town: Clinic, clock: FrozenClock) -> None:
    await town.session()
    clock.set("2026-11-26 11:00")
    assert [one.standing(clock.now()) for one in await seen(town, clock)] == [Standing.OVER]
    async with town.hotline.read() as db:
        assert await find(db, Wanted(day=VISIT), now=clock.now(), first=0, most=9) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(day=VISIT), ["chen", "kid"]),
        (Wanted(day=LATER), ["wu"]),
        (Wanted(), ["chen", "kid", "wu"]),
        (Wanted(kind="expert"), ["chen"]),
        (Wanted(kind="special"), []),
        (Wanted(meant=[Meant(good_at="高血压")]), ["chen"]),
        (Wanted(meant=[Meant(good_at="%")]), []),
        (Wanted(meant=[Meant()]), []),
        (Wanted(meant=[Meant(hospitals=frozenset({1})), Meant(good_at="高血压")]), ["chen"]),
    ],
)
async def test_sessions_are_found_by_all_that_is_asked(
    town: Clinic, clock: FrozenClock, wanted: Wanted, found: list[str]
) -> None:
    made = {await town.session("chen"): "chen", await town.session("kid"): "kid"}
    made[await town.session("wu", day=LATER)] = "wu"
    async with town.hotline.work(SEED) as work:
        await work.db.execute(
            update(Doctor).where(Doctor.id == town.doctors["chen"]).values(speciality="高血压、冠心病")
        )
    async with town.hotline.read() as db:
        rows = await find(db, wanted, now=clock.now(), first=0, most=9)
        second = await find(db, wanted, now=clock.now(), first=1, most=1)
    assert [made[one.shown.session_id] for one in rows] == found
    assert [made[one.shown.session_id] for one in second] == found[1:2]


async def test_without_a_day_what_is_too_late_does_not_hide_the_rest(
    town: Clinic, clock: FrozenClock
) -> None:
    await town.session("chen")
    later = await town.session("wu", day=LATER)
    clock.set("2026-11-26 07:30")
    async with town.hotline.read() as db:
        rows = await find(db, Wanted(), now=clock.now(), first=0, most=9)
    assert [one.shown.session_id for one in rows] == [later]


async def test_closed_posts_have_no_room_and_are_not_found(town: Clinic, clock: FrozenClock) -> None:
    await town.session("chen", slots=4, minutes=60)
    await town.session("wu", slots=2, minutes=60)
    async with town.hotline.work(SEED) as work:
        await work.db.execute(update(Post).where(Post.id == town.posts["wu"]).values(open=False))
    async with town.hotline.read() as db:
        rooms = await browse.rooms(db, town.hospital_id, now=clock.now())
        left = await browse.left_with(db, town.doctors.values(), now=clock.now(), last_day=LATER)
        found = await find(db, Wanted(), now=clock.now(), first=0, most=9)
    assert rooms == {town.department_id: Room(4, None)}
    assert left == {town.doctors["chen"]: (4, VISIT)}
    assert [one.doctor for one in found] == ["陈建国"]


async def test_a_department_says_when_it_opens_next(town: Clinic, clock: FrozenClock) -> None:
    far = await town.session("kid", day=date(2026, 12, 24))
    async with town.hotline.read() as db:
        rooms = await browse.rooms(db, town.hospital_id, now=clock.now())
        opens = (await db.get_one(Session, far)).release_at
    assert rooms == {town.other_department_id: Room(0, opens)}


async def test_periods_add_up_to_their_session(town: Clinic, clock: FrozenClock) -> None:
    session = await town.session(slots=7, minutes=60, shares={"phone": 2})
    await town.book(session, await town.person("李"), by=SURFER)
    [one] = await seen(town, clock)
    async with town.hotline.read() as db:
        spans = await browse.spans(db, [session], now=clock.now())
    assert [span.starts_at for span in spans[session]] == sorted(span.starts_at for span in spans[session])
    assert len(spans[session]) == 3
    assert sum(span.free for span in spans[session]) == one.places.web == 4


async def test_the_furthest_day_is_known(town: Clinic, clock: FrozenClock) -> None:
    async with town.hotline.read() as db:
        assert await browse.furthest_day(db) is None
    await town.session("chen", day=LATER)
    async with town.hotline.read() as db:
        assert await browse.furthest_day(db) == LATER
        assert await browse.last_day(db, [town.posts["chen"]], VISIT) == LATER
        assert await browse.last_day(db, [town.posts["chen"]], LATER + timedelta(days=1)) is None
        assert await browse.last_day(db, [town.posts["wu"]], VISIT) is None
