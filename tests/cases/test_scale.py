"""One scale for all lanes: even time, cut where it was quiet."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agent_desk.case_scale import QUIET_MS, WIDTH, place, stretches

MOMENTS = st.lists(st.integers(0, 10**10), min_size=1, max_size=60)


@given(MOMENTS)
def test_who_came_later_never_stands_before(moments: list[int]) -> None:
    scale = stretches(moments)
    placed = [place(scale, at) for at in sorted(moments)]
    assert placed == sorted(placed)
    assert all(0 <= x <= WIDTH + 0.1 for x in placed)


@given(MOMENTS)
def test_each_moment_lies_in_one_stretch_and_quiet_lies_between(moments: list[int]) -> None:
    scale = stretches(moments)
    for at in moments:
        assert sum(one.first <= at <= one.last for one in scale) == 1
    for one, then in pairwise(scale):
        assert then.first - one.last > QUIET_MS
        assert then.x0 > one.x1


def test_a_recording_is_never_cut() -> None:
    quiet = 10 * QUIET_MS
    assert len(stretches([0, quiet])) == 2
    assert len(stretches([0, quiet], [(0, quiet)])) == 1


def test_a_day_later_takes_little_room() -> None:
    first, later = stretches([0, 60_000, 86_400_000])
    assert (first.x0, later.x1) == (0.0, WIDTH)
    assert first.x1 > 0.9 * WIDTH
