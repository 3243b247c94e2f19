"""How a house and an aggregator know each other's requests; pure.

The signature is HMAC-SHA256, in hexadecimal, over five lines without an end of line after the last:
method, path with its query, seconds since 1970, nonce, SHA-256 of the body in hexadecimal. It stands in
X-Signature; the key's name, the seconds and the nonce stand in X-Signature-Key, -Time and -Nonce.
"""

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

KEY, TIME, NONCE, SIGNATURE = "X-Signature-Key", "X-Signature-Time", "X-Signature-Nonce", "X-Signature"
# How far the two clocks may be apart, journey included; a request is good for no longer.
WINDOW = timedelta(minutes=5)

_SECONDS = re.compile(r"[0-9]{1,11}")
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")


class Forged(Exception):
    """A request that is not to be believed. why: a word for the log and the answer."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Request:
    """What is signed. path: with its query, as it goes over the wire."""

    method: str
    path: str
    body: bytes


def signature(secret: bytes, request: Request, seconds: str, nonce: str) -> str:
    lines = (request.method, request.path, seconds, nonce, hashlib.sha256(request.body).hexdigest())
    return hmac.new(secret, "\n".join(lines).encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def headers(key: str, secret: bytes, request: Request, *, now: datetime, nonce: str) -> dict[str, str]:
    """What goes with a request of ours. nonce: never used before, 16 to 64 letters, digits, - and _."""
    seconds = str(int(now.timestamp()))
    return {KEY: key, TIME: seconds, NONCE: nonce, SIGNATURE: signature(secret, request, seconds, nonce)}


def check(sent: Mapping[str, str], secrets: Mapping[str, bytes], request: Request, now: datetime) -> str:
    """The nonce of a request that one of the keys has signed within the window.

    It is still to be asked of `Nonces` whether the request was here before. Raises Forged.
    """
    seconds, nonce = sent.get(TIME, ""), sent.get(NONCE, "")
    if not _SECONDS.fullmatch(seconds) or not _NONCE.fullmatch(nonce):
        raise Forged("unsigned")
    secret = secrets.get(sent.get(KEY, ""))
    if secret is None:
        raise Forged("unknown-key")
    ours = signature(secret, request, seconds, nonce)
    theirs = sent.get(SIGNATURE, "").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(ours.encode(), theirs):
        raise Forged("wrong-signature")
    if abs(now - datetime.fromtimestamp(int(seconds), UTC)) > WINDOW:
        raise Forged("out-of-time")
    return nonce


class Nonces:
    """Which requests were here. Only those with a good signature come in, so no stranger can fill it.

    most: how many are kept; 200,000 are some 30 MB, and more than 300 requests a second over ten minutes.
    """

    def __init__(self, most: int = 200_000) -> None:
        self._most = most
        self._until: OrderedDict[str, datetime] = OrderedDict()

    def take(self, nonce: str, now: datetime) -> None:
        """Raises Forged for one that was here, and when there is no room: what is not known is refused."""
        while self._until and next(iter(self._until.values())) < now:
            self._until.popitem(last=False)
        if nonce in self._until:
            raise Forged("replayed")
        if len(self._until) >= self._most:
            raise Forged("no-room")
        # Signed up to one window ahead, and good for one window after that.
        self._until[nonce] = now + 2 * WINDOW

    def give_back(self, nonce: str) -> None:
        """It was not handled after all, and may come again as it is."""
        self._until.pop(nonce, None)
