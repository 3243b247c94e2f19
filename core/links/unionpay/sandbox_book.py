"""The sandbox's memory: what was traded, what it still has to tell, its file of a day."""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from core.links.unionpay import file, messages
from core.links.unionpay.messages import Txn
from core.links.unionpay.sandbox_scripts import SCRIPTS
from core.links.unionpay.signing import BY_CERTIFICATE, VERSION
from core.values import local

# UnionPay's day ends at 23:00.
CUT = timedelta(hours=1)
# How long "later" on the pay page takes.
LATER = timedelta(seconds=30)
# A notice that is not answered with 200 comes again after these, then no more.
AGAIN = (timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4), timedelta(minutes=15))


@dataclass
class Trade:
    """One movement. code: '' while the patient has done nothing, then a respCode.

    ends_at: when a pending one (05) comes to its end. of: the number of the payment that is given back.
    """

    merchant: str
    order: str
    sent: str
    kind: str
    asked_fen: int
    amount_fen: int
    back_url: str
    front_url: str = ""
    open_until: str = ""
    of: str = ""
    code: str = ""
    query_id: str = ""
    settled: str = ""
    ends_at: str = ""
    script: str = "honest"
    queries: int = 0


@dataclass(frozen=True)
class Outgoing:
    """A notice on its way. honest: signed by the gateway; else by a stranger."""

    due_at: datetime
    url: str
    fields: Mapping[str, str]
    honest: bool = True
    tries: int = 0


@dataclass
class Planted:
    """Lies of the file of a day: numbers left out, sums changed, lines that never were."""

    left_out: set[str] = field(default_factory=set)
    changed: dict[str, int] = field(default_factory=dict)
    doubled: set[str] = field(default_factory=set)
    invented: list[tuple[str, str, int]] = field(default_factory=list)  # txnType, order, fen


