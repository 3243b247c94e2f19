"""What a text costs, by 3GPP TS 23.038 and 23.040."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.segments import GSM7, alphabet, segments, split, units


@pytest.mark.parametrize(
    ("text", "cost", "length"),
    [
        ("", 1, 0),
        ("您" * 70, 1, 70),
        ("您" * 71, 2, 71),
        ("您" * 134, 2, 134),
        ("您" * 135, 3, 135),
        ("a" * 160, 1, 160),
        ("a" * 161, 2, 161),
        ("a" * 306, 2, 306),
        ("a" * 307, 3, 307),
        ("{" * 80, 1, 160),
        ("€" * 81, 2, 162),
        ("a" * 70 + "您", 2, 71),  # one Chinese character makes all of it UCS-2
        ("😀" * 35, 1, 70),
        ("😀" * 36, 2, 72),
        ("`", 1, 1),  # not in the GSM alphabet
    ],
)
def test_the_cost_of_a_text(text: str, cost: int, length: int) -> None:
    assert (segments(text), units(text)) == (cost, length)


def test_a_character_of_two_units_is_never_cut() -> None:
    assert split("您" * 66 + "😀" + "您" * 66) == ["您" * 66, "😀" + "您" * 65, "您"]
    assert split("a" * 152 + "{" + "a" * 20) == ["a" * 152, "{" + "a" * 20]


@given(st.text(max_size=400))
def test_the_parts_make_the_text_and_each_fits(text: str) -> None:
    parts = split(text)
    assert "".join(parts) == text
    used = alphabet(text)
    room = used.single if len(parts) == 1 else used.part
    assert all(sum(used.units(c) for c in part) <= room for part in parts)
    assert used is not GSM7 or len(text) <= units(text)
