"""How values are said: one table of what went wrong elsewhere, and rules that hold for every value."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.values import SERIAL_GROUPS
from ivr.examples import fullest
from ivr.numerals import spoken_number
from ivr.prompts import catalogue
from ivr.words import (
    PAUSE,
    Clock,
    Count,
    Day,
    Department,
    Digits,
    Half,
    MaskedId,
    Money,
    Number,
    Ordinal,
    Person,
    Phone,
    Span,
    Text,
    Value,
    fixed_clips,
)


def said(value: Value) -> str:
    return "".join("|" if clip == PAUSE else clip.text for clip in value.clips())


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Digits("12320"), "幺二三二零"),
        (Digits("82047157", SERIAL_GROUPS), "八二|零四七|幺五七"),
        (Digits("10712345678", (3, 4, 4)), "幺零七|幺二三四|五六七八"),
        (Digits("001X"), "零零幺叉"),
        (Number(2), "二"),
        (Number(10), "十"),
        (Number(12), "十二"),
        (Number(105), "一百零五"),
        (Number(110), "一百一十"),
        (Number(1010), "一千零一十"),
        (Number(20000), "两万"),
        (Number(22222), "两万二千二百二十二"),
        (Number(200), "两百"),
        (Number(1200), "一千二百"),
        (Number(10001), "一万零一"),
        (Count(2), "两个"),
        (Count(12), "十二个"),
        (Count(2, "次"), "两次"),
        (Count(22, "分钟"), "二十二分钟"),
        (Count(200, "次"), "两百次"),
        (Ordinal(2), "第二"),
        (Ordinal(3, "位"), "第三位"),
        (Ordinal(200, "位"), "第二百位"),
        (Phone("10712345678"), "幺零七|幺二三四|五六七八"),
        (Phone("+86 107 1234 5678"), "幺零七|幺二三四|五六七八"),
        (Phone("0991-8204715"), "零九九幺|八二零|四七幺五"),
        (Phone("010-12345678"), "零幺零|幺二三四|五六七八"),
        (Phone("010-12345678-305"), "零幺零|幺二三四|五六七八转三零五"),
        (Phone("4008201234"), "四零零|八二零|幺二三四"),
        (Phone("8204715"), "八二零|四七幺五"),
        (Phone("12320"), "幺二三二零"),
        (Phone("120"), "幺二零"),
        (MaskedId("002X"), "尾号零零二叉"),
        (Day(date(2026, 11, 26)), "十一月二十六日星期四"),
        (Day(date(2026, 11, 24), date(2026, 11, 23)), "明天十一月二十四日星期二"),
        (Day(date(2026, 11, 30), date(2026, 11, 23)), "十一月三十日星期一"),
        (Day(date(2026, 2, 1)), "二月一日星期日"),
        (Day(date(2026, 11, 24), date(2026, 11, 23), brief=True), "明天星期二"),
        (Day(date(2026, 11, 30), date(2026, 11, 23), brief=True), "十一月三十日星期一"),
        (Half("am"), "上午"),
        (Clock(time(9, 30)), "上午九点半"),
        (Clock(time(14, 5)), "下午两点零五分"),
        (Clock(time(12, 0)), "中午十二点"),
        (Clock(time(12, 45)), "中午十二点四十五分"),
        (Clock(time(0, 0)), "凌晨零点"),
        (Clock(time(0, 30)), "凌晨零点半"),
        (Clock(time(5, 30)), "凌晨五点半"),
        (Clock(time(6, 30)), "上午六点半"),
        (Clock(time(13, 0)), "下午一点"),
        (Clock(time(8, 45)), "上午八点四十五分"),
        (Clock(time(18, 0)), "晚上六点"),
        (Span(time(8), time(8, 30)), "上午八点到八点半"),
        (Span(time(11, 30), time(12)), "上午十一点半到中午十二点"),
        (Span(time(11, 30), time(12), with_half=False), "十一点半到十二点"),
        (Money(2550), "二十五元五角"),
        (Money(200), "两元"),
        (Money(0), "零元"),
        (Money(5), "五分"),
        (Money(10008), "一百元零八分"),
        (Money(20020), "两百元两角"),
        (Person("曾雨", "zeng1 yu3"), "曾雨"),
        (Department("305室"), "三零五室"),
        (Department("CT室"), "西替室"),
        (Department("X光科"), "艾克斯光科"),
    ],
    ids=str,
)
def test_a_value_is_said_as_people_say_it(value: Value, words: str) -> None:
    assert said(value) == words


@given(st.integers(0, 10**8 - 1))
def test_every_number_is_said_in_its_own_way_and_can_be_heard_back(number: int) -> None:
    assert heard(spoken_number(number)) == number


def heard(words: str) -> int:
    """Read Chinese numerals, independently of how they were written."""
    words = words.replace("两", "二")
    high, ten_thousand, low = words.rpartition("万")
    if ten_thousand:
        return heard(high) * 10_000 + (heard(low) if low else 0)
    total = figure = 0
    for character in words:
        if character in "十百千":
            total += (figure or 1) * {"十": 10, "百": 100, "千": 1000}[character]
            figure = 0
        else:
            figure = "零一二三四五六七八九".index(character)
    return total + figure


@given(st.times())
def test_every_clock_time_has_its_pieces_recorded_or_is_made_of_few(clock: time) -> None:
    clips = list(Clock(clock.replace(second=0, microsecond=0)).clips())
    assert 2 <= len(clips) <= 3
    assert all(clip.text for clip in clips)


def test_recordings_that_do_not_depend_on_the_caller_have_one_text_each() -> None:
    texts: dict[str, str] = {}
    for clip in fixed_clips():
        assert texts.setdefault(clip.key, clip.text) == clip.text
    assert {"digit/1", "month/12", "day/31", "weekday/7", "hour/12", "minute/30"} <= set(texts)


@pytest.mark.parametrize("number", ["11010519491231002X", "", "12345"])
def test_more_than_four_figures_of_an_identity_number_cannot_even_be_asked_for(number: str) -> None:
    with pytest.raises(ValueError, match="four figures"):
        MaskedId(number)


def test_every_clip_of_the_examples_but_names_is_made_before_anybody_calls() -> None:
    fixed = {clip.key for clip in fixed_clips()}
    for sentence in catalogue().sentences:
        for value in fullest(sentence).values.values():
            for clip in value.clips():
                assert clip.key in fixed or clip.key.startswith(("name/", "yuan/", "count/")), clip


def test_what_has_nothing_to_say_has_no_clip() -> None:
    assert [*Text("😀").clips(), *Text("").clips(), *Text("。").clips()] == []
