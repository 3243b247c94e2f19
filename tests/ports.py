"""Ports for the tests of one worker, so that several may telephone at the same time."""

import itertools
import os
import socket
from collections.abc import Iterator

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
SIP = range(5060 + 100 * WORKER, 5160 + 100 * WORKER)
# Outside the switch's range, and below what the kernel gives out; each telephone takes a few.
MEDIA = range(20000 + 2500 * (WORKER % 4), 22500 + 2500 * (WORKER % 4), 10)


def media() -> Iterator[int]:
    """Where one telephone after the other hears, from there on."""
    return itertools.cycle(MEDIA)


def sip() -> int:
    """A port for a switch that no other worker of these tests looks for. Raises OSError when all are taken."""
    for port in SIP:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port in {SIP}")
