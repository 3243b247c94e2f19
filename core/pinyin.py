"""How Chinese characters are read: pinyin with tone digits, 5 for the neutral tone; pure.

Two third tones in a row stay as they are written: every voice knows that rule by itself.
"""

import re
from functools import lru_cache

# Words that the dictionary reads otherwise than people in a hospital do (pypinyin 0.55), or that it
# reads so only beside certain neighbours.
WORDS = {
    "颈椎": "jing3 zhui1", "椎间盘": "zhui1 jian1 pan2", "脊柱": "ji3 zhu4", "脊髓": "ji3 sui3",
    "脊椎": "ji3 zhui1", "便血": "bian4 xue4", "咯血": "ka3 xue4", "咳血": "ke2 xue4", "尿血": "niao4 xue4",
    "出血": "chu1 xue4", "流血": "liu2 xue4", "吐血": "tu4 xue4", "采血": "cai3 xue4", "献血": "xian4 xue4",
    "量血压": "liang2 xue4 ya1", "卒中": "cu4 zhong4", "子宫": "zi3 gong1", "应激": "ying4 ji1",
    "粘膜": "nian2 mo2", "缝针": "feng2 zhen1", "接种": "jie1 zhong4", "种牙": "zhong4 ya2",
    "儿少": "er2 shao4", "大夫": "dai4 fu5", "头发": "tou2 fa5", "重排": "chong2 pai2",
    "多重": "duo1 chong2", "调休": "tiao2 xiu1", "当日": "dang4 ri4", "还号": "huan2 hao4",
    "先生": "xian1 sheng5", "数一数": "shu3 yi5 shu3", "数一下": "shu3 yi2 xia4",
    "都匀": "du1 yun2", "洪洞": "hong2 tong2",
    "长海": "chang2 hai3", "重医": "chong2 yi1", "阿卜杜": "a1 bu3 du4",
}  # fmt: skip
_SINGLE = {"椎": "zhui1", "脊": "ji3", "肋": "lei4", "缝": "feng2", "卜": "bu3"}
# Characters and pairs that are read otherwise when they are a surname. Where families differ (华 乐 盖 覃
# 翟 谌 宁) this is the usual reading; a doctor's own is saved with the doctor.
SURNAMES = {
    "曾": "zeng1", "单": "shan4", "仇": "qiu2", "解": "xie4", "区": "ou1", "华": "hua4", "乐": "yue4",
    "任": "ren2", "查": "zha1", "朴": "piao2", "盖": "ge3", "翟": "zhai2", "覃": "qin2", "冼": "xian3",
    "洗": "xian3", "燕": "yan1", "纪": "ji4", "宁": "ning4", "葛": "ge3", "员": "yun4", "召": "shao4",
    "缪": "miao4", "臧": "zang1", "应": "ying1", "於": "yu1", "祭": "zhai4", "种": "chong2", "重": "chong2",
    "折": "she2", "逄": "pang2", "乜": "nie4", "那": "na1", "曲": "qu1", "贲": "ben1", "卜": "bu3",
    "车": "che1", "阚": "kan4", "谌": "chen2", "佴": "nai4", "秘": "bi4", "句": "gou1", "角": "jue2",
    "能": "nai4", "相": "xiang4", "都": "du1", "舍": "she4", "繁": "po2", "瞿": "qu2", "柏": "bai3",
    "薄": "bo2", "哈": "ha3", "粘": "nian2", "占": "zhan1", "阙": "que1", "莘": "shen1", "褚": "chu3",
    "晁": "chao2", "盛": "sheng4", "强": "qiang2", "宿": "su4", "郗": "xi1", "殷": "yin1", "幺": "yao1",
    "肖": "xiao1", "干": "gan1", "过": "guo1",
    "万俟": "mo4 qi2", "尉迟": "yu4 chi2", "澹台": "tan2 tai2", "长孙": "zhang3 sun1", "令狐": "ling2 hu2",
    "皇甫": "huang2 fu3", "夏侯": "xia4 hou2", "宰父": "zai3 fu3", "鲜于": "xian1 yu2", "拓跋": "tuo4 ba2",
}  # fmt: skip

# In a text somebody typed, 曾医生 and 找单主任 are people; 查医生 (look up), 那医生 (that) may be none.
_NO_PERSON = frozenset("查都那能相应重区句角占强种干过")
_ADDRESSED = re.compile(
    "(?:^|(?<=[找约见和与由为给是]))"
    f"({'|'.join(sorted(set(SURNAMES) - _NO_PERSON))})(?=医生|大夫|医师|主任|教授|院长|护士|先生|女士)"
)

