"""How Chinese text is read: pinyin with tone digits, for a voice that guesses badly; pure."""

import re
from functools import lru_cache

# Words of ours that the dictionary reads otherwise than people do (pypinyin 0.55).
WORDS = {
    "颈椎": "jing3 zhui1", "便血": "bian4 xue4", "咯血": "ka3 xue4",
    "出血": "chu1 xue4", "流血": "liu2 xue4", "吐血": "tu4 xue4", "卒中": "cu4 zhong4", "子宫": "zi3 gong1",
    "重排": "chong2 pai2", "调休": "tiao2 xiu1", "大夫": "dai4 fu5",
}  # fmt: skip
_PAUSES = str.maketrans("，、；。？！!", ",,;.?..")
_HANZI = r"[\u4e00-\u9fff]+"
# 一 keeps its first tone beside these: it counts a place (第一, 十一, 星期一, 一月), not things.
_PLACE_BEFORE = frozenset("第十百千万零点期附按一二三四五六七八九")
_PLACE_AFTER = frozenset("月日号院医楼层区一二三四五六七八九十")


@lru_cache(maxsize=4096)
def reading(text: str) -> str:
    """Syllables with tone digits, 5 for the neutral tone: '您好,重庆' is 'nin2 hao3, chong2 qing4'.

    What is neither a Chinese character nor a pause is left out: it would be read in English.
    """
    said = ""
    for part in re.findall(rf"{_HANZI}|[,;.?]", text.translate(_PAUSES)):
        if re.match(_HANZI, part):
            said += " " + " ".join(_syllables(part))
        elif said and said[-1].isdigit():
            said += part
    return said.strip()


def _syllables(words: str) -> list[str]:
    from pypinyin import Style, lazy_pinyin

    _learn()
    found: list[str] = lazy_pinyin(
        words, style=Style.TONE3, v_to_u=True, neutral_tone_with_five=True, errors="ignore"
    )
    if len(found) == len(words):
        for place, character in enumerate(words):
            after = found[place + 1][-1] if place + 1 < len(words) else ""
            if character == "一":
                found[place] = _one(words[place - 1 : place], words[place + 1 : place + 2], after)
            elif character == "不" and found[place] != "bu5":
                found[place] = "bu2" if after == "4" else "bu4"
    return found


def _one(before: str, after: str, tone: str) -> str:
    """yi2 before a fourth tone, yi4 before another, yi1 where it counts a place or stands alone."""
    if not after or before in _PLACE_BEFORE or after in _PLACE_AFTER:
        return "yi1"
    return "yi2" if tone in "45" else "yi4"


@lru_cache(maxsize=1)
def _learn() -> None:
    from pypinyin import load_phrases_dict
    from pypinyin.contrib.tone_convert import to_tone

    load_phrases_dict({word: [[to_tone(one)] for one in said.split()] for word, said in WORDS.items()})
