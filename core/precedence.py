"""The house goes before what else the machine does, its own children included.

A switch with 400 callers is hundreds of threads that wake fifty times a second. With equal rights the one
loop that answers all their keys stood in line for as long as it worked (docs/performance.md, Calls). It needs
half a core in short pieces; sound needs its thread now and then, and another core is there for it.
"""

import os
from contextlib import suppress
from pathlib import Path

NICE = -10
# Where Linux shares a processor between sessions first (sched_autogroup), nice counts within a session.
GROUP = Path("/proc/self/autogroup")


def take(nice: int = NICE) -> bool:
    """Go first from now on; threads made later do as well. Returns whether we may.

    It takes root, or a service's `LimitNICE=30` (docs/operations.md). Of a session that is not
    ours alone, such as a terminal's, the rest is left as it is.
    """
    try:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    except OSError:
        return False
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            GROUP.write_text(str(nice))
    return True


def plainly(*command: str) -> tuple[str, ...]:
    """The command of a child that has no more rights than others: it would inherit ours."""
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    return ("nice", "-n", str(-ours), *command) if ours < 0 else command
