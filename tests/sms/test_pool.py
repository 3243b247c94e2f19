"""Several gateways as one: who is asked, when, and who never."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ports import NotHanded, OutgoingText, OutsideError
from sms.gateways import order
from sms.gateways.order import FAILURES, MOST_REST, REST, Choice, Nobody
from sms.gateways.pool import Member, Pool
from tests.clocks import FrozenClock

NOW = FrozenClock.at("2026-11-23 10:00").now()
PATIENT = timedelta(seconds=3)
Again, Never, Doubt = (
    OutsideError("busy"),
    OutsideError("no", permanent=True),
    OutsideError("lost", unsure=True),
)


def text(key: str = "a") -> OutgoingText:
    return OutgoingText(key, "13812345678", "您好", "booked")


@dataclass
class Far:
    """A gateway that does as it is told: fails so, or takes."""

    name: str
    fails: list[OutsideError | None] = field(default_factory=list)
    got: list[str] = field(default_factory=list)
    hangs: bool = False

    async def send(self, text: OutgoingText) -> tuple[str, ...]:
        self.got.append(text.key)
        if self.hangs:
            await asyncio.Event().wait()
        failure = self.fails.pop(0) if self.fails else None
        if failure is not None:
            raise failure
        return (f"{self.name}-{text.key}",)


@dataclass
class Room:
    """Two gateways, the first preferred, on a clock that sleeping moves."""

    clock: FrozenClock = field(default_factory=lambda: FrozenClock.at("2026-11-23 10:00"))
    slept: list[float] = field(default_factory=list)
    first: Far = field(default_factory=lambda: Far("first"))
    second: Far = field(default_factory=lambda: Far("second"))

    def pool(self, rate: float = 100.0, **more: float) -> Pool:
        members = [Member(self.first, rate), Member(self.second, rate)]
        return Pool(members, self.clock, sleep=self.sleep, **more)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.clock.advance(seconds=seconds)


@pytest.fixture
def room() -> Room:
    return Room()


# --- who is asked -------------------------------------------------------------------------------------


async def test_the_preferred_one_is_asked_and_named(room: Room) -> None:
    handed = await room.pool().send(text())
    assert (handed.gateway, handed.part_ids) == ("first", ("first-a",))
    assert room.second.got == []


async def test_the_next_is_asked_when_it_is_certain_that_the_first_has_not_taken_it(room: Room) -> None:
    room.first.fails = [Again]
    assert (await room.pool().send(text())).gateway == "second"


async def test_in_doubt_nobody_else_is_asked(room: Room) -> None:
    room.first.fails = [Doubt]
    with pytest.raises(NotHanded) as failure:
        await room.pool().send(text())
    assert (failure.value.gateway, failure.value.unsure, failure.value.permanent) == ("first", True, False)
    assert room.second.got == []


async def test_no_answer_in_time_is_doubt(room: Room) -> None:
    room.first.hangs = True
    with pytest.raises(NotHanded) as failure:
        await room.pool(within_s=0.02).send(text())
    assert (failure.value.gateway, failure.value.unsure) == ("first", True)
    assert room.second.got == []


async def test_a_refusal_for_good_is_not_carried_to_the_next(room: Room) -> None:
    room.first.fails = [Never]
    with pytest.raises(NotHanded) as failure:
        await room.pool().send(text())
    assert (failure.value.gateway, failure.value.unsure, failure.value.permanent) == ("first", False, True)
    assert room.second.got == []


async def test_when_all_fail_for_now_the_last_word_is_told(room: Room) -> None:
    room.first.fails, room.second.fails = [Again], [OutsideError("full")]
    with pytest.raises(NotHanded, match="full") as failure:
        await room.pool().send(text())
    assert (failure.value.gateway, failure.value.unsure, failure.value.permanent) == ("second", False, False)


async def test_a_text_in_doubt_is_asked_about_where_it_may_be_and_nowhere_else(room: Room) -> None:
    assert (await room.pool().send(text(), tried=("first", "second"))).gateway == "second"
    assert room.first.got == []


async def test_doubt_stays_whatever_is_said_to_the_repeat(room: Room) -> None:
    for said, permanent in ((Again, False), (Never, True)):
        room.second.fails = [said]
        with pytest.raises(NotHanded) as failure:
            await room.pool().send(text(), tried=("second",))
        assert (failure.value.unsure, failure.value.permanent) == (True, permanent)
    assert room.first.got == []


async def test_a_gateway_that_is_no_more_leaves_its_texts_in_doubt(room: Room) -> None:
    with pytest.raises(NotHanded) as failure:
        await room.pool().send(text(), tried=("gone",))
    assert (failure.value.gateway, failure.value.unsure) == ("gone", True)
    assert room.first.got == room.second.got == []


async def test_who_is_asked_is_written_down_before(room: Room) -> None:
    room.first.fails = [Again]
    story: list[object] = []

    async def asking(name: str) -> None:
        story.append((name, list(room.first.got), list(room.second.got)))

    await room.pool().send(text(), asking=asking)
    assert story == [("first", [], []), ("second", ["a"], [])]


async def test_what_cannot_be_written_down_does_not_leave(room: Room) -> None:
    async def asking(name: str) -> None:
        raise ConnectionError("no database")

    with pytest.raises(ConnectionError):
        await room.pool().send(text(), asking=asking)
    assert room.first.got == []


# --- how quick ----------------------------------------------------------------------------------------


async def test_what_is_too_quick_for_the_first_goes_to_the_second(room: Room) -> None:
    pool = room.pool(rate=2.0)
    gateways = [(await pool.send(text(f"k{number}"))).gateway for number in range(4)]
    assert gateways == ["first", "first", "second", "second"]
    assert room.slept == []


async def test_what_is_too_quick_for_all_waits_its_turn(room: Room) -> None:
    pool = room.pool(rate=2.0)
    for number in range(6):
        await pool.send(text(f"k{number}"))
    assert room.slept == [0.5]  # the sixth has the place that the second gateway has by then
    assert len(room.first.got) + len(room.second.got) == 6


async def test_what_would_wait_too_long_comes_again_later(room: Room) -> None:
    pool = room.pool(rate=0.1, patience_s=3.0)
    for _ in range(2):
        await pool.send(text())
    with pytest.raises(NotHanded, match="rate") as failure:
        await pool.send(text("c"))
    assert (failure.value.gateway, failure.value.unsure, failure.value.permanent) == (None, False, False)
    room.clock.advance(seconds=10)
    assert (await pool.send(text("c"))).gateway == "first"


@given(st.floats(0.5, 50), st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_no_gateway_is_given_more_than_its_rate_and_one_second_ahead(rate: float, gaps: list[float]) -> None:
    line, now, given_at = order.line("a", rate, NOW), NOW, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        choice = order.choose([line], now, patience=PATIENT)
        if isinstance(choice, Choice):
            line = order.reserved(line, now)
            given_at.append(now + choice.wait)
    assert given_at == sorted(given_at)
    for start in range(len(given_at)):
        for end in range(start, len(given_at)):
            seconds = (given_at[end] - given_at[start]).total_seconds()
            assert end - start + 1 <= max(1.0, rate) + rate * seconds + 0.01


# --- who is left alone --------------------------------------------------------------------------------


async def fail(pool: Pool, far: Far, times: int = FAILURES) -> None:
    far.fails = [Again] * times
    for number in range(times):
        await pool.send(text(f"f{number}"))


async def test_one_that_fails_several_times_in_a_row_is_left_alone(room: Room) -> None:
    pool = room.pool()
    await fail(pool, room.first)
    room.first.got.clear()
    assert (await pool.send(text())).gateway == "second"
    assert room.first.got == []
    assert pool.lines[0].rests_until == room.clock.now() + REST


async def test_a_success_between_failures_keeps_it_in_use(room: Room) -> None:
    pool = room.pool()
    room.first.fails = [*[Again] * (FAILURES - 1), None, *[Again] * (FAILURES - 1), None]
    for number in range(2 * FAILURES):
        await pool.send(text(f"k{number}"))
    assert pool.lines[0].rests_until is None


async def test_refusals_for_good_are_answers_and_no_failures(room: Room) -> None:
    pool = room.pool()
    room.first.fails = [Never] * FAILURES
    for _ in range(FAILURES):
        with pytest.raises(NotHanded):
            await pool.send(text())
    assert (await pool.send(text("b"))).gateway == "first"


async def test_after_its_rest_it_is_tried_with_one_text(room: Room) -> None:
    pool = room.pool()
    await fail(pool, room.first)
    room.clock.advance(seconds=REST.total_seconds())
    room.first.got.clear()
    room.first.hangs = True
    trial = asyncio.create_task(pool.send(text("trial")))
    await asyncio.sleep(0)
    assert (await pool.send(text("other"))).gateway == "second"
    assert room.first.got == ["trial"]
    trial.cancel()
    await asyncio.wait({trial})


async def test_a_trial_that_works_brings_it_back_and_one_that_fails_rests_it_longer(room: Room) -> None:
    pool = room.pool()
    await fail(pool, room.first)
    room.clock.advance(seconds=REST.total_seconds())
    room.first.fails = [Again]
    await pool.send(text("trial"))
    assert pool.lines[0].rests_until == room.clock.now() + 2 * REST
    room.clock.advance(seconds=2 * REST.total_seconds())
    assert (await pool.send(text("works"))).gateway == "first"
    assert (await pool.send(text("again"))).gateway == "first"


async def test_a_text_in_doubt_at_one_that_rests_waits_for_it(room: Room) -> None:
    pool = room.pool()
    await fail(pool, room.first)
    with pytest.raises(NotHanded, match="rests") as failure:
        await pool.send(text(), tried=("first",))
    assert (failure.value.gateway, failure.value.unsure) == ("first", True)
    assert room.second.got.count("a") == 0


async def test_when_all_rest_nobody_is_asked(room: Room) -> None:
    pool = room.pool()
    room.first.fails, room.second.fails = [Again] * FAILURES, [Again] * FAILURES
    for _ in range(FAILURES):
        with pytest.raises(NotHanded):
            await pool.send(text())
    room.first.got.clear()
    with pytest.raises(NotHanded, match="rests") as failure:
        await pool.send(text())
    assert (failure.value.gateway, failure.value.unsure, failure.value.permanent) == (None, False, False)
    assert room.first.got == []


def test_texts_under_way_when_it_went_to_rest_do_not_make_the_rest_longer() -> None:
    line = order.line("a", 10, NOW)
    for _ in range(FAILURES + 20):
        line = order.failed(line, NOW)
    assert line.rests_until == NOW + REST


def test_a_rest_has_an_end() -> None:
    line, now = order.line("a", 10, NOW), NOW
    for _ in range(FAILURES + 40):
        line = order.failed(order.reserved(line, now), now)
        now = line.rests_until or now
    assert line.rests_until is not None
    assert line.rests_until - NOW <= (FAILURES + 40) * MOST_REST
    assert isinstance(order.choose([line], now, patience=PATIENT), Choice)


def test_nobody_is_chosen_from_nobody() -> None:
    assert order.choose([], NOW, patience=PATIENT) == Nobody("no gateway is left")


@pytest.mark.parametrize(
    "members",
    [list, lambda: [Member(Far("a"), 1), Member(Far("a"), 1)], lambda: [Member(Far("a"), 0)]],
    ids=["none", "two-of-one-name", "no-rate"],
)
def test_a_pool_that_cannot_work_is_refused(members: Callable[[], list[Member]]) -> None:
    with pytest.raises(ValueError, match=r"name|second"):
        Pool(members(), FrozenClock(NOW))
