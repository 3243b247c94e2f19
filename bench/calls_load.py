"""SIPp as so many callers: the scenario written for this run, the process, its speed, what it counted."""

import asyncio
import csv
import os
import shutil
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Template

from bench.calls_town import CallerIs

SCENARIOS = Path(__file__).parent / "sipp"
# What a caller presses, in order, each as a field of the callers' file or itself; and how long they have
# listened before it, in parts of the whole: the greeting and the read-back take longer than a list.
PRESSES = (
    ("1", 2.2), ("[field1]", 2.0), ("[field2]", 2.6), ("[field3]", 1.6), ("1", 1.6), ("1", 4.0), ("2", 3.6)
)  # fmt: skip
# SIPp begins a key 0.8 s late and takes 0.4 s for each, the last 0.2; the next press would cut it off.
KEY_S = 1.0
SHORTEST_S = {1: KEY_S + 0.2, 4: KEY_S + 1.4}
SPREAD = 0.15  # people are not clocks: each wait is so much shorter or longer
# After the good-bye's own length: what is not over then has failed.
LATE_S = 5.0
MEDIA, LOCAL, CONTROL = 46000, 45070, 45080
DRAIN_S = 90.0


class NoSipp(Exception):
    """SIPp is not here."""


@dataclass(frozen=True)
class Second:
    """What SIPp counted up to one instant. at: seconds since the epoch."""

    at: float
    calls: int
    now: int
    ended: int
    failed: int
    repeated: int


def found() -> str:
    """The program. Raises NoSipp with what to do."""
    program = shutil.which("sipp")
    if program is None:
        raise NoSipp("SIPp is missing: apt-get install sip-tester (Debian), then bin/bench calls again")
    return program


def pressed_by_events() -> bool:
    """Keys as RFC 4733 events need raw packets, so root; anybody may send them by SIP INFO."""
    return os.geteuid() == 0


def scenario(call_s: float, goodbye_s: float) -> str:
    """The scenario of a call that lasts so long, its good-bye included."""
    waits = _waits(call_s - goodbye_s)
    info = (SCENARIOS / "info.xml").read_text()
    parts, sequence = [], 1
    for (keys, _), wait in zip(PRESSES, waits, strict=True):
        low, high = (int(wait * 1000 * factor) for factor in (1 - SPREAD, 1 + SPREAD))
        parts.append(f'  <pause distribution="uniform" min="{low}" max="{high}"/>')
        if pressed_by_events():
            parts.append(f'  <nop><action><exec play_dtmf="{keys}"/></action></nop>')
            continue
        for key in _single(keys):
            sequence += 1
            parts.append(Template(info).substitute(key=key, sequence=sequence))
    over_ms = int((goodbye_s + LATE_S) * 1000)
    return Template((SCENARIOS / "caller.xml").read_text()).safe_substitute(
        keys="\n".join(parts), over_ms=over_ms
    )


def _single(keys: str) -> Sequence[str]:
    """One key at a time: an INFO carries no more. The last four are four fields more of the file."""
    return [f"[field{place}]" for place in range(4, 8)] if keys == "[field1]" else [keys]


def _waits(all_s: float) -> list[float]:
    """So many seconds of listening, shared out; never so short that two presses overlap."""
    whole = sum(part for _, part in PRESSES)
    waits: list[float] = []
    before = 1
    for keys, part in PRESSES:
        shortest = SHORTEST_S[before] / (1 - SPREAD) if waits else 0.5
        waits.append(max(shortest, all_s * part / whole))
        before = 4 if keys == "[field1]" else 1
    return waits


def call_s(wanted_s: float, goodbye_s: float) -> float:
    """How long a call really lasts that should last so long."""
    return sum(_waits(wanted_s - goodbye_s)) + KEY_S + goodbye_s


class Load:
    """One run of SIPp against one number; `rate` changes its speed while it runs."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process = process
        self._counts = folder / "counts.csv"
        self._errors = folder / "errors.log"
        self._control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def rate(self, a_second: float) -> None:
        self._control.sendto(f"cset rate {a_second:g}".encode(), ("127.0.0.1", CONTROL))

    def seconds(self) -> list[Second]:
        """What was counted so far, a line for each second."""
        if not self._counts.exists():
            return []
        with self._counts.open(newline="") as file:
            rows = [row for row in csv.DictReader(file, delimiter=";") if row.get("Retransmissions(C)")]
        return [
            Second(
                datetime.fromisoformat(row["CurrentTime"].split("\t")[0]).timestamp()
                if "\t" not in row["CurrentTime"]
                else float(row["CurrentTime"].split("\t")[2]),
                int(row["TotalCallCreated"]),
                int(row["CurrentCall"]),
                int(row["SuccessfulCall(C)"]),
                int(row["FailedCall(C)"]),
                int(row["Retransmissions(C)"]),
            )
            for row in rows
        ]

    @property
    def failed(self) -> int:
        """How many calls have failed so far."""
        counted = self.seconds()
        return counted[-1].failed if counted else 0

    def complaints(self) -> str:
        """The first call that failed, in SIPp's words; empty when none did."""
        said = self._errors.read_text(errors="replace") if self._errors.exists() else ""
        _, call, why = said.partition("Call-Id: ")
        return (call + why).partition(" without label")[0][:200]

    async def finish(self) -> None:
        """No new calls; return when the last has ended."""
        self._control.sendto(b"q", ("127.0.0.1", CONTROL))
        async with asyncio.timeout(DRAIN_S):
            await self.process.wait()
        self._control.close()


def _lay_out(folder: Path, callers: Sequence[CallerIs], text: str) -> None:
    folder.mkdir()
    (folder / "caller.xml").write_text(text)
    lines = [";".join((one.number, one.tail, one.hospital, one.department, *one.tail, "")) for one in callers]
    (folder / "callers.csv").write_text("\n".join(["SEQUENTIAL", *lines]) + "\n")


@asynccontextmanager
async def calling(
    folder: Path, callers: Sequence[CallerIs], dialled: str, sip_port: int, *, text: str, rate: float
) -> AsyncIterator[Load]:
    """SIPp at work: each call is the next caller's. text: of the scenario."""
    _lay_out(folder, callers, text)
    with (folder / "said.log").open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            found(), f"127.0.0.1:{sip_port}", "-s", dialled, "-sf", "caller.xml", "-inf", "callers.csv",
            "-i", "127.0.0.1", "-p", str(LOCAL), "-mi", "127.0.0.1", "-mp", str(MEDIA),
            "-cp", str(CONTROL), "-r", f"{rate:g}", "-rp", "1000", "-l", "5000", "-nostdin",
            "-trace_stat", "-fd", "1", "-stf", "counts.csv", "-trace_err", "-error_file", "errors.log",
            cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=said, stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield Load(process, folder)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
