"""People who listen to the voice on pages: few at a time, so that no call waits for them."""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from core.ports import Clock
from ivr.call import Track
from ivr.sound import as_wav, joined, read_clip
from ivr.speech import NoVoice, Voice
from ivr.words import Clip
from web.wording import Heard, NoSound

# The quick voice says one sentence at a time, for calls too: two pages at most stand in its queue.
AT_ONCE = 2
MOST_WAITING = 8
WITHIN_S = 15.0
# Readings that are only tried leave files behind: so many of them in a minute, by everybody together.
MOST_TRIES = 40
A_MINUTE = timedelta(minutes=1)

TOO_MANY = "现在试听的人太多，请过几秒再点一次。"
TOO_SLOW = "合成太慢，没有等到声音，请过一会儿再试。"
NOTHING = "这里现在没有声音：没有录音，语音引擎也没有应答。首页上方能看到语音的状态。"


class Listening:
    """waiting: pages that listen or wait for it now."""

    def __init__(self, voice: Voice, clock: Clock) -> None:
        self._voice = voice
        self._clock = clock
        self._room = asyncio.Semaphore(AT_ONCE)
        self.waiting = 0
        self._tries: deque[datetime] = deque()

    async def hear(
        self, clips: Sequence[Clip], track: Track, *, known: str = "", tried: bool = False
    ) -> Heard:
        """Clips as one WAV; its mark is made of the files it is joined from. Raises NoSound.

        known: a mark: when it is still the right one, the sound is left out. tried: said once and for one
        person: the better voice is not asked to say it too.
        """
        if tried:
            self._count_try()
        try:
            async with self._turn(), asyncio.timeout(WITHIN_S):
                # One after the other: a call's sentence gets in between.
                stems = [await self._voice.file(clip, track, asked=not tried) for clip in clips]
                mark = hashlib.blake2b("|".join(map(str, stems)).encode(), digest_size=12).hexdigest()
                if mark == known:
                    return Heard(mark, b"")
                wav = await asyncio.to_thread(lambda: as_wav(joined([read_clip(stem) for stem in stems])))
        except TimeoutError:
            raise NoSound(TOO_SLOW, busy=True) from None
        except (NoVoice, OSError):
            raise NoSound(NOTHING) from None
        return Heard(mark, wav)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self.waiting >= MOST_WAITING:
            raise NoSound(TOO_MANY, busy=True)
        self.waiting += 1
        try:
            async with self._room:
                yield
        finally:
            self.waiting -= 1

    def _count_try(self) -> None:
        now = self._clock.now()
        while self._tries and abs(now - self._tries[0]) > A_MINUTE:  # a clock may be set back
            self._tries.popleft()
        if len(self._tries) >= MOST_TRIES:
            raise NoSound(TOO_MANY, busy=True)
        self._tries.append(now)
