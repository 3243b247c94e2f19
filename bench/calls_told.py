"""What a run of calls has shown: how far each menu held, what it cost, and both beside each other."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench import raw
from bench.calls_load import Second
from bench.calls_watch import Buckets, Moment, cores, stolen

FLOOR_HELD, FLOOR_ANSWER_MS, FLOOR_LAG_MS, FLOOR_OURS = 0.5, 100, 50, 0.15


@dataclass(frozen=True)
class Wish:
    """calls: at once; rate: new ones a second; minutes: of the steady part."""

    calls: int = 400
    rate: float = 20.0
    minutes: float = 0.75

    @classmethod
    def read(cls) -> "Wish":
        given = {name: os.environ.get(f"HOTLINE_BENCH_{name.upper()}") for name in cls.__dataclass_fields__}
        return cls(**{name: type(getattr(cls, name))(value) for name, value in given.items() if value})


@dataclass
class Stage:
    """Some time at one rate. answer, lag: our own clocks during it."""

    rate: float
    since: float
    until: float = 0.0
    answer: Buckets = field(default_factory=lambda: Buckets({}))
    lag: Buckets = field(default_factory=lambda: Buckets({}))


@dataclass
class Run:
    """One menu under load. counts: SIPp's; stages: the steady one first."""

    stages: list[Stage]
    counts: list[Second]
    moments: list[Moment]
    complaints: str
    first: bool = False  # our process went before the switch (core.precedence)

    @property
    def failed_at(self) -> float:
        return next((one.at for one in self.counts if one.failed), float("inf"))

    @property
    def held(self) -> float:
        """The highest rate at which nobody failed."""
        return max((stage.rate for stage in self.stages if stage.until < self.failed_at), default=0.0)

    @property
    def at_once(self) -> int:
        """Most calls at one moment before anybody failed."""
        return max((one.now for one in self.counts if one.at < self.failed_at), default=0)

    @property
    def steady(self) -> list[Moment]:
        stage = self.stages[0]
        return [one for one in self.moments if stage.since <= one.at <= stage.until]

    def cores(self, part: str) -> float:
        return cores(self.steady, part)


def show(wish: Wish, ours: Run, plain: Run, wrong: Sequence[str], stories: Sequence[str]) -> None:
    """stories: of calls that booked nothing, line by line."""
    rows: list[tuple[str, ...]] = [
        _row("calls/s without a failure", ours.held, plain.held, FLOOR_HELD),
        _row("calls at once without a failure", ours.at_once, plain.at_once, FLOOR_HELD),
        ("calls ended well / failed", _ended(ours), _ended(plain), "", "0 failed"),
        _row("the switch, of one core", ours.cores("switch"), plain.cores("switch")),
        (
            *_row("our processes, of one core", ours.cores("ours"), plain.cores("ours"))[:3],
            "",
            f"{FLOOR_OURS}",
        ),
        (
            "stolen from this machine, of its cores",
            f"{stolen(ours.steady):.2f}",
            f"{stolen(plain.steady):.2f}",
            "",
            "",
        ),
        ("our process goes before the switch", "yes" if ours.first else "no", "", "", ""),
        ("our share of the processors' time", f"{_share(ours):.0%}", f"{_share(plain):.0%}", "", ""),
        (*_row("the callers (SIPp), of one core", ours.cores("callers"), plain.cores("callers"))[:3], "", ""),
    ]
    for stage in ours.stages:
        at = f"at {stage.rate:g}/s"
        rows += [
            (
                f"our answer to a key {at}, p50 / p99",
                milliseconds(stage.answer),
                "",
                "",
                f"{FLOOR_ANSWER_MS} ms",
            ),
            (f"event loop late {at}, p99 / most", _late(stage.lag), "", "", f"{FLOOR_LAG_MS} ms"),
        ]
    for part, name in (("ours", "memory of our processes"), ("switch", "memory of the switch")):
        rows.append((f"{name}, steady part", _memory(ours, part), _memory(plain, part), "", ""))
    title = f"calls: {wish.calls} at once, {wish.rate:g}/s, {wish.minutes:g} minutes"
    raw.markdown(title, ("what", "our menu", "dialplan menu", "ratio", "floor"), rows)
    print(f"\nin the tables, beside the calls: {'; '.join(wrong) or 'all as it must be'}")
    for name, one in (("our menu", ours), ("dialplan menu", plain)):
        if one.complaints:
            print(f"{name}, the first failure: {one.complaints}")
    if stories:
        print("\n".join(["", "what the first of ours heard that booked nothing:", *stories]))
    kept = {
        "wish": asdict(wish),
        "wrong": wrong,
        "unbooked": stories,
        "ours": _raw(ours),
        "dialplan": _raw(plain),
    }
    print(f"\nraw figures: {raw.keep('calls', kept)}")


def _row(what: str, ours: float, plain: float, floor: float | None = None) -> tuple[str, ...]:
    ratio = f"{ours / plain:.2f}" if plain else "-"
    return what, f"{ours:.3g}", f"{plain:.3g}", ratio, f"{floor}" if floor else ""


def _ended(one: Run) -> str:
    return f"{one.counts[-1].ended} / {one.counts[-1].failed}" if one.counts else "-"


def _share(one: Run) -> float:
    both = one.cores("ours") + one.cores("switch")
    return one.cores("ours") / both if both else 0.0


def milliseconds(answer: Buckets) -> str:
    """p50 and p99 as they are printed."""
    if not answer.count:
        return "-"
    return f"{answer.percentile(0.5) * 1000:.0f} / {answer.percentile(0.99) * 1000:.0f} ms"


def _late(lag: Buckets) -> str:
    return f"{lag.percentile(0.99) * 1000:.0f} / {lag.most() * 1000:.0f} ms"


def _memory(one: Run, part: str) -> str:
    steady = one.steady
    return f"{steady[0].memory_mb[part]:.0f} to {steady[-1].memory_mb[part]:.0f} MB" if steady else "-"


def _raw(one: Run) -> dict[str, Any]:
    return {
        "held": one.held,
        "at_once": one.at_once,
        "stages": [asdict(stage) for stage in one.stages],
        "counts": [asdict(second) for second in one.counts],
        "moments": [asdict(moment) for moment in one.moments],
        "complaints": one.complaints,
        "first": one.first,
    }
