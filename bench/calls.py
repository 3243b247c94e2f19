"""Hundreds of callers who really book by keys, beside the same menu as a pure dialplan on the same switch.

SIPp calls the house as it is run (`hotline serve`, its own Asterisk, SQLite): main menu, the last four of an
identity number, hospital, department, the earliest number, the read-back, one key, the serial number. The
dialplan's menu plays the same sentences and takes the same keys, and does nothing else. Callers, switch and
house share the machine. Set by the environment: HOTLINE_BENCH_CALLS (at once), _RATE (new ones a second),
_MINUTES (of the steady part; 10 is the soak).
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench import calls_house
from bench.calls_load import Load, NoSipp, call_s, calling, found, scenario
from bench.calls_menu import NUMBER, dialplan, heard
from bench.calls_told import Run, Stage, Wish, milliseconds, show
from bench.calls_town import CallerIs, audit, town, unbooked
from bench.calls_watch import Watch, buckets
from core.settings import Settings
from hotline.foundation import foundation
from ivr.sound import seconds_of
from ivr.voices import open_voice
from tests.houses import House, serving, switched_on

MASTER = "a secret of the benches, 32 bytes"
OURS = "12320"
# After the steady part the rate climbs, a step for each, as long as nobody fails.
CLIMB = (1.5, 2.0)
# The first of a day do not come all at once: names are spoken for the first time, files are read.
WARM_S = 10.0
DIALPLAN_S = 20.0  # its steady part: long enough for the processors' share
ANSWER, LAG = "hotline_key_answer_seconds", "hotline_loop_lag_seconds"


async def run() -> None:
    try:
        found()
    except NoSipp as missing:
        print(missing)
        return
    wish = Wish.read()
    with tempfile.TemporaryDirectory(prefix="hotline-calls-") as name:
        ours, plain, wrong, stories = await _measured(Path(name), wish)
    show(wish, ours, plain, wrong, stories)


async def _measured(folder: Path, wish: Wish) -> tuple[Run, Run, list[str], list[str]]:
    settings = Settings(data=folder / "data", voice="espeak", master_secret=MASTER, switch=True, port=0)
    wanted = wish.calls / wish.rate
    lasting_s = wish.minutes * 60 + WARM_S + wanted * (2 + 1.5 * sum(CLIMB))
    people = int(wish.rate * lasting_s * 1.2) + 50
    async with foundation(settings) as ground:
        first, *callers = await town(ground.hotline, people)
        keys = f"1{first.tail}{first.hospital}{first.department}112"
        steps = await heard(ground.hotline, ground.store, number=first.number, keys=keys)
        voice = await open_voice(settings)
        try:
            menu = folder / "menu.conf"
            menu.write_text(await dialplan(steps, voice.sounds))
            goodbye = [Path(stem) for prompt in steps[-1].said for stem in await voice.sounds(prompt)]
        finally:
            await voice.close()
        goodbye_s = sum(map(seconds_of, goodbye))
        text, lasts_s = scenario(wanted, goodbye_s), call_s(wanted, goodbye_s)
        print(f"{people} people; a call lasts {lasts_s:.0f} s", flush=True)
        async with serving(
            folder,
            program=("-m", "bench.calls_house"),
            HOTLINE_DEMO="no",
            HOTLINE_MASTER_SECRET=MASTER,
            **{calls_house.MENU: str(menu)},
        ) as house:
            await switched_on(house)
            caller = _Caller(folder, house, callers, text, lasts_s, wish.rate)
            ours = await caller.run(OURS, wish.minutes * 60)
            plain = await caller.run(NUMBER, DIALPLAN_S)
            left, stories = await audit(ground.hotline), await unbooked(ground.hotline)
    # Who was listened to when the menu was written down has booked as well.
    return ours, plain, left.wrong(ours.counts[-1].ended + 1), stories


@dataclass
class _Caller:
    folder: Path
    house: House
    callers: Sequence[CallerIs]
    text: str
    lasts_s: float
    rate: float

    async def run(self, number: str, steady_s: float) -> Run:
        """Fill the lines, keep them full for a while, then climb until somebody fails."""
        name = "ours" if number == OURS else "dialplan"
        async with (
            aiohttp.ClientSession() as http,
            calling(
                self.folder / name,
                self.callers,
                number,
                self.house.sip_port,
                text=self.text,
                rate=self.rate / 4,
            ) as load,
        ):
            watch = Watch(
                {"ours": self.house.process.pid, "switch": self.house.asterisk(), "callers": load.process.pid}
            )
            watching = asyncio.create_task(watch.run())
            first = os.getpriority(os.PRIO_PROCESS, self.house.process.pid) < 0
            try:
                for share, lasts_s in ((0.25, WARM_S), (0.5, WARM_S), (1.0, self.lasts_s + 1)):
                    load.rate(self.rate * share)
                    await asyncio.sleep(lasts_s)
                stages = [await self._stage(http, load, self.rate, steady_s)]
                for factor in CLIMB:
                    if load.failed:
                        break
                    stages.append(await self._stage(http, load, self.rate * factor, self.lasts_s + 4))
                await load.finish()
            finally:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching
            return Run(stages, load.seconds(), watch.moments, load.complaints(), first)

    async def _stage(self, http: aiohttp.ClientSession, load: Load, rate: float, lasts_s: float) -> Stage:
        load.rate(rate)
        before = [await buckets(http, self.house.web, name) for name in (ANSWER, LAG)]
        stage = Stage(rate, time.time())
        until = stage.since + lasts_s
        while time.time() < until and not load.failed:  # noqa: ASYNC110 it is another process
            await asyncio.sleep(1.0)
        after = [await buckets(http, self.house.web, name) for name in (ANSWER, LAG)]
        stage.until = time.time()
        stage.answer, stage.lag = (late.since(early) for early, late in zip(before, after, strict=True))
        last = load.seconds()[-1]
        print(
            f"  {rate:g} calls/s: {last.now} at once, {last.ended} ended, {last.failed} failed;"
            f" a key is answered in (p50 / p99) {milliseconds(stage.answer)}",
            flush=True,
        )
        return stage
