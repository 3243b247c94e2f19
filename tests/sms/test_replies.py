"""Answers are one segment each, however long the names."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from sms import replies
from sms.segments import segments

LONG = "青石市第一人民医院心血管内科国际医疗部特需门诊"
AT = datetime(2026, 12, 23, 2, 30, tzinfo=UTC)
WHO = {"person": LONG, "department": LONG, "doctor": LONG}
WHERE = {**WHO, "hospital": LONG}
DAYS = "12/23-12/31上午"
LEAVE = "接受回1,其他时间回2,退号退费回3"

ANSWERS: dict[str, Callable[[], str]] = {
    "offered": lambda: replies.offered(**WHO, starts_at=AT, until=AT, options=LEAVE),
    "taken before": lambda: replies.taken_before(**WHO, starts_at=AT, serial="48213907"),
    "kept visit": lambda: replies.kept_visit(**WHO, starts_at=AT),
    "reminded": lambda: replies.reminded(**WHO, starts_at=AT),
    "kept slot": lambda: replies.kept_slot(department=LONG, doctor=LONG, starts_at=AT, until=AT),
    "waits": lambda: replies.waits(**WHERE, days=DAYS, ahead=123, tail="有号发短信给您。退出发“候补取消”"),
    "pauses": lambda: replies.waits(**WHERE, days=DAYS, ahead=None, tail="退出回1,继续候补回2,下一个回0"),
    "leaves the list": lambda: replies.confirm_unwait(**WHERE, days=DAYS),
    "cancels": lambda: replies.confirm_cancel(**WHO, starts_at=AT, refund_fen=123450),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_long_names_are_cut_to_one_segment(answer: str) -> None:
    assert segments(ANSWERS[answer]()) == 1


def test_every_fixed_answer_is_one_segment() -> None:
    fixed = {
        name: words for name, words in vars(replies).items() if name.isupper() and isinstance(words, str)
    }
    assert len(fixed) > 30
    assert [name for name, words in fixed.items() if not replies.fits(words)] == []
