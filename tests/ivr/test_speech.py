"""Where a sentence's sound comes from, and a voice that is killed, hangs, or is not there at all."""

import asyncio
import os
from pathlib import Path

import pytest

from core.contact.rules import Disposition
from core.health import State
from core.settings import Settings
from core.work import Hotline
from ivr.call import Prompt
from ivr.dialplan import CORE_SOUNDS
from ivr.engines import Mute
from ivr.espeak import EngineError, Espeak
from ivr.prompts import catalogue
from ivr.sound import RATE, Samples, is_whole, seconds_of
from ivr.speech import NoVoice, Voice
from ivr.voices import open_voice
from ivr.words import Clip, Name
from tests.callers import Caller
from tests.clocks import FrozenClock
from tests.ivr.sounds import Tones, lose, put, tone
from tests.ivr.town import town

GREETING = Prompt("greeting")


@pytest.fixture
def tones() -> Tones:
    return Tones()


@pytest.fixture
def voice(tmp_path: Path, tones: Tones) -> Voice:
    return Voice(tmp_path / "recordings", tmp_path / "cache", tones)


async def test_a_sentence_is_made_once_and_played_from_the_cache_ever_after(
    voice: Voice, tones: Tones, tmp_path: Path
) -> None:
    first = await voice.sounds(GREETING)
    assert all(is_whole(Path(stem)) for stem in first)
    made = len(tones.said)
    assert await voice.sounds(GREETING) == first
    assert await Voice(tmp_path / "recordings", tmp_path / "cache", tones).sounds(GREETING) == first
    assert len(tones.said) == made == len([stem for stem in first if "pause" not in stem])


