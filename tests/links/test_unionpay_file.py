"""The reconciliation file: what is written is read, and what is broken is not taken for a day without money."""

import base64
import zipfile
import zlib
from datetime import date
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.links.unionpay.file import ZM, BadFile, Row, file_name, line, pack, rows, split, unpack

MERCHANT = "777290058110048"
# As UnionPay's specification lays a line out: forty-two columns, 616 places and a blank after each.
WIDTHS = (
    3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32,
    13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98,
)  # fmt: skip
# Laid out by hand, place by place, by those widths.
BY_HAND = (
    "S22 49170000    00010000    123456 1123100501 6216***********0018 000000003000 8062 07 "
    "201611231005011234567 01 P00000000000101                  01 000000            "
    "C000000000012 C000000002988 0001                 01 01 000201 01      "
    "                                 1                       777290058110048 "
)


def test_the_columns_are_those_of_the_specification() -> None:
    assert tuple(ZM.values()) == WIDTHS


def test_a_line_laid_out_by_hand_is_read() -> None:
    fields = split(BY_HAND)
    assert (fields["order"], fields["amount"], fields["type"]) == ("P00000000000101", "000000003000", "01")
    assert (fields["query id"], fields["merchant"]) == ("201611231005011234567", MERCHANT)
    assert rows({"INN16112388ZM_x": f"{BY_HAND}\r\n\r\n".encode()}) == [
        Row("01", "P00000000000101", 3000, "201611231005011234567", MERCHANT)
    ]


def test_a_chinese_name_takes_two_places_a_character() -> None:
    made = line({"merchant": MERCHANT, "second name": "青石市第一人民医院", "net": "C000000000001"})
    fields = split(made)
    assert (fields["second name"], fields["net"]) == ("青石市第一人民医院", "C000000000001")


VALUES = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["01", "04", "31"]),
        "order": st.from_regex(r"[PR][0-9]{14}", fullmatch=True),
        "amount": st.integers(1, 10**12 - 1).map(lambda fen: f"{fen:012}"),
        "query id": st.from_regex(r"[0-9]{0,21}", fullmatch=True),
    }
)


@given(st.lists(VALUES, max_size=20))
def test_what_is_written_packed_unpacked_and_read_is_the_same(values: list[dict[str, str]]) -> None:
    content = "\r\n".join(line({**one, "merchant": MERCHANT}) for one in values).encode()
    name = file_name(MERCHANT, date(2026, 11, 23))
    assert name == "INN26112388ZM_777290058110048"
    packed = pack({name: content, "INN26112388ZME_777290058110048": b"an error file is not read"})
    assert rows(unpack(packed)) == [
        Row(one["type"], one["order"], int(one["amount"]), one["query id"], MERCHANT) for one in values
    ]


@pytest.mark.parametrize(
    "content",
    [
        "not base64!",
        "没有",
        base64.b64encode(b"not deflated").decode(),
        base64.b64encode(zlib.compress(b"not a zip")).decode(),
        base64.b64encode(zlib.compress(b"PK" * 5000)[:-8]).decode(),
        "",
    ],
)
def test_what_is_no_file_is_no_empty_file(content: str) -> None:
    with pytest.raises(BadFile):
        unpack(content)


def test_what_unpacks_to_too_much_is_not_unpacked() -> None:
    bomb = BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("INN26112388ZM_1", b" " * 3_000_000)
    inner = base64.b64encode(zlib.compress(bomb.getvalue())).decode()
    with pytest.raises(BadFile, match="too much"):
        unpack(inner, most_bytes=1_000_000)
    outer = base64.b64encode(zlib.compress(b" " * 3_000_000)).decode()
    with pytest.raises(BadFile, match="too much"):
        unpack(outer, most_bytes=1_000_000)


@pytest.mark.parametrize("broken", ["S22 49170000", BY_HAND.replace("000000003000", "00000000x000")])
def test_a_broken_line_is_named_by_its_number_alone(broken: str) -> None:
    with pytest.raises(BadFile) as failure:
        rows({"INN_ZM_": f"{BY_HAND}\n{broken}\n".encode()})
    assert str(failure.value) == "line 2"
