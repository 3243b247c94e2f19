"""A patient's text to a command: what is understood, and what is not, which does nothing."""

from datetime import date, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sms.grammar import WORDS, Asked, NotUnderstood, Verb, read
from sms.written import NO_TIME, When, number, plain

TODAY = date(2026, 11, 28)  # a Saturday
DEC_3 = date(2026, 12, 3)
SERIAL = "21456803"


def asked(body: str) -> Asked:
    found = read(body, TODAY)
    assert isinstance(found, Asked), found
    return found


@pytest.mark.req("R-097", "I-011")
@pytest.mark.parametrize(
    ("body", "names", "when"),
    [
        ("预约省人民心内科李建国12月3日上午", ("省人民心内科李建国",), When(DEC_3, "am")),
        ("预约 省人民 心内科 李建国 12月3日 上午", ("省人民", "心内科", "李建国"), When(DEC_3, "am")),
        ("預約省醫院心內科１２月３號下午", ("省医院心内科",), When(DEC_3, "pm")),
        ("你好，我想挂号 省医 xnk 周四", ("省医", "xnk"), When(DEC_3)),
        ("yy 省医 心内科 12-3 9:30", ("省医", "心内科"), When(DEC_3, None, time(9, 30))),
        ("yuyue szyy ek 12.3下午3点半", ("szyy", "ek"), When(DEC_3, "pm", time(15, 30))),
        ("挂号儿科明天", ("儿科",), When(date(2026, 11, 29))),
        ("预约心内科下周三上午9点", ("心内科",), When(date(2026, 12, 2), "am", time(9, 0))),
        ("预约心内科3号", ("心内科",), When(DEC_3)),
        ("预约心内科28号", ("心内科",), When(TODAY)),
        ("预约心内科十二月三号", ("心内科",), When(DEC_3)),
        ("预约心内科2026-12-03", ("心内科",), When(DEC_3)),
        ("预约心内科20261203", ("心内科",), When(DEC_3)),
        ("预约心内科1203", ("心内科",), When(DEC_3)),
        ("预约心内科11月27日", ("心内科",), When(date(2027, 11, 27))),
        ("预约妇产科9点到10点", ("妇产科",), When(None, None, time(9, 0))),
        ("麻烦帮我约号皮肤科谢谢", ("皮肤科",), NO_TIME),
        ("予约皮肤科", ("皮肤科",), NO_TIME),  # sounds the same
        ("挂耗皮肤科", ("皮肤科",), NO_TIME),
        ("预约", (), NO_TIME),
    ],
)
def test_a_booking_names_a_place_and_a_time(body: str, names: tuple[str, ...], when: When) -> None:
    assert asked(body) == Asked(Verb.BOOK, names=names, when=when)


@pytest.mark.parametrize(
    ("body", "figures", "when"),
    [
        ("预约 1374 1203 上午", "1374", When(DEC_3, "am")),
        ("预约1374 12月3日 上午", "1374", When(DEC_3, "am")),
        ("YY１３７４　１２０３　下午", "1374", When(DEC_3, "pm")),
        ("gh1374", "1374", NO_TIME),
    ],
)
def test_a_booking_by_code_needs_no_name(body: str, figures: str, when: When) -> None:
    assert asked(body) == Asked(Verb.BOOK, figures=figures, when=when)


@pytest.mark.parametrize(
    ("body", "verb", "serial"),
    [
        ("取消21456803", Verb.CANCEL, SERIAL),
        ("取消 21 456 803", Verb.CANCEL, SERIAL),
        ("QX２１４５６８０３", Verb.CANCEL, SERIAL),
        ("quxiao 21456803", Verb.CANCEL, SERIAL),
        ("取销21456803", Verb.CANCEL, SERIAL),
        ("我要取消我的预约", Verb.CANCEL, None),
        ("取消预约", Verb.CANCEL, None),
        ("预约取消", Verb.CANCEL, None),
        ("退号了", Verb.CANCEL, None),
        ("改约21456803", Verb.CHANGE, SERIAL),
        ("變更", Verb.CHANGE, None),
        ("查询", Verb.QUERY, None),
        ("預約查詢", Verb.QUERY, None),
        ("cx21456803", Verb.QUERY, SERIAL),
        ("21456803", Verb.QUERY, SERIAL),
        ("查一下我的预约", Verb.QUERY, None),
        ("查询一下我的预约", Verb.QUERY, None),
    ],
)
def test_what_is_done_with_an_appointment(body: str, verb: Verb, serial: str | None) -> None:
    assert asked(body) == Asked(verb, serial=serial)


