"""What a draft holds and lacks, and the sentences an operator reads out from it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from core.booking.draft_rules import (
    KEPT_BY_A_BEAT,
    MOST_KEPT,
    HeldFacts,
    in_groups,
    kept_until,
    merged,
    missing,
    read_back,
    said,
    shown,
    spoken_span,
    spoken_yuan,
)
from core.errors import WrongInput

AT = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)  # eight in the morning in Shanghai
HELD = HeldFacts(
    "h", AT, True, 7, 8, 1, 2, 3, "市一医院", "心血管内科", "陈建国", "主任医师", "expert", date(2026, 11, 26),
    AT, AT + timedelta(minutes=30), 4, 3000, "门诊楼三楼", "",
)  # fmt: skip
WHOLE = {"name": "李秀英", "phone": "10712345678", "id_number": "1", "session_id": 7}


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ({}, {"name": "李"}, {"name": "李"}),
        ({"name": "李"}, {"name": ""}, {}),
        ({"name": "李"}, {"name": None}, {}),
        ({"hospital_id": 1, "department_id": 2, "session_id": 3, "name": "李"}, {"hospital_id": 9},
         {"hospital_id": 9, "name": "李"}),
        ({"hospital_id": 1, "department_id": 2, "session_id": 3}, {"hospital_id": 1},
         {"hospital_id": 1, "department_id": 2, "session_id": 3}),
        ({"department_id": 2, "session_id": 3}, {"department_id": 5, "session_id": 6},
         {"department_id": 5, "session_id": 6}),
        ({"session_id": 3, "period_id": 4}, {"session_id": 5}, {"session_id": 5}),
        ({"attendee_is_caller": True}, {"attendee_is_caller": False}, {"attendee_is_caller": False}),
    ],
)  # fmt: skip
def test_changes_go_in_and_what_hung_on_an_older_choice_goes_out(
    before: dict[str, Any], changes: dict[str, Any], after: dict[str, Any]
) -> None:
    assert merged(before, changes) == after


@pytest.mark.parametrize(
    "changes",
    [{"colour": "red"}, {"name": 7}, {"name": "李" * 41}, {"verb": "steal"}, {"session_id": "7"},
     {"session_id": True}, {"session_id": -1}, {"attendee_is_caller": "yes"}, {"pay": "gold"}],
)  # fmt: skip
def test_what_no_draft_has_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(WrongInput):
        merged({}, changes)


@pytest.mark.req("R-081", "R-085")
@pytest.mark.parametrize(
    ("fields", "held", "lacks", "ready"),
    [
        ({}, None, ["name", "phone", "id_number", "session_id"], False),
        ({"person_id": 1}, HELD, ["contact_phone", "session_id"], False),
        ({"person_id": 1, "phone": "1", "session_id": 7}, HELD, [], True),
        ({"name": "李", "phone": "1", "session_id": 7}, HELD, ["id_number"], True),  # no number at hand
        ({"name": "李", "phone": "1", "card": "C", "session_id": 7}, HELD, ["hospital_id"], False),
        ({"name": "李", "phone": "1", "card": "C", "hospital_id": 1, "session_id": 7}, HELD, [], True),
        (WHOLE, HELD, [], True),
        (WHOLE | {"session_id": 9}, HELD, ["session_id"], False),  # looks at another session by now
        (WHOLE, replace(HELD, live=False), ["session_id"], False),
        ({"verb": "change"}, HELD, ["appointment_id", "session_id"], False),
        ({"verb": "cancel", "appointment_id": 5}, None, [], True),
    ],
)
def test_it_says_what_is_still_to_be_asked(
    fields: dict[str, Any], held: HeldFacts | None, lacks: list[str], ready: bool
) -> None:
    found = missing(fields, held)
    assert [lack.field for lack in found] == lacks
    assert (not any(lack.must for lack in found)) is ready


def test_numbers_are_masked_unless_just_typed() -> None:
    fields = {"name": "李秀英", "id_number": "990101197005040021", "card": "C0004711"}
    assert shown(fields) == {"name": "李秀英", "id_number": "990***********0021", "card": "****4711"}
    assert shown(fields, frozenset({"card"}))["card"] == "C0004711"


@pytest.mark.req("R-082")
def test_everything_agreed_on_is_in_the_read_back() -> None:
    sentence = read_back(HELD, name="李秀英", fee="挂号费30元，从就诊卡直接扣费", contact="10712345678")
    for part in ("李秀英", "市一医院", "心血管内科", "陈建国主任医师", "11月26日星期四上午8点到8点半", "30元",
                 "就诊卡", "5678"):  # fmt: skip
        assert part in sentence
    assert "1071" not in sentence
    assert read_back(None, name="李秀英", fee="挂号费30元", contact="") == ""
    assert read_back(HELD, name="李秀英", fee="", contact="10712345678") == ""
    changed = read_back(HELD, name="李秀英", fee="挂号费30元", contact="", was="市一医院儿科11月25日")
    assert changed.index("11月25日") < changed.index("11月26日")


@pytest.mark.req("R-077", "R-078")
def test_the_serial_number_is_spoken_in_groups_with_the_time() -> None:
    assert in_groups("12345678") == "12 345 678"
    sentence = said("12345678", AT, AT + timedelta(minutes=30), where="市一医院门诊楼三楼")
    assert "12 345 678" in sentence
    assert "上午8点到8点半" in sentence
    assert "门诊楼三楼" in sentence


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0, "上午8点"), (4.25, "下午12点15分"), (6, "下午2点"), (11, "晚上7点"), (21, "凌晨5点")],
)
def test_times_are_told_as_people_say_them(hours: float, words: str) -> None:
    begins = AT + timedelta(hours=hours)
    assert words in spoken_span(begins, begins + timedelta(minutes=30))


@pytest.mark.parametrize(("fen", "words"), [(0, "0元"), (1250, "12.5元"), (3000, "30元"), (1, "0.01元")])
def test_a_fee_is_told_in_yuan(fen: int, words: str) -> None:
    assert spoken_yuan(fen) == words


def test_a_slot_is_not_kept_for_ever() -> None:
    assert kept_until(AT, AT) == AT + KEPT_BY_A_BEAT
    assert kept_until(AT + MOST_KEPT, AT) == AT + MOST_KEPT
