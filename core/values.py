"""Small checked values: channel, actor, phone, identity number, serial number, a hotline day."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

import phonenumbers
from stdnum.cn import ric
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_2, mod_11_10

from core.errors import IdentityInvalid, NotAllowed, PhoneInvalid

SHANGHAI = ZoneInfo("Asia/Shanghai")

# Invented people carry region code 99 and numbers of block 10, which belong to nobody alive.
DEMO_REGION = "99"
DEMO_MOBILE = re.compile(r"10\d{9}")


class Channel(StrEnum):
    """How a booking came in; all on one pool (R-011)."""

    WEB = "web"
    PHONE = "phone"
    SMS = "sms"
    WINDOW = "window"
    KIOSK = "kiosk"
    CLINIC = "clinic"
    COMMUNITY = "community"


class ActorKind(StrEnum):
    PATIENT = "patient"  # themselves, through a face that knows them only by phone or account
    STAFF = "staff"
    SYSTEM = "system"
    HOSPITAL = "hospital"


@dataclass(frozen=True)
class Actor:
    """Who does it and by which way: on every act and every event."""

    kind: ActorKind
    name: str  # 'ivr', 'timers', a staff login: never a phone or an identity number
    channel: Channel | None = None
    staff_id: int | None = None
    functions: frozenset[str] = frozenset()  # what a staff member's roles allow, united
    hospital_id: int | None = None  # staff of one hospital; None: of the hotline, sees all
    session_id: int | None = None  # the login it was done in
    address: str = ""  # from which it was done
    account_id: int | None = None  # a patient who is logged in
    partner_id: int | None = None  # a third party that books for its customers

    def may(self, function: str) -> bool:
        return self.kind is ActorKind.SYSTEM or function in self.functions

    def sees(self, hospital_id: int | None) -> bool:
        """Whether data of this hospital (None: of the whole hotline) is theirs to see (R-167)."""
        return self.hospital_id is None or self.hospital_id == hospital_id

    def must_see(self, hospital_id: int | None) -> None:
        """Raises NotAllowed."""
        if not self.sees(hospital_id):
            raise NotAllowed(facts={"hospital_id": hospital_id})


def system(name: str) -> Actor:
    return Actor(ActorKind.SYSTEM, name)


# --- days ---------------------------------------------------------------------------------------------


def day_of(instant: datetime) -> date:
    """The day in Asia/Shanghai on which an aware instant falls."""
    return instant.astimezone(SHANGHAI).date()


def instant_of(day: date, clock: time) -> datetime:
    """The aware instant of a clock time on a hotline day."""
    return datetime.combine(day, clock, SHANGHAI)


def local(instant: datetime) -> datetime:
    return instant.astimezone(SHANGHAI)


# --- phones -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Phone:
    """A Chinese number in national form, digits only: '13812345678' or '02887654321'."""

    digits: str

    def __repr__(self) -> str:
        return f"Phone({self.masked})"

    @property
    def masked(self) -> str:
        return mask(self.digits, 3, 4)

    @property
    def is_mobile(self) -> bool:
        return len(self.digits) == 11 and self.digits[0] == "1"


def phone(text: str, *, demo: bool = False) -> Phone:
    """Read a number as people and trunks write it (+86, spaces, full width).

    demo: accept the invented block 10xxxxxxxxx. Raises PhoneInvalid.
    """
    digits = re.sub(r"[\s\-()]", "", unicodedata.normalize("NFKC", text))
    digits = re.sub(r"^(\+86|0086)", "", digits)
    if demo and DEMO_MOBILE.fullmatch(digits):
        return Phone(digits)
    try:
        parsed = phonenumbers.parse(digits, "CN")
    except phonenumbers.NumberParseException:
        raise PhoneInvalid from None
    if parsed.country_code != 86 or not phonenumbers.is_valid_number(parsed):
        raise PhoneInvalid
    national = str(parsed.national_number)
    return Phone(national if len(national) == 11 and national[0] == "1" else f"0{national}")


# --- identity -----------------------------------------------------------------------------------------


class IdentityKind(StrEnum):
    """Kinds of identity document; the code is what hospitals are told."""

    RESIDENT = "resident"  # 居民身份证, GB 11643
    FOREIGNER = "foreigner"  # 外国人永久居留身份证
    HK_MACAU = "hk-macau"  # 港澳居民来往内地通行证
    TAIWAN = "taiwan"  # 台湾居民来往大陆通行证
    PASSPORT = "passport"  # 护照
    MILITARY = "military"  # 军官证
    HOUSEHOLD = "household"  # 户口簿, for children: the number is a resident number


@dataclass(frozen=True)
class Identity:
    kind: IdentityKind
    number: str

    def __repr__(self) -> str:
        return f"Identity({self.kind}, {self.masked})"

    @property
    def masked(self) -> str:
        return mask(self.number, 3, 4)

    @property
    def birth_date(self) -> date | None:
        """The birth date that the number carries, if its kind carries one."""
        if not self._resident_shape:
            return None
        return datetime.strptime(self.number[6:14], "%Y%m%d").date()  # noqa: DTZ007 a date has no zone

    @property
    def sex(self) -> str | None:
        """'male' or 'female' as the number says (GB 11643: the order code is odd for men)."""
        if not self._resident_shape:
            return None
        return "male" if int(self.number[16]) % 2 else "female"

    @property
    def _resident_shape(self) -> bool:
        return len(self.number) == 18 and self.number[:17].isdigit()


_SHAPES = {
    IdentityKind.HK_MACAU: re.compile(r"[HM]\d{8}(\d{2})?"),
    IdentityKind.TAIWAN: re.compile(r"\d{8}(\d{2})?"),
    IdentityKind.PASSPORT: re.compile(r"[A-Z0-9]{5,17}"),
    IdentityKind.MILITARY: re.compile(r"[\u4e00-\u9fff]?[A-Z]?字?第?\d{6,10}号?"),
    # The 2017 card: three letters and twelve digits; the 2023 card is numbered like a resident's.
    IdentityKind.FOREIGNER: re.compile(r"[A-Z]{3}\d{12}"),
}


def identity(kind: IdentityKind, text: str, *, demo: bool = False) -> Identity:
    """Check an identity number of the given kind.

    A resident number is checked by GB 11643-1999: region, birth date, ISO 7064 MOD 11-2. demo: the
    region 99 of the invented province is accepted, and only that region. Raises IdentityInvalid.
    """
    number = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()
    if kind in (IdentityKind.RESIDENT, IdentityKind.HOUSEHOLD):
        return Identity(kind, _resident(number, demo=demo))
    if kind is IdentityKind.FOREIGNER and number.startswith("9") and len(number) == 18:
        return Identity(kind, _numbered_like_resident(number))
    if not _SHAPES[kind].fullmatch(number):
        raise IdentityInvalid(facts={"kind": kind})
    return Identity(kind, number)


def _resident(number: str, *, demo: bool) -> str:
    if demo and number.startswith(DEMO_REGION):
        return _numbered_like_resident(number)
    try:
        return str(ric.validate(number))
    except ValidationError:
        raise IdentityInvalid(facts={"kind": IdentityKind.RESIDENT}) from None


def _numbered_like_resident(number: str) -> str:
    try:
        mod_11_2.validate(number)
        if len(number) != 18:
            raise ValueError
        datetime.strptime(number[6:14], "%Y%m%d")  # noqa: DTZ007 only its shape is asked
    except (ValidationError, ValueError):
        raise IdentityInvalid(facts={"kind": IdentityKind.RESIDENT}) from None
    return number


def demo_identity(region: str, born: date, order: int) -> Identity:
    """An invented resident number: region code 99xxxx, and a right check digit."""
    body = f"{DEMO_REGION}{region:0>4}{born:%Y%m%d}{order:03d}"
    return Identity(IdentityKind.RESIDENT, body + mod_11_2.calc_check_digit(body))


def mask(text: str, head: int, tail: int) -> str:
    """Keep head and tail characters: 138****5678 (GB/T 35273: display masking)."""
    if len(text) <= head + tail:
        return "*" * len(text)
    return text[:head] + "*" * (len(text) - head - tail) + text[-tail:]


# --- serial numbers -----------------------------------------------------------------------------------


def serial(body: int) -> str:
    """The 8-digit serial number of a random seven-digit body (R-077).

    body: 1_000_000..9_999_999, so that the first key is never 0, which always means a person.
    The last digit is ISO 7064 MOD 11-10: any one wrong key and nearly every swap is caught before
    the database is asked.
    """
    if not 1_000_000 <= body <= 9_999_999:
        raise ValueError("a serial body has seven digits")
    return f"{body}{mod_11_10.calc_check_digit(str(body))}"


def is_serial(text: str) -> bool:
    return bool(re.fullmatch(r"[1-9]\d{7}", text)) and mod_11_10.is_valid(text)


SERIAL_GROUPS = (2, 3, 3)
