"""A figure, the limit it is held against, and how far apart they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from hotline.prompts.table import print_table


@dataclass(frozen=True)
class Row:
    """what: is measured. value, limit: in `unit`; limit_is: what the limit was measured on, in this run."""

    what: str
    value: float
    unit: str
    limit: float | None = None
    limit_is: str = ""


def show(title: str, rows: Sequence[Row]) -> None:
    print(f"\n{title}")
    print_table([("", "measured", "limit", "ratio", "the limit is"), *map(_cells, rows)])


def _cells(row: Row) -> tuple[str, ...]:
    if row.limit is None:
        return row.what, f"{row.value:.3g} {row.unit}", "", "", ""
    ratio = f"{row.value / row.limit:.2f}" if row.limit else "-"
    return row.what, f"{row.value:.3g} {row.unit}", f"{row.limit:.3g} {row.unit}", ratio, row.limit_is
