"""Serial numbers, phones, identity numbers and masks, value by value."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import IdentityInvalid, PhoneInvalid
from core.values import (
    SERIAL_GROUPS,
    Actor,
    ActorKind,
    IdentityKind,
    Phone,
    demo_identity,
    identity,
    is_serial,
    mask,
    phone,
    serial,
    system,
)

SERIALS = st.integers(1_000_000, 9_999_999).map(serial)


@pytest.mark.req("R-077")
@given(SERIALS)
def test_a_serial_number_has_eight_digits_and_never_begins_with_0(made: str) -> None:
    assert len(made) == sum(SERIAL_GROUPS) == 8
    assert made.isdigit()
    assert made[0] != "0"
    assert is_serial(made)


@pytest.mark.req("R-077")
@given(SERIALS, st.integers(0, 7), st.integers(1, 9))
def test_any_one_wrong_key_is_noticed(made: str, place: int, more: int) -> None:
    wrong = str((int(made[place]) + more) % 10)
    assert not is_serial(made[:place] + wrong + made[place + 1 :])


def test_nearly_every_swap_of_neighbours_is_noticed() -> None:
    """ISO 7064 MOD 11-10 catches all but a few; 97 % is what was found over many draws."""
    caught = swaps = 0
    for body in range(1_000_000, 9_999_999, 4_999):
        made = serial(body)
        for place in range(7):
            swapped = made[:place] + made[place + 1] + made[place] + made[place + 2 :]
            if swapped != made:
                swaps += 1
                caught += not is_serial(swapped)
    assert caught / swaps > 0.97


@pytest.mark.parametrize("body", [0, 999_999, 10_000_000])
def test_a_serial_number_is_made_of_seven_digits_only(body: int) -> None:
    with pytest.raises(ValueError, match="seven digits"):
        serial(body)


@pytest.mark.parametrize(
    "text", ["", "1234567", "123456789", "01234567", "1234567a", "١٢٣٤٥٦٧٨", "12345678\n"]
)
def test_what_has_no_shape_of_a_serial_number_is_none(text: str) -> None:
    assert not is_serial(text)


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("13812345678", "13812345678"),
        ("+86 138 1234 5678", "13812345678"),
        ("0086-13812345678", "13812345678"),
        ("138-1234-5678", "13812345678"),
        ("028 8765 4321", "02887654321"),
        ("(028)87654321", "02887654321"),
        ("+862887654321", "02887654321"),
    ],
)
def test_a_phone_is_read_as_people_and_trunks_write_it(written: str, digits: str) -> None:
    assert phone(written).digits == digits


@pytest.mark.parametrize(
    "written", ["", "12320", "110", "1381234567", "138123456789", "+14155550100", "anonymous", "10712345678"]
)
def test_what_is_no_chinese_number_is_refused(written: str) -> None:
    with pytest.raises(PhoneInvalid):
        phone(written)


def test_invented_numbers_are_good_in_a_demonstration_only() -> None:
    assert phone("10712345678", demo=True) == Phone("10712345678")
    assert phone("１０７１２３４５６７８", demo=True) == Phone("10712345678")


@pytest.mark.req("R-059")
@given(st.dates(date(1900, 1, 1), date(2026, 1, 1)), st.integers(0, 999))
def test_an_invented_identity_is_good_in_a_demonstration_only(born: date, order: int) -> None:
    made = demo_identity("0101", born, order)
    read = identity(IdentityKind.RESIDENT, made.number, demo=True)
    assert (read.birth_date, read.sex) == (born, "male" if order % 2 else "female")
    with pytest.raises(IdentityInvalid):
        identity(IdentityKind.RESIDENT, made.number)


@given(
    st.dates(date(1900, 1, 1), date(2026, 1, 1)), st.integers(0, 999), st.integers(0, 16), st.integers(1, 9)
)
def test_any_one_wrong_digit_of_an_identity_number_is_noticed(
    born: date, order: int, place: int, more: int
) -> None:
    """GB 11643: ISO 7064 MOD 11-2 catches every single error."""
    number = demo_identity("0101", born, order).number
    wrong = str((int(number[place]) + more) % 10)
    with pytest.raises(IdentityInvalid):
        identity(IdentityKind.RESIDENT, number[:place] + wrong + number[place + 1 :], demo=True)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (IdentityKind.HK_MACAU, "H12345678"),
        (IdentityKind.HK_MACAU, "m1234567801"),
        (IdentityKind.TAIWAN, "12345678"),
        (IdentityKind.PASSPORT, "e1234 5678"),
        (IdentityKind.MILITARY, "军字第1234567号"),
        (IdentityKind.FOREIGNER, "USA110000000001"),
    ],
)
def test_other_documents_are_checked_by_their_shape(kind: IdentityKind, text: str) -> None:
    assert identity(kind, text).number == text.upper().replace(" ", "")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (IdentityKind.RESIDENT, "11010519491231002X0"),
        (IdentityKind.RESIDENT, ""),
        (IdentityKind.RESIDENT, "99010119700504012"),
        (IdentityKind.RESIDENT, "990101197013320000"),
        (IdentityKind.HOUSEHOLD, "E12345678"),
        (IdentityKind.HK_MACAU, "T12345678"),
        (IdentityKind.TAIWAN, "H12345678"),
        (IdentityKind.PASSPORT, "E1"),
        (IdentityKind.FOREIGNER, "911124198108030024000"),
    ],
)
def test_a_document_of_the_wrong_shape_is_refused(kind: IdentityKind, text: str) -> None:
    with pytest.raises(IdentityInvalid):
        identity(kind, text, demo=True)


def test_a_small_x_and_full_width_digits_are_read() -> None:
    number = next(
        n for n in (demo_identity("0101", date(1970, 5, 4), i).number for i in range(99)) if n.endswith("X")
    )
    wide = "".join(chr(ord(c) + 0xFEE0) for c in number.lower())
    assert identity(IdentityKind.RESIDENT, wide, demo=True).number == number


@given(st.text(min_size=0, max_size=30))
def test_a_mask_keeps_the_length_and_shows_head_and_tail_at_most(text: str) -> None:
    masked = mask(text, 3, 4)
    assert len(masked) == len(text)
    if len(text) <= 7:
        assert set(masked) <= {"*"}
    else:
        assert masked == text[:3] + "*" * (len(text) - 7) + text[-4:]


@pytest.mark.req("I-018")
def test_what_is_printed_by_mistake_is_masked() -> None:
    assert repr(phone("13812345678")) == "Phone(138****5678)"
    assert "19700504" not in repr(demo_identity("0101", date(1970, 5, 4), 12))


def test_the_system_may_everything_and_staff_what_their_roles_say() -> None:
    clerk = Actor(ActorKind.STAFF, "li", functions=frozenset({"book"}))
    assert system("timers").may("rules")
    assert clerk.may("book")
    assert not clerk.may("rules")
