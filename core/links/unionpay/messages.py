"""UnionPay's messages as fields, and what its answers mean; pure.

Source: UnionPay's published interface for gateway payment (跳转网关支付) and its development kit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from core.links.unionpay.signing import BY_CERTIFICATE, VERSION
from core.values import SHANGHAI, local

YUAN = "156"


class Txn(StrEnum):
    """txnType."""

    QUERY = "00"
    CONSUME = "01"
    REFUND = "04"
    VOID = "31"
    FILE = "76"


_COMMON = {"version": VERSION, "encoding": "UTF-8", "signMethod": BY_CERTIFICATE, "accessType": "0"}
# Gateway payment, from a browser.
_GATEWAY = {"bizType": "000201", "channelType": "07"}


def moment(instant: datetime) -> str:
    """txnTime and payTimeout: Beijing time, yyyyMMddHHmmss."""
    return f"{local(instant):%Y%m%d%H%M%S}"


def read_moment(text: str) -> datetime:
    """Raises ValueError."""
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI)


def consume(
    *,
    merchant: str,
    order: str,
    amount_fen: int,
    sent_at: datetime,
    open_until: datetime,
    front_url: str,
    back_url: str,
) -> dict[str, str]:
    """A payment, to be posted by the patient's browser."""
    return {
        **_COMMON,
        **_GATEWAY,
        "txnType": Txn.CONSUME,
        "txnSubType": "01",
        "merId": merchant,
        "orderId": order,
        "txnTime": moment(sent_at),
        "txnAmt": str(amount_fen),
        "currencyCode": YUAN,
        "payTimeout": moment(open_until),
        "frontUrl": front_url,
        "backUrl": back_url,
    }


def query(*, merchant: str, order: str, sent_at: datetime) -> dict[str, str]:
    """How an order, a refund or a void ended: named by merchant, number and the time it was sent."""
    return {
        **_COMMON,
        "bizType": "000000",
        "txnType": Txn.QUERY,
        "txnSubType": "00",
        "merId": merchant,
        "orderId": order,
        "txnTime": moment(sent_at),
    }


def back(
    kind: Txn, *, merchant: str, order: str, amount_fen: int, sent_at: datetime, txn: str, back_url: str
) -> dict[str, str]:
    """A refund (also in part, also after days) or a void (all of it, the same day) of the payment `txn`."""
    return {
        **_COMMON,
        **_GATEWAY,
        "txnType": kind,
        "txnSubType": "00",
        "merId": merchant,
        "orderId": order,
        "txnTime": moment(sent_at),
        "txnAmt": str(amount_fen),
        "origQryId": txn,
        "backUrl": back_url,
    }


def file_transfer(*, merchant: str, day: date, sent_at: datetime) -> dict[str, str]:
    """A settlement day's files."""
    return {
        **_COMMON,
        "bizType": "000000",
        "txnType": Txn.FILE,
        "txnSubType": "01",
        "merId": merchant,
        "settleDate": f"{day:%m%d}",
        "txnTime": moment(sent_at),
        "fileType": "00",
    }


# --- answers --------------------------------------------------------------------------------------------


def written(fields: Mapping[str, str]) -> str:
    """An answer's body: plain k=v joined by '&', nothing escaped."""
    return "&".join(f"{name}={value}" for name, value in fields.items())


def read(body: str) -> dict[str, str]:
    """The fields of an answer's body. What stands in braces or brackets is one value, with its own '&'."""
    fields: dict[str, str] = {}
    for part in _parts(body):
        name, sign, value = part.partition("=")
        if sign and name:
            fields[name] = value
    return fields


_CLOSING = {"{": "}", "[": "]"}


def _parts(body: str) -> list[str]:
    parts, start, inside = [], 0, ""
    for place, one in enumerate(body):
        if inside:
            inside = "" if one == inside else inside
        elif one in _CLOSING:
            inside = _CLOSING[one]
        elif one == "&":
            parts.append(body[start:place])
            start = place + 1
    return [*parts, body[start:]]


class Outcome(StrEnum):
    DONE = "done"
    DOUBT = "doubt"  # ask later
    ABSENT = "absent"
    BUSY = "busy"  # refused for now
    REFUSED = "refused"  # for good


# A6: done, with something of it put right by the gateway.
_DONE = frozenset({"00", "A6"})
_DOUBT = frozenset({"03", "04", "05"})
_ABSENT = "34"
# System closed or busy, asked too often, outside of the hours, called again too soon.
_BUSY = frozenset({"01", "02", "06", "37", "39", "98"})
# The number is there already: what became of it is to be asked.
DUPLICATE = "12"


def outcome(code: str) -> Outcome:
    """What a respCode or origRespCode says."""
    if code in _DONE:
        return Outcome.DONE
    if code in _DOUBT:
        return Outcome.DOUBT
    if code == _ABSENT:
        return Outcome.ABSENT
    return Outcome.BUSY if code in _BUSY else Outcome.REFUSED


@dataclass(frozen=True)
class Told:
    """What an answer or a notice says of a movement. amount_fen, settle_day: None where it does not say."""

    merchant: str
    order: str
    kind: str
    txn: str
    amount_fen: int | None
    settle_day: date | None


def told(fields: Mapping[str, str], now: datetime) -> Told:
    """now: its year is the year of the settlement day, which has none. Raises ValueError, KeyError."""
    amount = fields.get("txnAmt")
    day = fields.get("settleDate")
    return Told(
        merchant=fields["merId"],
        order=fields["orderId"],
        kind=fields.get("txnType", ""),
        txn=fields.get("queryId", ""),
        amount_fen=int(amount) if amount else None,
        settle_day=settlement_day(day, now) if day else None,
    )


def settlement_day(month_day: str, now: datetime) -> date:
    """The day of this month and day that is nearest to now. Raises ValueError."""
    today = local(now).date()
    month, day = int(month_day[:2]), int(month_day[2:])
    near = []
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            near.append(date(year, month, day))
        except ValueError:  # the 29th of February of another year
            continue
    if not near:
        raise ValueError("no such day")
    return min(near, key=lambda one: abs((one - today).days))
