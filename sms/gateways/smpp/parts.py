"""The parts of a longer text, as octets, out and in; pure.

A part of several carries a header (3GPP TS 23.040, 9.2.3.24.1): the text's reference, how many parts
there are, which this is. GSM-7 goes unpacked, one octet a character, as SMPP's default alphabet.
"""

import hashlib
from dataclasses import dataclass

from aiosmpplib.codec import GSM7BitCodec

from sms.segments import GSM7, alphabet, split

DEFAULT, LATIN1, UCS2, GB18030 = 0x00, 0x03, 0x08, 0x0F
# Of esm_class: the content begins with a header.
UDHI = 0x40

_gsm7 = GSM7BitCodec()


@dataclass(frozen=True)
class Part:
    """words: what it says. content: how it goes, with its header if it is headed."""

    words: str
    content: bytes
    data_coding: int
    headed: bool


@dataclass(frozen=True)
class Joint:
    """Where a part belongs: total parts, of which this is `number`, from 1."""

    reference: int
    total: int
    number: int


def cut(body: str, key: str) -> tuple[Part, ...]:
    """The parts a text is sent in.

    The reference is made from the key, so that a part which comes twice is known as the same by the
    telephone. It has 8 bits: with 16 the header would leave 66 characters instead of 67.
    """
    words = split(body)
    data_coding = DEFAULT if alphabet(body) is GSM7 else UCS2
    reference = hashlib.sha256(key.encode()).digest()[0]
    parts = []
    for number, said in enumerate(words, start=1):
        header = bytes((5, 0, 3, reference, len(words), number)) if len(words) > 1 else b""
        parts.append(Part(said, header + _encoded(said, data_coding), data_coding, bool(header)))
    return tuple(parts)


def _encoded(words: str, data_coding: int) -> bytes:
    if data_coding == UCS2:
        return words.encode("utf-16-be")
    return bytes(_gsm7.encode(words)[0])


def headed(content: bytes) -> tuple[Joint | None, bytes]:
    """What the header says of concatenation, and what follows it. A broken header is no header."""
    if not content or content[0] + 1 > len(content):
        return None, content
    header, rest = content[1 : content[0] + 1], content[content[0] + 1 :]
    while len(header) >= 2:
        element, length = header[0], header[1]
        value, header = header[2 : 2 + length], header[2 + length :]
        if element == 0x00 and len(value) == 3:
            return joint(value[0], value[1], value[2]), rest
        if element == 0x08 and len(value) == 4:
            return joint(int.from_bytes(value[:2]), value[2], value[3]), rest
    return None, rest


def joint(reference: int, total: int, number: int) -> Joint | None:
    """Nothing for a text of one part, and for numbers that cannot be."""
    return Joint(reference, total, number) if total > 1 and 1 <= number <= total else None


def words(data_coding: int, content: bytes) -> str:
    """What was written; a character that cannot be is shown as one.

    data_coding: SMPP 3.4, 5.2.19, the groups of TS 23.038 beside it, and 15 for GB 18030, as carriers
    in China use it.
    """
    if data_coding == GB18030:
        return content.decode("gb18030", "replace")
    if data_coding < 0x10:
        kind = data_coding
    elif data_coding < 0x40:
        kind = (DEFAULT, LATIN1, UCS2, LATIN1)[data_coding >> 2 & 3]
    else:
        kind = LATIN1 if data_coding & 0xF4 == 0xF4 else DEFAULT
    if kind == UCS2:
        return content.decode("utf-16-be", "replace")
    if kind == DEFAULT:
        return str(_gsm7.decode(content, "replace")[0])
    return content.decode("latin-1")
