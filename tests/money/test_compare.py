"""Three lists of a day: every number is named once, as matched or as a difference, and the sums agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money.cashier import Kind, Line
from core.money.compare import Flag, compare

P, R = Kind.PAYMENT, Kind.REFUND
LINES = st.lists(
    st.builds(Line, st.sampled_from(Kind), st.sampled_from([f"P{n}" for n in range(6)]), st.integers(1, 400)),
    max_size=10,
)


def net(lines: list[Line]) -> int:
    return sum(line.amount_fen if line.kind is P else -line.amount_fen for line in lines)


@pytest.mark.req("R-138")
@pytest.mark.parametrize(
    ("platform", "provider", "hospital", "flag"),
    [
        ([3000], [3000], None, Flag.MATCHED),
        ([3000], [3000], [3000], Flag.MATCHED),
        ([3000], [], None, Flag.PLATFORM_ONLY),
        ([3000], [], [3000], Flag.PLATFORM_ONLY),
        ([], [3000], None, Flag.PROVIDER_ONLY),
        ([], [3000], [3000], Flag.PROVIDER_ONLY),
        ([3000], [2900], None, Flag.AMOUNT_DIFF),
        ([3000], [3000, 3000], None, Flag.AMOUNT_DIFF),
        ([3000], [3000], [2900], Flag.AMOUNT_DIFF),
        ([3000], [3000], [], Flag.HOSPITAL_MISSING),
        ([], [], [3000], Flag.HOSPITAL_ONLY),
    ],
)
def test_each_disagreement_has_its_name(
    platform: list[int], provider: list[int], hospital: list[int] | None, flag: Flag
) -> None:
    def lines(sums: list[int]) -> list[Line]:
        return [Line(P, "P1", fen) for fen in sums]

    found = compare(lines(platform), lines(provider), None if hospital is None else lines(hospital))
    assert [one.flag for one in found.differences] == ([] if flag is Flag.MATCHED else [flag])
    assert len(found.matched) == (1 if flag is Flag.MATCHED else 0)


@given(LINES, LINES, st.none() | LINES)
def test_every_number_is_named_once(
    platform: list[Line], provider: list[Line], hospital: list[Line] | None
) -> None:
    found = compare(platform, provider, hospital)
    named = [*found.matched, *((one.kind, one.order) for one in found.differences)]
    assert sorted(named) == sorted(
        {(one.kind, one.order) for one in [*platform, *provider, *(hospital or [])]}
    )


@given(LINES, LINES)
def test_the_differences_add_up_to_the_difference_of_the_sums(
    platform: list[Line], provider: list[Line]
) -> None:
    found = compare(platform, provider)
    assert (found.platform_fen, found.provider_fen) == (net(platform), net(provider))
    apart = sum(
        ((one.platform_fen or 0) - (one.provider_fen or 0)) * (1 if one.kind is P else -1)
        for one in found.differences
    )
    assert apart == net(platform) - net(provider)


@given(LINES, st.randoms())
def test_the_same_lists_in_any_order_have_no_difference(lines: list[Line], random: st.DataObject) -> None:
    shuffled = list(lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert compare(lines, shuffled, lines).differences == []


@given(LINES, LINES, LINES)
def test_what_is_carried_is_never_a_new_difference(
    platform: list[Line], provider: list[Line], carried: list[Line]
) -> None:
    alone = {(one.kind, one.order) for one in compare(platform, provider).differences}
    found = compare(platform, provider, carried=carried)
    assert {(one.kind, one.order) for one in found.differences} <= alone
    assert set(found.arrived) <= {(one.kind, one.order) for one in carried} & set(found.matched)


def test_a_payment_and_a_refund_of_one_number_are_two() -> None:
    found = compare([Line(P, "X", 5)], [Line(R, "X", 5)])
    assert [one.flag for one in found.differences] == [Flag.PLATFORM_ONLY, Flag.PROVIDER_ONLY]


def test_what_the_hospital_had_the_day_before_is_not_missing_today() -> None:
    late = Line(P, "P1", 3000)
    assert compare([], [late], [], carried=[late]).arrived == [(P, "P1")]
