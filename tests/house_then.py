"""The house at a time of the test's choice: `python -m tests.house_then serve`, HOTLINE_TEST_NOW=2026-11-23T10:00+08:00.

Its clock begins there and runs; everything else is as it is served.
"""

import os
import sys
from datetime import datetime

from hotline import foundation
from hotline.cli import main
from tests.clocks import RunningClock


def clock() -> RunningClock:
    """The clock that the whole house reads."""
    return RunningClock(datetime.fromisoformat(os.environ["HOTLINE_TEST_NOW"]))


if __name__ == "__main__":
    foundation.SystemClock = clock  # type: ignore[assignment,misc]
    sys.exit(main())