# Also those that only names are written with: 䶮, 𬱖.
HANZI = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"
# 一 keeps its first tone beside these: it counts a place (第一, 十一, 星期一, 一月), not things.
_PLACE_BEFORE = frozenset("第十百千万零点期附骨按一二三四五六七八九")
_PLACE_AFTER = frozenset("月日号院医楼层区级科诊病期室一二三四五六七八九十")
_INITIAL = "(?:[bpmfdtnlgkhjqxrzcsyw]|zh|ch|sh)?"
_FINAL = "(?:[iu]?a(?:i|o|ng?)?|ei|eng?|er|e|ia?n|ie|iu|ing?|i?ong|i?ou?|i|uo|ui|un|u?e|u|ü(?:e|a?n)?)"
_SYLLABLE = re.compile(rf"{_INITIAL}{_FINAL}[1-5]")


@lru_cache(maxsize=4096)
def syllables(words: str) -> tuple[str, ...]:
    """The reading of Chinese characters, one syllable each, with the tones that 一 and 不 take there."""
    from pypinyin import Style, lazy_pinyin

    _learn()
    words = re.sub(f"[^{HANZI}]", "", words)
    found = list(
        lazy_pinyin(words, style=Style.TONE3, v_to_u=True, neutral_tone_with_five=True, errors="ignore")
    )
    if len(found) == len(words):
        for place, character in enumerate(words):
            after = found[place + 1][-1] if place + 1 < len(words) else ""
            if character == "一" and found[place] != "yi5":
                found[place] = _one(words[:place][-1:], words[place + 1 : place + 2], after)
            elif character == "不" and found[place] != "bu5":
                found[place] = "bu2" if after == "4" else "bu4"
        for match in _ADDRESSED.finditer(words):
            found[match.start() : match.end()] = SURNAMES[match[1]].split()
    return tuple(found)


@lru_cache(maxsize=10_000)
def name_syllables(name: str) -> tuple[str, ...]:
    """The reading of a person's name: a surname as a surname, and 一 of a given name always yi1."""
    from pypinyin import Style, lazy_pinyin

    _learn()
    surname = next((name[:length] for length in (2, 1) if name[:length] in SURNAMES), "")
    rest = lazy_pinyin(
        name[len(surname) :], style=Style.TONE3, v_to_u=True, neutral_tone_with_five=True, errors="ignore"
    )
    return (*SURNAMES.get(surname, "").split(), *rest)


def proper(pinyin: str | None, characters: int) -> tuple[str, ...] | None:
    """A reading as somebody typed it, tidied: 'Lv3 shi4' is ('lü3', 'shi4'). None unless it is whole.

    characters: how many syllables it must have. 0 counts as 5, the neutral tone.
    """
    typed = (pinyin or "").strip().lower().replace("u:", "ü").replace("v", "ü")
    found = tuple(re.sub("0$", "5", syllable) for syllable in re.split(r"[\s,;.?']+", typed) if syllable)
    whole = len(found) == characters > 0 and all(map(_SYLLABLE.fullmatch, found))
    return found if whole else None


def of_part(part: str, whole: str, pinyin: tuple[str, ...]) -> tuple[str, ...] | None:
    """The reading of a short name out of the long one's (云大附一院, 云岭大学附属第一医院), if it is one."""
    found, place = [], 0
    for character in part:
        place = whole.find(character, place) + 1
        if place == 0:
            return None
        found.append(pinyin[place - 1])
    return tuple(found)


def _one(before: str, after: str, tone: str) -> str:
    """yi2 before a fourth tone, yi4 before another, yi1 where it counts a place or stands alone."""
    if not after or (before and before in _PLACE_BEFORE) or after in _PLACE_AFTER:
        return "yi1"
    return "yi2" if tone in "45" else "yi4"


@lru_cache(maxsize=1)
def _learn() -> None:
    from pypinyin import load_phrases_dict, load_single_dict
    from pypinyin.contrib.tone_convert import to_tone

    load_phrases_dict({word: [[to_tone(one)] for one in said.split()] for word, said in WORDS.items()})
    load_single_dict({ord(character): to_tone(said) for character, said in _SINGLE.items()})
