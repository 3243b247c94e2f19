"""Three lists of one day - ours, the cashier's, the hospital's - and where they disagree; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.money.cashier import Kind, Line

Key = tuple[Kind, str]


class Flag(StrEnum):
    """How a payment or refund stands in the reconciliation."""

    NONE = "none"  # not looked at yet
    MATCHED = "matched"
    PLATFORM_ONLY = "platform-only"  # we have it, the cashier has not
    PROVIDER_ONLY = "provider-only"  # the cashier has it, we have not
    AMOUNT_DIFF = "amount-diff"
    HOSPITAL_MISSING = "hospital-missing"  # we and the cashier have it, the hospital has not
    HOSPITAL_ONLY = "hospital-only"
    SETTLED = "settled"  # a difference that was explained


@dataclass(frozen=True)
class Difference:
    """One number about which the lists disagree; None: that list does not have it."""

    kind: Kind
    order: str
    flag: Flag
    platform_fen: int | None
    provider_fen: int | None
    hospital_fen: int | None


@dataclass(frozen=True)
class Comparison:
    """matched, differences: every number of the lists, once. arrived: of those carried, now in the list.

    Sums are net: payments less refunds, in fen; hospital_fen is None without a list of the hospital.
    """

    matched: Sequence[Key]
    differences: Sequence[Difference]
    arrived: Sequence[Key]
    platform_fen: int
    provider_fen: int
    hospital_fen: int | None


def compare(
    platform: Iterable[Line],
    provider: Iterable[Line],
    hospital: Iterable[Line] | None = None,
    *,
    carried: Iterable[Line] = (),
) -> Comparison:
    """Match the lists by kind and number; what stands in one of them twice counts twice.

    carried: ours of earlier days that the cashier did not have then. Found today they are no difference;
    not found they are not named again.
    """
    ours, theirs = _summed(platform), _summed(provider)
    at_hospital = None if hospital is None else _summed(hospital)
    late = {key: fen for key, fen in _summed(carried).items() if key not in ours and key in theirs}
    arrived = sorted(key for key, fen in late.items() if theirs[key] == fen)
    matched: list[Key] = []
    differences: list[Difference] = []
    for key in sorted({*ours, *theirs, *(at_hospital or ())}):
        own = ours.get(key, late.get(key))
        # The hospital may have had on the day before what the cashier has only today.
        third = None if key in late else at_hospital
        flag = _flag(own, theirs.get(key), third, key)
        if flag is Flag.MATCHED:
            matched.append(key)
        else:
            there = at_hospital.get(key) if at_hospital is not None else None
            differences.append(Difference(key[0], key[1], flag, own, theirs.get(key), there))
    return Comparison(
        matched,
        differences,
        arrived,
        _net(ours),
        _net(theirs),
        None if at_hospital is None else _net(at_hospital),
    )


def _flag(ours: int | None, theirs: int | None, hospital: Mapping[Key, int] | None, key: Key) -> Flag:
    if ours is None and theirs is None:
        return Flag.HOSPITAL_ONLY
    if theirs is None:
        return Flag.PLATFORM_ONLY
    if ours is None:
        return Flag.PROVIDER_ONLY
    if ours != theirs:
        return Flag.AMOUNT_DIFF
    if hospital is None:
        return Flag.MATCHED
    if key not in hospital:
        return Flag.HOSPITAL_MISSING
    return Flag.MATCHED if hospital[key] == ours else Flag.AMOUNT_DIFF


def _summed(lines: Iterable[Line]) -> dict[Key, int]:
    sums: dict[Key, int] = {}
    for line in lines:
        key = (line.kind, line.order)
        sums[key] = sums.get(key, 0) + line.amount_fen
    return sums


def _net(sums: Mapping[Key, int]) -> int:
    return sum(fen if kind is Kind.PAYMENT else -fen for (kind, _), fen in sums.items())
