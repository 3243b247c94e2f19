"""The voice of a house: what is heard most comes first, names as soon as they change, nothing by halves."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update

from core.catalogue.tables import Doctor
from core.contact import engine as contact
from core.events import ReadingCorrected
from core.feed import Feed
from core.health import State
from core.values import system
from core.wake import Wake
from core.work import Hotline
from hotline.speaking import Speaking, by_use, heard_lately, names
from ivr.call import Track
from ivr.dialplan import CORE_SOUNDS
from ivr.names import Person
from ivr.prompts import catalogue
from ivr.sound import read_clip
from ivr.speech import NORMAL, Voice
from tests.builders import clinic
from tests.ivr.sounds import Tones
from tests.waiting import until

ME = system("test")
# Everything is said in each of these: once is enough, the journal and the feed have tests of their own.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def better() -> Tones:
    made = Tones()
    made.name = "sweet tones"
    made.lasts_s = 0.9
    return made


@pytest.fixture
async def feed(hotline: Hotline) -> AsyncIterator[Feed]:
    wake = Wake()
    hotline.committed = wake.ring
    feed = Feed(hotline, wake, poll_s=0.2)
    running = asyncio.create_task(feed.run())
    yield feed
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def speaking(
    hotline: Hotline, feed: Feed, better: Tones, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Speaking]:
    monkeypatch.setattr("hotline.speaking.GATHER_S", 0.01)
    await clinic(hotline)
    made = Speaking(hotline, feed, Voice(tmp_path / "none", tmp_path / "cache", Tones(), better=better))
    yield made
    await made.stop()


def test_without_any_call_yet_the_sentences_of_every_call_come_first_then_numbers_and_dates() -> None:
    ordered = [clip.key for clip in by_use(catalogue(), {})]
    assert ordered[0].startswith("prompt/greeting")
    first = {one.name for one in catalogue().sentences if one.dialogue == "reception"}
    figures = ordered.index("digit/0")
    assert {key.split("/")[1].split(".")[0] for key in ordered[:figures]} <= first
    assert {*ordered, "pause"} == {clip.key for clip in catalogue().fixed()}


def test_what_was_heard_most_comes_first() -> None:
    heard = {"goodbye": 3, "choose-day": 9}
    ordered = [clip.key for clip in by_use(catalogue(), heard)]
    assert [key.split("/")[1].split(".")[0] for key in ordered[:2]] == ["choose-day", "goodbye"]
    assert ordered.index("digit/0") < ordered.index("prompt/greeting.0")


async def test_the_journal_knows_what_was_heard(hotline: Hotline) -> None:
    async with hotline.work(ME) as work:
        made = (await contact.open_interaction(work, linked_id="1", dnis="12320", ani=None)).interaction_id
        await contact.steps(work, made, [{"said": ["greeting", "main-menu"]}, {"keys": "1"}])
        await contact.steps(work, made, [{"said": ["greeting"]}])
    async with hotline.read() as db:
        assert await heard_lately(db) == {"greeting": 2, "main-menu": 1}


@on_sqlite
async def test_names_are_said_when_they_change_and_not_when_the_phone_rings(
    hotline: Hotline, speaking: Speaking
) -> None:
    voice = speaking.voice
    await speaking.start()
    async with hotline.read() as db:
        known = await names(db)
    assert known
    await until(lambda: all(voice.state(clip, Track(slow=True)) == "rendered" for clip in known))
    (clip,) = Person("区小雨", "ou1 xiao3 yu3").clips()
    async with hotline.work(ME) as work:
        await work.db.execute(update(Doctor).values(name="区小雨", pinyin="ou1 xiao3 yu3"))
        work.record(ReadingCorrected(what="doctor", id=1))
    await until(lambda: voice.state(clip) == "rendered")


@on_sqlite
async def test_the_switch_gets_its_own_sentences_again_when_they_sound_better(
    speaking: Speaking, tmp_path: Path
) -> None:
    folder = tmp_path / "zh"
    await speaking.lay_out(folder)
    before = {name: len(read_clip(folder / name)) for name in CORE_SOUNDS}
    await speaking.start()
    await until(lambda: all(len(read_clip(folder / name)) > before[name] for name in CORE_SOUNDS))


@on_sqlite
async def test_health_tells_of_both_voices(speaking: Speaking) -> None:
    assert (await speaking.probes["voice"]()).state is State.STARTING
    await speaking.start()
    assert (await speaking.probes["voice"]()).state is State.UP
    await until(lambda: speaking.progress().seconds_left == 0 and speaking.progress().wanted > 800)
    assert (await speaking.probes["better-voice"]()).words == ""
    assert speaking.progress().stale == speaking.progress().missing == 0


@on_sqlite
async def test_a_house_with_the_quick_voice_alone_prepares_names_too(
    hotline: Hotline, feed: Feed, tmp_path: Path
) -> None:
    await clinic(hotline)
    made = Speaking(hotline, feed, Voice(tmp_path / "none", tmp_path / "cache", Tones()))
    await made.start()
    async with hotline.read() as db:
        known = await names(db)
    await until(lambda: all(made.voice.state(clip, NORMAL) == "rendered" for clip in known))
    assert (await made.probes["better-voice"]()).state is State.ABSENT
    await made.stop()
