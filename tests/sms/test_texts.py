"""The words of our texts: complete, plain, and as short as they can be."""

import re
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from core.values import SHANGHAI
from sms.segments import segments
from sms.texts import SIGNATURE, Kind, kinds_with_words, write, yuan

NAMES = {
    "hospital": "青石市第一人民医院",
    "department": "心血管内科",
    "doctor": "王建国",
    "person": "李秀英",
    "was": "陈国庆",
}
PLACE = ("hospital", "department", "doctor")
FACTS: dict[str, object] = {
    "starts": datetime(2026, 11, 25, 9, 0, tzinfo=SHANGHAI),
    "ends": datetime(2026, 11, 25, 9, 30, tzinfo=SHANGHAI),
    "serial": "48213907",
    "fee_fen": 2500,
    "refund_fen": 2500,
    "pay_by": datetime(2026, 11, 23, 10, 15, tzinfo=SHANGHAI),
    "now": datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI),
    "until": datetime(2026, 11, 23, 10, 25, tzinfo=SHANGHAI),
    "due": datetime(2026, 11, 23, 18, 30, tzinfo=SHANGHAI),
    "link": "",
    "half": "上午",
    "code": "1374",
    "what": "注册账号",
    "minutes": 10,
    "stopped": datetime(2026, 11, 24, 8, 0, tzinfo=SHANGHAI),
    "moved": False,
    "same": False,
    "answers": True,
}
OF_A_VISIT = [
    Kind.BOOKED,
    Kind.CHANGED,
    Kind.CANCELLED,
    Kind.EXPIRED,
    Kind.PAYMENT_DUE,
    Kind.PROVISIONAL,
    Kind.STOPPED,
    Kind.RESTORED,
    Kind.SUBSTITUTED,
]
MOSTLY = [Kind.BOOKED, Kind.CHANGED, Kind.CANCELLED]

TEXTS = {
    Kind.BOOKED: "已预约青石市第一人民医院心血管内科王建国,11月25日周三9:00-9:30,流水号48213907。未收到变更通知请按时就诊",
    Kind.CHANGED: "已改约青石市第一人民医院心血管内科王建国,11月25日周三9:00-9:30,流水号48213907,原号已退",
    Kind.CANCELLED: "已取消青石市第一人民医院心血管内科王建国,11月25日周三9:00-9:30的预约,流水号48213907,退25元,原路退回",
    Kind.EXPIRED: "未付款已失效:青石市第一人民医院心血管内科王建国,11月25日周三9:00-9:30,流水号48213907,退25元",
    Kind.PAYMENT_DUE: "已留号青石市第一人民医院心血管内科王建国,11月25日周三9:00-9:30,流水号48213907,请在10:15前付25元",
    Kind.STOPPED: "停诊:青石市第一人民医院心血管内科王建国,11月25日周三9:00-9:30,流水号48213907,请来电改约或退号",
    Kind.RESTORED: "停诊取消:青石市第一人民医院心血管内科王建国,11月25日周三9:00-9:30照常就诊,流水号48213907。请按时到院",
    Kind.CODE: "您正在注册账号,验证码1374,10分钟内有效。不要告诉任何人,我们也不会向您要。如非本人操作请勿理会。",
    Kind.SLOT_KEPT: "还没办完:青石市第一人民医院心血管内科王建国,11月25日周三9:00的号为您留到10:25,回复1确认,或回拨12320",
    Kind.LEAVE_OFFER: "李秀英,陈国庆11月24日停诊,改留心血管内科王建国11月25日周三9:00,10:25前回复1接受 2其他时间 3退号退费",
    Kind.LEAVE_LAPSED: "李秀英,为您留的王建国11月25日周三9:00的号没有等到答复,已放回。话务员会给您打电话,也可回复“改约”或“取消”",
    Kind.WAITING_OFFER: "李秀英候补到号:青石市第一人民医院心血管内科王建国,11月25日周三9:00,25元,10:25前回复1接受 2不要",
    Kind.WAITING_LAPSED: "李秀英,候补到的心血管内科王建国11月25日周三9:00的号没有等到答复,给下一位了。看候补回复“候补查询”",
    Kind.WAITING_PAUSED: "李秀英,心血管内科王建国的候补几次没有答复,已暂停。要继续请回复“候补查询”",
    Kind.CALLBACK_MISSED: "刚才轮到您,我们打来时没有接通。我们会在11月23日周一18:30前再打给您,您也可直接拨打12320。",
    Kind.SUBSTITUTED: "换医生接诊:青石市第一人民医院心血管内科王建国,11月25日周三9:00-9:30,流水号48213907。不合适可免费退号",
    Kind.REMINDER: "李秀英11月25日周三9:00-9:30青石市第一人民医院心血管内科王建国,流水号48213907。回复1保留 2改约 3取消",
    Kind.SURVEY: "您11月25日在青石市第一人民医院心血管内科王建国就诊,满意吗?请回复1到5的数字,5最满意,1最不满意",
    Kind.RELEASED: "放号了:青石市第一人民医院心血管内科王建国,11月25日周三上午。回复“预约 1374 1125 上午”预约",
    Kind.CALLBACK_PROMISED: "已经记下,我们将在11月23日周一18:30前给您回电,来电显示12320,请保持电话畅通。",
}


