"""The cashier behind UnionPay's gateway."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from aiohttp import ClientConnectorError, ClientError, ClientResponse, ClientSession, ClientTimeout

from core.links.unionpay import file, messages
from core.links.unionpay.file import BadFile
from core.links.unionpay.messages import DUPLICATE, Outcome, Txn, outcome
from core.links.unionpay.signing import BadSignature, Signer, Trust, merchant_signer
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

NAME = "unionpay"
# Where the gateway and the patient's browser come back to, below our public address (web.py).
BACK_PATH, FRONT_PATH = "/pay/unionpay/back", "/pay/unionpay/front"
# No such file: nothing moved on that day, or it is not written yet.
NO_FILE = "98"
# An answer is a kilobyte or two; a day's file of a large hospital some megabytes.
MOST_ANSWER, MOST_FILE = 100_000, 100_000_000

_KINDS = {Txn.CONSUME: Kind.PAYMENT, Txn.REFUND: Kind.REFUND, Txn.VOID: Kind.REFUND}


@dataclass(frozen=True)
class Endpoints:
    """The gateway's addresses."""

    front: str
    back: str
    query: str
    files: str

    @classmethod
    def below(cls, gateway: str, files: str | None = None) -> "Endpoints":
        """gateway: 'https://gateway.95516.com'; files: the host of the files where it is another."""
        api = f"{gateway.rstrip('/')}/gateway/api"
        return cls(
            f"{api}/frontTransReq.do",
            f"{api}/backTransReq.do",
            f"{api}/queryTrans.do",
            (files or gateway).rstrip("/") + "/",
        )


PRODUCTION = Endpoints.below("https://gateway.95516.com", "https://filedownload.95516.com")


