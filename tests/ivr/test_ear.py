"""How the ear's words are scored: syllables, without their tones, and figures as they may be read."""

import pytest

from tests.ear import error, understood


@pytest.mark.parametrize(
    ("said", "pinyin", "heard", "wrong"),
    [
        ("您好", "nin2 hao3", "您好。", 0),
        ("请按二", "qing3 an4 er4", "請按2", 0),
        ("八二零四七", "ba1 er4 ling2 si4 qi1", "82047", 0),
        ("十一月二十四日", "shi2 yi1 yue4 er4 shi2 si4 ri4", "11月24日", 0),
        ("幺三八", "yao1 san1 ba1", "一三八", 0),
        ("心血管内科", "xin1 xue4 guan3 nei4 ke1", "新学馆内科", 0),
        ("心血管内科", "xin1 xue4 guan3 nei4 ke1", "心管外科", 2),
        ("再见", "zai4 jian4", "", 2),
        ("再见", "zai4 jian4", "再见再见再见再见", 2),  # never more than were said
    ],
)
def test_what_is_wrong_is_counted_in_syllables(said: str, pinyin: str, heard: str, wrong: int) -> None:
    assert understood(said, pinyin, heard).wrong == wrong


def test_the_error_is_over_all_syllables_and_not_the_mean_of_sentences() -> None:
    found = [understood("再见", "zai4 jian4", ""), understood("您好" * 9, "nin2 hao3 " * 9, "您好" * 9)]
    assert error(found) == 0.1
