"""The voice of the running house: made before the first call, and made better beside the calls."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core import journal
from core.catalogue import engine as catalogue_engine
from core.events import StepsTaken
from core.feed import Feed, Lagged
from core.health import Probe
from core.work import Hotline
from ivr import names as said
from ivr.call import Track
from ivr.dialplan import CORE_SOUNDS
from ivr.names import name_clips
from ivr.prompts import Catalogue, Sentence, catalogue
from ivr.rendering import NAMES, Progress, Renderer
from ivr.speech import NORMAL, TRACKS, Voice, whole
from ivr.words import PAUSE, Clip

log = structlog.get_logger()

# Stretches of calls looked at to know what is heard most: some hundred calls.
LOOKED_AT = 2000
# What a change of the catalogue is called in the journal.
CHANGED = "catalogue."
# Changes that come together are taken together.
GATHER_S = 1.0


class Speaking:
    """Everything that is said, kept said: at first in the quick voice, then in the better one.

    A house without a switch speaks too: its pages let people hear every sentence.
    """

    def __init__(self, hotline: Hotline, feed: Feed, voice: Voice) -> None:
        self.voice = voice
        self._hotline = hotline
        self._feed = feed
        self._renderer = Renderer(voice, hotline.chance)
        self._renderer.said = self._said
        self._laid_out: Path | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def probes(self) -> dict[str, Probe]:
        return {"voice": self.voice.probe, "better-voice": self._renderer.probe}

    def progress(self) -> Progress:
        """How far the better voice is."""
        return self._renderer.progress()

    async def lay_out(self, folder: Path) -> None:
        """Give the switch the sentences that it says without us, and again when they sound better."""
        await self.voice.lay_out(folder, CORE_SOUNDS)
        self._laid_out = folder

    async def start(self) -> None:
        """Return when every sentence has some sound; the rest goes on beside the calls."""
        await self.voice.warm()
        self._tasks = [
            asyncio.create_task(self._renderer.run(), name="rendering"),
            asyncio.create_task(self._prepare(), name="prepare the voice"),
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self.voice.close()

    async def _prepare(self) -> None:
        """The slow track, everything in the better voice, and names whenever they change."""
        try:
            await self.voice.warm(track=Track(slow=True))
            async with self._hotline.read() as db:
                ordered = by_use(catalogue(), await heard_lately(db))
            await self._renderer.want(ordered)
            await self._renderer.want(whole(CORE_SOUNDS), [NORMAL])
        except Exception:  # a border: calls go on with what there is
            log.exception("preparing the voice failed")
        while True:
            try:
                async with self._feed.subscribe() as news:
                    await self._names()
                    async for entry in news:
                        if entry.event.kind.startswith(CHANGED):
                            await asyncio.sleep(GATHER_S)
                            await self._names()
            except Lagged:
                continue
            except Exception:  # a border: a name without a sound gets one when it is said
                log.exception("preparing names failed")
                await asyncio.sleep(GATHER_S)

    async def _names(self) -> None:
        async with self._hotline.read() as db:
            clips = await names(db)
        if self._renderer.works:
            await self._renderer.want(clips, rank=NAMES)
            return
        for track in TRACKS:
            for clip in clips:
                await self.voice.prepare(clip, track)

    def _said(self, clip: Clip, track: Track) -> None:
        if self._laid_out and clip.key in CORE_SOUNDS and track == NORMAL:
            self._tasks.append(asyncio.create_task(self._again(clip.key, self._laid_out), name="lay out"))

    async def _again(self, name: str, folder: Path) -> None:
        await self.voice.lay_out(folder, {name: CORE_SOUNDS[name]})


async def heard_lately(db: AsyncSession) -> Mapping[str, int]:
    """How often each sentence was said in the newest calls."""
    taken = await journal.latest(db, StepsTaken, LOOKED_AT)
    return Counter(name for event in taken for step in event.steps for name in step.get("said", ()))


def by_use(texts: Catalogue, heard: Mapping[str, int]) -> list[Clip]:
    """Every fixed clip, what is heard most first; numbers and dates after what every call hears.

    heard: how often, by sentence; before any call it is the first dialogue that every call hears.
    """
    first = next(iter(texts.dialogues))
    ordered = sorted(texts.sentences, key=lambda one: -heard.get(one.name, 0))
    often = [clip for one in ordered if _is_heard(one, heard, first) for clip in _own(one)]
    seldom = [clip for one in ordered if not _is_heard(one, heard, first) for clip in _own(one)]
    spoken = {*often, *seldom, PAUSE}
    return [*often, *(clip for clip in texts.fixed() if clip not in spoken), *seldom]


def _is_heard(sentence: Sentence, heard: Mapping[str, int], first: str) -> bool:
    return sentence.name in heard if heard else sentence.dialogue == first


def _own(sentence: Sentence) -> list[Clip]:
    return [piece for piece in sentence.pieces if isinstance(piece, Clip)]


async def names(db: AsyncSession) -> Sequence[Clip]:
    """What is said of every hospital, department and doctor that a caller may be told of."""
    called = await catalogue_engine.called(db)
    return list(
        name_clips(
            [said.Hospital(*one) for one in called.hospitals],
            [said.Department(*one) for one in called.departments],
            [said.Doctor(*one) for one in called.doctors],
        )
    )
