"""The published rule, without a database: the draw, the shares, what is promised."""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from core.release import rules
from core.release.rules import ENDED, LIVE, PLACE_NEXT, Chance, Numbers, PlaceState, Stage
from tests.clocks import FrozenClock

OPENS = FrozenClock.at("2026-11-24 08:00").instant
SECRET = "a-secret-of-the-tests"
CHANNELS = ("web", "phone", "sms")


@dataclass(frozen=True)
class One:
    channel: str
    number: int


tickets = st.sets(st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=16), max_size=40)
numbers = st.builds(
    Numbers, st.dictionaries(st.sampled_from(CHANNELS), st.integers(0, 6), max_size=3), st.integers(0, 12)
)
lines = st.lists(st.sampled_from(CHANNELS), max_size=40).map(
    lambda channels: [One(channel, number) for number, channel in enumerate(channels)]
)


def test_anybody_can_check_the_draw_with_a_hash_alone() -> None:
    seed = sha256(f"12|2026-11-24T08:00:00+08:00|{SECRET}".encode()).hexdigest()
    assert rules.commitment(SECRET) == sha256(SECRET.encode()).hexdigest()
    assert rules.seed(12, OPENS, SECRET) == seed
    assert rules.drawn(seed, "ticket") == int(sha256(f"{seed}|ticket".encode()).hexdigest()[:15], 16)


@given(tickets, st.randoms())
def test_the_draw_is_the_same_whoever_comes_first(these: set[str], chance: object) -> None:
    order = list(these)
    chance.shuffle(order)  # type: ignore[attr-defined]
    assert rules.replayed("seed", order) == rules.replayed("seed", sorted(these))


@given(tickets, st.text("xyz", min_size=17, max_size=18))
def test_one_more_in_the_draw_moves_nobody_past_another(these: set[str], one_more: str) -> None:
    before = rules.replayed("seed", these)
    after = [ticket for ticket in rules.replayed("seed", these | {one_more}) if ticket != one_more]
    assert after == before


def test_another_secret_another_session_and_another_instant_are_other_draws() -> None:
    these = [str(number) for number in range(20)]
    orders = {
        tuple(rules.replayed(seed, these))
        for seed in (
            rules.seed(12, OPENS, SECRET),
            rules.seed(12, OPENS, SECRET + "!"),
            rules.seed(13, OPENS, SECRET),
            rules.seed(12, OPENS + timedelta(days=1), SECRET),
        )
    }
    assert len(orders) == 4


def test_every_place_of_the_draw_is_as_likely_for_every_ticket() -> None:
    """Chi-squared over 4000 draws of ten tickets: 9 degrees of freedom, 27.88 is passed once in a thousand."""
    counts = [0] * 10
    for number in range(4000):
        order = rules.replayed(rules.seed(number, OPENS, SECRET), [f"ticket-{one}" for one in range(10)])
        counts[order.index("ticket-3")] += 1
    assert sum((count - 400) ** 2 / 400 for count in counts) < 27.88


@given(st.integers(0, 10**9), tickets)
def test_who_comes_late_stands_behind_the_draw_in_order_of_coming(seconds: int, these: set[str]) -> None:
    first = rules.late(OPENS + timedelta(seconds=seconds))
    assert all(rules.drawn("seed", ticket) < first for ticket in these)
    assert first < rules.late(OPENS + timedelta(seconds=seconds, microseconds=1)) < 2**63


@given(lines, numbers)
def test_no_number_is_allotted_twice_and_none_is_kept_from_who_may_have_it(
    line: list[One], free: Numbers
) -> None:
    chosen = rules.allotted(line, free)
    for channel in CHANNELS:
        got = sum(one.channel == channel for one in chosen)
        wanted = sum(one.channel == channel for one in line)
        assert got >= min(wanted, free.own.get(channel, 0))  # the guaranteed share
    beyond = sum(
        max(0, sum(one.channel == channel for one in chosen) - free.own.get(channel, 0))
        for channel in CHANNELS
    )
    assert beyond <= free.common
    if beyond < free.common:
        assert all(one in chosen for one in line)


@given(lines, numbers)
def test_within_a_channel_nobody_is_served_after_who_stands_behind(line: list[One], free: Numbers) -> None:
    chosen = rules.allotted(line, free)
    for channel in CHANNELS:
        queue = [one for one in line if one.channel == channel]
        got = [one for one in chosen if one.channel == channel]
        assert got == queue[: len(got)]


@given(lines, numbers)
def test_what_one_is_told_is_what_the_line_would_give(line: list[One], free: Numbers) -> None:
    chosen = rules.allotted(line, free)
    for place, one in enumerate(line):
        ahead = {channel: sum(other.channel == channel for other in line[:place]) for channel in CHANNELS}
        assert rules.reaches(one.channel, ahead, free) == (one in chosen)


@given(numbers, st.dictionaries(st.sampled_from(CHANNELS), st.integers(0, 8), max_size=3), lines)
def test_turns_that_are_out_are_never_given_again(
    free: Numbers, out: dict[str, int], line: list[One]
) -> None:
    rest = free.without(out)
    promised = [One(channel, -1) for channel, count in out.items() for _ in range(count)]
    if len(rules.allotted(promised, free)) == len(promised):
        both = [*promised, *rules.allotted(line, rest)]
        assert len(rules.allotted(both, free)) == len(both)


@given(numbers, st.dictionaries(st.sampled_from(CHANNELS), st.integers(0, 8), max_size=3))
def test_numbers_cover_what_is_promised_when_everybody_gets_theirs(
    free: Numbers, out: dict[str, int]
) -> None:
    promised = [One(channel, -1) for channel, count in out.items() for _ in range(count)]
    assert free.cover(out) == (len(rules.allotted(promised, free)) == len(promised))


def test_what_can_be_hoped_for() -> None:
    free, held, nothing = Numbers({"web": 2}, 1), Numbers({}, 1), Numbers({}, 0)
    assert rules.outlook("web", {"web": 2}, free, nothing) is Chance.LIKELY
    assert rules.outlook("web", {"web": 3}, free, nothing) is Chance.SHORT
    assert rules.outlook("web", {"web": 2, "phone": 1}, free, nothing) is Chance.SHORT
    assert rules.outlook("web", {}, nothing, held) is Chance.SHORT
    assert rules.outlook("web", {}, nothing, nothing) is Chance.NONE
    assert rules.outlook("web", {}, Numbers({"phone": 3}, 0), Numbers({"phone": 1}, 0)) is Chance.NONE


def test_a_line_has_four_times() -> None:
    lead, window = timedelta(minutes=15), timedelta(minutes=30)
    cases = (
        (-901, Stage.EARLY),
        (-900, Stage.DRAW),
        (-1, Stage.DRAW),
        (0, Stage.OPEN),
        (1799, Stage.OPEN),
        (1800, Stage.OVER),
    )
    for seconds, wanted in cases:
        now = OPENS + timedelta(seconds=seconds)
        assert rules.stage(now, opens_at=OPENS, lead=lead, window=window) is wanted, seconds


def test_a_place_that_ended_can_be_taken_again_and_a_live_one_cannot_be_taken_twice() -> None:
    assert set(PLACE_NEXT) == set(PlaceState) == {*LIVE, *ENDED}
    assert all(PLACE_NEXT[state] == {PlaceState.WAITING} for state in ENDED)
    assert all(PlaceState.WAITING not in PLACE_NEXT[state] for state in LIVE)
