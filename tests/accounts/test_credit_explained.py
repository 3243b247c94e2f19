"""A patient's credit as it is explained to them: proof, rule, end; what the family sees of it; one appeal."""

import asyncio
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.accounts import credit, people
from core.accounts.credit import Credit
from core.accounts.credit_rules import last_day
from core.booking.commands import Cancel
from core.booking.miss_rules import Delivery
from core.booking.visit import attend, miss_due
from core.credit.engine import decide
from core.credit.periods import CheckPeriod
from core.errors import AppealClosed, NotFound, WrongInput
from core.events import TextDelivered, TextSent
from core.values import Actor, ActorKind, day_of, instant_of, system
from core.work import Hotline, Work
from tests import patients
from tests.builders import SURFER, Clinic, clinic
from tests.clocks import FrozenClock

NIGHT, HIS = system("timers"), system("his")
JUDGE = Actor(ActorKind.STAFF, "judge", functions=frozenset({"appeals"}))
DAYS = (date(2026, 9, 2), date(2026, 9, 9), date(2026, 9, 16))


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    made = await clinic(hotline)
    await made.person("李秀英")
    return made


@pytest.fixture
async def account(town: Clinic) -> int:
    return await patients.account(town.hotline, town.people["李秀英"])


async def missed(town: Clinic, clock: FrozenClock, day: date, name: str = "李秀英") -> int:
    """Booked the day before, told by a text that arrived, and not come."""
    clock.set(f"{day - timedelta(days=1)} 10:00")
    made = await town.book(await town.session(day=day), town.people[name])
    async with town.hotline.work(NIGHT) as work:
        for kind in (TextSent, TextDelivered):
            work.record(kind(text_id=1, text_kind="booked", appointment_id=made.appointment_id))
    clock.set(f"{day + timedelta(days=1)} 02:00")
    async with town.hotline.work(NIGHT) as work:
        await miss_due(work)
    return made.appointment_id


async def explained(town: Clinic, account_id: int, name: str = "李秀英") -> Credit:
    async with town.hotline.read() as db:
        now = town.hotline.clock.now()
        return await credit.explained(db, account_id, town.people[name], now=now)


async def object_to(town: Clinic, entry_id: int, words: str = "我当天在住院", name: str = "李秀英") -> int:
    async def act(work: Work) -> int:
        return await credit.object_to(work, town.people[name], entry_id, words)

    return await town.hotline.run(act, SURFER)


async def test_a_line_says_which_visit_which_text_and_until_when_it_counts(
    town: Clinic, account: int, clock: FrozenClock
) -> None:
    await missed(town, clock, DAYS[0])
    (line,) = (await explained(town, account)).lines
    assert line.visit is not None
    assert (line.kind, line.visit.doctor, line.visit.day) == ("no-show", "陈建国", DAYS[0])
    assert [(one.text_kind, one.delivery) for one in line.seen.texts] == [("booked", Delivery.DELIVERED)]
    (counts,) = line.counts
    assert (counts.rule.name, counts.rule.ref.value) == ("block.no-show", "3 -> 3m")
    assert counts.last_day == date(2026, 12, 3)
    assert counts.now(clock.now())
    clock.set("2026-12-04 00:00")
    assert not counts.now(clock.now())


async def test_what_was_given_up_says_by_which_way_and_counts_for_nothing_where_no_rule_counts_it(
    town: Clinic, account: int
) -> None:
    made = await town.book(await town.session(), town.people["李秀英"], by=SURFER)
    await town.store.submit(Cancel(made.appointment_id), SURFER)
    (line,) = (await explained(town, account)).lines
    assert (line.kind, line.channel, line.counts) == ("cancel", "web", [])


async def test_a_hospitals_own_rule_stands_with_its_lines(
    town: Clinic, account: int, clock: FrozenClock
) -> None:
    await town.rule("block.no-show", "2 -> 10d", period=("days", 30))
    await missed(town, clock, DAYS[0])
    told = await explained(town, account)
    (line,) = told.lines
    (counts,) = line.counts
    assert (counts.rule.ref.hospital_id, counts.rule.ref.value) == (town.hospital_id, "2 -> 10d")
    assert [one.ref.value for one in told.rules] == ["3 -> 3m"]


