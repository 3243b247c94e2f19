"""The rules of an entry, without a line."""

from hypothesis import given
from hypothesis import strategies as st

from ivr.keys import Entry, Keys

KEYS = st.text("0123456789*#", max_size=30)


@given(KEYS, st.integers(1, 18), st.booleans())
def test_no_key_is_used_twice_and_none_is_invented(pressed: str, digits: int, star: bool) -> None:
    keys, entry = Keys(), Entry(digits, star=star)
    keys.press(pressed)
    keys.fill(entry)
    assert len(entry.answer) <= digits
    assert "#" not in entry.answer
    assert (
        entry.answer in (pressed.replace("#", "").replace("*", "")[: len(entry.answer)], "*")
        or star
        or digits == 1
    )


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
