"""The better voice in a house that runs: calls do not wait for it, and whatever happens to it they go on."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.settings import Settings
from hotline.asterisk import NoAsterisk, find_asterisk
from hotline.demo_people import STRANGERS_PHONE
from ivr.call import Prompt
from ivr.engines import Engine, Mute
from ivr.espeak import Espeak
from ivr.kokoro import Kokoro
from ivr.prompts import catalogue
from ivr.sound import is_whole
from ivr.speech import Voice
from tests import audio
from tests.houses import House, parts, serving, until
from tests.phones import phone

pytestmark = [pytest.mark.switch, pytest.mark.busy]

LISTENS_S = 6.0
GREETING = catalogue().clips(Prompt("greeting"))[0]


@pytest.fixture
async def cache(tmp_path: Path) -> Path:
    """Of a fresh machine: Asterisk and the voice's parts have been fetched, nothing has been said."""
    fetched = Settings().cache
    try:
        await find_asterisk(fetched)
    except NoAsterisk as why:
        pytest.skip(f"no Asterisk can be had here: {why}")
    missing = Kokoro(fetched / "kokoro").missing()
    if missing:
        pytest.skip(missing)
    made = tmp_path / "cache"
    (made / "speech").mkdir(parents=True)
    (made / "asterisk").symlink_to(fetched / "asterisk")
    shutil.copytree(fetched / "kokoro", made / "kokoro")
    return made


def said_by(cache: Path, engine: Engine) -> Path:
    """Where this engine's greeting lies, once it has said it."""
    voice = Voice(cache / "none", cache / "speech", Mute(engine, "only looked for"))
    return cache / "speech" / voice.heard_from(GREETING)


async def listen(house: House, wav: Path) -> audio.Samples:
    async with phone(house.sip_port, STRANGERS_PHONE) as telephone:
        assert (await telephone.call("12320", wav))["event"] == "answered"
        await asyncio.sleep(LISTENS_S)
        await telephone.hang_up()
        await telephone.until("ended")
    return audio.read(wav)


def greeted(recording: audio.Samples, stem: Path) -> bool:
    return is_whole(stem) and audio.heard(recording, audio.played(stem)).sure


async def better(house: House) -> dict[str, object]:
    return (await parts(house))["better-voice"]


async def test_the_first_call_does_not_wait_for_the_better_voice_and_a_later_one_hears_it(
    cache: Path, tmp_path: Path
) -> None:
    """And whoever kills the house half-way loses nothing of what has been said."""
    quick, sweet = said_by(cache, Espeak()), said_by(cache, Kokoro(cache / "kokoro"))
    house_voice = {"HOTLINE_VOICE": "kokoro", "HOTLINE_CACHE": str(cache)}
    async with serving(tmp_path / "house", **house_voice) as house:
        first = await listen(house, tmp_path / "first.wav")
        assert greeted(first, quick) or greeted(first, sweet)
        assert float(str((await better(house))["progress"])) < 1
        await until(lambda: asyncio.to_thread(is_whole, sweet), bool)
        house.process.kill()
        await house.process.wait()
    written = await asyncio.to_thread(times, cache)
    async with serving(tmp_path / "house", **house_voice) as house:
        await until(lambda: better(house), lambda part: float(part.get("progress", 0)) > 0)
        again = await listen(house, tmp_path / "again.wav")
        assert greeted(again, sweet)
        assert not greeted(again, quick)
    now = await asyncio.to_thread(times, cache)
    assert {path: now.get(path) for path in written} == written


def times(cache: Path) -> dict[Path, int]:
    """When each sound was written."""
    return {path: path.stat().st_mtime_ns for path in cache.glob("speech/*/*.sln16")}


@pytest.fixture
async def small_disk(cache: Path) -> AsyncIterator[Path]:
    """A file system of its own for what is said."""
    speech = cache / "speech"
    made = await asyncio.to_thread(
        subprocess.run,
        ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(speech)],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"this user may not mount a small disk: {made.stderr.decode()[:80]}")
    yield speech
    await asyncio.to_thread(subprocess.run, ["umount", "--lazy", str(speech)], check=True)


async def test_on_a_full_disk_the_old_sounds_play_health_tells_and_room_again_is_enough(
    cache: Path, small_disk: Path, tmp_path: Path
) -> None:
    quick, sweet = said_by(cache, Espeak()), said_by(cache, Kokoro(cache / "kokoro"))
    async with serving(tmp_path / "house", HOTLINE_VOICE="kokoro", HOTLINE_CACHE=str(cache)) as house:
        filler = small_disk / "filler"
        await asyncio.to_thread(fill, filler)
        part = await until(lambda: better(house), lambda part: part["state"] == "degraded")
        assert "磁盘已满" in part["words"]
        heard = await listen(house, tmp_path / "full.wav")
        assert greeted(heard, quick) or greeted(heard, sweet)
        filler.unlink()
        await until(lambda: better(house), lambda part: part["state"] == "up")


def fill(path: Path) -> None:
    """Write until nothing more goes on this disk."""
    with path.open("wb", buffering=0) as out:
        try:
            while True:
                out.write(bytes(65536))
        except OSError:
            return


async def test_a_dead_voice_leaves_the_old_sounds_playing_health_tells_and_its_return_is_enough(
    cache: Path, tmp_path: Path
) -> None:
    quick, sweet = said_by(cache, Espeak()), said_by(cache, Kokoro(cache / "kokoro"))
    async with serving(tmp_path / "house", HOTLINE_VOICE="kokoro", HOTLINE_CACHE=str(cache)) as house:
        await until(lambda: asyncio.to_thread(workers, house), bool)
        (cache / "kokoro" / "voices").rename(cache / "away")
        for worker in await asyncio.to_thread(workers, house):
            os.kill(worker, signal.SIGKILL)
        part = await until(lambda: better(house), lambda part: part["state"] == "degraded")
        assert "FileNotFoundError" in part["words"]
        heard = await listen(house, tmp_path / "dead.wav")
        assert greeted(heard, quick) or greeted(heard, sweet)
        (cache / "away").rename(cache / "kokoro" / "voices")
        for worker in await asyncio.to_thread(workers, house):
            os.kill(worker, signal.SIGKILL)
        await until(lambda: better(house), lambda part: part["state"] == "up")


def workers(house: House) -> list[int]:
    """The process ids of this house's better voice."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
            words = (entry.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == house.process.pid and b"ivr.kokoro_worker" in words:
            found.append(int(entry.parent.name))
    return found
