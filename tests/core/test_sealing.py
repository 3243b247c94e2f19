"""What is sealed opens again with its key and its purpose, and with nothing else."""

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from core.sealing import AesSealer

SEALER = AesSealer(b"k" * 32)


@pytest.mark.req("I-018")
@given(st.text(max_size=60))
def test_what_is_sealed_opens_again_and_does_not_show(text: str) -> None:
    sealed = SEALER.seal(text, "phone")
    assert SEALER.open(sealed, "phone") == text
    assert len(text) < 4 or text.encode() not in sealed


def test_the_same_text_is_sealed_differently_each_time() -> None:
    assert SEALER.seal("10712345678", "phone") != SEALER.seal("10712345678", "phone")


@given(st.integers(1, 39), st.integers(1, 255))
def test_one_changed_byte_is_noticed(place: int, flip: int) -> None:
    sealed = bytearray(SEALER.seal("10712345678", "phone"))
    assert len(sealed) == 40
    sealed[place] ^= flip
    with pytest.raises(InvalidTag):
        SEALER.open(bytes(sealed), "phone")


def test_another_purpose_or_another_key_opens_nothing() -> None:
    sealed = SEALER.seal("10712345678", "phone")
    with pytest.raises(InvalidTag):
        SEALER.open(sealed, "identity")
    with pytest.raises(InvalidTag):
        AesSealer(b"other" * 8).open(sealed, "phone")


def test_a_seal_of_an_unknown_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version"):
        SEALER.open(b"\x02" + SEALER.seal("x", "phone")[1:], "phone")


def test_a_fingerprint_is_the_same_for_the_same_secret_and_purpose_only() -> None:
    one = SEALER.fingerprint("10712345678", "phone")
    assert one == AesSealer(b"k" * 32).fingerprint("10712345678", "phone")
    assert one != SEALER.fingerprint("10712345678", "card")
    assert one != AesSealer(b"other" * 8).fingerprint("10712345678", "phone")
    assert len(one) == 32


def test_a_purpose_cannot_be_moved_into_the_text() -> None:
    assert SEALER.fingerprint("b", "a") != SEALER.fingerprint("ab", "")
    assert SEALER.fingerprint("1", "identity") != SEALER.fingerprint("-tail1", "identity")


def test_a_short_master_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        AesSealer(b"short")