class UnionPay:
    """See Cashier. Every answer and notice is believed by its signature alone."""

    name = NAME

    def __init__(
        self,
        http: ClientSession,
        endpoints: Endpoints,
        trust: Trust,
        clock: Clock,
        home: Callable[[], str],
        *,
        within_s: float = 10.0,
        file_within_s: float = 60.0,
    ) -> None:
        """home: our own public address, 'https://12320.example', to which notices come."""
        self._http = http
        self._at = endpoints
        self._trust = trust
        self._clock = clock
        self._home = home
        self._within = ClientTimeout(total=within_s)
        self._file_within = ClientTimeout(total=file_within_s)
        self._signers: dict[tuple[int, str], Signer] = {}

    async def begin(self, order: Order) -> Redirect:
        fields = messages.consume(
            merchant=order.account.merchant_no,
            order=order.number,
            amount_fen=order.amount_fen,
            sent_at=order.sent_at,
            open_until=order.open_until,
            front_url=self._home().rstrip("/") + FRONT_PATH,
            back_url=self._back_url(),
        )
        return Redirect(self._at.front, self._signer(order.account).sign(fields))

    async def query(self, sent: Sent) -> Answer:
        asked = messages.query(merchant=sent.account.merchant_no, order=sent.number, sent_at=sent.sent_at)
        fields = await self._call(self._at.query, sent.account, asked)
        code = fields.get("respCode", "")
        match outcome(code):
            case Outcome.DONE:
                return self._ended(fields, fields.get("origRespCode", ""))
            case Outcome.DOUBT:
                return Answer(Verdict.UNKNOWN, code=code)
            case Outcome.ABSENT:
                return Answer(Verdict.ABSENT, code=code)
            case refusal:
                raise OutsideError(f"query refused: {code}", permanent=refusal is Outcome.REFUSED)

    async def refund(self, back: Return) -> Answer:
        return await self._give_back(Txn.REFUND, back)

    async def void(self, back: Return) -> Answer:
        return await self._give_back(Txn.VOID, back)

    async def reconciliation(self, account: Account, day: date) -> Sequence[Line] | None:
        asked = messages.file_transfer(merchant=account.merchant_no, day=day, sent_at=self._clock.now())
        fields = await self._call(self._at.files, account, asked, within=self._file_within, most=MOST_FILE)
        code = fields.get("respCode", "")
        if code == NO_FILE:
            return None
        if outcome(code) is not Outcome.DONE:
            raise OutsideError(f"no file: {code}")
        try:
            # Unpacking a large hospital's day takes longer than the others may wait.
            rows = await asyncio.to_thread(_rows, fields.get("fileContent", ""))
        except BadFile as error:
            raise OutsideError(f"bad file: {error}") from None
        return [
            Line(_KINDS[Txn(row.kind)], row.order, row.amount_fen)
            for row in rows
            if row.kind in _KINDS and row.merchant == account.merchant_no
        ]

    def notice(self, fields: Mapping[str, str]) -> Notice:
        try:
            self._trust.check(fields, self._clock.now())
            said = messages.told(fields, self._clock.now())
            kind = _KINDS[Txn(said.kind)]
        except BadSignature as error:
            raise Forged(error.why) from None
        except (KeyError, ValueError):
            raise Forged("malformed") from None
        return Notice(kind, said.merchant, said.order, self._ended(fields, fields.get("respCode", "")))

    # --- below ----------------------------------------------------------------------------------------

    async def _give_back(self, kind: Txn, back: Return) -> Answer:
        asked = messages.back(
            kind,
            merchant=back.account.merchant_no,
            order=back.number,
            amount_fen=back.amount_fen,
            sent_at=back.sent_at,
            txn=back.txn,
            back_url=self._back_url(),
        )
        fields = await self._call(self._at.back, back.account, asked)
        code = fields.get("respCode", "")
        if code == DUPLICATE:  # it arrived the last time
            return await self.query(back)
        match outcome(code):
            case Outcome.DONE | Outcome.DOUBT:  # taken on; how it ends is told later
                return Answer(Verdict.UNKNOWN, txn=fields.get("queryId", ""), code=code)
            case Outcome.BUSY:
                raise OutsideError(f"busy: {code}")
            case _:
                return Answer(Verdict.FAILED, code=code, permanent=True)

    def _ended(self, fields: Mapping[str, str], code: str) -> Answer:
        """What a notice, or the answer to a query, says of the movement itself."""
        said = messages.told(fields, self._clock.now())
        how = outcome(code)
        verdict = {Outcome.DONE: Verdict.DONE, Outcome.DOUBT: Verdict.UNKNOWN}.get(how, Verdict.FAILED)
        return Answer(
            verdict,
            said.txn,
            said.amount_fen,
            said.settle_day,
            code,
            permanent=how is Outcome.REFUSED,
        )

    async def _call(
        self,
        url: str,
        account: Account,
        asked: Mapping[str, str],
        *,
        within: ClientTimeout | None = None,
        most: int = MOST_ANSWER,
    ) -> dict[str, str]:
        """One request. Raises OutsideError; unsure once it may have arrived."""
        signed = self._signer(account).sign(asked)
        try:
            async with self._http.post(
                url, data=signed, timeout=within or self._within, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise OutsideError(f"http {response.status}", unsure=True)
                fields = messages.read(await _body(response, most))
        except ClientConnectorError as error:
            raise OutsideError("gateway not reached") from error
        except (ClientError, TimeoutError, UnicodeDecodeError) as error:
            raise OutsideError("no answer from the gateway", unsure=True) from error
        try:
            self._trust.check(fields, self._clock.now())
        except BadSignature as error:
            raise OutsideError(f"answer not believed: {error.why}", unsure=True) from None
        if any(fields.get(name) != asked[name] for name in ("merId", "orderId") if name in asked):
            raise OutsideError("an answer to something else", unsure=True)
        return fields

    def _signer(self, account: Account) -> Signer:
        key = (account.account_id, account.certificate_id)
        if key not in self._signers:
            self._signers[key] = merchant_signer(account.key, account.certificate_id)
        return self._signers[key]

    def _back_url(self) -> str:
        return self._home().rstrip("/") + BACK_PATH


def _rows(content: str) -> Sequence[file.Row]:
    return file.rows(file.unpack(content))


async def _body(response: ClientResponse, most: int) -> str:
    """At most so many bytes; raises OutsideError for more."""
    parts = bytearray()
    async for part in response.content.iter_chunked(65536):
        parts += part
        if len(parts) > most:
            raise OutsideError("an answer without end", unsure=True)
    return parts.decode()