class Book:
    """Everything the gateway remembers; kept in a file where it is given one."""

    def __init__(self, now: Callable[[], datetime], path: Path | None = None) -> None:
        self.now = now
        self.scripts = dict(SCRIPTS)
        self.trades: dict[tuple[str, str], Trade] = {}
        self.outgoing: list[Outgoing] = []
        self.planted: dict[date, Planted] = {}
        self._path = path
        self._ids = itertools.count(1)
        if path is not None and path.exists():
            for row in json.loads(path.read_text()):
                self.trades[row["merchant"], row["order"]] = Trade(**row)
            self._ids = itertools.count(len(self.trades) * 10 + 1)

    def kept(self) -> str | None:
        """What is to be written into the file now; None without one."""
        if self._path is None:
            return None
        return json.dumps([asdict(trade) for trade in self.trades.values()])

    def write(self, kept: str) -> None:
        """May be called in a thread."""
        assert self._path
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        part.write_text(kept)
        part.replace(self._path)

    def find(self, merchant: str, order: str, sent: str = "") -> Trade | None:
        trade = self.trades.get((merchant, order))
        return trade if trade and sent in ("", trade.sent) else None

    # --- payments -------------------------------------------------------------------------------------

    def ordered(self, fields: Mapping[str, str]) -> Trade | None:
        """An order comes to the pay page; the same one again is the same. None: the number is another's."""
        known = self.find(fields["merId"], fields["orderId"])
        if known:
            same = (known.sent, known.asked_fen) == (fields["txnTime"], int(fields["txnAmt"]))
            return known if same and known.kind == Txn.CONSUME else None
        trade = Trade(
            fields["merId"],
            fields["orderId"],
            fields["txnTime"],
            Txn.CONSUME.value,
            int(fields["txnAmt"]),
            int(fields["txnAmt"]),
            fields["backUrl"],
            fields.get("frontUrl", ""),
            fields.get("payTimeout", ""),
        )
        self.trades[trade.merchant, trade.order] = trade
        return trade

    def too_late(self, trade: Trade) -> bool:
        return bool(trade.open_until) and self.now() > messages.read_moment(trade.open_until)

    def pay(self, trade: Trade, how: str, script: str | None = None) -> None:
        """What the patient pressed: paid, failed or later. A decided order stays as it is."""
        if trade.code in ("00", "05"):
            return
        trade.script = script if script in self.scripts else trade.script
        rule = self.scripts[trade.script]
        if how == "later":
            trade.code, trade.ends_at = "05", (self.now() + LATER).isoformat()
        elif how == "failed":
            trade.code = "01"
        else:
            trade.amount_fen = trade.asked_fen + rule.takes_off
            self._end(trade, "00")

    # --- giving back ----------------------------------------------------------------------------------

    def give_back(self, fields: Mapping[str, str]) -> str:
        """Take a refund or void on; the respCode. A number that is here already is a duplicate."""
        kind, merchant = Txn(fields["txnType"]), fields["merId"]
        if self.find(merchant, fields["orderId"]):
            return messages.DUPLICATE
        paid = next(
            (one for one in self.trades.values() if one.query_id == fields["origQryId"] and one.code == "00"),
            None,
        )
        amount = int(fields["txnAmt"])
        if paid is None or paid.merchant != merchant or paid.kind != Txn.CONSUME:
            return "34"
        rule = self.scripts[paid.script]
        left = paid.amount_fen - sum(
            one.amount_fen
            for one in self.trades.values()
            if one.of == paid.order and one.merchant == merchant and one.code in ("00", "05")
        )
        if kind is Txn.VOID and (
            rule.no_void or amount != paid.amount_fen or paid.settled != self._settlement()
        ):
            return "36"
        if not 0 < amount <= left:
            return "33"
        trade = Trade(
            merchant, fields["orderId"], fields["txnTime"], kind.value, amount, amount, fields["backUrl"],
            of=paid.order, script=paid.script,
        )  # fmt: skip
        self.trades[merchant, trade.order] = trade
        before = sum(1 for one in self.trades.values() if one.of == paid.order and one.code == "01")
        self._end(trade, "01" if before < rule.refuses else "00")
        return "00"

    # --- what it tells --------------------------------------------------------------------------------

    def tick(self) -> None:
        """Whatever was to end later and is due ends now."""
        for trade in list(self.trades.values()):
            if trade.ends_at and datetime.fromisoformat(trade.ends_at) <= self.now():
                trade.ends_at = ""
                self._end(trade, "00")

    def due(self) -> Sequence[Outgoing]:
        """Notices to be sent now, in the order in which they are due; they are nobody's afterwards."""
        self.tick()
        now = self.now()
        ready = sorted((one for one in self.outgoing if one.due_at <= now), key=lambda one: one.due_at)
        self.outgoing = [one for one in self.outgoing if one.due_at > now]
        return ready

    def not_heard(self, notice: Outgoing) -> None:
        if notice.honest and notice.tries < len(AGAIN):
            later = self.now() + AGAIN[notice.tries]
            self.outgoing.append(replace(notice, due_at=later, tries=notice.tries + 1))

    def said(self, trade: Trade) -> dict[str, str]:
        """The movement as notices and answers name it."""
        return {
            "version": VERSION,
            "encoding": "UTF-8",
            "signMethod": BY_CERTIFICATE,
            "txnType": trade.kind,
            "txnSubType": "01" if trade.kind == Txn.CONSUME else "00",
            "bizType": "000201",
            "accessType": "0",
            "merId": trade.merchant,
            "orderId": trade.order,
            "txnTime": trade.sent,
            "txnAmt": str(trade.amount_fen),
            "currencyCode": messages.YUAN,
            "queryId": trade.query_id,
            "settleDate": trade.settled[4:],
        }

    def _settlement(self) -> str:
        return f"{local(self.now()) + CUT:%Y%m%d}"

    def _end(self, trade: Trade, code: str) -> None:
        trade.code = code
        trade.query_id = f"{local(self.now()):%Y%m%d%H%M%S}{next(self._ids):07}"
        trade.settled = self._settlement()
        rule = self.scripts[trade.script]
        if rule.notice_after_s is None and trade.kind == Txn.CONSUME:
            return
        at = self.now() + timedelta(seconds=rule.notice_after_s or 0)
        fields = self.said(trade) | {"respCode": code, "respMsg": "成功" if code == "00" else "失败"}
        if rule.notice_off and trade.kind == Txn.CONSUME:
            fields["txnAmt"] = str(trade.amount_fen + rule.notice_off)
        if rule.forged:
            self.outgoing.append(Outgoing(at, trade.back_url, fields, honest=False))
        self.outgoing += [Outgoing(at, trade.back_url, fields)] * rule.notices
        if rule.stale:
            self.outgoing.append(Outgoing(at, trade.back_url, fields | {"respCode": "01", "respMsg": "失败"}))

    # --- its file -------------------------------------------------------------------------------------

    def statement(self, merchant: str, month_day: str) -> str | None:
        """The fileContent of a settlement day; None: nothing moved."""
        day = messages.settlement_day(month_day, self.now())
        planted = self.planted.get(day, Planted())
        lines = []
        for trade in self.trades.values():
            if trade.merchant != merchant or trade.code != "00" or trade.settled != f"{day:%Y%m%d}":
                continue
            if trade.order not in planted.left_out:
                amount = planted.changed.get(trade.order, trade.amount_fen)
                row = _line(merchant, trade.kind, trade.order, amount, trade.query_id)
                lines += [row] * (2 if trade.order in planted.doubled else 1)
        lines += [_line(merchant, kind, order, fen, "") for kind, order, fen in planted.invented]
        if not lines:
            return None
        content = "".join(f"{one}\r\n" for one in lines).encode(file.ENCODING)
        return file.pack({file.file_name(merchant, day): content})


def _line(merchant: str, kind: str, order: str, amount_fen: int, query_id: str) -> str:
    return file.line(
        {
            "transaction code": "S22",
            "amount": f"{amount_fen:012}",
            "query id": query_id,
            "order": order,
            "type": kind,
            "merchant": merchant,
        }
    )
