"""The better voice at work in the background: what is heard most first, visible, and never lost half-way."""

import asyncio
import errno
import heapq
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import structlog

from core.health import Report, State
from core.ports import Chance
from ivr.backoff import Backoff
from ivr.call import Track
from ivr.child import EngineError
from ivr.engines import Mute
from ivr.prompts import lasting
from ivr.sound import NotSpeech
from ivr.speech import TRACKS, Voice
from ivr.words import Clip

log = structlog.get_logger()

# Until one has been said: Kokoro on one core beside other work, in seconds for a second of speech.
FIRST_GUESS = 0.7
# The guess weighs as much as this much speech, and a sentence a little less with each that follows.
LEARNT_S, FADING = 60.0, 0.99
# A full disk or a dead voice is tried again after this, growing.
LEAST_REST_S, MOST_REST_S = 2.0, 60.0
# Ranks: what a caller has just heard in the worse voice goes before everything that is prepared, and
# both tracks of what everybody hears before the names of single doctors.
ASKED, FIXED, NAMES = 0, 10, 20
# Clips looked at in one go: each costs some twenty file names.
STEP = 20


@dataclass(frozen=True)
class Progress:
    """missing: pieces without any sound. stale: heard, but not yet in this voice, or from older words."""

    voice: str
    wanted: int
    rendered: int
    missing: int
    stale: int
    seconds_left: float | None
    trouble: str


_FULL = (errno.ENOSPC, errno.EDQUOT)
_Key = tuple[str, str, str, bool]


@dataclass(frozen=True, order=True)
class _Job:
    rank: int
    turn: int
    key: _Key


@dataclass(frozen=True)
class _Want:
    clip: Clip
    track: Track
    heard: bool  # in some voice, already
    seconds: float  # about; reckoned once, as pages ask for the sum every few seconds
    waits: bool = True


class Renderer:
    """Says, with the better voice, every clip that is wanted and not there yet.

    What is done is a file, so whoever kills us loses one sentence; a failure rests and is tried again,
    while the old sounds go on playing.
    """

    def __init__(self, voice: Voice, chance: Chance) -> None:
        self._voice = voice
        self._wants: dict[_Key, _Want] = {}
        self._queue: list[_Job] = []
        self._turns = itertools.count()
        self._more = asyncio.Event()
        self._rests = Backoff(chance, first_s=LEAST_REST_S, most_s=MOST_REST_S)
        # Seconds of work, and the seconds of speech that came of it: the newest count most.
        self._worked, self._spoken = FIRST_GUESS * LEARNT_S, LEARNT_S
        self.trouble = ""
        self.said: Callable[[Clip, Track], object] = lambda _clip, _track: None  # told of each that is done
        voice.missed = lambda clip, track: self._want(clip, track, ASKED)

    @property
    def works(self) -> bool:
        """Whether there is a better voice, and it speaks."""
        return self._voice.better is not None and not isinstance(self._voice.better, Mute)

    async def want(
        self, clips: Iterable[Clip], tracks: Iterable[Track] = TRACKS, *, rank: int = FIXED
    ) -> None:
        """Have these said, the lowest rank first, the usual track before the slow one, in the order given."""
        found = list(clips)
        for track in tracks:
            for place, clip in enumerate(found):
                self._want(clip, track, rank + track.slow)
                if place % STEP == 0:
                    await asyncio.sleep(0)

    def _want(self, clip: Clip, track: Track, rank: int) -> None:
        key = (clip.key, clip.text, clip.pinyin or "", track.slow)
        known = self._wants.get(key)
        if self._voice.better is None or (known and known.waits and rank != ASKED):
            return
        track = Track(slow=track.slow)
        waits = self._voice.wants(clip, track)
        heard = self._voice.state(clip, track) != "missing"
        self._wants[key] = _Want(clip, track, heard, lasting(clip, slow=track.slow), waits)
        if waits:
            heapq.heappush(self._queue, _Job(rank, next(self._turns), key))
            self._more.set()

    async def run(self) -> None:
        """Work until cancelled."""
        better = self._voice.better
        if better is None:
            await asyncio.Event().wait()
            return
        async with asyncio.TaskGroup() as lanes:
            for _ in range(better.lanes):
                lanes.create_task(self._lane(), name="rendering")

    async def until_done(self) -> None:
        """Return when everything wanted so far is there or given up."""
        while any(want.waits for want in self._wants.values()):  # noqa: ASYNC110
            await asyncio.sleep(0.1)

    async def _lane(self) -> None:
        while True:
            while not self._queue:
                self._more.clear()
                await self._more.wait()
            job = heapq.heappop(self._queue)
            if not self._wants[job.key].waits:
                continue  # it was asked for twice
            try:
                await self._say(self._wants[job.key])
            except NotSpeech as error:
                self._give_up(self._wants[job.key].clip, str(error))
            except (EngineError, OSError) as error:
                heapq.heappush(self._queue, job)
                self._in_trouble(error)
                await asyncio.sleep(self._rests.next_s())
                continue
            if self.trouble:
                log.info("rendering goes on")
            self.trouble = ""
            self._rests.reset()
            self._wants[job.key] = done = replace(self._wants[job.key], waits=False, heard=True)
            self.said(done.clip, done.track)

    async def _say(self, want: _Want) -> None:
        if not self._voice.wants(want.clip, want.track):
            return
        clock = asyncio.get_running_loop().time
        began = clock()
        await self._voice.improve(want.clip, want.track)
        self._worked = self._worked * FADING + clock() - began
        self._spoken = self._spoken * FADING + want.seconds

    def _give_up(self, clip: Clip, why: str) -> None:
        if clip.key not in self._voice.hopeless:
            log.error("the better voice cannot say a piece", clip=clip.key, why=why)
        self._voice.hopeless[clip.key] = why[:120]

    def _in_trouble(self, error: Exception) -> None:
        words = f"语音引擎没有应答：{error}"[:160]
        if isinstance(error, OSError):
            why = "磁盘已满" if error.errno in _FULL else error.strerror or str(error)
            words = f"语音文件写不下去：{why}"
        if not self.trouble:
            log.error("rendering rests", why=words)
        self.trouble = words

    def progress(self) -> Progress:
        """How far it is; reads no file."""
        waiting = [want for want in self._wants.values() if want.waits]
        stale = sum(want.heard for want in waiting)
        given_up = sum(want.clip.key in self._voice.hopeless for want in self._wants.values())
        left = sum(want.seconds for want in waiting)
        lanes = self._voice.better.lanes if self._voice.better else 1
        return Progress(
            voice=self._voice.name,
            wanted=len(self._wants),
            rendered=len(self._wants) - len(waiting) - given_up,
            missing=len(waiting) - stale,
            stale=stale + given_up,
            seconds_left=None if self.trouble else left * self._worked / self._spoken / lanes,
            trouble=self.trouble,
        )

    async def probe(self) -> Report:
        """For /healthz: up while it works, with how far it is; degraded while the old sounds must do."""
        if self._voice.better is None:
            return Report(State.ABSENT)
        if self.trouble:
            return Report(State.DEGRADED, f"{self.trouble}；先用原来的声音")
        at = self.progress()
        if at.seconds_left:
            minutes = -(-int(at.seconds_left or 0) // 60)
            return Report(State.UP, f"还需约{minutes}分钟", progress=at.rendered / max(1, at.wanted))
        return Report(State.UP)
