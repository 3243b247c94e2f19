"""Which blocks a ledger calls for: pure, at random."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.credit.book import RuleBook, RuleRow
from core.credit.rules import LedgerLine, PastBlock, due_blocks, still_stands
from core.values import SHANGHAI

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=SHANGHAI)
LINES = st.lists(
    st.builds(
        LedgerLine,
        id=st.integers(1, 99),
        kind=st.sampled_from(["no-show", "cancel", "same-day-cancel", "booked"]),
        hospital_id=st.integers(1, 3),
        at=st.integers(0, 200).map(lambda days: NOW - timedelta(days=days)),
        forgiven=st.booleans(),
    ),
    max_size=20,
)


def book(hospital_id: int = 1, own: bool = False) -> RuleBook:
    rows = [
        RuleRow(
            1,
            "block.no-show",
            "3 -> 90d",
            hospital_id=hospital_id if own else None,
            period_type="days",
            period_value=90,
        )
    ]
    return RuleBook(rows, hospital_id, lambda day: day.isoweekday() <= 5)


def within(line: LedgerLine) -> bool:
    return line.kind == "no-show" and not line.forgiven and line.at >= NOW - timedelta(days=90)


@given(LINES)
def test_a_common_rule_counts_unforgiven_misses_of_the_period_anywhere(lines: list[LedgerLine]) -> None:
    due = due_blocks(lines, [], book(), NOW)
    count = sum(within(line) for line in lines)
    assert [block.count for block in due] == ([count] if count >= 3 else [])
    assert all(block.hospital_id is None for block in due)
    assert still_stands("block.no-show", lines, book(), NOW) is (count >= 3)


@given(LINES)
def test_a_hospitals_own_rule_counts_what_happened_there(lines: list[LedgerLine]) -> None:
    due = due_blocks(lines, [], book(own=True), NOW)
    count = sum(within(line) and line.hospital_id == 1 for line in lines)
    assert [(block.count, block.hospital_id) for block in due] == ([(count, 1)] if count >= 3 else [])


@given(LINES)
def test_nobody_is_blocked_twice_by_one_rule_at_once(lines: list[LedgerLine]) -> None:
    active = PastBlock("block.no-show", None, NOW - timedelta(days=1), active=True)
    assert due_blocks(lines, [active], book(), NOW) == []


@given(LINES, st.integers(0, 200))
def test_lines_before_an_ended_block_are_spent(lines: list[LedgerLine], days: int) -> None:
    ended = PastBlock("block.no-show", None, NOW - timedelta(days=days), active=False)
    fresh = [line for line in lines if line.at > ended.from_at]
    assert due_blocks(lines, [ended], book(), NOW) == due_blocks(fresh, [], book(), NOW)


@given(LINES, st.data())
def test_forgiving_a_line_never_brings_a_block(lines: list[LedgerLine], data: st.DataObject) -> None:
    if not lines:
        return
    place = data.draw(st.integers(0, len(lines) - 1))
    line = lines[place]
    kinder = [
        *lines[:place],
        LedgerLine(line.id, line.kind, line.hospital_id, line.at, True),
        *lines[place + 1 :],
    ]
    assert len(due_blocks(kinder, [], book(), NOW)) <= len(due_blocks(lines, [], book(), NOW))
