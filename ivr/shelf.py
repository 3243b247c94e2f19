"""The cache of sounds: each is made once, however many want it, and is there whole or not at all."""

import asyncio
from pathlib import Path

from ivr.sound import FORMATS, is_whole, of, write_clip
from ivr.sources import Source


class Shelf:
    """folder: may be lost at any time; what a cleaner took away is made again when it is wanted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._making: dict[str, asyncio.Task[None]] = {}

    def path(self, source: Source) -> Path:
        """The stem of its files, whether they are there or not."""
        return self._folder / source.file

    def holds(self, source: Source) -> bool:
        return is_whole(self.path(source))

    async def have(self, source: Source) -> Path:
        """Make it if it is not there. Raises EngineError, NotSpeech, OSError."""
        # Looked up at each ask: it costs a few microseconds.
        if not self.holds(source):
            # Two calls that want the same new word wait for the same making of it.
            making = self._making.get(source.file)
            if making is None:
                making = asyncio.create_task(self._make(source), name="speak")
                self._making[source.file] = making
                making.add_done_callback(lambda done: self._made(source.file, done))
            await asyncio.shield(making)
        return self.path(source)

    def remove(self, source: Source) -> bool:
        """Whether it was there."""
        there = self.holds(source)
        for ending in FORMATS:
            of(self.path(source), ending).unlink(missing_ok=True)
        return there

    async def close(self) -> None:
        """Make nothing more."""
        making = list(self._making.values())
        for one in making:
            one.cancel()
        await asyncio.gather(*making, return_exceptions=True)

    async def _make(self, source: Source) -> None:
        samples = await source.make()
        await asyncio.to_thread(write_clip, self.path(source), samples)

    def _made(self, file: str, making: asyncio.Task[None]) -> None:
        self._making.pop(file, None)
        if not making.cancelled():
            making.exception()  # whoever asked may have gone: it counts as looked at
