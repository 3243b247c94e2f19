"""What a password must be like, and a one-time one."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.http.refusals import PASSWORD_WEAK
from core.staff.rules import LONGEST, ONE_TIME_LETTERS, one_time, plain, weak, wrong_login

OWN = ("8001", "林静", "10912345678")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("Hua7-kai8", "short"),
        ("x" * (LONGEST + 1), "long"),
        ("huakaifugui", "plain"),
        ("huakai2026", "plain"),
        ("HuaKai2026", None),
        ("hua-kai-2026", None),
        ("春风又绿江南岸明月何时照我还呀", "plain"),
        ("春风又绿江南岸，明月何时照我还呀", None),
        ("Hua8001kai!", "own"),
        ("林静Huakai2026", "own"),
        ("a-10912345678", "own"),
        ("Password123!", "common"),
        ("Aa1!Aa1!Aa1!", "common"),
        ("12320hotline", "common"),
    ],
)
def test_a_password_is_hard_to_guess(password: str, why: str | None) -> None:
    assert weak(password, *OWN) == why
    assert why is None or PASSWORD_WEAK[why].endswith("。")


def test_full_width_is_the_same_as_half_width() -> None:
    assert plain("ＨｕａＫａｉ２０２６") == "HuaKai2026"


@given(st.integers())
def test_a_one_time_password_is_said_without_mistaking_a_letter(seed: int) -> None:
    made = one_time(random.Random(seed).randint)
    assert [len(group) for group in made.split("-")] == [4, 4, 4]
    assert set(made) <= set(ONE_TIME_LETTERS) | {"-"}
    assert not set(made) & set("0o1li")


@pytest.mark.parametrize(
    ("login", "wrong"),
    [
        ("8001", False),
        ("li.na@east", False),
        ("", True),
        ("李娜", True),
        ("a b", True),
        ("-a", True),
        ("x" * 41, True),
    ],
)
def test_a_login_can_be_said_and_typed(login: str, wrong: bool) -> None:
    assert wrong_login(login) is wrong
