"""Pinyin of names, made once when a name is saved; importing the dictionary takes a while."""

from functools import lru_cache

# Characters that are read otherwise when they are a surname. Both readings exist for 华 乐 盖 as
# surnames; these are the usual ones, and an administrator may correct a doctor's.
SURNAMES = {
    "曾": "zeng1", "单": "shan4", "仇": "qiu2", "解": "xie4", "区": "ou1", "华": "hua4", "乐": "yue4",
    "任": "ren2", "查": "zha1", "朴": "piao2", "盖": "ge3", "翟": "zhai2", "覃": "qin2", "冼": "xian3",
    "燕": "yan1", "纪": "ji3", "宁": "ning4", "葛": "ge3", "洗": "xian3", "员": "yun4", "召": "shao4",
    "万俟": "mo4 qi2", "尉迟": "yu4 chi2", "单于": "chan2 yu2", "澹台": "tan2 tai2",
}  # fmt: skip


# Surnames of two characters; those read otherwise stand above.
DOUBLE = frozenset(
    (
        "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "令狐", "公孙", "慕容", "宇文",
        "长孙", "司徒", "夏侯", "端木", "轩辕", "南宫", "闻人", "淳于", "申屠", "呼延",
        *(name for name in SURNAMES if len(name) == 2),
    )
)  # fmt: skip


def surname_of(name: str) -> str:
    """The surname a person is politely called by: 尉迟 of 尉迟敬德, 李 of 李秀英."""
    return name[:2] if len(name) > 2 and name[:2] in DOUBLE else name[:1]


@lru_cache(maxsize=10_000)
def pinyin_of(name: str, *, person: bool = True) -> str:
    """Syllables with tone digits, separated by spaces; the surname table holds at the beginning.

    person: False for places and departments, where 单 is dan and 曾 is ceng.
    """
    from pypinyin import Style, lazy_pinyin

    if person:
        for length in (2, 1):
            reading = SURNAMES.get(name[:length])
            if reading and len(name) > length:
                rest = lazy_pinyin(name[length:], style=Style.TONE3, neutral_tone_with_five=True)
                return " ".join([reading, *rest])
    return " ".join(lazy_pinyin(name, style=Style.TONE3, neutral_tone_with_five=True))


def initials_of(pinyin: str) -> str:
    """'zeng1 xiao3 yu3' gives 'zxy': what an operator types."""
    return "".join(syllable[0] for syllable in pinyin.split() if syllable)[:20]
