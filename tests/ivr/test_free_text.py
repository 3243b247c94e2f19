"""Text that people typed, as it is said: a table of what speech engines get wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.free_text import written_out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("12320", "幺二三二零"),
        ("拨打120", "拨打幺二零"),
        ("请按1", "请按一"),
        ("13912345678", "幺三九幺二三四五六七八"),
        ("0991-8204715", "零九九幺,八二零四七幺五"),
        ("400-820-1234", "四零零,八二零,幺二三四"),
        ("11010519491231002X", "幺幺零幺零五幺九四九幺二三幺零零二叉"),
        ("305室", "三零五室"),
        ("305号诊室", "三零五号诊室"),
        ("12号诊室", "十二号诊室"),
        ("①号窗口", "一号窗口"),
        ("第1人民医院", "第一人民医院"),
        ("2楼", "二楼"),
        ("2天内", "两天内"),
        ("2小时", "两小时"),
        ("2月2日", "二月二日"),
        ("2026-11-26起", "二零二六年十一月二十六日起"),
        ("2011年1月1日", "二零一一年一月一日"),
        ("10月1日-3日", "十月一日到三日"),
        ("9:30", "九点半"),
        ("2:05", "两点零五分"),
        ("8:30-11:30，14:00~17:30。", "八点半到十一点半,十四点到十七点半。"),
        ("8点-10点", "八点到十点"),
        ("周一-周五", "周一到周五"),
        ("25.5元", "二十五元五角"),
        ("25.05元", "二十五元五分"),
        ("￥30", "三十元"),
        ("1,200元", "一千二百元"),
        ("3.5%", "百分之三点五"),
        ("37.3℃", "三十七点三度"),
        ("5kg", "五公斤"),
        ("CT室", "西替室"),
        ("X光科", "艾克斯光科"),
        ("心血管内科（东院区）", "心血管内科,东院区"),
        ("咨询电话：12320", "咨询电话,幺二三二零"),
        ("您好，请稍候！", "您好,请稍候!"),
        ("请按“1”【确认】", "请按一确认"),
        ("0.5", "零点五"),
        ("99999999999元", "九九九九九九九九九九九元"),
        ("", ""),
        ("😀", ""),
    ],
)
def test_typed_text_is_said_as_people_say_it(text: str, said: str) -> None:
    assert written_out(text) == said


@given(st.text("0123456789.:-%¥元月日号点年第,，（ XA个", max_size=30))
def test_whatever_is_typed_can_be_said_and_nothing_is_left_to_an_english_voice(text: str) -> None:
    said = written_out(text)
    assert not any(character.isdigit() or (character.isascii() and character.isalpha()) for character in said)
    assert written_out(said) == said
