"""What a receipt says; pure. SMPP 3.4, appendix B, and the options that say the same more exactly."""

import re
from dataclasses import dataclass
from enum import StrEnum

from sms.gateways.smpp.parts import words
from sms.gateways.smpp.pdus import RECEIPTED_ID, STATE, Delivered

# Of the option message_state (SMPP 3.4, 5.2.28), as the text of a receipt writes them.
_STATES = ("", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD")
_NO_LAST_WORD = frozenset({"", "ENROUTE", "ACCEPTD"})
_DELIVERED = "DELIVRD"

# Whatever stands after "text:" are a patient's words.
_SAID = re.compile(r"text:.*", re.IGNORECASE | re.DOTALL)
_FIELD = re.compile(r"(?:^|\s)(id|stat|err):(\S*)", re.IGNORECASE)
_CODE = re.compile(r"[0-9A-Za-z]{1,8}")

# Of esm_class (SMPP 3.4, 5.2.12): the bits that tell the kind of message, and the kind that is a receipt.
_KIND, _RECEIPT = 0x3C, 0x04


class Ids(StrEnum):
    """How a message centre writes the same id in its answer and in its receipt; it should be the same."""

    SAME = "same"
    HEX_THEN_DECIMAL = "hex-then-decimal"
    DECIMAL_THEN_HEX = "decimal-then-hex"

    def answered(self, written: str) -> str:
        """The id of an answer, as we keep it."""
        return self._kept(written, 16 if self is Ids.HEX_THEN_DECIMAL else 10)

    def receipted(self, written: str) -> str:
        """The id of a receipt, as we keep it."""
        return self._kept(written, 10 if self is Ids.HEX_THEN_DECIMAL else 16)

    def _kept(self, written: str, base: int) -> str:
        if self is Ids.SAME:
            return written
        try:
            return str(int(written, base))
        except ValueError:
            return written


@dataclass(frozen=True)
class Told:
    """part_id: as the receipt writes it. why: the state and the carrier's code, when it is bad news."""

    part_id: str
    delivered: bool
    why: str


def is_receipt(message: Delivered) -> bool:
    """Some centres mark a receipt by the option receipted_message_id alone."""
    return message.esm_class & _KIND == _RECEIPT or RECEIPTED_ID in message.options


def is_text(message: Delivered) -> bool:
    """Whether a person wrote it; what is neither receipt nor text is a notice that asks for nothing."""
    return message.esm_class & _KIND == 0 and not is_receipt(message)


def read(message: Delivered) -> Told | None:
    """Nothing while the text is still under way, and when the receipt does not say of which text it is."""
    said = _SAID.sub("", words(message.data_coding, message.content))
    fields = {name.lower(): value for name, value in reversed(_FIELD.findall(said))}
    option = message.options.get(RECEIPTED_ID, b"").split(b"\0", 1)[0].decode("latin-1")
    part_id = option or fields.get("id", "")
    number = int.from_bytes(message.options.get(STATE, b"\0")[:1])
    state = (_STATES[number] if number < len(_STATES) else "") or fields.get("stat", "").upper()
    if not part_id or state in _NO_LAST_WORD:
        return None
    delivered = state == _DELIVERED
    code = fields.get("err", "")
    told = f"{state if _CODE.fullmatch(state) else 'UNKNOWN'}{f' {code}' if _CODE.fullmatch(code) else ''}"
    return Told(part_id[:64], delivered, "" if delivered else told)
