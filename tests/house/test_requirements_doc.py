"""The table of proofs says what the tests say."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ALL_TESTS
from tests.requirements_doc import rows

ROOT = Path(__file__).parents[2]


def test_the_table_of_proofs_is_up_to_date(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    written = (ROOT / "docs" / "requirements.md").read_text()
    assert written == (known(request.config) or collected(tmp_path / "table")), "run bin/requirements"


def known(config: pytest.Config) -> str | None:
    """By what this run has collected, if that is everything."""
    everything = config.stash.get(ALL_TESTS, None)
    return rows(everything) if everything else None


def collected(table: Path) -> str:
    """By a run that only collects: what this costs, a run of everything has paid already."""
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "tests.requirements_doc",
         f"--requirements-doc={table}"],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    return table.read_text()
