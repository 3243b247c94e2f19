"""A floor of 250 operators with 300 callers waiting: the wall against a recount, memory, and one slow desk.

50 of the calls are real ones on the real switch; the other callers, and all operators' telephones, are a
crowd between our line and it. Every desk is a real socket. Everything runs on this machine: the crowd
takes its share of the same cores.
"""

import asyncio
import os
import re
import socket
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

import aiohttp

from agent_desk.wall_words import behind, value
from bench import crowd_house
from bench.crowd_callers import InventedCallers, RealCallers
from bench.crowd_seats import CrowdSeat, Manners, Seen
from bench.crowd_staff import crowd_staff
from bench.crowd_switch import CrowdSwitch
from bench.table import Row, show
from core.contact.measure_rules import Policy
from core.contact.measures import recounted
from core.settings import Settings
from core.work import Hotline
from hotline.foundation import foundation
from tests.houses import House, serving

SEATS, WAITING, REAL = 250, 300, 50
FIRST_PHONE = 5001
WARM_UP_S, RUN_S = 120.0, 600.0
ARRIVE_A_SECOND = 10
LOOK_EVERY_S, CALM_S = 30.0, 3.0
DEAF_AT_S, DEAF_FOR_S = 200.0, 90.0
PAGE = 4096


@dataclass
class Found:
    """What was seen. looks: how many times the wall was held against a recount; wrong: what differed."""

    looks: int = 0
    wrong: list[str] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    talking: list[int] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)  # seconds, MB
    cpu_s: float = 0.0
    deaf_from: float = 0.0
    deaf_at: float = 0.0  # the same as an instant
    cut_after_s: float | None = None
    resynced: bool = False


async def run(run_s: float = RUN_S) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, floor = Path(name), Floor()
        settings = floor.settings(folder)
        async with foundation(settings) as ground:
            cookies = await crowd_staff(ground.hotline, SEATS, FIRST_PHONE)
            await floor.measured(folder, settings, ground.hotline, cookies, run_s)
    floor.show(run_s)


