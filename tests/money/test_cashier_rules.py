"""How payments and refunds live, when a cashier is asked, and by which way money goes back."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money.cashier import Verdict
from core.money.rules import (
    MOST_SENDINGS,
    OPEN,
    PAYMENT_NEXT,
    REFUND_NEXT,
    Patience,
    PaymentState,
    RefundState,
    Way,
    after_look,
    after_refusal,
    before,
    payment_number,
    refund_number,
    refund_of,
    way_back,
)
from tests.clocks import FrozenClock

NOW = FrozenClock.at("2026-11-23 10:00").now()


def test_money_that_comes_is_always_taken() -> None:
    for state in PaymentState:
        final = state in (PaymentState.PAID, PaymentState.REFUNDED)
        assert (PaymentState.PAID in PAYMENT_NEXT[state]) is not final


def test_what_is_open_can_be_paid_closed_and_tried_again() -> None:
    for to in (PaymentState.PAID, PaymentState.CLOSED):
        assert {state.value for state in OPEN} <= set(before(PAYMENT_NEXT, to))
    assert "closed" not in before(PAYMENT_NEXT, PaymentState.SUBMITTED)


def test_what_was_given_back_stays_given_back() -> None:
    assert REFUND_NEXT[RefundState.REFUNDED] == frozenset()
    for state in RefundState:
        assert state is RefundState.REFUNDED or RefundState.REFUNDED in REFUND_NEXT[state]


def test_every_state_is_reached_from_the_first() -> None:
    for first, table in ((PaymentState.CREATED, PAYMENT_NEXT), (RefundState.REQUESTED, REFUND_NEXT)):
        seen, todo = {first}, [first]
        while todo:
            more = table[todo.pop()] - seen  # type: ignore[index, operator]
            seen |= more
            todo += more
        assert seen == set(table)


@given(st.integers(1, 10**12 - 1), st.integers(1, 500), st.integers(1, 10**12 - 1), st.integers(1, 500))
def test_a_number_is_one_things_alone_and_fits_the_gateway(
    one: int, first: int, other: int, second: int
) -> None:
    numbers = {payment_number(one, first), refund_number(one, first)}
    assert len(numbers) == 2
    for number in numbers:
        assert 8 <= len(number) <= 32
        assert number.isalnum()
    same = (one, first) == (other, second)
    assert (payment_number(one, first) == payment_number(other, second)) is same
    assert refund_of(refund_number(one, first)) == one
    assert refund_of(payment_number(one, first)) is None


@given(st.integers(0, 400), st.integers(0, 8 * 24 * 60))
def test_the_waits_grow_to_a_limit_and_end(asked: int, minutes: int) -> None:
    patience = Patience()
    sent_at = NOW - timedelta(minutes=minutes)
    look = patience.look_at(NOW, asked, sent_at)
    if minutes > patience.ends.total_seconds() / 60:
        assert look is None
    else:
        assert look is not None
        assert patience.first <= look - NOW <= patience.most
        later = patience.look_at(NOW, asked + 1, sent_at)
        assert later is not None
        assert later >= look


@pytest.mark.parametrize(
    ("verdict", "minutes", "to"),
    [
        (Verdict.DONE, -1, PaymentState.PAID),
        (Verdict.DONE, 999, PaymentState.PAID),
        (Verdict.FAILED, -1, PaymentState.FAILED),
        (Verdict.UNKNOWN, 999, PaymentState.UNKNOWN),
        (Verdict.ABSENT, -1, None),
        (Verdict.ABSENT, 14, None),
        (Verdict.ABSENT, 15, PaymentState.FAILED),
    ],
)
def test_what_a_cashier_says_decides_when_it_can(
    verdict: Verdict, minutes: int, to: PaymentState | None
) -> None:
    """minutes: since the patient's time was over."""
    assert after_look(verdict, open_until=NOW - timedelta(minutes=minutes), now=NOW) is to


@pytest.mark.parametrize(
    ("part", "paid", "now", "way"),
    [
        (3000, "2026-11-23 08:00", "2026-11-23 10:00", Way.VOID),
        (2999, "2026-11-23 08:00", "2026-11-23 10:00", Way.REFUND),
        (3000, "2026-11-22 23:50", "2026-11-23 00:10", Way.REFUND),
        (3000, "2026-11-23 08:00", "2026-11-23 22:29", Way.VOID),
        (3000, "2026-11-23 08:00", "2026-11-23 22:30", Way.REFUND),
    ],
)
def test_all_of_todays_payment_is_voided_and_everything_else_refunded(
    part: int, paid: str, now: str, way: Way
) -> None:
    at, then = FrozenClock.at(now).now(), FrozenClock.at(paid).now()
    assert way_back(part_fen=part, whole_fen=3000, paid_at=then, now=at) is way


def test_a_refusal_is_followed_by_another_try_until_a_person_must_look() -> None:
    again = after_refusal(Way.VOID, sendings=1, permanent=True)
    assert again is not None
    assert (again.way, again.wait) == (Way.REFUND, timedelta())
    assert after_refusal(Way.REFUND, sendings=1, permanent=True) is None
    waits = []
    for sendings in itertools.count(1):
        more = after_refusal(Way.REFUND, sendings=sendings, permanent=False)
        if more is None:
            break
        waits.append(more.wait)
    assert sendings == MOST_SENDINGS
    assert waits == sorted(waits)
