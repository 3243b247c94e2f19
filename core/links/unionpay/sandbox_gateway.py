"""The sandbox as a party: it believes its merchants, signs what it says, and sends its notices."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout
from cryptography import x509

from core.links.unionpay import messages
from core.links.unionpay.sandbox_book import Book, Outgoing, Trade
from core.links.unionpay.sandbox_keys import SandboxKeys, kept_keys, make_keys
from core.links.unionpay.signing import (
    CERTIFICATE_ID,
    GATEWAY,
    BadSignature,
    Signer,
    Trust,
    certificate_number,
    check,
    gateway_signer,
)

ANSWER_WITHIN = ClientTimeout(total=10)


class Gateway:
    """keys: the sandbox's own. book: its memory."""

    def __init__(self, keys: SandboxKeys, book: Book) -> None:
        self.keys = keys
        self.book = book
        self._signer = gateway_signer(keys.gateway.key, keys.gateway.certificate)
        self._merchants = x509.load_pem_x509_certificate(keys.merchant.certificate.encode())
        self._merchant_number = certificate_number(keys.merchant.certificate)
        self._stranger: Signer | None = None
        self._writing = asyncio.Lock()

    def trust(self) -> Trust:
        """What merchants of this sandbox must believe."""
        return Trust([self.keys.root], [self.keys.middle], (GATEWAY,))

    def believe(self, fields: Mapping[str, str]) -> None:
        """Raises BadSignature unless a merchant of ours has signed this."""
        if fields.get(CERTIFICATE_ID) != self._merchant_number:
            raise BadSignature("unknown-certificate")
        check(fields, self._merchants)

    def answer(self, fields: Mapping[str, str]) -> str:
        """The body of an answer to a merchant."""
        return messages.written(self._signer.sign(fields))

    def front(self, trade: Trade) -> dict[str, str]:
        """What the browser takes back to the merchant."""
        return self._signer.sign(self.book.said(trade) | {"respCode": trade.code, "respMsg": "-"})

    async def deliver(self, http: ClientSession) -> int:
        """Send the notices that are due; returns how many. One that is not answered with 200 comes again."""
        due = self.book.due()
        for notice in due:
            if not await self._told(http, notice):
                self.book.not_heard(notice)
        return len(due)

    async def _told(self, http: ClientSession, notice: Outgoing) -> bool:
        signer = self._signer if notice.honest else await self._somebody_else()
        try:
            async with http.post(
                notice.url, data=signer.sign(notice.fields), timeout=ANSWER_WITHIN
            ) as response:
                return response.status == 200
        except (ClientError, TimeoutError):
            return False

    async def _somebody_else(self) -> Signer:
        """Who forges has the gateway's name, and a root that nobody trusts."""
        if self._stranger is None:
            made = await asyncio.to_thread(make_keys, self.book.now())
            self._stranger = gateway_signer(made.gateway.key, made.gateway.certificate)
        return self._stranger

    async def keep(self) -> None:
        """Write the memory down, where it has a file."""
        async with self._writing:
            kept = self.book.kept()
            if kept is not None:
                await asyncio.to_thread(self.book.write, kept)


async def open_gateway(folder: Path, now: Callable[[], datetime]) -> Gateway:
    """The sandbox of this folder, as it was when it was last open."""
    keys = await asyncio.to_thread(kept_keys, folder / "keys.json", now())
    return Gateway(keys, await asyncio.to_thread(Book, now, folder / "book.json"))
