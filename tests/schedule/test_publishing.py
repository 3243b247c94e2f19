"""From weekly templates and dated exceptions to sessions; amended, withdrawn, closed, opened in time."""

from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from core.booking.commands import Hold
from core.booking.stopping import resume, stop
from core.credit.book import RuleBook, RuleRow
from core.errors import HasAppointments, NotFound, SessionExists, TemplateInvalid, WrongState
from core.schedule import view
from core.schedule.engine import amend, close_over, publish_range, withdraw
from core.schedule.opening import opening
from core.schedule.rules import COMMON, bands, pools
from core.schedule.tables import Period, ScheduleException, Session, Slot, Template
from core.values import SHANGHAI, Channel, instant_of, local, system
from core.work import Hotline
from tests.builders import CALLER, SEED, SURFER, VISIT, Clinic, clinic
from tests.clocks import FrozenClock

MONDAY = date(2026, 11, 30)
SUNDAY = MONDAY + timedelta(days=6)


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    """Dr Chen: Mondays and Thursdays, mornings, six numbers in half-hours, a third for the web."""
    made = await clinic(hotline)
    async with hotline.work(SEED) as work:
        for weekday in (1, 4):
            work.db.add(
                Template(
                    post_id=made.posts["chen"], weekday=weekday, half="am", starts=time(8), ends=time(11),
                    period_minutes=30, capacity=6, shares={"web": "30%"}, room="301", valid_from=date(2026, 1, 1),
                    valid_until=date(2026, 12, 31),
                )
            )  # fmt: skip
    return made


async def publish(town: Clinic, **more: object) -> int:
    asked: dict[str, object] = {"first_day": MONDAY, "last_day": SUNDAY} | more
    async with town.hotline.work(SEED) as work:
        return await publish_range(work, hospital_id=town.hospital_id, **asked)  # type: ignore[arg-type]


async def exception(town: Clinic, day: date, kind: str, **more: object) -> None:
    async with town.hotline.work(SEED) as work:
        row = {"post_id": town.posts["chen"], "day": day, "half": "am", "kind": kind} | more
        work.db.add(ScheduleException(**row))


async def sessions(town: Clinic) -> list[tuple[str, str, int, str]]:
    async with town.hotline.read() as db:
        rows = (await db.execute(select(Session).order_by(Session.day))).scalars().all()
        return [
            (f"{r.day:%a}", f"{local(r.starts_at):%H:%M}-{local(r.ends_at):%H:%M}", r.total, r.room)
            for r in rows
        ]


async def slots(town: Clinic) -> list[Slot]:
    async with town.hotline.read() as db:
        return list((await db.execute(select(Slot).order_by(Slot.session_id, Slot.sequence))).scalars())


@pytest.mark.req("R-009", "R-075", "R-112")
async def test_a_template_becomes_sessions_periods_and_numbered_slots(town: Clinic) -> None:
    assert await publish(town) == 2
    assert await sessions(town) == [("Mon", "08:00-11:00", 6, "301"), ("Thu", "08:00-11:00", 6, "301")]
    numbered = await slots(town)
    assert [slot.sequence for slot in numbered] == [1, 2, 3, 4, 5, 6] * 2
    assert [slot.pool for slot in numbered].count("web") == 4  # a third of six, rounded up, twice
    async with town.hotline.read() as db:
        assert (await db.execute(select(func.count()).select_from(Period))).scalar_one() == 12


async def test_publishing_again_adds_only_what_is_not_there(town: Clinic) -> None:
    await publish(town, last_day=MONDAY)
    assert await publish(town) == 1
    assert await publish(town) == 0


async def test_a_session_is_not_published_twice(town: Clinic) -> None:
    await town.session()
    with pytest.raises(SessionExists):
        await town.session()


@pytest.mark.parametrize(
    ("kind", "more", "monday"),
    [
        ("off", {"reason": "会议"}, None),
        ("amend", {"capacity": 3, "room": "405"}, ("08:00-11:00", 3, "405")),
        ("amend", {"starts": time(9)}, ("09:00-11:00", 6, "301")),
        ("extra", {"starts": time(7), "ends": time(9), "capacity": 4}, ("07:00-09:00", 4, "")),
    ],
)
async def test_a_dated_exception_changes_one_day(
    town: Clinic, kind: str, more: dict[str, object], monday: tuple[str, int, str] | None
) -> None:
    await exception(town, MONDAY, kind, **more)
    await publish(town)
    found = {name: rest for name, *rest in await sessions(town)}
    assert found.get("Mon") == (None if monday is None else list(monday))
    assert found["Thu"] == ["08:00-11:00", 6, "301"]


