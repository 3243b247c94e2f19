"""The table of proofs says what the tests say."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_table_of_proofs_is_up_to_date(tmp_path: Path) -> None:
    fresh = tmp_path / "requirements.md"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "tests.requirements_doc",
         f"--requirements-doc={fresh}"],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    assert (ROOT / "docs" / "requirements.md").read_text() == fresh.read_text(), "run bin/requirements"
