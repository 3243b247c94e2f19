"""The better voice beside the calls: never waited for, never half done, never mixed within a number."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.chance import SystemChance
from core.health import State
from ivr.call import Prompt, Track
from ivr.child import EngineError
from ivr.prompts import catalogue
from ivr.rendering import NAMES, Renderer
from ivr.sound import NotSpeech, Samples, is_whole
from ivr.sources import family
from ivr.speech import NORMAL, Voice
from ivr.words import Clip, Name
from tests.ivr.sounds import Tones, lose

GREETING = Prompt("greeting")
SLOWLY = Track(slow=True)


class Sweet(Tones):
    """The better voice: says one thing each time it is let, and fails as often as it is told."""

    name = "sweet tones"

    def __init__(self) -> None:
        super().__init__()
        self.may = asyncio.Semaphore(1000)
        self.trouble: Exception | None = None

    async def speak(self, spelled: str, *, slow: bool = False) -> tuple[Samples, int]:
        await self.may.acquire()
        if self.trouble:
            raise self.trouble
        return await super().speak(spelled, slow=slow)


@pytest.fixture
def sweet() -> Sweet:
    return Sweet()


@pytest.fixture
def quick() -> Tones:
    return Tones()


@pytest.fixture
def voice(tmp_path: Path, quick: Tones, sweet: Sweet) -> Voice:
    return Voice(tmp_path / "recordings", tmp_path / "cache", quick, better=sweet)


@asynccontextmanager
async def working(voice: Voice, renderer: Renderer | None = None) -> AsyncIterator[Renderer]:
    renderer = renderer or Renderer(voice, SystemChance())
    task = asyncio.create_task(renderer.run())
    yield renderer
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_call_hears_the_quick_voice_at_once_and_the_better_one_as_soon_as_it_has_spoken(
    voice: Voice, sweet: Sweet, quick: Tones
) -> None:
    sweet.may = asyncio.Semaphore(0)
    clip = catalogue().clips(GREETING)[0]
    async with working(voice) as renderer:
        first = await voice.sounds(GREETING)
        assert quick.said == [clip.text]
        assert (voice.state(clip), renderer.progress().stale) == ("fallback", 1)
        sweet.may.release()
        await renderer.until_done()
        assert sweet.said == [clip.text]  # nobody had asked for it but the call
        assert await voice.sounds(GREETING) != first
        assert (voice.state(clip), renderer.progress().rendered) == ("rendered", 1)
        assert is_whole(Path(first[0]))  # a call may be in the middle of it


async def test_what_is_prepared_at_both_speeds_comes_in_its_order_the_usual_track_first(
    voice: Voice, sweet: Sweet
) -> None:
    clips = [Clip(f"prompt/{place}", text) for place, text in enumerate(("您好", "再见", "请稍候"))]
    renderer = Renderer(voice, SystemChance())
    await renderer.want([Clip("name/a", "内科")], rank=NAMES)
    await renderer.want(clips)
    async with working(voice, renderer):
        await renderer.until_done()
    said = ["您好", "再见", "请稍候"]
    assert sweet.said == [*said, *said, "内科", "内科"]
    assert all(voice.state(clip, SLOWLY) == "rendered" for clip in clips)


async def test_what_a_caller_has_just_heard_goes_before_what_is_prepared(voice: Voice, sweet: Sweet) -> None:
    sweet.may = asyncio.Semaphore(0)
    async with working(voice) as renderer:
        await renderer.want(Clip(f"prompt/{place}", "您好" * place) for place in range(1, 9))
        await asyncio.sleep(0)
        await voice.file(*Name("欧阳雪").clips(), asked=True)
        for _ in range(100):
            sweet.may.release()
        await renderer.until_done()
    assert "ou1 yang2 xue3" in sweet.said[:2]


async def test_a_date_or_a_number_is_never_said_by_two_voices(voice: Voice, sweet: Sweet) -> None:
    figures = [clip for clip in catalogue().fixed() if family(clip.key) == "digits"]
    sweet.may = asyncio.Semaphore(len(figures) - 1)
    async with working(voice) as renderer:
        before = [await voice.file(clip) for clip in figures]
        await renderer.want(figures, [NORMAL])
        await until(lambda: len(sweet.said) == len(figures) - 1)
        assert [await voice.file(clip) for clip in figures] == before
        sweet.may.release()
        await renderer.until_done()
        after = [await voice.file(clip) for clip in figures]
        assert not set(after) & set(before)
        lose(after[0])  # a cleaner took one: all of them wait for it again
        assert [await voice.file(clip) for clip in figures] == before


async def test_whoever_ends_the_work_half_way_loses_nothing_and_it_goes_on_from_there(
    tmp_path: Path, voice: Voice, sweet: Sweet
) -> None:
    clips = [Clip(f"prompt/{place}", f"{'您好' * place}") for place in range(1, 21)]
    sweet.may = asyncio.Semaphore(7)
    async with working(voice) as renderer:
        await renderer.want(clips, [NORMAL])
        await until(lambda: renderer.progress().rendered == 7)
    fresh = Sweet()
    again = Voice(tmp_path / "recordings", tmp_path / "cache", Tones(), better=fresh)
    async with working(again) as renderer:
        await renderer.want(clips, [NORMAL])
        assert renderer.progress().rendered == 7
        await renderer.until_done()
    assert fresh.said == [clip.text for clip in clips[7:]]


@pytest.mark.parametrize(
    ("trouble", "words"),
    [(EngineError("it died"), "it died"), (OSError(28, os.strerror(28)), "磁盘已满")],
)
async def test_a_dead_voice_or_a_full_disk_leaves_the_old_sounds_playing_is_told_and_is_got_over(
    voice: Voice, sweet: Sweet, monkeypatch: pytest.MonkeyPatch, trouble: Exception, words: str
) -> None:
    monkeypatch.setattr("ivr.rendering.LEAST_REST_S", 0.01)
    sweet.trouble = trouble
    clip = catalogue().clips(GREETING)[0]
    await voice.warm()
    async with working(voice) as renderer:
        before = await voice.sounds(GREETING)
        await until(lambda: bool(renderer.trouble))
        report = await renderer.probe()
        assert (report.state, words in report.words) == (State.DEGRADED, True)
        assert await voice.sounds(GREETING) == before
        assert (await voice.probe()).state is State.UP
        sweet.trouble = None
        await renderer.until_done()
        assert (await renderer.probe()).state is State.UP
        assert voice.state(clip) == "rendered"


async def test_what_the_better_voice_cannot_say_stays_with_the_quick_one_and_holds_nobody_up(
    voice: Voice, sweet: Sweet
) -> None:
    figures = [clip for clip in catalogue().fixed() if family(clip.key) == "digits"]
    speak = sweet.speak

    async def not_seven(spelled: str, *, slow: bool = False) -> tuple[Samples, int]:
        if spelled == "七":
            raise NotSpeech("silent")
        return await speak(spelled, slow=slow)

    sweet.speak = not_seven  # type: ignore[method-assign]
    async with working(voice) as renderer:
        await renderer.want(figures, [NORMAL])
        await renderer.until_done()
        at = renderer.progress()
    states = {clip.text: voice.state(clip) for clip in figures}
    assert voice.hopeless == {"digit/7": "silent"}
    assert states.pop("七") == "missing"
    assert set(states.values()) == {"rendered"}
    assert (at.rendered, at.stale, at.seconds_left) == (len(figures) - 1, 1, 0)