@pytest.mark.parametrize("kind", TEXTS)
def test_what_a_patient_reads(kind: Kind) -> None:
    text = write(kind, FACTS, NAMES)
    assert text == SIGNATURE + TEXTS[kind]
    assert segments(text) == 1


def test_every_kind_has_its_file_and_every_file_its_kind() -> None:
    assert kinds_with_words() == {kind.value for kind in Kind}


@pytest.mark.parametrize("kind", OF_A_VISIT)
def test_it_says_who_where_when_and_the_number_and_gives_no_link(kind: Kind) -> None:
    text = write(kind, FACTS, NAMES)
    for said in (*(NAMES[key] for key in PLACE), "11月25日周三", "9:00-9:30", "48213907"):
        assert said in text
    assert not re.search(r"https?:|www\.|[A-Za-z]\.[A-Za-z]", text)


@pytest.mark.req("R-083")
def test_with_room_it_promises_that_no_notice_means_come() -> None:
    short = {"hospital": "青石市中医院", "department": "儿科", "doctor": "王建国"}
    assert "未收到变更通知请按时就诊" in write(Kind.BOOKED, FACTS, short)


def test_who_still_owes_a_document_is_told_what_false_data_lead_to() -> None:
    assert "信息不实不能就诊" in write(Kind.PROVISIONAL, FACTS, NAMES)


def test_without_a_refund_none_is_spoken_of() -> None:
    for kind in (Kind.CANCELLED, Kind.EXPIRED):
        assert "退" not in write(kind, {**FACTS, "refund_fen": 0}, NAMES)


def test_a_payment_due_another_day_names_the_day() -> None:
    tomorrow = datetime(2026, 11, 24, 8, 0, tzinfo=SHANGHAI)
    assert "11月24日8:00前" in write(Kind.PAYMENT_DUE, {**FACTS, "pay_by": tomorrow}, NAMES)


@pytest.mark.parametrize(("fen", "said"), [(2500, "25元"), (2550, "25.5元"), (2505, "25.05元"), (0, "0元")])
def test_money(fen: int, said: str) -> None:
    assert yuan(fen) == said


def test_a_fact_that_is_missing_is_an_error_and_not_a_gap() -> None:
    facts = {key: value for key, value in FACTS.items() if key != "serial"}
    with pytest.raises(UndefinedError):
        write(Kind.BOOKED, facts, NAMES)


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("tomorrow", [False, True])
def test_an_offer_after_a_leave_fits_one_segment_and_says_where_when_and_until_when(
    moved: bool, tomorrow: bool
) -> None:
    names = {**NAMES, "hospital": "省人民医院"}
    until = datetime(2026, 11, 24 if tomorrow else 23, 10, 25, tzinfo=SHANGHAI)
    text = write(Kind.LEAVE_OFFER, {**FACTS, "moved": moved, "until": until}, names)
    assert segments(text) == 1
    wanted = [
        "陈国庆11月24日停诊",
        "王建国",
        "11月25日",
        "9:00",
        "10:25前回复1接受",
        "2其他时间",
        "3退号退费",
    ]
    wanted += ["省人民医院", "心血管内科"] if moved else []
    wanted += ["24日10:25"] if tomorrow else []
    assert [one for one in wanted if one not in text] == []


@pytest.mark.parametrize("kind", [Kind.LEAVE_OFFER, Kind.WAITING_OFFER, Kind.REMINDER, Kind.SLOT_KEPT])
def test_where_no_answer_is_taken_none_is_asked_for(kind: Kind) -> None:
    assert "回复" not in write(kind, {**FACTS, "answers": False}, NAMES)


NEW_YEAR = datetime(2026, 1, 1, tzinfo=SHANGHAI)
chinese = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)
when = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: NEW_YEAR + timedelta(minutes=minutes))


@pytest.mark.parametrize("kind", MOSTLY)
@given(
    names=st.fixed_dictionaries({key: st.text(chinese, min_size=1, max_size=8) for key in PLACE}),
    starts=when,
    ends=when,
    refund=st.integers(0, 999).map(lambda whole: whole * 100),
)
def test_names_of_up_to_eight_characters_fit_one_segment(
    kind: Kind, names: dict[str, str], starts: datetime, ends: datetime, refund: int
) -> None:
    text = write(kind, {**FACTS, "starts": starts, "ends": ends, "refund_fen": refund}, names)
    assert segments(text) == 1
    assert all(name in text for name in names.values())


@pytest.mark.parametrize("kind", Kind)
@given(names=st.fixed_dictionaries({key: st.text(max_size=60) for key in NAMES}), fee=st.integers(0, 10**8))
def test_no_name_makes_more_than_two_segments_or_a_second_line(
    kind: Kind, names: dict[str, str], fee: int
) -> None:
    text = write(kind, {**FACTS, "fee_fen": fee, "refund_fen": fee}, names)
    assert segments(text) <= 2
    assert len(text.splitlines()) == 1
    assert kind not in OF_A_VISIT or "48213907" in text