def test_a_change_says_when_to() -> None:
    assert asked("改约12月3日下午") == Asked(Verb.CHANGE, when=When(DEC_3, "pm"))
    assert asked("改约21456803 12月3日") == Asked(Verb.CHANGE, when=When(DEC_3), serial=SERIAL)


@pytest.mark.parametrize(
    ("body", "verb"),
    [
        ("确认", Verb.YES), ("是的", Verb.YES), ("Y", Verb.YES), ("好的。", Verb.YES),
        ("不要", Verb.NO), ("N", Verb.NO), ("算了", Verb.NO), ("拒绝", Verb.NO),
        ("更多", Verb.MORE), ("帮助", Verb.HELP), ("?", Verb.HELP), ("退订", Verb.STOP), ("TD", Verb.STOP),
        ("订阅", Verb.START), ("人工", Verb.PERSON), ("转人工！", Verb.PERSON), ("HELP", Verb.HELP),
    ],
)  # fmt: skip
def test_a_word_alone_is_an_answer(body: str, verb: Verb) -> None:
    assert asked(body) == Asked(verb)


@pytest.mark.parametrize(
    ("body", "choice"), [("1", 1), ("２", 2), ("回复3", 3), ("第二个", 2), ("选1", 1), ("1。", 1), ("0", 0)]
)
def test_a_figure_chooses(body: str, choice: int) -> None:
    assert asked(body) == Asked(Verb.CHOOSE, choice=choice)


@pytest.mark.parametrize(("body", "score"), [("非常满意", 5), ("评价4", 4), ("5分", 5), ("PJ3", 3)])
def test_a_score_is_one_to_five(body: str, score: int) -> None:
    assert asked(body) == Asked(Verb.SCORE, choice=score)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("取消21456806", "no-such-serial"),  # a slip in the last figure
        ("不要取消我的预约", "more-than-a-word"),
        ("取消会不会扣分?", "a-question"),
        ("取消要钱吗", "a-question"),
        ("别取消", "nothing-known"),
        ("取消李建国", "unknown-words"),
        ("取消高血压那个药", "unknown-words"),
        ("预约怎么用", "a-question"),
        ("退订21456803", "more-than-a-word"),
        ("确认一下我的号", "more-than-a-word"),
        ("预约心内科2月30日", "no-such-day"),
        ("预约1374 5555 6666", "too-many-figures"),
        ("我妈妈今天早上有点头晕,应该看什么科", "nothing-known"),
        ("中奖了请点击链接", "nothing-known"),
        ("", "empty"),
        ("!!!", "empty"),
    ],
)
def test_what_is_not_understood_whole_does_nothing(body: str, why: str) -> None:
    found = read(body, TODAY)
    assert isinstance(found, NotUnderstood)
    assert found.why == why


@pytest.mark.parametrize("verb", [verb for verb in Verb if verb not in (Verb.CHOOSE, Verb.SCORE)])
def test_every_word_that_we_tell_people_is_understood(verb: Verb) -> None:
    for word in WORDS[verb]:
        assert asked(word).verb is verb


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("3", 3),
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("三十一", 31),
        ("两", 2),
        ("百", None),
        ("十二三", None),
    ],
)
def test_numbers_are_read_in_figures_and_characters(written: str, value: int | None) -> None:
    assert number(written) == value


def test_courtesies_and_width_make_no_difference() -> None:
    assert plain("您好，請幫我預約　省醫院１２月３號，謝謝！") == "预约 省医院12月3号"


PIECES = st.sampled_from(
    [
        "预约",
        "取消",
        "改约",
        "查询",
        "不",
        "吗",
        "12月3日",
        "21456803",
        "1",
        "是",
        "上午",
        "心内科",
        " ",
        "?",
        "退订",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=6).map("".join)))
def test_any_text_is_read_without_an_error(body: str) -> None:
    assert isinstance(read(body, TODAY), Asked | NotUnderstood)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="我他那不别没吗么怎取消退号预约的要", min_size=1, max_size=12))
def test_a_cancel_is_read_only_where_nothing_else_is_said(body: str) -> None:
    """Whatever is around it: no doubt, no refusal and no word beside the appointment itself."""
    found = read(body, TODAY)
    if isinstance(found, Asked) and found.verb is Verb.CANCEL:
        assert not set(body) & set("不别没吗么怎他")
