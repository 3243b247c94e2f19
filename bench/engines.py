"""How fast each voice speaks, and how long the whole catalogue takes with it."""

import asyncio
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.table import Row
from core.settings import Settings
from hotline.prompts.stock import pieces
from ivr.engines import Engine
from ivr.espeak import RATE, VOICE, Espeak
from ivr.kokoro import SPEED, Kokoro
from ivr.prompts import SLOWER, reckoned
from ivr.sound import for_the_line
from ivr.speech import TRACKS, Voice
from ivr.words import Clip

SAMPLE = 24
SEED = 12320


async def measured() -> list[Row]:
    """Real-time factors, and minutes for everything at both speeds, cold and warm."""
    clips = [piece.clip for piece in pieces()]
    sample = random.Random(SEED).sample(clips, SAMPLE)
    rows: list[Row] = []
    espeak = Espeak()
    rows += await _factors("espeak-ng", espeak, sample, await asyncio.to_thread(_program, espeak, sample))
    await espeak.close()
    kokoro = Kokoro(Settings().cache.resolve() / "kokoro")
    missing = kokoro.missing()
    if missing:
        print(missing)
    else:
        raw = await asyncio.to_thread(_model, kokoro, sample, Settings().cache.resolve() / "kokoro")
        rows += await _factors("Kokoro", kokoro, sample, raw)
    await kokoro.close()
    rows += await _catalogue(clips, {row.what: row.value for row in rows})
    return rows


async def _factors(name: str, engine: Engine, sample: Sequence[Clip], raw: tuple[float, str]) -> list[Row]:
    """Seconds of work for a second of speech as callers hear it: spoken, resampled, levelled."""
    await engine.speak(engine.spelled("您好"))  # what it loads is loaded once
    rows = []
    for slow in (False, True):
        worked = spoken = 0.0
        for clip in sample:
            began = time.perf_counter()
            samples, rate = await engine.speak(engine.spelled(clip.text, clip.pinyin), slow=slow)
            line = await asyncio.to_thread(for_the_line, samples, rate)
            worked += time.perf_counter() - began
            spoken += len(line) / 16000
        if slow:
            rows.append(Row(f"{name}, slow track", worked / spoken, "s/s"))
        else:
            rows.append(Row(f"{name}, usual track", worked / spoken, "s/s", *raw))
    return rows


def _program(espeak: Espeak, sample: Sequence[Clip]) -> tuple[float, str]:
    """The program itself, without library, child process or sound chain."""
    program = shutil.which("espeak-ng")
    if program is None:
        return 0.0, ""
    worked = spoken = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.wav"
        for clip in sample:
            began = time.perf_counter()
            subprocess.run(
                [
                    program,
                    "-v",
                    VOICE,
                    "-s",
                    str(RATE),
                    "-w",
                    str(path),
                    espeak.spelled(clip.text, clip.pinyin),
                ],
                check=True,
            )
            worked += time.perf_counter() - began
            spoken += path.stat().st_size / 2 / 22050
    return worked / spoken, "the espeak-ng program alone"


def _model(kokoro: Kokoro, sample: Sequence[Clip], folder: Path) -> tuple[float, str]:
    """The model alone, in this process: what no design of ours can be faster than."""
    from ivr import kokoro_worker as worker

    mouth = worker.Mouth(folder / "voices" / "zf_xiaobei.bin", folder)
    worked = spoken = 0.0
    for place, clip in enumerate([sample[0], *sample]):
        for portion in worker.portions(worker.phonemes(kokoro.spelled(clip.text, clip.pinyin))):
            began = time.perf_counter()
            said = mouth.spoken(portion, SPEED)
            if place:  # the first one is not counted: it warms up
                worked += time.perf_counter() - began
                spoken += len(np.trim_zeros(said)) / worker.RATE
    return worked / spoken, "the model alone, one thread"


async def _catalogue(clips: Sequence[Clip], factors: dict[str, float]) -> list[Row]:
    """espeak-ng is measured whole; Kokoro's cold figure is reckoned from its factors."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for state in ("cold", "warm"):
            voice = Voice(Path(folder) / "none", Path(folder) / "cache", Espeak())
            began = time.perf_counter()
            for track in TRACKS:
                await voice.warm(more=clips, track=track)
            took = time.perf_counter() - began
            await voice.close()
            name = "espeak-ng, cold" if state == "cold" else "all there (warm)"
            rows.append(Row(f"whole catalogue, {name}", took / 60, "min"))
    if "Kokoro, usual track" in factors:
        seconds = sum(reckoned([clip]) for clip in clips)
        took = seconds * factors["Kokoro, usual track"] + seconds * SLOWER * factors["Kokoro, slow track"]
        rows.append(
            Row(f"whole catalogue, Kokoro, cold, one core ({len(clips)} pieces, reckoned)", took / 60, "min")
        )
    return rows