async def test_what_a_call_was_just_given_is_not_looked_for_again_and_a_second_later_it_is(
    voice: Voice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So late a recording is heard that somebody puts in, and a sound made again that a cleaner took."""
    looks: list[str] = []
    find = voice.recordings.find
    monkeypatch.setattr(voice.recordings, "find", lambda key, track: looks.append(key) or find(key, track))
    spoken = await voice.sounds(GREETING)
    assert looks
    looks.clear()
    assert await voice.sounds(GREETING) == spoken
    assert looks == []

    clip = catalogue().clips(GREETING)[0]
    put(tmp_path / "recordings" / f"{clip.key}.wav", tone(200, 1.0, rate=44100), 44100)
    lose(Path(spoken[-1]))
    async with asyncio.timeout(30):
        while await voice.sounds(GREETING) == spoken:  # noqa: ASYNC110 it may take its second
            await asyncio.sleep(0.05)
    heard = await voice.sounds(GREETING)
    assert seconds_of(Path(heard[0])) == pytest.approx(1.0, abs=0.05)
    assert all(is_whole(Path(stem)) for stem in heard)


async def test_what_is_said_anew_is_heard_at_once(voice: Voice, tones: Tones) -> None:
    spoken = await voice.sounds(GREETING)
    made = len(tones.said)
    voice.forget(catalogue().clips(GREETING))
    assert await voice.sounds(GREETING) == spoken
    assert len(tones.said) > made


async def test_two_calls_that_want_the_same_new_word_share_its_making(voice: Voice, tones: Tones) -> None:
    name = Clip("name/x", "陈建国")
    await asyncio.gather(*(voice.file(name) for _ in range(5)))
    assert tones.said == ["陈建国"]


async def test_a_recording_wins_over_the_cache_as_soon_as_it_is_there(
    voice: Voice, tones: Tones, tmp_path: Path
) -> None:
    clip = catalogue().clips(GREETING)[0]
    spoken = await voice.file(clip)
    assert voice.state(clip) == "rendered"
    put(tmp_path / "recordings" / f"{clip.key}.wav", tone(200, 1.0, rate=44100), 44100)
    recorded = await voice.file(clip)
    assert recorded != spoken
    assert voice.state(clip) == "recorded"
    assert seconds_of(recorded) == pytest.approx(1.0, abs=0.05)
    assert len(tones.said) == 1


async def test_a_cache_that_is_lost_in_mid_day_is_made_again(voice: Voice, tones: Tones) -> None:
    clip = Clip("name/x", "陈建国")
    lose(await voice.file(clip))
    assert is_whole(await voice.file(clip))
    assert len(tones.said) == 2


@pytest.mark.parametrize("content", [b"no sound at all", b""])
async def test_a_recording_that_cannot_be_used_is_told_and_the_voice_says_it(
    voice: Voice, tones: Tones, tmp_path: Path, content: bytes
) -> None:
    clip = Clip("word/to", "到")
    recorded = tmp_path / "recordings" / "word" / "to.wav"
    recorded.parent.mkdir(parents=True)
    recorded.write_bytes(content)
    await voice.file(clip)
    assert tones.said == ["到"]
    assert "not a sound file" in voice.spoiled[clip.key][1]
    assert voice.state(clip) == "rendered"
    put(recorded, tone(200, 1.0, rate=RATE))
    os.utime(recorded, (1, 1))
    await voice.file(clip)
    assert voice.state(clip) == "recorded"
    assert len(tones.said) == 1


async def test_what_was_said_otherwise_before_is_said_anew(
    voice: Voice, tones: Tones, tmp_path: Path
) -> None:
    clip = Clip("word/to", "到")
    before = await voice.file(clip)
    assert await voice.file(Clip("word/to", "至")) != before
    tones.name = "tones of another pace"
    assert await voice.file(clip) != before


async def test_a_caller_waits_two_seconds_for_a_new_word_and_no_longer(
    tmp_path: Path, tones: Tones, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = asyncio.Event()

    async def speak(_: str, **_how: bool) -> tuple[Samples, int]:
        await never.wait()
        raise AssertionError

    monkeypatch.setattr(tones, "speak", speak)
    monkeypatch.setattr("ivr.speech.CALL_WAITS_S", 0.05)
    slow = Voice(tmp_path / "recordings", tmp_path / "cache", tones)
    with pytest.raises(NoVoice, match="slow"):
        await slow.sounds(GREETING)
    await slow.close()
    assert tones.closed


async def test_a_name_is_read_as_it_was_saved(voice: Voice, tones: Tones) -> None:
    (clip,) = Name("曾雨", "zeng1 yu3").clips()
    await voice.file(clip)
    assert tones.said == ["zeng1 yu3"]


async def test_warming_tells_how_far_it_is_and_makes_everything(voice: Voice) -> None:
    told: list[tuple[int, int]] = []
    assert (await voice.probe()).state is State.STARTING
    await voice.warm(lambda done, wanted: told.append((done, wanted)))
    assert told[-1][0] == told[-1][1] == len(told) > 300
    assert (await voice.probe()).state is State.UP
    assert {voice.state(clip) for clip in catalogue().fixed()} == {"rendered"}


async def test_without_an_engine_what_was_recorded_or_said_before_plays_and_the_rest_is_told(
    voice: Voice, tones: Tones, tmp_path: Path
) -> None:
    cached = await voice.file(Clip("half/am", "上午"))
    mute = Voice(tmp_path / "recordings", tmp_path / "cache", Mute(tones, "not installed"))
    clip = Clip("word/to", "到")
    with pytest.raises(NoVoice, match="not installed"):
        await mute.file(clip)
    put(tmp_path / "recordings" / "word" / "to.wav", tone(200, rate=RATE))
    assert is_whole(await mute.file(clip))
    assert await mute.file(Clip("half/am", "上午")) == cached
    await mute.warm()
    report = await mute.probe()
    assert report.state is State.DEGRADED
    assert "espeak-ng" in report.words


async def test_a_machine_without_espeak_says_so_and_still_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def prove(_: Espeak) -> None:
        raise EngineError("OSError: libespeak-ng.so.1")

    monkeypatch.setattr(Espeak, "prove", prove)
    mute = await open_voice(Settings(data=tmp_path, cache=tmp_path, voice="espeak"))
    with pytest.raises(NoVoice, match="libespeak"):
        await mute.sounds(GREETING)
    await mute.close()


async def test_the_switch_gets_its_own_sentences_by_name(voice: Voice, tmp_path: Path) -> None:
    assert await voice.lay_out(tmp_path / "zh", CORE_SOUNDS) == []
    assert all(is_whole(tmp_path / "zh" / name) for name in CORE_SOUNDS)


async def test_a_call_that_nothing_can_be_said_to_goes_to_a_person(
    hotline: Hotline, clock: FrozenClock, tmp_path: Path, tones: Tones
) -> None:
    mute = Voice(tmp_path / "recordings", tmp_path / "cache", Mute(tones, "not installed"))

    class Unheard(Caller):
        async def say(self, *prompts: Prompt, barge: bool = True) -> None:
            for prompt in prompts:
                await mute.sounds(prompt)

        async def ask(self, *prompts: Prompt, **_: object) -> str:
            await self.say(*prompts)
            return ""

    caller = Unheard("1")
    ended = await (await town(hotline, clock)).desk.receive(caller)
    assert (ended, caller.target) == (Disposition.TO_PERSON, "queue")
