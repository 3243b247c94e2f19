"""What people are called: pinyin and initials for those who search, the surname for those who greet."""

from core.pinyin import SURNAMES, name_syllables, syllables

# Surnames of two characters; those read otherwise stand in `core.pinyin`.
DOUBLE = frozenset(
    (
        "欧阳", "司马", "上官", "诸葛", "东方", "公孙", "慕容", "宇文", "司徒", "端木", "轩辕", "南宫",
        "闻人", "淳于", "申屠", "呼延", "赫连", "濮阳", "独孤", "太史", "公冶", "百里", "东郭",
        *(name for name in SURNAMES if len(name) == 2),
    )
)  # fmt: skip


def surname_of(name: str) -> str:
    """The surname a person is politely called by: 尉迟 of 尉迟敬德, 李 of 李秀英."""
    return name[:2] if len(name) > 2 and name[:2] in DOUBLE else name[:1]


def pinyin_of(name: str, *, person: bool = True) -> str:
    """Syllables with tone digits, separated by spaces and typed with v for ü: to be saved and searched.

    person: False for places and departments, where 单 is dan and 曾 is ceng.
    """
    said = name_syllables(name) if person else syllables(name)
    return " ".join(said).replace("ü", "v")


def initials_of(pinyin: str) -> str:
    """'zeng1 xiao3 yu3' gives 'zxy': what an operator types."""
    return "".join(syllable[0] for syllable in pinyin.split() if syllable)[:20]
