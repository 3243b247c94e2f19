"""How Chinese text is read: where espeak-ng's own reading, or the dictionary's, is wrong."""

import re

import pytest

from core.pinyin import WORDS
from ivr.prompts import catalogue
from ivr.reading import reading


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("您好,重庆。", "nin2 hao3, chong2 qing4."),
        ("您好，银行", "nin2 hao3, yin2 hang2"),
        ("院长", "yuan4 zhang3"),
        ("六安", "lu4 an1"),
        ("重选按二", "chong2 xuan3 an4 er4"),
        ("颈椎病", "jing3 zhui1 bing4"),
        ("脑卒中", "nao3 cu4 zhong4"),
        ("女士", "nü3 shi4"),
        ("好的", "hao3 de5"),
        ("幺零", "yao1 ling2"),
        # 一: its tone is its neighbour's, but where it counts a place
        ("一个", "yi2 ge4"),
        ("一天", "yi4 tian1"),
        ("一百一十", "yi4 bai3 yi1 shi2"),
        ("一月", "yi1 yue4"),
        ("十一点", "shi2 yi1 dian3"),
        ("星期一", "xing1 qi1 yi1"),
        ("第一医院", "di4 yi1 yi1 yuan4"),
        ("请按一,二", "qing3 an4 yi1, er4"),
        ("不对", "bu2 dui4"),
        ("不能", "bu4 neng2"),
        ("差不多", "cha4 bu5 duo1"),
        ("CT室", "shi4"),
        ("", ""),
        ("。", ""),
    ],
)
def test_a_text_is_read_as_people_read_it(text: str, said: str) -> None:
    assert reading(text) == said


@pytest.mark.parametrize("word", WORDS)
def test_our_words_are_read_as_we_wrote_them_down(word: str) -> None:
    assert reading(word) == WORDS[word]


def test_every_character_of_every_sentence_has_a_reading() -> None:
    for clip in catalogue().fixed():
        characters = re.findall(r"[\u4e00-\u9fff]", clip.text)
        assert len(re.findall(r"[a-zü]+[1-5]", reading(clip.text))) == len(characters), clip
