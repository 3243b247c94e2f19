"""A hospital's own list of a day, as CSV: read whole or not at all, and what is wrong by line; pure.

The first line names the columns 类型, 订单号 and 金额, in any order and among others, which are not
looked at. 类型 is 收费 or 退费; 订单号 is the number that we gave the payment or refund; 金额 is in yuan
with two decimals, always above 0. UTF-8, with or without a mark at its beginning, or GB18030 (GBK).
Source: docs/payments.md.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.money.cashier import Kind, Line

# A province's largest hospital has some ten thousand movements a day, each 40 bytes.
MOST_BYTES, MOST_ROWS = 2_000_000, 50_000
# So many places are named; who has more has sent the wrong file.
MOST_FAULTS = 20
KIND, ORDER, AMOUNT = "类型", "订单号", "金额"
KINDS: Mapping[str, Kind] = {"收费": Kind.PAYMENT, "退费": Kind.REFUND}

_ORDER = re.compile(r"[A-Za-z0-9]{8,32}", re.ASCII)
_AMOUNT = re.compile(r"\d{1,7}\.\d{2}", re.ASCII)


@dataclass(frozen=True)
class ListFault:
    """What is wrong. line: from 1, the names of the columns included; 0 of the whole.

    why: size, encoding, empty, header, rows, quotes, columns, kind, order, amount. Never what stands there.
    """

    line: int
    why: str


class BadList(Exception):
    """Nothing of it is taken. faults: the first of them, in order."""

    def __init__(self, *faults: ListFault) -> None:
        super().__init__(f"{faults[0].line}:{faults[0].why}")
        self.faults = faults


def read_list(content: bytes, *, most_rows: int = MOST_ROWS) -> Sequence[Line]:
    """The movements of a list, in its order. Raises BadList."""
    if len(content) > MOST_BYTES:
        raise BadList(ListFault(0, "size"))
    rows = csv.reader(io.StringIO(_text(content), newline=""), strict=True)
    try:
        columns = _columns(next(rows, []))
        lines: list[Line] = []
        faults: list[ListFault] = []
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            read = _line(row, columns)
            if isinstance(read, str):
                faults.append(ListFault(rows.line_num, read))
            else:
                lines.append(read)
            if len(lines) > most_rows:
                raise BadList(ListFault(rows.line_num, "rows"))
            if len(faults) == MOST_FAULTS:
                break
    except csv.Error:
        raise BadList(ListFault(rows.line_num, "quotes")) from None
    if faults:
        raise BadList(*faults)
    return lines


def written_list(lines: Sequence[Line]) -> bytes:
    """What `read_list` reads, in UTF-8."""
    words = {kind: word for word, kind in KINDS.items()}
    rows = [f"{KIND},{ORDER},{AMOUNT}"]
    rows += [f"{words[one.kind]},{one.order},{one.amount_fen / 100:.2f}" for one in lines]
    return ("\r\n".join(rows) + "\r\n").encode("utf-8-sig")


def _text(content: bytes) -> str:
    # What is UTF-8 by chance is hardly ever GBK, so UTF-8 is tried first.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise BadList(ListFault(0, "encoding"))


def _columns(header: Sequence[str]) -> tuple[int, int, int]:
    """Where kind, order and amount stand. Raises BadList."""
    names = [name.strip() for name in header]
    if not any(names):
        raise BadList(ListFault(0, "empty"))
    if any(names.count(name) != 1 for name in (KIND, ORDER, AMOUNT)):
        raise BadList(ListFault(1, "header"))
    return names.index(KIND), names.index(ORDER), names.index(AMOUNT)


def _line(row: Sequence[str], columns: tuple[int, int, int]) -> Line | str:
    """The movement, or why it is none."""
    if len(row) <= max(columns):
        return "columns"
    kind, order, amount = (row[place].strip() for place in columns)
    if kind not in KINDS:
        return "kind"
    if not _ORDER.fullmatch(order):
        return "order"
    fen = int(amount.replace(".", "")) if _AMOUNT.fullmatch(amount) else 0
    return Line(KINDS[kind], order, fen) if fen else "amount"