async def test_an_extra_day_is_one_the_template_does_not_have(town: Clinic) -> None:
    saturday = MONDAY + timedelta(days=5)
    await exception(town, saturday, "extra", starts=time(8), ends=time(10), capacity=4)
    await publish(town)
    assert [name for name, *_ in await sessions(town)] == ["Mon", "Thu", "Sat"]


async def test_an_extra_day_without_times_is_refused_and_nothing_is_published(town: Clinic) -> None:
    await exception(town, MONDAY, "extra")
    with pytest.raises(TemplateInvalid):
        await publish(town)
    assert await sessions(town) == []


async def test_days_off_and_days_after_the_template_are_empty(town: Clinic) -> None:
    assert await publish(town, skip=frozenset({MONDAY})) == 1
    assert await publish(town, first_day=date(2027, 1, 1), last_day=date(2027, 1, 31)) == 0


async def test_an_amended_session_has_more_numbers_and_keeps_what_it_promised(town: Clinic) -> None:
    session = await town.session(slots=1)
    booked = await town.book(session, await town.person("李秀英"))
    async with town.hotline.work(SEED) as work:
        await amend(work, session, room="406", fee_fen=5000, add=2)
        await amend(work, session, room="406")  # says nothing new
    more = await town.book(session, await town.person("王芳"))
    assert (booked.fee_fen, more.fee_fen) == (3000, 5000)
    assert await town.states(session) == {"booked": 2, "free": 1}
    async with town.hotline.read() as db:
        row = await db.get_one(Session, session)
        assert (row.total, row.room, row.version) == (3, "406", 2)


@pytest.mark.parametrize("wrong", [{"add": -1}, {"fee_fen": -1}])
async def test_a_senseless_amendment_is_refused(town: Clinic, wrong: dict[str, int]) -> None:
    session = await town.session()
    with pytest.raises(TemplateInvalid):
        async with town.hotline.work(SEED) as work:
            await amend(work, session, **wrong)


async def test_a_session_nobody_has_booked_is_withdrawn_and_sells_no_more(town: Clinic) -> None:
    session = await town.session(slots=2)
    async with town.hotline.work(SEED) as work:
        await withdraw(work, session, reason="typed wrongly")
    assert await town.states(session) == {"closed": 2}
    with pytest.raises(WrongState):
        async with town.hotline.work(SEED) as work:
            await withdraw(work, session, reason="again")


@pytest.mark.parametrize("booked", [True, False])
async def test_a_session_that_somebody_has_or_holds_is_not_withdrawn(town: Clinic, booked: bool) -> None:
    session, li = await town.session(slots=2), await town.person("李秀英")
    if booked:
        await town.book(session, li)
    else:
        await town.store.submit(Hold(session_id=session, owner="call:1"), CALLER)
    with pytest.raises(HasAppointments) as refused:
        async with town.hotline.work(SEED) as work:
            await withdraw(work, session, reason="x")
    assert refused.value.facts == {"count": 1}
    assert (await town.states(session))["free"] == 1


async def test_what_is_not_there_is_neither_amended_nor_withdrawn(town: Clinic) -> None:
    async with town.hotline.work(SEED) as work:
        with pytest.raises(NotFound):
            await amend(work, 4711, add=1)
        with pytest.raises(NotFound):
            await withdraw(work, 4711, reason="x")


@pytest.mark.req("R-089")
async def test_a_leave_that_is_withdrawn_restores_every_slot(town: Clinic) -> None:
    session = await town.session(slots=3)
    await town.book(session, await town.person("李秀英"))
    await town.store.submit(Hold(session_id=session, owner="call:1"), CALLER)
    async with town.hotline.work(system("desk")) as work:
        assert len(await stop(work, session, reason="leave")) == 1
    assert await town.states(session) == {"stopped": 3}
    async with town.hotline.work(system("desk")) as work:
        assert len(await resume(work, session)) == 1
    assert await town.states(session) == {"booked": 1, "free": 2}


async def test_what_is_over_and_unsold_is_closed_once(town: Clinic, clock: FrozenClock) -> None:
    session = await town.session(slots=3)
    await town.book(session, await town.person("李秀英"))
    async with town.hotline.work(SEED) as work:
        assert await close_over(work) == 0
    clock.set("2026-11-26 11:01")
    async with town.hotline.work(SEED) as work:
        assert await close_over(work) == 1
        assert await close_over(work) == 0
    assert await town.states(session) == {"booked": 1, "closed": 2}


