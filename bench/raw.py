"""What a bench has measured: a Markdown table on the screen, and the figures as a file beside it."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Not committed: figures of one machine on one day.
FOLDER = Path(__file__).parents[1] / "bench-results"


def markdown(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table as it may stand in a document."""
    print(f"\n{title}\n")
    for row in (heads, ["---"] * len(heads), *rows):
        print(f"| {' | '.join(row)} |")


def keep(name: str, found: Mapping[str, Any]) -> Path:
    """Write the raw figures as JSON; returns where."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    of = {"python": platform.python_version(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    path.write_text(json.dumps({"machine": of, **found}, ensure_ascii=False, indent=1, default=str))
    return path


def part(ordered: Sequence[float], share: float) -> float:
    """The value below which this share of an ordered list lies; 0 of an empty one."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
