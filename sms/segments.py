"""How many segments a text costs, and where it is cut; pure.

Chinese goes out as UCS-2: 70 units in one segment, 67 in each of several. A text of the GSM 7-bit
alphabet alone (3GPP TS 23.038) has 160 and 153; the characters of its extension table cost two.
"""

from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True)
class Alphabet:
    """single, part: units that one segment holds alone, and as a part of a longer text."""

    name: str
    single: int
    part: int

    def units(self, character: str) -> int:
        if self is GSM7:
            return 2 if character in _EXTENSION else 1
        return 2 if ord(character) > 0xFFFF else 1


GSM7 = Alphabet("gsm7", 160, 153)
UCS2 = Alphabet("ucs2", 70, 67)


def alphabet(text: str) -> Alphabet:
    """The cheapest alphabet that can say the text."""
    return GSM7 if _BASIC.union(_EXTENSION).issuperset(text) else UCS2


def units(text: str) -> int:
    """The length that counts: an emoji is two units of UCS-2, a brace two of GSM-7."""
    used = alphabet(text)
    return sum(used.units(character) for character in text)


def split(text: str) -> list[str]:
    """The parts a text is sent in. No character of two units is cut in half."""
    used = alphabet(text)
    if units(text) <= used.single:
        return [text]
    parts, room = [""], used.part
    for character in text:
        cost = used.units(character)
        if cost > room:
            parts.append("")
            room = used.part
        parts[-1] += character
        room -= cost
    return parts


def segments(text: str) -> int:
    """How many segments are paid for."""
    return len(split(text))
