"""What joining costs in a call: a date and a time of many files against the same sound as one file."""

import asyncio
import random
import tempfile
import time
from dataclasses import replace
from datetime import date, timedelta
from datetime import time as clock_time
from pathlib import Path

from bench.table import Row
from core.chance import SystemChance
from core.settings import Settings
from hotline.asterisk import find_asterisk
from hotline.installation import installation
from hotline.switch import Switch
from ivr.agi import AgiServer
from ivr.agi_call import AgiCall
from ivr.call import Prompt, Track
from ivr.dialplan import CORE_SOUNDS
from ivr.sound import joined, read_clip, seconds_of, write_clip
from ivr.speech import Voice
from ivr.voices import open_voice
from ivr.words import Clock, Day
from tests.phones import phone

CALLS, EACH = 6, 8
SEED = 12320


async def measured() -> list[Row]:
    """Milliseconds beyond the sound itself, from the first command to the end of the last."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder) / "data", cache=Settings().cache, demo=True, voice="espeak")
        voice = await open_voice(settings.model_copy(update={"cache": Path(folder) / "speech"}))
        try:
            return await _on_a_switch(settings, voice, Path(folder))
        finally:
            await voice.close()


async def _on_a_switch(settings: Settings, voice: Voice, folder: Path) -> list[Row]:
    sentences = await _sentences(voice, folder)
    at = installation(settings, SystemChance())
    await voice.lay_out(at.sounds, CORE_SOUNDS)

    async def sounds(prompt: Prompt, _track: Track) -> list[str]:
        stems, one = sentences[int(prompt.name[1:])]
        return [str(stem) for stem in stems] if prompt.name[0] == "j" else [str(one)]

    over: dict[str, list[tuple[float, int]]] = {"j": [], "p": []}

    async def talk(call: AgiCall) -> None:
        chance = random.Random(call.ani or "")
        for _ in range(EACH):
            number = chance.randrange(len(sentences))
            for kind in chance.sample("jp", 2):
                stems, _one = sentences[number]
                spoken = sum(map(seconds_of, stems))
                began = time.perf_counter()
                await call.say(Prompt(f"{kind}{number}"), barge=False)
                over[kind].append((time.perf_counter() - began - spoken, len(stems)))
        await call.hang_up()

    agi = AgiServer("127.0.0.1", 0, {"reception": talk}, sounds=sounds, messages=at.messages)
    await agi.start()
    switch = Switch(await find_asterisk(settings.cache), replace(at, agi_port=agi.port), SystemChance())
    await switch.start()
    try:
        await asyncio.gather(*(_call(at.sip_port, f"1079999{place:04}") for place in range(CALLS)))
    finally:
        await switch.stop()
        await agi.stop()
    return _rows(over)


async def _sentences(voice: Voice, folder: Path) -> list[tuple[list[Path], Path]]:
    """Dates with their times: the files of each, and all of it as one."""
    chance = random.Random(SEED)
    made = []
    for number in range(EACH):
        day = Day(date(2026, 11, 23) + timedelta(days=chance.randrange(14)))
        clock = Clock(clock_time(chance.randrange(8, 17), chance.choice((0, 10, 25, 30, 45))))
        stems = [await voice.file(clip) for value in (day, clock) for clip in value.clips()]
        one = folder / "plain" / str(number)
        await asyncio.to_thread(write_clip, one, joined([read_clip(stem) for stem in stems]))
        made.append((stems, one))
    return made


async def _call(sip_port: int, number: str) -> None:
    async with phone(sip_port, number) as telephone:
        await telephone.call("12320")
        await telephone.until("ended", within_s=120)


def _rows(over: dict[str, list[tuple[float, int]]]) -> list[Row]:
    rows = []
    for name, part in (("p50", 0.5), ("p99", 0.99)):
        whole = _at(sorted(beyond for beyond, _ in over["j"]), part) * 1000
        each = _at(sorted(beyond / files for beyond, files in over["j"]), part) * 1000
        plain = _at(sorted(beyond for beyond, _ in over["p"]), part) * 1000
        rows.append(
            Row(f"date and time, joined, whole sentence, {name}", whole, "ms", plain, "one plain file")
        )
        rows.append(
            Row(f"date and time, joined, for each piece, {name}", each, "ms", plain, "one plain file")
        )
    return rows


def _at(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
