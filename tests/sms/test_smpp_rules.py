"""What is decided of SMPP without a line: octets, parts, names, receipts."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms import segments
from sms.gateways.limits import MOST_SEGMENTS
from sms.gateways.smpp import pdus
from sms.gateways.smpp.gathering import REPEATED_WITHIN, Arrivals, Gathering, Piece
from sms.gateways.smpp.parts import DEFAULT, UCS2, Joint, cut, headed, joint, words
from sms.gateways.smpp.pdus import Delivered
from sms.gateways.smpp.receipts import Ids, read
from tests.clocks import FrozenClock

NOW = FrozenClock.at("2026-11-23 10:00").now()
KEEP = timedelta(minutes=5)
GSM = sorted(segments._BASIC | segments._EXTENSION)

bodies = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)
latin = st.text(st.sampled_from(GSM), min_size=1, max_size=600)


# --- octets -------------------------------------------------------------------------------------------


@given(body=st.one_of(bodies, latin), key=st.text(max_size=40))
def test_any_text_fits_its_parts_and_comes_out_as_it_went_in(body: str, key: str) -> None:
    parts = cut(body, key)
    assert len(parts) == segments.segments(body)
    said = b""
    for number, part in enumerate(parts, start=1):
        where, content = headed(part.content) if part.headed else (None, part.content)
        said += content
        if part.data_coding == UCS2:
            assert len(part.content) <= 140
        else:  # a header of six octets takes the room of seven characters
            assert len(content) + (7 if part.headed else 0) <= 160
        if len(parts) > 1:
            assert where is not None
            assert (where.total, where.number) == (len(parts), number)
            assert words(part.data_coding, content) == part.words
    assert words(parts[0].data_coding, said) == body


def test_every_character_of_the_default_alphabet_costs_what_we_count() -> None:
    for character in GSM:
        (part,) = cut(character, "k")
        assert part.data_coding == DEFAULT
        assert len(part.content) == segments.units(character)


def test_the_reference_is_the_keys_own() -> None:
    body = "您" * 67 * MOST_SEGMENTS
    first, again, other = cut(body, "a"), cut(body, "a"), cut(body, "b")
    assert first == again
    assert first[0].content[3] != other[0].content[3]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x05\x00\x03\x07\x02\x01hi", (Joint(7, 2, 1), b"hi")),
        (b"\x06\x08\x04\x01\x00\x02\x01hi", (Joint(256, 2, 1), b"hi")),
        (b"\x05\x00\x03\x07\x01\x01hi", (None, b"hi")),  # one of one is no part
        (b"\x05\x00\x03\x07\x02\x03hi", (None, b"hi")),  # three of two
        (b"\x05\x00\x03\x07\x02\x00hi", (None, b"hi")),
        (b"\x06\x05\x04\x23\xf4\x00\x00hi", (None, b"hi")),  # ports
        (b"\x04\x00\x09\x07\x02hi", (None, b"hi")),  # an element longer than its header
        (b"\x09hi", (None, b"\x09hi")),  # a header longer than the message
        (b"", (None, b"")),
    ],
)
def test_a_header_is_read_for_what_it_says_of_parts(content: bytes, expected: tuple[object, bytes]) -> None:
    assert headed(content) == expected


@given(st.integers(0, 255), st.binary(max_size=300))
def test_any_octets_can_be_shown(coding: int, content: bytes) -> None:
    assert isinstance(words(coding, content), str)


@given(st.binary(max_size=300))
def test_octets_that_are_no_message_are_refused_and_no_worse(body: bytes) -> None:
    try:
        message = pdus.delivered(body)
    except ValueError:
        return
    read(message)


@given(st.binary(min_size=16, max_size=16))
def test_a_frame_of_an_impossible_length_is_refused(data: bytes) -> None:
    length = int.from_bytes(data[:4])
    if 16 <= length <= pdus.MOST:
        assert pdus.head(data).length == length
    else:
        with pytest.raises(ValueError, match="length"):
            pdus.head(data)


def test_an_option_that_is_cut_short_costs_only_itself() -> None:
    mandatory = b"\0" + b"\1\1861\0" + b"\0\1" + b"12320\0" + b"\4\0\0" + b"\0\0" + b"\0\0\0\0\0"
    message = pdus.delivered(mandatory + b"\x00\x1e\x00\x03m7\0" + b"\x14\x01\x00\x09short")
    assert message == Delivered("+861", "12320", 4, 0, b"", {0x1E: b"m7\0"})


# --- receipts -----------------------------------------------------------------------------------------


@given(st.text(max_size=200))
def test_a_patients_words_in_a_receipt_say_nothing(said: str) -> None:
    content = f"id:7 stat:DELIVRD err:000 text:{said}".encode("latin-1", "replace")
    told = read(Delivered("1", "2", 4, 3, content, {}))
    assert told is not None
    assert (told.part_id, told.delivered) == ("7", True)


def test_an_id_in_a_patients_words_is_none() -> None:
    assert read(Delivered("1", "2", 4, 3, b"stat:DELIVRD err:000 text: id:7", {})) is None


@pytest.mark.parametrize(
    ("ids", "answered", "receipted"),
    [
        (Ids.SAME, "00AF", "00AF"),
        (Ids.HEX_THEN_DECIMAL, "00AF", "175"),
        (Ids.HEX_THEN_DECIMAL, "af", "0000000175"),
        (Ids.DECIMAL_THEN_HEX, "0175", "AF"),
        (Ids.HEX_THEN_DECIMAL, "no number", "no number"),
    ],
)
def test_an_id_is_the_same_on_both_ways(ids: Ids, answered: str, receipted: str) -> None:
    assert ids.answered(answered) == ids.receipted(receipted)


# --- parts --------------------------------------------------------------------------------------------


def piece(number: int, body: str, total: int = 3, reference: int = 7, sender: str = "138") -> Piece:
    return Piece(sender, "12320", Joint(reference, total, number), UCS2, body.encode("utf-16-be"))


@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_however_parts_come_each_text_is_whole_once(chance: random.Random, texts: int) -> None:
    """Several senders at once, every part up to three times, in any order."""
    coming = [
        piece(number, f"{who}/{number}", sender=str(who))
        for who in range(texts)
        for number in (1, 2, 3)
        for _ in range(chance.randint(1, 3))
    ]
    chance.shuffle(coming)
    gathering, whole = Gathering(keep=KEEP), []
    for one in coming:
        group = gathering.add(one, NOW)
        if group is not None and group.whole:
            whole.append(group.words())
            gathering.settle(group)
    assert sorted(whole) == sorted(f"{who}/1{who}/2{who}/3" for who in range(texts))
    assert gathering.overdue(NOW + KEEP) == []


def test_a_text_waits_for_its_parts_as_long_as_it_is_kept() -> None:
    gathering = Gathering(keep=KEEP)
    gathering.add(piece(2, "乙"), NOW)
    assert gathering.overdue(NOW + KEEP - timedelta(seconds=1)) == []
    (group,) = gathering.overdue(NOW + KEEP)
    assert group.words() == "〔第1段没有收到〕乙〔第3段没有收到〕"
    gathering.settle(group)
    assert gathering.overdue(NOW + KEEP) == []
    assert gathering.add(piece(2, "乙"), NOW) is None


def test_only_so_many_texts_wait_and_the_oldest_goes_first() -> None:
    gathering = Gathering(keep=KEEP, most=2)
    for who in "abc":
        gathering.add(piece(1, who, sender=who), NOW)
    assert [group.key[0] for group in gathering.overdue(NOW)] == ["a"]


def test_an_older_text_gives_its_reference_to_a_newer_one() -> None:
    gathering = Gathering(keep=KEEP)
    gathering.add(piece(1, "old"), NOW)
    gathering.add(piece(1, "new"), NOW)
    assert [group.pieces[1].content.decode("utf-16-be") for group in gathering.overdue(NOW)] == ["old"]


def test_parts_in_two_alphabets_are_read_each_in_its_own() -> None:
    gathering = Gathering(keep=KEEP)
    gathering.add(piece(1, "预约", total=2), NOW)
    group = gathering.add(Piece("138", "12320", Joint(7, 2, 2), DEFAULT, b"YY"), NOW)
    assert group is not None
    assert group.words() == "预约YY"


def test_numbers_that_cannot_be_are_no_parts() -> None:
    assert [joint(1, total, number) for total, number in ((0, 0), (1, 1), (2, 0), (2, 3))] == [None] * 4


# --- names --------------------------------------------------------------------------------------------


def test_the_same_words_after_a_heard_answer_are_another_text() -> None:
    arrivals = Arrivals()
    first = arrivals.arrive("f", NOW)
    first.answered(session=1, answer=1)
    assert arrivals.arrive("f", NOW).name != first.name


def test_what_is_not_answered_yet_is_the_same_text() -> None:
    arrivals = Arrivals()
    first = arrivals.arrive("f", NOW)
    assert arrivals.arrive("f", NOW).name == first.name


@pytest.mark.parametrize(("certain", "same"), [(0, True), (1, False)])
def test_an_answer_of_a_lost_session_is_believed_as_far_as_it_was_heard(certain: int, same: bool) -> None:
    arrivals = Arrivals()
    first = arrivals.arrive("f", NOW)
    first.answered(session=1, answer=1)
    arrivals.lost(session=1, certain=certain)
    assert (arrivals.arrive("f", NOW).name == first.name) is same


def test_another_sessions_end_says_nothing() -> None:
    arrivals = Arrivals()
    first = arrivals.arrive("f", NOW)
    first.answered(session=2, answer=1)
    arrivals.lost(session=1, certain=0)
    assert arrivals.arrive("f", NOW).name != first.name


def test_after_an_hour_the_same_words_are_new_whatever_was_lost() -> None:
    arrivals = Arrivals()
    first = arrivals.arrive("f", NOW)
    assert arrivals.arrive("f", NOW + REPEATED_WITHIN).name != first.name


def test_two_lives_of_the_house_give_one_name_within_minutes_and_fit_the_table() -> None:
    first, second = Arrivals().arrive("f" * 64, NOW), Arrivals().arrive("f" * 64, NOW + timedelta(minutes=4))
    assert first.name == second.name
    assert Arrivals().arrive("f" * 64, NOW + timedelta(minutes=6)).name != first.name
    assert len(first.name) <= 80
