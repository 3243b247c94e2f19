"""How a text is read: the syllables of core.pinyin, with the text's own pauses between them; pure."""

import re
from functools import lru_cache

from core.pinyin import HANZI, proper, syllables

_PAUSES = str.maketrans("，、；。？！!", ",,;.?..")
_PARTS = re.compile(rf"[{HANZI}]+|[,;.?]")


@lru_cache(maxsize=4096)
def reading(text: str) -> str:
    """Syllables with tone digits, 5 for the neutral tone: '您好,重庆' is 'nin2 hao3, chong2 qing4'.

    What is neither a Chinese character nor a pause is left out: it would be read in English.
    """
    return paced(text, [syllable for part in _parts(text) for syllable in syllables(part)])


@lru_cache(maxsize=4096)
def read_as(text: str, pinyin: str | None = None) -> str:
    """The reading that was saved with a text, where it has a syllable for each character; else ours."""
    saved = proper(pinyin, sum(map(len, filter(is_hanzi, _parts(text)))))
    return paced(text, saved) if saved else reading(text)


def paced(text: str, said: list[str] | tuple[str, ...]) -> str:
    """Syllables, one for each Chinese character of a text, with the text's pauses."""
    rest, whole = iter(said), ""
    for part in _parts(text):
        if is_hanzi(part):
            whole += "".join(f" {next(rest, '')}".rstrip() for _ in part)
        elif whole and whole[-1].isdigit():
            whole += part
    return whole.strip()


def is_hanzi(part: str) -> bool:
    return re.match(rf"[{HANZI}]", part) is not None


def _parts(text: str) -> list[str]:
    """Runs of Chinese characters, and single pauses."""
    return _PARTS.findall(text.translate(_PAUSES))
