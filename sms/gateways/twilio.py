"""A text gateway over Twilio: its own client sends, its own validator checks what it brings.

Twilio knows no key by which it would drop a repeat, so a text in doubt is looked up before it is sent again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import structlog
from aiohttp import web
from multidict import MultiDict
from twilio.base.exceptions import TwilioException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.request_validator import SIGNATURE_HEADER, RequestValidator
from twilio.rest import Client

from core.http.access import everybody
from core.ports import Clock, IncomingText, OutgoingText, OutsideError, Receipt, TextInbox
from sms.gateways.limits import check
from sms.gateways.memory import Newest
from sms.gateways.written import call, watched

NAME = "twilio"
INCOMING, STATUS = "/texts/twilio/incoming", "/texts/twilio/status"

# What Twilio will never take, by its error code: a number that is none, was unsubscribed or is no
# mobile; no words, or too many. Any other refusal is about us, and another gateway may do better.
PERMANENT = frozenset({21211, 21217, 21602, 21604, 21610, 21614, 21617})
# Answers by which the text was certainly not taken. Of other 5xx Twilio says that a repeat may be a
# second text (its page on error 20500).
NOT_TAKEN = frozenset({429, 503})
DELIVERED, FAILED = frozenset({"delivered", "read"}), frozenset({"undelivered", "failed", "canceled"})
# Their clock and ours.
SKEW = timedelta(minutes=5)

log = structlog.get_logger()


@dataclass(frozen=True)
class TwilioAccount:
    """sender: a number (+86…), or a messaging service (MG…). country: what stands before a national number.

    public: the address by which Twilio reaches this house, as it is set there. base: of Twilio itself.
    """

    account_sid: str
    auth_token: str = field(repr=False)
    sender: str
    public: str
    country: str = "+86"
    base: str = "https://api.twilio.com"

    def at(self, path: str) -> str:
        return f"{self.public.rstrip('/')}{path}"


@asynccontextmanager
async def open_twilio(
    account: TwilioAccount, clock: Clock, *, answer_within_s: float = 10.0
) -> AsyncIterator["TwilioGateway"]:
    """The gateway, for as long as its connections are open."""
    # Its own logger would write query parameters, and with them numbers.
    silent = logging.Logger("twilio", logging.CRITICAL + 1)
    async with AsyncTwilioHttpClient(trace_configs=[watched()], logger=silent) as http:
        yield TwilioGateway(account, http, clock, answer_within_s)


class _Named:
    """Who we are, as a header: their client says it in a way that aiohttp 4 will not know."""

    def __init__(self, account: TwilioAccount) -> None:
        self._words = aiohttp.encode_basic_auth(account.account_sid, account.auth_token)

    def to_auth_strategy(self) -> "_Named":
        return self

    def get_auth_string(self) -> str:
        return self._words


class TwilioGateway:
    """Twilio reports on a whole text, so each has one id, however many segments it has."""

    name = NAME

    def __init__(
        self, account: TwilioAccount, http: AsyncTwilioHttpClient, clock: Clock, answer_within_s: float
    ) -> None:
        self._account = account
        self._clock = clock
        self._within_s = answer_within_s
        client = Client(
            account.account_sid, account.auth_token, http_client=http, credential_provider=_Named(account)
        )
        client.api.base_url = account.base
        # Loads hundreds of modules: here, not when the first text waits.
        self._messages = client.messages
        self._sent: Newest[str, str] = Newest(10_000)
        self._doubtful: Newest[str, datetime] = Newest(10_000)

    async def send(self, text: OutgoingText) -> tuple[str, ...]:
        """Raises OutsideError; unsure when it was written and no certain answer came."""
        check(text)
        if text.key not in self._sent:
            sid = await self._look_up(text) if text.key in self._doubtful else None
            self._sent[text.key] = sid or await self._create(text)
            self._doubtful.pop(text.key, None)
        return (self._sent[text.key],)

    async def _create(self, text: OutgoingText) -> str:
        account = self._account
        sender = "messaging_service_sid" if account.sender.startswith("MG") else "from_"
        # In doubt from before it leaves until an answer comes, also when whoever waits for us gives up.
        known = text.key in self._doubtful
        if not known:
            self._doubtful[text.key] = self._clock.now()
        creating = self._messages.create_async(
            to=f"{account.country}{text.to}",
            body=text.body,
            status_callback=account.at(STATUS),
            **{sender: account.sender},
        )
        try:
            sid = (await self._ask(creating)).sid
            if not sid:
                raise OutsideError("an answer without an id", unsure=True)
        except OutsideError as error:
            if not error.unsure and not known:
                del self._doubtful[text.key]
            raise
        return str(sid)

    async def _look_up(self, text: OutgoingText) -> str | None:
        """The id of a text that went although we never heard so. Raises OutsideError, unsure as before."""
        earliest = self._doubtful[text.key] - SKEW
        listing = self._messages.list_async(to=f"{self._account.country}{text.to}", limit=20)
        try:
            found = await self._ask(listing)
        except OutsideError as error:
            raise OutsideError(f"looked up in vain: {error}", unsure=True) from None
        for one in found:
            ours = str(one.direction).startswith("outbound") and (one.body or "").strip() == text.body.strip()
            if ours and one.date_created is not None and one.date_created >= earliest:
                return str(one.sid)
        return None

    async def _ask(self, asking: Awaitable[Any]) -> Any:
        """One request. Raises OutsideError, without their words: those may quote the number."""
        with call() as made:
            try:
                async with asyncio.timeout(self._within_s):
                    return await asking
            except TwilioException as error:
                raise _told(error) from None
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise OutsideError(type(error).__name__, unsure=made.written) from None
            except (ValueError, TypeError, AttributeError):
                # What their library makes of an answer that is not theirs: a proxy's page, half a document.
                raise OutsideError("an answer nobody understands", unsure=True) from None


def _told(error: TwilioException) -> OutsideError:
    """Of their refusal: is it for good, for now, or does nobody know?"""
    status, code = getattr(error, "status", None), getattr(error, "code", None)
    if not isinstance(status, int):
        return OutsideError(type(error).__name__, unsure=True)
    words = f"twilio {status}" + (f" code {code}" if isinstance(code, int) and code != status else "")
    return OutsideError(words, permanent=code in PERMANENT, unsure=status >= 500 and status not in NOT_TAKEN)


# --- what Twilio brings -------------------------------------------------------------------------------


def routes(account: TwilioAccount, inbox: TextInbox) -> list[web.RouteDef]:
    """Where Twilio posts texts and receipts. Answered when they are durable; a repeat is harmless."""

    @everybody
    async def incoming(request: web.Request) -> web.Response:
        form = await _signed(request, account)
        if form is None:
            return _forbidden()
        if not form.get("MessageSid") or not form.get("From"):
            return web.Response(status=400, text="no MessageSid or From")
        text = IncomingText(
            NAME, form["MessageSid"][:80], form["From"], form.get("To", ""), form.get("Body", "")
        )
        await inbox.received(text)
        return _nothing_to_say()

    @everybody
    async def status(request: web.Request) -> web.Response:
        form = await _signed(request, account)
        if form is None:
            return _forbidden()
        part, state = form.get("MessageSid", "")[:80], form.get("MessageStatus", "")
        if part and state in DELIVERED | FAILED:
            code = form.get("ErrorCode", "")
            why = f"{state} {code}".strip() if code.isdigit() else state
            delivered = state in DELIVERED
            await inbox.reported(Receipt(NAME, part, delivered, "" if delivered else why[:80]))
        return _nothing_to_say()

    return [
        web.post(INCOMING, incoming, name="texts-twilio-incoming"),
        web.post(STATUS, status, name="texts-twilio-status"),
    ]


async def _signed(request: web.Request, account: TwilioAccount) -> MultiDict[str] | None:
    """The form, if Twilio signed it for the address that it knows us by; else nothing."""
    signature = request.headers.get(SIGNATURE_HEADER, "")
    try:
        words = (await request.read()).decode()
        form = MultiDict(parse_qsl(words, keep_blank_values=True, max_num_fields=200))
    except ValueError:
        form = None
    url = account.at(request.raw_path)
    if form is None or not RequestValidator(account.auth_token).validate(url, form, signature):
        log.warning("webhook refused", gateway=NAME)
        return None
    return form


def _forbidden() -> web.Response:
    return web.Response(status=403, text="not signed by Twilio for this address")


def _nothing_to_say() -> web.Response:
    return web.Response(text="<Response/>", content_type="text/xml")
