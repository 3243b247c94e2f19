"""Rules that refuse nothing, but decide how a slot is kept, paid and given back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from core.booking.cancel import expire_due
from core.booking.commands import Cancel, Hold
from core.credit.engine import remove_rule, rules, set_rule
from core.errors import NotAllowed, RuleInvalid, SlotFull
from core.schedule.engine import retime
from core.schedule.tables import Session, Slot
from core.values import Channel, local, system
from core.work import Hotline
from tests.builders import CALLER, SEED, SURFER
from tests.clocks import FrozenClock
from tests.rules.scene import Act, Row, Scene, at, book, by, cancel, common, day, own, scene


@pytest.fixture
async def stage(hotline: Hotline, clock: FrozenClock) -> Scene:
    return await scene(hotline, clock)


def clock_of(instant: datetime | None) -> str:
    return f"{local(instant):%H:%M}" if instant else "none"


@dataclass(frozen=True)
class Terms:
    """How a booking of ten in the morning (unless moved) is to be paid: its state and until when."""

    name: str
    rows: tuple[Row, ...]
    acts: tuple[Act, ...]
    state: str
    pay_by: str


ONLINE = own("pay.mode", "online")
TERMS = (
    Terms("at the hospital where nothing is said", (), (book(),), "booked", "none"),
    Terms("online within half an hour", (ONLINE,), (book(),), "unpaid", "10:30"),
    Terms("online within a quarter", (ONLINE, own("pay.minutes", "15")), (book(),), "unpaid", "10:15"),
    Terms(
        "five minutes at the peak", (ONLINE, own("pay.minutes@clock=07:00-07:30", "5")),
        (at("11-23 07:10"), book()), "unpaid", "07:15",
    ),
    Terms(
        "half an hour after the peak", (ONLINE, own("pay.minutes@clock=07:00-07:30", "5")),
        (at("11-23 07:30"), book()), "unpaid", "08:00",
    ),
    Terms(
        "who phones pays at the hospital", (ONLINE, own("pay.mode@channel=phone", "at-hospital")),
        (book(),), "booked", "none",
    ),
    Terms(
        "who surfs pays online", (ONLINE, own("pay.mode@channel=phone", "at-hospital")),
        (book(by=SURFER),), "unpaid", "10:30",
    ),
    Terms("the patient's wish", (own("pay.mode", "either"),), (book(online=True),), "unpaid", "10:30"),
    Terms("no wish", (own("pay.mode", "either"),), (book(),), "booked", "none"),
    Terms("only experts online", (own("pay.mode@kind=expert", "online"),), (book("wu"),), "booked", "none"),
)  # fmt: skip


@pytest.mark.req("R-008", "R-048", "R-058", "R-193")
@pytest.mark.parametrize("terms", TERMS, ids=lambda terms: terms.name.replace(" ", "-"))
async def test_how_it_is_paid_is_a_row(terms: Terms, stage: Scene) -> None:
    await stage.set(terms.rows)
    for act in terms.acts:
        await act(stage)
    assert stage.made is not None
    assert (stage.made.state, clock_of(stage.made.pay_by)) == (terms.state, terms.pay_by)


@pytest.mark.parametrize(
    ("rows", "channel", "until"),
    [
        ((), Channel.PHONE, "10:05"),
        ((own("hold.minutes", "10"),), Channel.PHONE, "10:10"),
        ((own("hold.minutes@channel=phone", "8"), own("hold.minutes", "3")), Channel.PHONE, "10:08"),
        ((own("hold.minutes@channel=phone", "8"), own("hold.minutes", "3")), Channel.WEB, "10:03"),
        ((own("hold.minutes@kind=expert", "2"),), Channel.PHONE, "10:02"),
        ((common("hold.minutes", "9"),), Channel.KIOSK, "10:09"),
    ],
)
async def test_how_long_a_choice_is_kept_is_a_row(
    rows: tuple[Row, ...], channel: Channel, until: str, stage: Scene
) -> None:
    await stage.set(rows)
    session = await stage.session(stage.here, "chen", day("11-26"), "am")
    held = await stage.here.store.submit(Hold(session_id=session, owner="somebody"), by(channel))
    assert clock_of(held.until) == until


@pytest.mark.req("R-188")
async def test_what_is_not_paid_may_be_cancelled_until_it_lapses(stage: Scene) -> None:
    await stage.set((own("window.first-day", "0"), own("book.stop", "start-30m"), ONLINE))
    await at("11-26 07:20")(stage)
    await book(place=1)(stage)  # after the deadline of the day before
    await cancel()(stage)


async def test_what_is_not_paid_in_time_is_somebody_elses(stage: Scene, clock: FrozenClock) -> None:
    await stage.set((ONLINE, own("pay.minutes", "15")))
    await book()(stage)
    clock.advance(minutes=15)
    async with stage.hotline.work(system("timers")) as work:
        assert await expire_due(work) == 1
    await book(who="王强")(stage)


async def test_a_freed_slot_rests_a_random_while(stage: Scene, clock: FrozenClock) -> None:
    await stage.set((own("rerelease.delay@kind=expert", "5-20"),))
    await book()(stage)
    assert stage.made is not None
    freed = clock.instant
    await cancel()(stage)
    async with stage.hotline.read() as db:
        rests = (await db.execute(select(Slot.rests_until).where(Slot.id == stage.made.slot_id))).scalar_one()
    assert timedelta(minutes=5) <= rests - freed <= timedelta(minutes=20)
    with pytest.raises(SlotFull):
        await book(who="王强")(stage)
    clock.instant = rests
    await book(who="王强")(stage)


async def test_a_stricter_rule_does_not_reach_back(stage: Scene) -> None:
    await stage.set((own("cancel.deadline", "start-30m"), own("cancel.deadline@channel=web", "start-2h")))
    await book()(stage)
    await stage.set(
        (own("cancel.deadline", "day-3 12:00"), own("cancel.deadline@channel=web", "day-3 12:00"))
    )
    await at("11-26 06:00")(stage)
    await cancel(SURFER)(stage)


async def test_a_rule_change_reaches_published_sessions_when_they_are_retimed(stage: Scene) -> None:
    session = await stage.session(stage.here, "chen", day("11-26"), "am")
    await stage.set((own("book.stop", "day-1 15:00"),))
    async with stage.hotline.work(SEED) as work:
        assert await retime(work, stage.here.hospital_id) == 1
        assert await retime(work, stage.here.hospital_id) == 0
    async with stage.hotline.read() as db:
        assert f"{local((await db.get_one(Session, session)).stop_at):%m-%d %H:%M}" == "11-25 15:00"


@pytest.mark.req("R-158")
@pytest.mark.parametrize(
    ("key", "value", "period"),
    [
        ("limit.moon-phase", "1", None),  # nobody reads it
        ("limit.day", "many", None),
        ("limit.day@weather=rain", "1", None),
        ("window.last-day@channel=web", "7", None),  # worked out when a session is published
        ("block.no-show@kind=expert", "3 -> 3m", None),
        ("booking.hours@channel=pigeon", "always", None),
        ("age.min@department=heart", "14", None),
        ("pay.minutes@clock=7", "5", None),
        ("cancel.deadline", "tomorrow", None),
        ("cancel.deadline", "day-1 25:00", None),
        ("release.day", "weekly-8", None),
        ("release.time", "07:75", None),
        ("pay.mode", "barter", None),
        ("rerelease.delay", "9-3", None),
        ("block.no-show", "0 -> 3m", None),
        ("block.no-show", "3 -> soon", None),
        ("limit.period", "3", ("fortnight", 1)),
        ("limit.period", "3", ("days", 0)),
    ],
)
async def test_a_row_that_nobody_could_read_is_refused(
    key: str, value: str, period: tuple[str, int] | None, stage: Scene
) -> None:
    with pytest.raises(RuleInvalid):
        await stage.set((own(key, value, period),))


@pytest.mark.req("R-157", "R-158")
async def test_rows_are_kept_with_all_seven_attributes(stage: Scene) -> None:
    await stage.set((own("limit.period", "3", ("quarter", 2), priority=5, state="off"),))
    async with stage.hotline.read() as db:
        (row,) = await rules(db, stage.here.hospital_id)
    assert (row.key, row.value, row.state, row.priority) == ("limit.period", "3", "off", 5)
    assert (row.hospital_id, row.period_type, row.period_value) == (stage.here.hospital_id, "quarter", 2)


async def test_a_removed_row_stays_to_be_looked_up_and_decides_nothing(stage: Scene) -> None:
    await stage.set((own("age.min", "90"),))
    (row_id,) = stage.rows
    async with stage.hotline.work(SEED) as work:
        await remove_rule(work, row_id)
    await book()(stage)
    async with stage.hotline.read() as db:
        assert [row.state for row in await rules(db, stage.here.hospital_id)] == ["off"]


@pytest.mark.parametrize("write", [True, False])
async def test_only_who_may_changes_rules(write: bool, stage: Scene) -> None:
    await stage.set((own("age.min", "14"),))
    (row_id,) = stage.rows
    act: Callable[..., object] = set_rule if write else remove_rule
    arguments = {"key": "age.min", "value": "0"} if write else {"rule_id": row_id}
    with pytest.raises(NotAllowed):
        async with stage.hotline.work(CALLER) as work:
            await act(work, **arguments)  # type: ignore[misc]


async def test_a_supervisor_may_pass_a_deadline_with_a_reason_and_nobody_else(stage: Scene) -> None:
    await book()(stage)
    await at("11-26 07:00")(stage)
    assert stage.made is not None
    late = Cancel(stage.made.appointment_id, override="patient is in hospital")
    with pytest.raises(NotAllowed):
        await stage.here.store.submit(late, CALLER)
    await stage.here.store.submit(late, system("supervisor"))
