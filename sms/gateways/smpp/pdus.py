"""What goes over an SMPP line: written by aiosmpplib's classes, read by our own; pure.

aiosmpplib writes well, but its reader fails at what carriers make of the protocol (a status, an option, a
date of their own; docs/texts.md has the list). So we read ourselves, and what we do not know we leave alone.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from aiosmpplib.protocol import (
    BindTransceiver,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    SubmitSm,
    Unbind,
    UnbindResp,
)
from aiosmpplib.state import NPI, TON, PhoneNumber, SmppCommand, SmppCommandStatus

from sms.gateways.smpp.parts import UCS2, UDHI, Part

HEAD = 16
# An option may hold 64 KiB (message_payload); beside it stands little.
MOST = 2**16 + 1024
RESPONSE = 0x80000000

BIND_RESP = int(SmppCommand.BIND_TRANSCEIVER_RESP)
DELIVER = int(SmppCommand.DELIVER_SM)
ENQUIRE = int(SmppCommand.ENQUIRE_LINK)
UNBIND = int(SmppCommand.UNBIND)
UNBIND_RESP = int(SmppCommand.UNBIND_RESP)
ALERT = int(SmppCommand.ALERT_NOTIFICATION)

# Options of a deliver_sm that we read (SMPP 3.4, 5.3.2).
RECEIPTED_ID, STATE, PAYLOAD = 0x001E, 0x0427, 0x0424
SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER = 0x020C, 0x020E, 0x020F


@dataclass(frozen=True)
class Head:
    """length: of the whole, in octets."""

    length: int
    command: int
    status: int
    sequence: int


@dataclass(frozen=True)
class Delivered:
    """A deliver_sm, as it came. content: undecoded, its header still before it."""

    source: str
    destination: str
    esm_class: int
    data_coding: int
    content: bytes
    options: Mapping[int, bytes]


@dataclass(frozen=True)
class Address:
    """ton, npi: what kind of number it is (SMPP 3.4, 5.2.5 and 5.2.6)."""

    number: str
    ton: int
    npi: int

    def __post_init__(self) -> None:
        self.written()

    def written(self) -> PhoneNumber:
        """Raises ValueError for what no address can be."""
        return PhoneNumber(self.number, TON(self.ton), NPI(self.npi))


# --- reading ------------------------------------------------------------------------------------------


def head(data: bytes) -> Head:
    """Raises ValueError for a length that cannot be: nothing after it can be understood."""
    read = Head(*struct.unpack("!IIII", data))
    if not HEAD <= read.length <= MOST:
        raise ValueError(f"a length of {read.length}")
    return read


def delivered(body: bytes) -> Delivered:
    """Raises ValueError for what is no deliver_sm."""
    reader = _Reader(body)
    reader.string()  # service_type
    source, destination = reader.address(), reader.address()
    esm_class = reader.octets(3)[0]
    reader.string(), reader.string()  # schedule_delivery_time, validity_period
    _, _, data_coding, _, length = reader.octets(5)
    content = reader.octets(length)
    options = reader.options()
    return Delivered(
        source, destination, esm_class, data_coding, content or options.get(PAYLOAD, b""), options
    )


def message_id(body: bytes) -> str:
    """Of a submit_sm_resp; empty when it brings none. At most 64 characters."""
    return body.split(b"\0", 1)[0][:64].decode("latin-1")


def status_name(status: int) -> str:
    try:
        return str(SmppCommandStatus(status).name)
    except ValueError:  # a carrier's own
        return f"0x{status:08X}"


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def octets(self, count: int) -> bytes:
        read = self._data[self._at : self._at + count]
        if len(read) < count:
            raise ValueError("cut short")
        self._at += count
        return read

    def string(self) -> str:
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise ValueError("a string without an end")
        read, self._at = self._data[self._at : end], end + 1
        return read.decode("latin-1")

    def address(self) -> str:
        """A number; with its + when the centre says that it is international and writes none."""
        ton, _npi = self.octets(2)
        number = self.string()
        return f"+{number}" if ton == TON.INTERNATIONAL and number.isdigit() else number

    def options(self) -> dict[int, bytes]:
        """To the end, or to the first that is broken: what stands before it is good."""
        read: dict[int, bytes] = {}
        while len(self._data) - self._at >= 4:
            tag, length = struct.unpack_from("!HH", self._data, self._at)
            value = self._data[self._at + 4 : self._at + 4 + length]
            if len(value) < length:
                break
            read[tag] = value
            self._at += 4 + length
        return read


# --- writing ------------------------------------------------------------------------------------------


def bind(sequence: int, system_id: str, password: str, system_type: str) -> bytes:
    """Raises ValueError for credentials longer than the protocol has room for."""
    pdu = BindTransceiver(sequence, system_id=system_id, password=password, system_type=system_type)
    return bytes(pdu.pdu())


def submit(sequence: int, part: Part, source: Address, destination: Address, service_type: str) -> bytes:
    """One part, with a receipt asked for."""
    pdu = SubmitSm(
        sequence_num=sequence,
        short_message=part.words,
        source=source.written(),
        destination=destination.written(),
        service_type=service_type,
        esm_class=UDHI if part.headed else 0,
        registered_delivery=1,
        encoding="ucs2" if part.data_coding == UCS2 else None,
    )
    pdu.set_encoded_message(part.content)
    return bytes(pdu.pdu())


def enquire(sequence: int) -> bytes:
    return bytes(EnquireLink(sequence).pdu())


def enquired(sequence: int) -> bytes:
    return bytes(EnquireLinkResp(sequence).pdu())


def taken(sequence: int, status: int) -> bytes:
    return bytes(DeliverSmResp(sequence, SmppCommandStatus(status)).pdu())


def unbind(sequence: int) -> bytes:
    return bytes(Unbind(sequence).pdu())


def unbound(sequence: int) -> bytes:
    return bytes(UnbindResp(sequence).pdu())


def unknown_command(sequence: int) -> bytes:
    return bytes(GenericNack(sequence, SmppCommandStatus.ESME_RINVCMDID).pdu())
