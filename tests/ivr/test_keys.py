"""The rules of an entry, without a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.keys import Entry, Keys

KEYS = st.text("0123456789*#", max_size=30)


@pytest.mark.parametrize(
    ("pressed", "entry", "answer"),
    [
        ("1", Entry(1), "1"),
        ("*", Entry(1), "*"),
        ("#", Entry(1), "#"),
        ("0", Entry(4), "0"),
        ("0123", Entry(4, leading_zero=True), "0123"),
        ("0#", Entry(4, leading_zero=True), "0"),
        ("#", Entry(4), "#"),
        ("12#", Entry(4), "12"),
        ("*", Entry(4), "*"),
        ("123*4", Entry(4), "1234"),
        ("123*", Entry(4, star=True), "123*"),
        ("*123", Entry(4, star=True), "*123"),
        ("1204", Entry(4), "1204"),
    ],
)
def test_the_rules_of_an_entry(pressed: str, entry: Entry, answer: str) -> None:
    for place, key in enumerate(pressed):
        assert not entry.complete, place
        entry.press(key)
    assert entry.complete
    assert entry.answer == answer


@given(KEYS, st.integers(2, 18), st.booleans())
def test_no_key_is_used_twice_and_none_is_invented(pressed: str, digits: int, star: bool) -> None:
    keys, entry = Keys(), Entry(digits, star=star)
    keys.press(pressed)
    keys.fill(entry)
    assert len(entry.answer) <= digits
    if entry.answer not in ("#", "*", "0"):
        meant = pressed.replace("#", "")
        assert entry.answer in (meant if star else meant.replace("*", ""))


@given(KEYS, st.integers(1, 18), st.booleans(), st.data())
def test_it_does_not_matter_how_keys_arrive(
    pressed: str, digits: int, star: bool, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(pressed)))

    def answers(*pieces: str) -> list[str]:
        keys, got, entry = Keys(), [], Entry(digits, star=star)
        for piece in pieces:
            keys.press(piece)
            while keys:
                keys.fill(entry)
                if entry.complete:
                    got.append(entry.answer)
                    entry = Entry(digits, star=star)
        return got

    assert answers(pressed) == answers(pressed[:cut], pressed[cut:])
