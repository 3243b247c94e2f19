"""The machine's clock jumps an hour ahead or back: nothing lasts longer for it than the jump, or waits for ever."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.accounts import codes, sessions
from core.accounts.sessions import LIVES, WEB
from core.booking.commands import Book, Hold
from core.booking.hold import lapse_due
from core.errors import CodeTooSoon, CodeWrong, HoldLapsed
from core.events import NoticeRefused, SessionResumed
from core.journal import JournalRow
from core.money.disbelief import Disbelief
from core.outbox import Backoff, Outbox, Parcel, Route
from core.outbox_table import DONE, OutboxRow
from core.ports import OutsideError
from core.timers import Job, Timers
from core.values import Phone
from core.wake import Wake
from core.work import Hotline, Work
from ivr.outlooks import Outlooks
from sms.gateways import order
from sms.gateways.order import MOST_REST, Choice, Nobody
from tests import patients
from tests.accounts.test_codes import BY, REGISTER, ask, prove, sent
from tests.builders import CALLER, SEED, Clinic, clinic
from tests.clocks import FrozenClock
from tests.pages import database_url  # noqa: F401 SQLite: the clock is none of the database's
from tests.waiting import until

JUMP = timedelta(hours=1)
HOLD = timedelta(minutes=5)
HOUSE = ("core", "web", "sms", "ivr", "agent_desk", "hotline")


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    made = await clinic(hotline)
    await made.rule("hold.minutes", "5")
    return made


async def held(town: Clinic) -> tuple[int, str]:
    session = await town.session(slots=1)
    hold = await town.store.submit(Hold(session_id=session, owner="call:1"), CALLER)
    return session, hold.hold_id


async def lapse(hotline: Hotline) -> int:
    return await hotline.run(lapse_due, SEED)


# --- holds, codes, sessions ---------------------------------------------------------------------------


async def test_set_ahead_a_hold_is_over_and_the_slot_is_the_next_ones(
    hotline: Hotline, town: Clinic, clock: FrozenClock
) -> None:
    session, hold_id = await held(town)
    clock.instant += JUMP
    assert await lapse(hotline) == 1
    await town.book(session, await town.person("王芳"))
    with pytest.raises(HoldLapsed):
        await town.store.submit(Book(hold_id, await town.person("李秀英"), Phone("10712345678")), CALLER)
    assert await town.states(session) == {"booked": 1}


async def test_set_back_a_hold_lasts_longer_by_the_jump_and_no_more(
    hotline: Hotline, town: Clinic, clock: FrozenClock
) -> None:
    session, _ = await held(town)
    clock.instant -= JUMP
    assert await lapse(hotline) == 0
    clock.instant += JUMP + HOLD
    assert await lapse(hotline) == 1
    assert await town.states(session) == {"free": 1}


async def test_set_ahead_a_code_is_over_and_a_new_one_comes_at_once(
    hotline: Hotline, clock: FrozenClock
) -> None:
    await ask(hotline)
    code = await sent(hotline)
    clock.instant += JUMP
    with pytest.raises(CodeWrong):
        await prove(hotline, code)
    await ask(hotline)
    assert await prove(hotline, await sent(hotline))


async def test_set_back_a_code_still_proves_and_the_next_waits_for_the_jump_at_most(
    hotline: Hotline, clock: FrozenClock
) -> None:
    await ask(hotline)
    code = await sent(hotline)
    clock.instant -= JUMP
    with pytest.raises(CodeTooSoon):
        await ask(hotline)
    assert await prove(hotline, code)
    clock.instant += JUMP + codes.APART
    await ask(hotline)


async def test_set_back_a_code_is_good_for_the_jump_longer_and_no_more(
    hotline: Hotline, clock: FrozenClock
) -> None:
    await ask(hotline)
    code = await sent(hotline)
    clock.instant -= JUMP
    clock.instant += JUMP + codes.LIVES
    with pytest.raises(CodeWrong):
        await codes.prove(hotline, BY, Phone("10912345678"), REGISTER, code)


@pytest.mark.parametrize("sign", [1, -1], ids=["ahead", "back"])
async def test_a_session_outlives_the_jump_and_no_more(
    hotline: Hotline, town: Clinic, clock: FrozenClock, sign: int
) -> None:
    account_id = await patients.account(hotline, await town.person("李秀英"))
    token = await patients.token(hotline, account_id)

    async def known() -> bool:
        async with hotline.read() as db:
            found = await sessions.find(db, hotline.sealer, token, kind=WEB, now=clock.now())
        return found is not None

    if sign < 0 or LIVES[WEB].idle > JUMP:
        clock.instant += sign * JUMP
        assert await known()
        clock.instant -= sign * JUMP
    clock.instant += LIVES[WEB].idle + timedelta(seconds=1)
    assert not await known()


# --- what goes outside --------------------------------------------------------------------------------


class Far:
    """An outside that is slow, or fails at first. keys: what it was given."""

    def __init__(self, *, fails: int = 0) -> None:
        self.keys: list[str] = []
        self.open = asyncio.Event()
        self._fails = fails

    async def carry(self, parcel: Parcel) -> None:
        self.keys.append(parcel.key)
        if len(self.keys) <= self._fails:
            raise OutsideError("not now")
        await self.open.wait()


async def said(hotline: Hotline) -> None:
    async with hotline.work(SEED) as work:
        work.record(SessionResumed(session_id=1))


async def states(hotline: Hotline) -> list[str]:
    async with hotline.read() as db:
        return list((await db.execute(select(OutboxRow.state).order_by(OutboxRow.id))).scalars())


async def test_set_ahead_what_is_under_way_goes_twice_under_one_key_and_is_settled_once(
    hotline: Hotline, clock: FrozenClock
) -> None:
    hotline.routes = {SessionResumed.kind: ("out",)}
    far = Far()
    ours, other = (Outbox(hotline, {"out": Route(far)}, Wake()) for _ in range(2))
    await said(hotline)
    first = asyncio.create_task(ours.carry_due())
    await until(lambda: len(far.keys) == 1)
    clock.instant += JUMP  # the lease seems to be over
    again = asyncio.create_task(other.carry_due())
    await until(lambda: len(far.keys) == 2)
    far.open.set()
    await asyncio.gather(first, again)
    assert len(set(far.keys)) == 1
    assert await states(hotline) == [DONE]
    assert await other.carry_due() == 0


async def test_set_back_new_events_go_at_once_and_older_ones_after_the_jump_at_most(
    hotline: Hotline, clock: FrozenClock
) -> None:
    hotline.routes = {SessionResumed.kind: ("out",)}
    far = Far(fails=1)
    far.open.set()
    outbox = Outbox(hotline, {"out": Route(far)}, Wake(), backoff=Backoff(first_s=60))
    await said(hotline)
    assert await outbox.carry_due() == 1
    clock.instant -= JUMP
    await said(hotline)
    assert await outbox.carry_due() == 1
    clock.instant += JUMP + timedelta(seconds=60)
    assert await outbox.carry_due() == 1
    assert await states(hotline) == [DONE, DONE]


# --- intervals inside the process ---------------------------------------------------------------------


def test_only_the_clock_that_is_handed_in_reads_the_time_of_day() -> None:
    """So that a test can move it, and intervals are measured by a clock that nobody sets."""
    reads = re.compile(r"\btime\.time\(|\bdatetime\.(?:now|utcnow|today)\(|\bdate\.today\(|apscheduler")
    found = {
        path.as_posix()
        for room in HOUSE
        for path in Path(room).rglob("*.py")
        if reads.search(path.read_text())
    }
    assert found == {"core/chance.py"}


@pytest.mark.parametrize("sign", [1, -1], ids=["ahead", "back"])
async def test_jobs_keep_their_intervals_and_none_is_called_late(
    hotline: Hotline, clock: FrozenClock, sign: int
) -> None:
    runs = 0

    async def job(_work: Work) -> int:
        nonlocal runs
        runs += 1
        return 0

    timers = Timers(hotline, [Job("job", 0.02, job)])
    running = asyncio.create_task(timers.run())
    try:
        await until(lambda: runs > 2)
        clock.instant += sign * JUMP
        before = runs
        await until(lambda: runs > before + 2)
        assert not timers.health["job"].late(asyncio.get_running_loop().time())
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def test_set_back_a_gateway_rests_no_longer_than_is_allowed(clock: FrozenClock) -> None:
    line = order.line("far", 10, clock.now())
    for _ in range(order.FAILURES):
        line = order.failed(line, clock.now())
    patience = timedelta(seconds=3)
    assert isinstance(order.choose([line], clock.now(), patience=patience), Nobody)
    clock.instant -= JUMP
    assert JUMP > MOST_REST
    assert isinstance(order.choose([line], clock.now(), patience=patience), Choice)


async def test_set_back_what_callers_are_told_of_slots_is_looked_up_anew(
    hotline: Hotline, town: Clinic, clock: FrozenClock
) -> None:
    session, outlooks = await town.session(slots=1), Outlooks(hotline)
    seen = await outlooks.of(town.department_id)
    assert seen is not None
    assert seen.earliest is not None
    clock.instant -= JUMP
    await town.book(session, await town.person("李秀英"))
    now = await outlooks.of(town.department_id)
    assert now is not None
    assert now.earliest is None


@pytest.mark.parametrize("jump", [JUMP, -JUMP], ids=["ahead", "back"])
async def test_a_forged_notice_after_the_jump_is_written_down_as_any_other(
    hotline: Hotline, clock: FrozenClock, jump: timedelta
) -> None:
    disbelief = Disbelief(hotline)
    await disbelief.tell("unionpay", "signature")
    clock.instant += jump
    await disbelief.tell("unionpay", "signature")
    async with hotline.read() as db:
        rows = await db.execute(select(JournalRow.id).where(JournalRow.kind == NoticeRefused.kind))
        assert len(rows.all()) == 2
