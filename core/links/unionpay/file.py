"""UnionPay's reconciliation file: Base64 of deflated data, a ZIP, and in it fixed-width lines; pure.

Source: 全渠道平台接入接口规范 第3部分 文件接口, the general detail file (ZM); widths as in UnionPay's own
sample reader. To be checked against a real file before an installation goes to work.
"""

import base64
import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

# Fields in order with their widths, a blank between two.
ZM: Mapping[str, int] = {
    "transaction code": 3,
    "agent": 11,
    "sender": 11,
    "trace": 6,
    "sent at": 10,
    "card": 19,
    "amount": 12,
    "category": 4,
    "terminal kind": 2,
    "query id": 21,
    "way (old)": 2,
    "order": 32,
    "card kind": 2,
    "first trace": 6,
    "first sent at": 10,
    "commission": 13,
    "settled": 13,
    "way": 4,
    "group": 15,
    "type": 2,
    "subtype": 2,
    "business": 6,
    "account kind": 2,
    "bill kind": 4,
    "bill": 32,
    "interaction": 1,
    "first query id": 21,
    "merchant": 15,
    "share": 1,
    "second merchant": 15,
    "second name": 32,
    "second amount": 13,
    "net": 13,
    "terminal": 8,
    "own field": 32,
    "discount": 13,
    "invoice": 13,
    "instalment fee": 12,
    "instalments": 2,
    "medium": 1,
    "first order": 32,
    "reserved": 98,
}
# A province's largest hospital has some ten thousand payments a day, each half a kilobyte.
MOST_BYTES = 200_000_000
ENCODING = "gb18030"


class BadFile(Exception):
    """It is not what it should be; the message holds nothing of it but a place."""


@dataclass(frozen=True)
class Row:
    """One movement. kind: txnType, 01 a payment, 04 a refund, 31 a void. amount_fen: always above 0."""

    kind: str
    order: str
    amount_fen: int
    query_id: str
    merchant: str


def file_name(merchant: str, day: date) -> str:
    return f"INN{day:%y%m%d}88ZM_{merchant}"


def unpack(content: str, *, most_bytes: int = MOST_BYTES) -> dict[str, bytes]:
    """Name to content of the files in a fileContent. Raises BadFile, also for what unpacks to too much."""
    try:
        packed = base64.b64decode(content, validate=True)
        inflating = zlib.decompressobj()
        inflated = inflating.decompress(packed, most_bytes)
        if inflating.unconsumed_tail or not inflating.eof:
            raise BadFile("too much, or cut off")
        with zipfile.ZipFile(io.BytesIO(inflated)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > most_bytes:
                raise BadFile("too much")
            return {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except (ValueError, zlib.error, zipfile.BadZipFile) as error:
        raise BadFile(type(error).__name__) from None


def pack(files: Mapping[str, bytes]) -> str:
    """The other way round: a fileContent."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return base64.b64encode(zlib.compress(zipped.getvalue())).decode()


def rows(files: Mapping[str, bytes]) -> Sequence[Row]:
    """The movements of the general detail files among these. Raises BadFile with the line's number."""
    return [
        row
        for name, content in sorted(files.items())
        if "ZM_" in name
        for row in _rows(content.decode(ENCODING))
    ]


def _rows(text: str) -> list[Row]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                found.append(_row(split(line)))
            except ValueError:
                raise BadFile(f"line {number}") from None
    return found


def split(line: str) -> dict[str, str]:
    """The fields of a line, trimmed; trailing ones may be missing. Raises ValueError for a short line.

    The specification counts bytes: a Chinese character takes two places.
    """
    raw, place, fields = line.encode(ENCODING), 0, {}
    for name, width in ZM.items():
        fields[name] = raw[place : place + width].decode(ENCODING).strip()
        place += width + 1
    if not fields["merchant"]:
        raise ValueError("short line")
    return fields


def _row(fields: Mapping[str, str]) -> Row:
    amount = int(fields["amount"])
    if not fields["order"] or amount <= 0:
        raise ValueError("no movement")
    return Row(fields["type"], fields["order"], amount, fields["query id"], fields["merchant"])


def line(values: Mapping[str, str]) -> str:
    """One line out of some of its fields, left-aligned. Raises ValueError for what does not fit."""
    columns = []
    for name, width in ZM.items():
        value = values.get(name, "").encode(ENCODING)
        if len(value) > width:
            raise ValueError(name)
        columns.append(value.ljust(width))
    return b" ".join(columns).decode(ENCODING)
