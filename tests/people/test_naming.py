"""How names are read and how people are politely called."""

import pytest

from core.people.naming import initials_of, pinyin_of, surname_of
from core.people.tables import Person
from ivr.identify import politely


@pytest.mark.parametrize(
    ("name", "pinyin", "initials", "surname"),
    [
        ("李秀英", "li3 xiu4 ying1", "lxy", "李"),
        ("曾小雨", "zeng1 xiao3 yu3", "zxy", "曾"),
        ("单国强", "shan4 guo2 qiang2", "sgq", "单"),
        ("仇玉兰", "qiu2 yu4 lan2", "qyl", "仇"),
        ("尉迟敬德", "yu4 chi2 jing4 de2", "ycjd", "尉迟"),
        ("欧阳修", "ou1 yang2 xiu1", "oyx", "欧阳"),
        ("区志明", "ou1 zhi4 ming2", "ozm", "区"),
        ("华", "hua4", "h", "华"),
    ],
)
def test_a_name_has_its_reading(name: str, pinyin: str, initials: str, surname: str) -> None:
    assert pinyin_of(name) == pinyin
    assert initials_of(pinyin) == initials
    assert surname_of(name) == surname


@pytest.mark.parametrize(
    ("name", "sex", "said", "reading"),
    [
        ("尉迟敬德", "male", "尉迟先生", "yu4 chi2 xian1 sheng5"),
        ("曾小雨", "female", "曾女士", "zeng1 nv3 shi4"),
        ("李秀英", None, "李", "li3"),
    ],
)
def test_the_line_tells_no_stranger_a_whole_name(name: str, sex: str | None, said: str, reading: str) -> None:
    called = politely(Person(name=name, sex=sex, pinyin=pinyin_of(name)))
    assert (called.text, called.pinyin) == (said, reading)
