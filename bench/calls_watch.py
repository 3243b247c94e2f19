"""What a run of calls costs: processor time and memory of each part, second by second, and our own clocks."""

import asyncio
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

TICK, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Moment:
    """Seconds of processor used so far and megabytes held, by part: ours, switch, callers.

    stolen_s: seconds that this machine's processors were taken away by the one it runs on.
    """

    at: float
    cpu_s: Mapping[str, float]
    memory_mb: Mapping[str, float]
    stolen_s: float = 0.0


@dataclass(frozen=True)
class Buckets:
    """A histogram of Prometheus between two scrapes: how many were not above each bound, in seconds."""

    upto: Mapping[float, float]

    @property
    def count(self) -> float:
        return max(self.upto.values(), default=0.0)

    def percentile(self, share: float) -> float:
        """The value below which this share lies, straight within its bucket; 0 of an empty one.

        What lies above the last bound is told as that bound: it is more.
        """
        wanted, low, before = share * self.count, 0.0, 0.0
        for bound, upto in sorted(self.upto.items()):
            if bound == float("inf"):
                break
            if upto >= wanted and upto > before:
                return low + (bound - low) * (wanted - before) / (upto - before)
            low, before = bound, upto
        return low

    def most(self) -> float:
        """No value was above this bound."""
        return min((bound for bound, upto in self.upto.items() if upto >= self.count), default=0.0)

    def since(self, before: "Buckets") -> "Buckets":
        return Buckets({bound: upto - before.upto.get(bound, 0.0) for bound, upto in self.upto.items()})


@dataclass
class Watch:
    """parts: the first process of each; a part's children count with it, but for those that are parts."""

    parts: Mapping[str, int]
    moments: list[Moment] = field(default_factory=list)

    async def run(self) -> None:
        """Look once a second until cancelled."""
        while True:
            self.moments.append(self.look())
            await asyncio.sleep(1.0)

    def look(self) -> Moment:
        children = _children()
        cpu, memory = {}, {}
        for name, root in self.parts.items():
            others = set(self.parts.values()) - {root}
            tree = _tree(root, children, others)
            cpu[name] = sum(_cpu_s(process) for process in tree)
            memory[name] = sum(_memory_mb(process) for process in tree)
        return Moment(time.time(), cpu, memory, _stolen_s())

    def between(self, since: float, until: float) -> list[Moment]:
        return [one for one in self.moments if since <= one.at <= until]


def cores(moments: list[Moment], part: str) -> float:
    """How much of one core a part used on the way."""
    if len(moments) < 2:
        return 0.0
    first, last = moments[0], moments[-1]
    return (last.cpu_s[part] - first.cpu_s[part]) / (last.at - first.at)


def stolen(moments: list[Moment]) -> float:
    """How much of all cores was taken away on the way."""
    if len(moments) < 2:
        return 0.0
    first, last = moments[0], moments[-1]
    return (last.stolen_s - first.stolen_s) / (last.at - first.at)


async def buckets(http: aiohttp.ClientSession, web: str, name: str) -> Buckets:
    """A histogram of the house as it stands."""
    async with http.get(f"{web}metrics") as answer:
        text = await answer.text()
    told = re.findall(rf'^{name}_bucket{{le="([^"]+)"}} (\S+)$', text, re.MULTILINE)
    return Buckets({float(bound.replace("+Inf", "inf")): float(count) for bound, count in told})


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue  # it ended just now
        found.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    return found


def _tree(root: int, children: Mapping[int, list[int]], without: set[int]) -> list[int]:
    tree = [root]
    for process in tree:
        tree += [child for child in children.get(process, ()) if child not in without]
    return tree


def _stolen_s() -> float:
    return int(Path("/proc/stat").read_text().split("\n", 1)[0].split()[8]) / TICK


def _cpu_s(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def _memory_mb(process: int) -> float:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE / 1e6
    except (OSError, IndexError):
        return 0.0
