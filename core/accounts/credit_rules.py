"""Until when a line of the ledger counts, and towards which rule; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from core.credit.book import RuleBook
from core.credit.keys import Threshold
from core.credit.periods import CheckPeriod
from core.credit.rules import COUNTED
from core.errors import RuleRef
from core.values import day_of, instant_of

# What counts for longer counts for ever.
FURTHEST = timedelta(days=366 * 40)


@dataclass(frozen=True)
class BlockRule:
    """A rule by which the ledger leads to a block: so many lines within the period, and for how long."""

    name: str
    ref: RuleRef
    threshold: Threshold
    period: CheckPeriod


@dataclass(frozen=True)
class Counting:
    """What a line counts towards. last_day: on which it still does. spent: it has led to a block before."""

    rule: BlockRule
    last_day: date
    spent: bool

    def now(self, now: datetime) -> bool:
        return not self.spent and day_of(now) <= self.last_day


@dataclass(frozen=True)
class Began:
    """A block of the same person, over or not: what lies before it has had its consequence."""

    name: str
    hospital_id: int | None
    at: datetime


def block_rules(book: RuleBook) -> list[BlockRule]:
    """The rules of a hospital, or the common ones, that lead to blocks at all."""
    found = []
    for name in COUNTED:
        ruling = book.ruling(name)
        if ruling.value is not None and ruling.period is not None:
            found.append(BlockRule(name, ruling.ref, ruling.value, ruling.period))
    return found


def counting(kind: str, at: datetime, rules: Iterable[BlockRule], began: Iterable[Began]) -> list[Counting]:
    """What a line of this kind counts towards by the rules of where it happened (credit.rules.due_blocks)."""
    before = tuple(began)
    return [
        Counting(
            rule,
            last_day(rule.period, at),
            any(
                one.name == rule.name and one.hospital_id == rule.ref.hospital_id and at <= one.at
                for one in before
            ),
        )
        for rule in rules
        if kind in COUNTED[rule.name]
    ]


def last_day(period: CheckPeriod, at: datetime) -> date:
    """The last day in Asia/Shanghai whose check period still reaches back to this instant.

    The beginning of a period never moves back as time goes on, so it is found by halving.
    """
    first = day_of(at)
    low, high = 0, FURTHEST.days
    while low < high:
        middle = (low + high + 1) // 2
        if period.window(instant_of(first + timedelta(days=middle), time(0, 0)))[0] <= at:
            low = middle
        else:
            high = middle - 1
    return first + timedelta(days=low)