@pytest.mark.req("R-148", "R-149")
async def test_release_is_a_comparison(town: Clinic, clock: FrozenClock) -> None:
    await town.rule("window.last-day", "7")
    await town.rule("release.time", "08:30")
    session = await town.session(day=date(2026, 12, 1))
    seen = []
    for moment in ("2026-11-24 08:29", "2026-11-24 08:30"):
        clock.set(moment)
        async with town.hotline.read() as db:
            seen.append(await view.open_session(db, session, Channel.PHONE, clock.instant) is not None)
            assert await view.next_release(db, town.department_id, clock.instant) == (
                None if seen[-1] else clock.instant + timedelta(minutes=1)
            )
    assert seen == [False, True]


@pytest.mark.req("R-069", "R-112")
async def test_each_channel_sees_its_own_share_and_the_common_rest(town: Clinic, clock: FrozenClock) -> None:
    await town.rule("recycle.time", "day-1 12:00")
    session = await town.session(slots=6, shares={"web": 2, "community": "50%"})

    async def left(channel: Channel) -> int:
        async with town.hotline.read() as db:
            found = await view.open_session(db, session, channel, clock.instant)
            periods = await view.open_periods(db, session_id=session, channel=channel, now=clock.instant)
        assert (found.left if found else 0) == sum(period.left for period in periods)
        return found.left if found else 0

    assert [await left(channel) for channel in (Channel.PHONE, Channel.WEB, Channel.COMMUNITY)] == [1, 3, 4]
    await town.book(session, await town.person("李秀英"), by=SURFER)  # its own share goes first
    assert [await left(channel) for channel in (Channel.PHONE, Channel.WEB)] == [1, 2]
    clock.set("2026-11-25 12:00")
    assert [await left(channel) for channel in (Channel.PHONE, Channel.WEB, Channel.KIOSK)] == [5, 5, 5]


# --- pure -----------------------------------------------------------------------------------------------

START = datetime(2026, 11, 26, 8, tzinfo=SHANGHAI)


@pytest.mark.req("R-009")
@given(st.integers(15, 60), st.integers(1, 300), st.integers(20, 300))
def test_periods_cover_the_session_and_hold_every_slot(minutes: int, capacity: int, length: int) -> None:
    ends = START + timedelta(minutes=length)
    cut = bands(START, ends, minutes, capacity)
    assert sum(band.capacity for band in cut) == capacity
    assert cut[0].starts_at == START
    assert cut[-1].ends_at <= ends
    for one, next_one in pairwise(cut):
        assert one.ends_at == next_one.starts_at
        assert 0 <= one.capacity - next_one.capacity <= 1  # earlier ones first


@pytest.mark.parametrize(
    ("minutes", "capacity", "length"), [(14, 6, 60), (61, 6, 60), (30, 0, 60), (30, 6, 0), (30, 6, -30)]
)
def test_a_template_that_cannot_be_is_refused(minutes: int, capacity: int, length: int) -> None:
    with pytest.raises(TemplateInvalid):
        bands(START, START + timedelta(minutes=length), minutes, capacity)


@given(st.integers(1, 100), st.integers(0, 40), st.integers(0, 50))
def test_shares_are_given_in_full_and_the_rest_is_common(capacity: int, web: int, percent: int) -> None:
    wanted = {"web": web, "community": f"{percent}%"}
    community = -(-capacity * percent // 100)
    if web + community > capacity:
        with pytest.raises(TemplateInvalid):
            pools(capacity, wanted)
        return
    made = pools(capacity, wanted)
    assert (made.count("web"), made.count("community")) == (web, community)
    assert made.count(COMMON) == capacity - web - community


@pytest.mark.parametrize("share", ["many", "-1", "-5%", "%", "1.5"])
def test_a_share_that_is_no_number_is_refused(share: str) -> None:
    with pytest.raises(TemplateInvalid):
        pools(10, {"web": share})


@given(
    st.integers(0, 90),
    st.integers(0, 14),
    st.sampled_from(["daily", "weekly-1", "weekly-5", "monthly-1", "monthly-28"]),
    st.sampled_from(["day-1 15:00", "start-60m", "never", "day-0 10:00", "start+30m"]),
)
def test_no_session_sells_after_it_began_or_before_its_window(
    last: int, first: int, release: str, stop: str
) -> None:
    rows = [
        RuleRow(1, "window.last-day", str(last)), RuleRow(2, "window.first-day", str(first)),
        RuleRow(3, "release.day", release), RuleRow(4, "book.stop", stop),
    ]  # fmt: skip
    book = RuleBook(rows, 1, lambda day: day.isoweekday() <= 5)
    times = opening(book, day=VISIT, starts_at=START, kind="expert", department="03.04", half="am")
    assert times.stop_at <= START
    assert times.release_at >= instant_of(VISIT - timedelta(days=last), time(7))
