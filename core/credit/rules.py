"""What the credit ledger calls for: which blocks are due, which lines count; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.credit.book import RuleBook
from core.credit.periods import block_end
from core.errors import RuleRef

# Which lines of the ledger each block rule counts.
COUNTED: dict[str, frozenset[str]] = {
    "block.no-show": frozenset({"no-show"}),
    "block.cancel": frozenset({"cancel", "same-day-cancel"}),
    "block.same-day-cancel": frozenset({"same-day-cancel"}),
    "block.booked": frozenset({"booked"}),
}


@dataclass(frozen=True)
class LedgerLine:
    """One credit event. hospital_id: where it happened."""

    id: int
    kind: str
    hospital_id: int | None
    at: datetime
    forgiven: bool = False


@dataclass(frozen=True)
class PastBlock:
    """A block of the same person, active or ended."""

    rule_key: str
    hospital_id: int | None
    from_at: datetime
    active: bool


@dataclass(frozen=True)
class Block:
    """A black-list entry that is now due. hospital_id None: everywhere (a common rule)."""

    rule: RuleRef
    hospital_id: int | None
    until: datetime | None
    count: int


def due_blocks(
    ledger: Sequence[LedgerLine], past: Iterable[PastBlock], book: RuleBook, now: datetime
) -> list[Block]:
    """Which black-list entries the ledger calls for now.

    A forgiven line never counts (misses that the hospital caused are forgiven or not written at
    all). A line that led to an earlier block of the same rule does not punish twice. A common
    rule counts what happened anywhere and blocks everywhere; a hospital's own rule counts and
    blocks there.
    """
    blocks = tuple(past)
    due = []
    for name, kinds in COUNTED.items():
        ruling = book.ruling(name)
        if ruling.value is None or ruling.period is None:
            continue
        scope = ruling.ref.hospital_id
        mine = [b for b in blocks if b.rule_key.split("@")[0] == name and b.hospital_id == scope]
        if any(b.active for b in mine):
            continue
        since, until = ruling.period.window(now)
        spent = max((b.from_at for b in mine), default=None)
        lines = [
            line
            for line in ledger
            if line.kind in kinds
            and not line.forgiven
            and since <= line.at < until
            and (scope is None or line.hospital_id == scope)
            and (spent is None or line.at > spent)
        ]
        if len(lines) >= ruling.value.count:
            due.append(Block(ruling.ref, scope, block_end(ruling.value.length, now), len(lines)))
    return due


def still_stands(name: str, ledger: Sequence[LedgerLine], book: RuleBook, from_at: datetime) -> bool:
    """Whether a block that began at `from_at` would have come without the lines forgiven since."""
    ruling = book.ruling(name)
    if ruling.value is None or ruling.period is None:
        return False
    since, until = ruling.period.window(from_at)
    counted = [
        line
        for line in ledger
        if line.kind in COUNTED[name]
        and not line.forgiven
        and since <= line.at < until
        and line.at <= from_at
        and (ruling.ref.hospital_id is None or line.hospital_id == ruling.ref.hospital_id)
    ]
    return len(counted) >= int(ruling.value.count)
