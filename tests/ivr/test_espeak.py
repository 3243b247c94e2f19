"""The quick voice as it is: real, killed, hung, crowded, and what every sentence lasts in it."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.values import SERIAL_GROUPS
from ivr.espeak import EngineError, Espeak
from ivr.examples import fullest
from ivr.prompts import catalogue
from ivr.sound import NotSpeech
from ivr.speech import Voice
from ivr.words import Digits

needs_espeak = pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")


@pytest.fixture
async def espeak() -> AsyncIterator[Espeak]:
    made = Espeak()
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("text", "pinyin", "said"),
    [
        ("陈建国", None, "chen2 jian4 guo2"),
        ("曾雨", "zeng1 yu3", "zeng1 yu3"),
        ("女士", "nv3 shi4", "nü3 shi4"),
        ("先生", "xian1 sheng5", "xian1 sheng0"),
        ("好的", None, "hao3 de0"),
        ("曾雨", "zeng yu", "ceng2 yu3"),  # without tones: the dictionary says more
        ("CT室", "CT shi4", "shi4"),  # never in English
    ],
)
async def test_the_voice_is_given_a_whole_reading_and_nothing_else(
    espeak: Espeak, text: str, pinyin: str | None, said: str
) -> None:
    assert espeak.spelled(text, pinyin) == said


@needs_espeak
async def test_the_voice_proves_that_it_speaks_chinese(espeak: Espeak) -> None:
    await espeak.prove()


@needs_espeak
async def test_the_voice_that_reads_chinese_as_english_is_found_out() -> None:
    english = Espeak(command=(sys.executable, "-m", "ivr.espeak_worker", "sit/cmn"))
    with pytest.raises(EngineError, match="not Chinese"):
        await english.prove()
    await english.close()


@needs_espeak
async def test_a_voice_that_does_not_exist_is_refused_and_not_replaced_by_another() -> None:
    nobody = Espeak(command=(sys.executable, "-m", "ivr.espeak_worker", "sit/nobody"))
    with pytest.raises(EngineError, match="no voice sit/nobody"):
        await nobody.prove()
    await nobody.close()


@needs_espeak
async def test_the_first_sentence_of_a_process_is_whole_and_no_other_runs_into_it() -> None:
    """The library's first loop does not wait; the next one then cancels, or writes, somebody else's words."""

    async def lengths() -> list[int]:
        fresh = Espeak()
        made = [len((await fresh.speak(said))[0]) for said in ("ma1 " * 20, "hao3", "er4 shi2")]
        await fresh.close()
        return made

    calm = await lengths()
    for _ in range(3):
        for crowded in await asyncio.gather(*(lengths() for _ in range(6))):
            assert crowded == pytest.approx(calm, rel=0.15)


@needs_espeak
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hung"])
async def test_a_voice_that_is_lost_in_mid_sentence_says_it_again(
    espeak: Espeak, how: signal.Signals
) -> None:
    espeak.child.within_s = 1.0
    await espeak.prove()
    lost = espeak.pid
    assert lost
    os.kill(lost, signal.SIGSTOP)
    asking = asyncio.create_task(espeak.speak("yu4 yue1 gua4 hao4"))
    await asyncio.sleep(0)
    os.kill(lost, how)
    assert len((await asking)[0])
    assert espeak.pid != lost


@needs_espeak
async def test_nobody_queues_for_the_voice_without_end(espeak: Espeak) -> None:
    espeak.child.most_waiting = 3
    said = await asyncio.gather(*(espeak.speak("hao3") for _ in range(5)), return_exceptions=True)
    assert [isinstance(one, EngineError) for one in said] == [False] * 3 + [True] * 2


@needs_espeak
async def test_a_cancelled_sentence_is_never_heard_as_the_next_one(espeak: Espeak) -> None:
    sentence = "yu4 yue1 gua4 hao4 " * 10
    long = len((await espeak.speak(sentence))[0])
    asking = asyncio.create_task(espeak.speak(sentence))
    await asyncio.sleep(0.002)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert len((await espeak.speak("hao3"))[0]) < long / 5


@needs_espeak
@pytest.mark.parametrize("nothing", ["", " ", ".", "😀"])
async def test_what_cannot_be_said_is_refused_and_the_next_is_said(espeak: Espeak, nothing: str) -> None:
    with pytest.raises((EngineError, NotSpeech)):
        await espeak.speak(nothing)
    assert len((await espeak.speak("hao3"))[0])


@needs_espeak
async def test_a_folder_that_cannot_be_written_is_an_error_and_the_voice_lives_on(espeak: Espeak) -> None:
    await espeak.prove()
    before = espeak.pid
    assert espeak._folder
    folder = Path(espeak._folder.name)
    (folder / "spoken.wav").unlink()
    (folder / "spoken.wav").mkdir()
    with pytest.raises(EngineError, match="IsADirectory"):
        await espeak.speak("hao3")
    (folder / "spoken.wav").rmdir()
    assert len((await espeak.speak("hao3"))[0])
    assert espeak.pid == before


async def test_a_voice_that_hangs_is_given_up() -> None:
    hanging = Espeak(command=(sys.executable, "-c", "import time; time.sleep(60)"))
    hanging.child.starting_s = 0.3
    with pytest.raises(EngineError):
        await hanging.speak("您好")
    assert hanging.pid is None
    await hanging.close()


@pytest.mark.parametrize("program", ["raise SystemExit(1)", "print('not an answer', flush=True)"])
async def test_a_voice_that_dies_or_babbles_is_an_error_and_nothing_else(program: str) -> None:
    broken = Espeak(command=(sys.executable, "-c", program))
    with pytest.raises(EngineError):
        await broken.speak("您好")
    await broken.close()


@needs_espeak
async def test_every_sentence_keeps_its_limit_with_its_longest_values_and_takes_as_long_as_reckoned(
    tmp_path: Path, espeak: Espeak
) -> None:
    voice, texts = Voice(tmp_path / "none", tmp_path / "cache", espeak), catalogue()
    said = {one.name: await voice.seconds(fullest(one)) for one in texts.sentences}
    reckoned = {one.name: texts.seconds(fullest(one)) for one in texts.sentences}
    assert [one.name for one in texts.sentences if said[one.name] > one.most_s] == []
    assert sum(reckoned.values()) == pytest.approx(sum(said.values()), rel=0.05)
    for name, seconds in said.items():
        assert reckoned[name] == pytest.approx(seconds, rel=0.2, abs=0.6), name


@needs_espeak
async def test_a_serial_number_is_said_in_three_groups(tmp_path: Path, espeak: Espeak) -> None:
    voice = Voice(tmp_path / "none", tmp_path / "cache", espeak)
    files = [await voice.file(clip) for clip in Digits("82047157", SERIAL_GROUPS).clips()]
    pauses = [place for place, path in enumerate(files) if path.name.startswith("pause")]
    assert pauses == [2, 6]
