"""How a name is read, as somebody typed it: checked, and shown with tone marks; pure.

What is saved has a syllable with a tone digit for each Chinese character that is said.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from core.errors import WrongInput
from core.pinyin import proper

_MARKED = re.compile("[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹḿ]")
_TONED = re.compile(r"([a-zü]+)([0-9]*)")


def checked(typed: str, characters: Sequence[int]) -> str:
    """A reading as it is saved: 'Zēng xiǎo yǔ' and 'zeng1,xiao3,yu3' are 'zeng1 xiao3 yu3'.

    characters: how many syllables it may have, the usual number first. Raises WrongInput with the
    place (from 1) and the syllable that is wrong.
    """
    found = [_toned(one) for one in _split(typed)]
    if len(found) not in characters:
        raise _wrong("count", wanted=characters[0], given=len(found))
    for place, one in enumerate(found, start=1):
        match = _TONED.fullmatch(one)
        if match is None or not _known(match[1]):
            raise _wrong("syllable", place=place, syllable=one[:12])
        if not re.fullmatch("[0-5]", match[2]):
            raise _wrong("tone", place=place, syllable=one[:12])
    return " ".join(proper(" ".join(found), len(found)) or ()).replace("ü", "v")


def marked(syllables: Sequence[str]) -> str:
    """zēng xiǎo yǔ: as schoolbooks write it."""
    from pypinyin.contrib.tone_convert import to_tone

    return " ".join(to_tone(one) for one in syllables)


def _split(typed: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", typed).strip().lower().replace("u:", "ü").replace("v", "ü")
    return [one for one in re.split(r"[\s,;.，、；。'’\-]+", plain) if one]


def _toned(syllable: str) -> str:
    """With a digit for the mark it was typed with."""
    from pypinyin.contrib.tone_convert import to_tone3

    if not _MARKED.search(syllable):
        return syllable
    return str(to_tone3(syllable, v_to_u=True, neutral_tone_with_five=True))


def _known(syllable: str) -> bool:
    """Without its tone: some character is read so, and a voice can say it (ng and ê it cannot)."""
    return syllable.replace("ü", "v") in _dictionary() and proper(f"{syllable}1", 1) is not None


@cache
def _dictionary() -> frozenset[str]:
    """Every syllable that some character is read with, without its tone, v for ü."""
    from pypinyin.contrib.tone_convert import to_normal
    from pypinyin.pinyin_dict import pinyin_dict

    # The dictionary is read once: a quarter of a second that nobody on the phone may wait for.
    return frozenset(
        to_normal(reading).replace("ü", "v")
        for readings in pinyin_dict.values()
        for reading in readings.split(",")
    )


def _wrong(why: str, **facts: object) -> WrongInput:
    return WrongInput(facts={"field": "pinyin", "why": why, **facts})
