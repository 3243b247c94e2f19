"""docs/rules.md lists every rule as the code has it, and only rows that can be written."""

import re
from pathlib import Path

import pytest

from core.credit.keys import KEYS, named, parsed
from core.credit.periods import CheckPeriod

DOC = Path(__file__).parents[2] / "docs" / "rules.md"


def table() -> str:
    """The table of keys, as the document must have it; `python -m tests.rules.test_rules_doc`."""
    lines = [
        "| key | 中文 | what it says | value | default | may be narrowed by |",
        "|---|---|---|---|---|---|",
    ]
    for name, spec in KEYS.items():
        period = f"; period {spec.period[0]} {spec.period[1]}" if spec.period else ""
        by = ", ".join(spec.by) or "–"
        lines.append(
            f"| `{name}` | {spec.label} | {spec.meaning} | {spec.unit} | `{spec.default}`{period} | {by} |"
        )
    return "\n".join(lines)


def test_every_key_is_listed_with_its_meaning_and_default() -> None:
    assert table() in DOC.read_text(), "run: python -m tests.rules.test_rules_doc"


@pytest.mark.parametrize("name", KEYS)
def test_each_default_is_a_value_that_can_be_read(name: str) -> None:
    parsed(name, KEYS[name].default)
    if period := KEYS[name].period:
        CheckPeriod.parse(*period)


ROWS = re.findall(r"`([a-z-]+\.[a-z-]+(?:@\S+?)?) = ([^`]+?)(?: per ([a-z-]+) (\d+))?`", DOC.read_text())


def test_the_document_shows_real_policies() -> None:
    assert len(ROWS) >= 30


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_example_row_can_be_written(row: tuple[str, str, str, str]) -> None:
    key, value, kind, number = row
    parsed(named(key).name, value)
    if kind:
        CheckPeriod.parse(kind, int(number))


if __name__ == "__main__":
    print(table())  # noqa: T201
