"""A piece of sound: what it is called, what it says, how that is read; pure."""

import hashlib
from dataclasses import dataclass

from ivr.reading import read_as


@dataclass(frozen=True)
class Clip:
    """One piece of sound. pinyin: how it is read where the text alone is not clear.

    key: the name of its file when a person records it: 'digit/3', 'month/11', 'prompt/greeting.0'.
    """

    key: str
    text: str
    pinyin: str | None = None

    def __hash__(self) -> int:
        return hash(self.key)  # looked up for each piece of each sentence; a string keeps its hash

    @property
    def reading(self) -> str:
        """The whole pinyin, for an engine: a syllable for each character, and the text's pauses."""
        return read_as(self.text, self.pinyin)


PAUSE = Clip("pause", "")


def name_clip(text: str, pinyin: str) -> Clip:
    """A clip for what is not known before: keyed by what it says and how it is read."""
    mark = hashlib.blake2b(f"{text}|{pinyin}".encode(), digest_size=8).hexdigest()
    return Clip(f"name/{mark}", text, pinyin)