class Floor:
    """The whole of it, from the house's start to the table."""

    def __init__(self) -> None:
        self.found, self.seen = Found(), Seen()
        self.acting = asyncio.Event()
        self.agi_port = _free_port()
        self.invented = InventedCallers(self.agi_port)
        self.ends = False

    def settings(self, folder: Path) -> Settings:
        return Settings(
            data=folder / "data",
            demo=True,
            demo_size="tiny",
            voice="espeak",
            agi_port=self.agi_port,
            port=0,
            phones=f"{FIRST_PHONE}-{FIRST_PHONE + SEATS - 1}",
            queue_patience_s=600,
            log_level="ERROR",
        )

    async def measured(
        self,
        folder: Path,
        settings: Settings,
        hotline: Hotline,
        cookies: Sequence[dict[str, str]],
        run_s: float,
    ) -> None:
        port = re.compile(r"^port = (\d+)", re.MULTILINE)

        def real_port() -> int:
            found = port.search((folder / "data" / "switch" / "etc" / "manager.conf").read_text())
            assert found
            return int(found[1])

        phones = [str(FIRST_PHONE + place) for place in range(SEATS)]
        switch = CrowdSwitch(
            real_port,
            invented=lambda phone: phone.removeprefix("PJSIP/") in phones,
            answers_s=lambda: 1.5,
            phones=phones,
            moved=self.invented.moved,
        )
        await switch.start()
        self.invented.on(switch)
        more = {
            "HOTLINE_AGI_PORT": str(self.agi_port),
            "HOTLINE_PHONES": settings.phones,
            "HOTLINE_QUEUE_PATIENCE_S": str(settings.queue_patience_s),
            "HOTLINE_LOG_LEVEL": settings.log_level,
            crowd_house.PORT: str(switch.port),
        }
        async with serving(folder, program=("-m", "bench.crowd_house"), **more) as house:
            real = RealCallers(REAL, house.sip_port, lambda: self.ends)
            seats = [
                CrowdSeat(house.web, cookie, place, self.seen, Manners(), self.acting)
                for place, cookie in enumerate(cookies[:-1])
            ]
            working = [asyncio.create_task(seat.run()) for seat in seats]
            wall = asyncio.create_task(self._wall(house, cookies[-1], hotline, seats, real, run_s))
            real.start()
            self.acting.set()
            try:
                await wall
            finally:
                self.ends = True
                for task in working:
                    task.cancel()
                await asyncio.gather(*working, return_exceptions=True)
                await real.stop()
                await self.invented.stop()
                await switch.stop()
        self.real = real

    async def _wall(
        self,
        house: House,
        cookie: dict[str, str],
        hotline: Hotline,
        seats: Sequence[CrowdSeat],
        real: RealCallers,
        run_s: float,
    ) -> None:
        """Keep as many waiting as should, look at the wall now and then, and make one desk deaf."""
        began, looked, deaf = time.monotonic(), 0.0, seats[-1]
        cpu = _cpu_s(house.process.pid)
        async with aiohttp.ClientSession(cookies=cookie) as http:
            while (now := time.monotonic() - began) < WARM_UP_S + run_s:
                page = await _page(http, house)
                waiting = int(_figures(page)["waiting"][0])
                # As many as are on the line are counted, not as many as the wall knows of by now.
                for _ in range(min(ARRIVE_A_SECOND, WAITING - self.invented.waiting)):
                    self.invented.arrive()
                if now > WARM_UP_S:
                    self.found.waiting.append(waiting)
                    self.found.memory.append((now, _memory_mb(house.process.pid)))
                    if now - looked > LOOK_EVERY_S:
                        await self._look(http, house, hotline)
                        looked = time.monotonic() - began
                        doing = " ".join(f"{words} {number}" for number, words in _states(page))
                        print(
                            f"  {looked:.0f} s: {waiting} waiting, {self.seen.served} served; {doing}",
                            flush=True,
                        )
                self._deafen(deaf, now, await _cuts(http, house))
                await asyncio.sleep(1)
        self.found.cpu_s = (_cpu_s(house.process.pid) - cpu) / (time.monotonic() - began)

    def _deafen(self, seat: CrowdSeat, now: float, cuts: float) -> None:
        """A desk that takes nothing for a while must be cut, and be told everything when it is back.

        cuts: sockets that the house has cut so far, as it tells itself: who takes nothing hears of nothing.
        """
        found = self.found
        if found.deaf_from == 0 and now > DEAF_AT_S:
            found.deaf_from, found.deaf_at, seat.deaf = now, time.time(), True
            self._cuts, self._before = cuts, seat.snapshots
        if not found.deaf_from:
            return
        if found.cut_after_s is None and cuts > self._cuts:
            found.cut_after_s = now - found.deaf_from
        if seat.deaf and now > found.deaf_from + DEAF_FOR_S:
            seat.deaf = False
        found.resynced = seat.snapshots > self._before

    async def _look(self, http: aiohttp.ClientSession, house: House, hotline: Hotline) -> None:
        """For a moment nobody acts; what the wall shows is held against the tables."""
        self.acting.clear()
        await asyncio.sleep(CALM_S)
        for _ in range(5):  # a call may end by itself meanwhile: then look again
            page = await _page(http, house)
            (told_at,) = re.findall(r'<time datetime="([^"]+)" id="as-of"', page)
            as_of = datetime.fromisoformat(told_at).astimezone(UTC)
            async with hotline.read() as db:
                wanted = {one.code: one for one in await recounted(db, as_of, Policy())}
            shown = _figures(page)
            wrong = [
                f"{code}: {told} but {value(one.unit, one.main.value)} {behind(one, one.main)}"
                for code, told in shown.items()
                if (one := wanted[code])
                and told != (value(one.unit, one.main.value), behind(one, one.main))[: len(told)]
            ]
            if not wrong:
                break
            await asyncio.sleep(1)
        self.found.looks += 1
        self.found.wrong += wrong
        self.acting.set()

    def show(self, run_s: float) -> None:
        found, seen = self.found, self.seen
        tenth = max(1, len(found.memory) // 10)
        first, last = (median(mb for _, mb in some) for some in (found.memory[:tenth], found.memory[-tenth:]))
        deaf_until = found.deaf_at + DEAF_FOR_S
        late = [ms for at, ms in seen.late_ms if not found.deaf_at <= at <= deaf_until]
        beside = [ms for at, ms in seen.late_ms if found.deaf_at <= at <= deaf_until]
        cut = "never" if found.cut_after_s is None else f"after {found.cut_after_s:.0f} s"
        print(f"\n{SEATS} desks, {run_s + WARM_UP_S:.0f} s: {self.invented.come} invented calls,")
        print(f"{self.real.calls} real ones ({self.real.failed} not answered), {seen.served} served")
        print(f"the wall beside a recount: {found.looks} times; differences: {found.wrong or 'none'}")
        print(f"the deaf desk was cut {cut}; resynced: {found.resynced}; sockets lost in all: {seen.cut}")
        print(f"commands refused: {seen.refused or 'none'}")
        show(
            "floor",
            [
                Row("waiting, median", median(found.waiting), "calls", WAITING, "what was aimed at"),
                Row("memory of the house at the end", last, "MB", first, "memory after the warm-up"),
                Row("a ping on its way to a desk, p50", median(late), "ms"),
                Row(
                    "the same, p99, while one is deaf",
                    quantiles(beside, n=100)[98],
                    "ms",
                    quantiles(late, n=100)[98],
                    "the p99 of the rest of the time",
                ),
                Row("of one core, the house", found.cpu_s, "cores", 1.0, "one core"),
            ],
        )


async def _page(http: aiohttp.ClientSession, house: House) -> str:
    async with http.get(f"{house.web}wall/") as answer:
        answer.raise_for_status()
        return await answer.text()


async def _cuts(http: aiohttp.ClientSession, house: House) -> float:
    async with http.get(f"{house.web}metrics") as answer:
        told = re.findall(r"^hotline_desks_cut_total\{.*\} (\S+)$", await answer.text(), re.MULTILINE)
    return sum(map(float, told))


_FIGURE = re.compile(r'data-key="figure-(?P<code>[a-z-]+)">(?P<body>.*?)</a>', re.DOTALL)
_VALUE = re.compile(r'class="figure-value">([^<]*)<')
_OF = re.compile(r'class="of">([^<]*)<')


def _figures(page: str) -> dict[str, tuple[str, ...]]:
    """What the six big figures show, by code: the value, and what it was reckoned from where that is said."""
    return {
        one["code"]: (*_VALUE.findall(one["body"]), *_OF.findall(one["body"]))
        for one in _FIGURE.finditer(page)
        if "figure-value" in one["body"]
    }


def _states(page: str) -> list[tuple[str, str]]:
    """How many operators are in each state, as the wall has it."""
    return re.findall(r"<li><b>(\d+)</b> (\w+)", page)


def _memory_mb(process: int) -> float:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE / 1e6


def _cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
