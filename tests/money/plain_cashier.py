"""A cashier in memory, for tests that need no gateway; it passes the contract of cashiers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from core.money.cashier import (
    Account,
    Answer,
    Forged,
    Kind,
    Line,
    Notice,
    Order,
    Redirect,
    Return,
    Sent,
    Verdict,
)
from core.ports import Clock, OutsideError
from core.values import day_of

SECRET = "known to us and to it"


@dataclass
class Movement:
    kind: Kind
    merchant_no: str
    amount_fen: int
    verdict: Verdict = Verdict.ABSENT
    at: datetime | None = None
    of: str = ""


@dataclass
class PlainCashier:
    clock: Clock
    name: str = "plain"
    movements: dict[str, Movement] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    away: bool = False

    # --- the port ---------------------------------------------------------------------------------------

    async def begin(self, order: Order) -> Redirect:
        self._reached()
        self.movements.setdefault(
            order.number, Movement(Kind.PAYMENT, order.account.merchant_no, order.amount_fen)
        )
        return Redirect("https://plain.example/pay", {"number": order.number})

    async def query(self, sent: Sent) -> Answer:
        self._reached()
        return self._answer(sent.number)

    async def refund(self, back: Return) -> Answer:
        return self._give_back(back, whole=False)

    async def void(self, back: Return) -> Answer:
        return self._give_back(back, whole=True)

    async def reconciliation(self, account: Account, day: date) -> Sequence[Line] | None:
        self._reached()
        lines = [
            Line(one.kind, number, one.amount_fen)
            for number, one in self.movements.items()
            if one.verdict is Verdict.DONE and one.at and day_of(one.at) == day
            and one.merchant_no == account.merchant_no
        ]  # fmt: skip
        return lines or None

    def notice(self, fields: Mapping[str, str]) -> Notice:
        number = fields.get("number", "")
        if fields.get("secret") != SECRET or number not in self.movements:
            raise Forged("forged")
        said = self.movements[number]
        if fields.get("amount") != str(said.amount_fen):
            raise Forged("forged")
        return Notice(said.kind, said.merchant_no, number, self._answer(number))

    # --- what patients and tests do -----------------------------------------------------------------------

    def pay(self, number: str) -> None:
        self._end(number, Verdict.DONE)

    def fail(self, number: str) -> None:
        self._end(number, Verdict.FAILED)

    def word(self, number: str) -> dict[str, str]:
        """An honest notice."""
        return {"number": number, "secret": SECRET, "amount": str(self.movements[number].amount_fen)}

    def _end(self, number: str, verdict: Verdict) -> None:
        self.movements[number].verdict = verdict
        self.movements[number].at = self.clock.now()

    def _reached(self) -> None:
        if self.away:
            raise OutsideError("away")

    def _answer(self, number: str) -> Answer:
        found = self.movements.get(number)
        if found is None or found.verdict is Verdict.ABSENT:
            return Answer(Verdict.ABSENT)
        day = day_of(found.at) if found.at else None
        return Answer(found.verdict, f"T{number}", found.amount_fen, day)

    def _give_back(self, back: Return, *, whole: bool) -> Answer:
        self._reached()
        if back.number in self.movements:
            return self._answer(back.number)
        self.asked.append(back.number)
        paid = self.movements.get(back.of)
        if paid is None or paid.verdict is not Verdict.DONE or back.txn != f"T{back.of}":
            return Answer(Verdict.FAILED, code="no such payment", permanent=True)
        given = sum(one.amount_fen for one in self.movements.values() if one.of == back.of)
        same_day = paid.at is not None and day_of(paid.at) == day_of(self.clock.now())
        if back.amount_fen > paid.amount_fen - given:
            return Answer(Verdict.FAILED, code="too much", permanent=True)
        if whole and (back.amount_fen != paid.amount_fen or not same_day):
            return Answer(Verdict.FAILED, code="no void", permanent=True)
        self.movements[back.number] = Movement(
            Kind.REFUND, back.account.merchant_no, back.amount_fen, Verdict.DONE, self.clock.now(), back.of
        )
        return self._answer(back.number)
