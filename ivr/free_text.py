"""Text that people typed, as it is said: dates, times, money, telephone numbers, letters; pure.

Announcements and names only. Whatever we know as a value is filled in as one (ivr.words), not guessed.
"""

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

from core.pinyin import HANZI
from ivr.numerals import MOST, NUMERALS, spoken_clock, spoken_digit, spoken_money, spoken_number
from ivr.telephones import telephone_groups

# A Chinese voice spells letters as Chinese people do: CT is 西替, X-rays are 艾克斯光.
_LETTERS = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            "诶", "必", "西", "弟", "衣", "艾弗", "吉", "艾尺", "艾", "杰", "开", "艾勒", "艾马",
            "恩", "欧", "批", "酷", "阿尔", "艾斯", "替", "优", "威", "大不留", "艾克斯", "歪", "贼德",
        ),
        strict=True,
    )
)  # fmt: skip

_UNITS = {
    "kg": "公斤", "km": "公里", "cm": "厘米", "mm": "毫米", "ml": "毫升", "mg": "毫克", "℃": "度", "°C": "度",
}  # fmt: skip
# Before these, two is 两. Before 月, 日, 号, 楼 and the like it is 二.
_COUNTED = (
    "个月|个|次|位|天|周岁|岁|周|年|小时|分钟|点|人|名|元|块|张|份|项|家|种|片|粒|倍|米"
    "|公里|公斤|厘米|毫米|毫升|毫克"
)
_RANKED = "月|日|号|楼|层|栋|期|级|度|分|秒|角|室|诊室|床|病区"
# A number of three figures or more before these is a name: 305号诊室 is 三零五号.
_NAMED = frozenset({"号", "楼", "栋", "室", "诊室", "床"})
# 第 3 诊室, 请按 1 键: the space is for the eye.
_CLOSE = re.compile(rf"(?<=[{HANZI}]) +(?=[0-9A-Za-z¥])|(?<=[0-9A-Za-z%]) +(?=[{HANZI}])")
# What a range may begin with: 8点-10点, 周一-周五.
_MARKS = r"[\d点半分日号月年岁元一二三四五六]"


@lru_cache(maxsize=4096)
def written_out(text: str) -> str:
    """In Chinese characters and pauses, nothing that cannot be said.

    12320 becomes 幺二三二零, 8:30-11:30 八点半到十一点半, ￥25.5 二十五元五角, CT室 西替室.
    """
    said = text.replace("℃", "度").replace("〇", "零").replace("○", "零")
    said = _CLOSE.sub("", unicodedata.normalize("NFKC", said))
    for pattern, words in _RULES:
        said = re.sub(pattern, words, said)
    said = re.sub(r"[A-Za-z]", lambda match: _LETTERS[match[0].upper()], said)
    said = re.sub(r"\s*[(:/|]\s*|\s+", ",", said)  # NFKC has made full-width ones narrow
    said = re.sub(f"[^{HANZI},。、;?!]", "", said)
    return re.sub(r"([,。、;?!])[,、]+", r"\1", said).strip(" ,、;")


def _figures(figures: str) -> str:
    return "".join(map(spoken_digit, figures))


def _plain(figures: str) -> str:
    """Figure by figure without 幺: of a year, behind a point."""
    return "".join(NUMERALS[int(figure)] for figure in figures)


def _number(figures: str) -> str:
    long = len(figures) > 1 and figures.startswith("0")
    return _figures(figures) if long or int(figures) > MOST else spoken_number(int(figures))


def _rank(figures: str) -> str:
    plain = not figures.startswith("0") and int(figures) <= MOST
    return spoken_number(int(figures), rank=True) if plain else _figures(figures)


def _decimal(figures: str) -> str:
    whole, point, rest = figures.partition(".")
    return _number(whole) + ("点" + _plain(rest) if point else "")


def _date(match: re.Match[str]) -> str:
    return f"{_plain(match[1])}年{_number(str(int(match[2])))}月{_number(str(int(match[3])))}日"


def _telephone(match: re.Match[str]) -> str:
    figures, groups, extension = telephone_groups(match[0])
    said, place = [], 0
    for size in groups:
        said.append(_figures(figures[place : place + size]))
        place += size
    return ",".join(said) + (f"转{_figures(extension)}" if extension else "")


def _percent(match: re.Match[str]) -> str:
    return "百分之" + ("百" if match[1] == "100" else _decimal(match[1]))


def _clock(match: re.Match[str]) -> str:
    return "".join(spoken_clock(int(match[1]), int(match[2])))


def _money(match: re.Match[str]) -> str:
    fen = int(Decimal(match[1]) * 100)
    return "".join(spoken_money(fen)) if fen <= MOST else _figures(match[1])


def _counted(match: re.Match[str]) -> str:
    return ("两" if match[1] == "2" else _number(match[1])) + match[2]


def _spaced(match: re.Match[str]) -> str:
    return _figures(re.sub(r"\s", "", match[0]))


def _ranked(match: re.Match[str]) -> str:
    named = match[2] in _NAMED and len(match[1]) > 2
    return (_figures(match[1]) if named else _rank(match[1])) + match[2]


def _left_over(match: re.Match[str]) -> str:
    return _number(match[0]) if len(match[0]) < 3 else _figures(match[0])


# In this order: what looks most special first.
_RULES: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"(?<=\d),(?=\d{3}(?!\d))", ""),  # thousands
    (r"(?<!\d)\d(?: \d)+(?![\d.:])", _spaced),
    (r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)", _date),
    (r"(?<!\d)(?:\+86[ -]?)?(?:0\d{2,3}|[48]00)[- ]\d{3,4}[- ]?\d{3,4}(?:-\d{1,6})?(?!\d)", _telephone),
    (r"(?<!\d)(?:\+86[ -]?)?1\d{2}[- ]?\d{4}[- ]?\d{4}(?!\d)", _telephone),
    (r"(?<![\d-])(?!(?:19|20)\d\d-)\d{3,4}-\d{4}(?![\d-])", _telephone),
    (r"(\d{17})[Xx]", lambda match: _figures(match[1]) + "叉"),
    (r"(?<!\d)([01]?\d|2[0-4]):([0-5]\d)(?!\d)", _clock),
    (rf"(?<={_MARKS})\s*[-~—–]+\s*(?=\d|周|星期|[一二三四五六七八九十两]+[点月])", "到"),
    (r"(?<![\w.])-(?=\d+(?:\.\d+)?度)", "零下"),
    (r"¥\s*(\d+(?:\.\d{1,2})?)(?!\d)元?", _money),
    (r"(\d+\.\d{1,2})元", _money),
    (r"(\d+(?:\.\d+)?)%", _percent),
    ("|".join(rf"(?<=\d){unit}(?![A-Za-z])" for unit in _UNITS), lambda match: _UNITS[match[0]]),
    (r"(\d+\.\d+)", lambda match: _decimal(match[1])),
    (r"第(\d+)", lambda match: "第" + _rank(match[1])),
    (r"(\d{4})年", lambda match: _plain(match[1]) + "年"),
    (rf"(\d+)({_COUNTED})", _counted),
    (rf"(\d+)({_RANKED})", _ranked),
    (r"\d+", _left_over),
)