async def test_what_led_to_a_block_is_spent_and_what_was_forgiven_counts_no_more(
    town: Clinic, account: int, clock: FrozenClock
) -> None:
    await town.rule("block.no-show", "2 -> 1d", own=False, period=("year", 1))
    made = [await missed(town, clock, day) for day in DAYS]
    told = await explained(town, account)
    assert [[one.spent for one in line.counts] for line in told.lines] == [[False], [True], [True]]
    async with town.hotline.work(HIS) as work:
        await attend(work, made[2], evidence="his")
    newest = (await explained(town, account)).lines[0]
    assert (newest.forgiven_why, newest.counts) == ("attended:his", [])


async def test_of_the_family_it_says_only_whether_they_may_book(
    town: Clinic, account: int, clock: FrozenClock
) -> None:
    """That and why; no visit of theirs, and no line of the ledger."""
    await town.rule("block.no-show", "1 -> 3m", own=False)
    for name in ("王小明", "赵六"):
        await town.person(name)
        async with town.hotline.work(NIGHT) as work:
            await people.add(work, account, town.people[name], "child")
    await missed(town, clock, DAYS[0], "王小明")
    told = await explained(town, account)
    assert (told.lines, told.blocks) == ([], ())
    blocked, free = told.others
    assert [(one.name, one.active) for one in blocked.blocks] == [("block.no-show", True)]
    assert (free.name, free.blocks) == ("赵六", [])


# --- appeals --------------------------------------------------------------------------------------------


async def test_of_appeals_at_once_one_is_made_and_its_answer_is_told(
    town: Clinic, account: int, clock: FrozenClock
) -> None:
    await town.rule("block.no-show", "1 -> 3m", own=False)
    await missed(town, clock, DAYS[0])
    (block,) = (await explained(town, account)).blocks
    done = await asyncio.gather(*(object_to(town, block.entry_id) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(one, AppealClosed) for one in done) == 3
    assert (await explained(town, account)).blocks[0].appealed
    (appeal_id,) = [one for one in done if isinstance(one, int)]
    async with town.hotline.work(JUDGE) as work:
        await decide(work, appeal_id=appeal_id, granted=True, answer="出院证明已核实")
    told = await explained(town, account)
    assert [(one.state, one.answer) for one in told.appeals] == [("granted", "出院证明已核实")]
    assert [(one.active, one.appealed) for one in told.blocks] == [(False, False)]


async def test_nobody_appeals_for_another_or_without_a_reason(
    town: Clinic, account: int, clock: FrozenClock
) -> None:
    await town.rule("block.no-show", "1 -> 3m", own=False)
    await missed(town, clock, DAYS[0])
    (block,) = (await explained(town, account)).blocks
    await town.person("王强")
    with pytest.raises(NotFound):
        await object_to(town, block.entry_id, name="王强")
    for words in ("", "字" * 401):
        with pytest.raises(WrongInput):
            await object_to(town, block.entry_id, words)


# --- until when -------------------------------------------------------------------------------------------

MOMENTS = st.builds(instant_of, st.dates(date(2026, 1, 1), date(2029, 12, 31)), st.times())
PERIODS = st.builds(
    CheckPeriod,
    st.sampled_from(["day", "week", "month", "quarter", "year", "days", "months"]),
    st.integers(1, 24),
)


@given(at=MOMENTS, period=PERIODS)
def test_the_last_day_is_within_the_period_and_the_next_is_not(at: datetime, period: CheckPeriod) -> None:
    last = last_day(period, at)
    assert last >= day_of(at)
    assert period.window(instant_of(last, time(0, 0)))[0] <= at
    assert period.window(instant_of(last + timedelta(days=1), time(0, 0)))[0] > at
