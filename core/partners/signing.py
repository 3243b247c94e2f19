"""How a partner signs a request: HTTP Message Signatures (RFC 9421), HMAC-SHA256, over what must not change.

Signed are the method, the path, the query, the content type, the digest of the body (RFC 9530) and the
idempotency key, each where there is one; and with them when (created), a nonce, the key's name (keyid) and
the tag. docs/api.md has a worked example, which the tests reckon again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    algorithms,
)
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from multidict import CIMultiDict

from core.errors import SignatureInvalid

TAG = "hotline12320"
LABEL = "sig1"
# Every signature covers these; the others where the request has them.
ALWAYS = ("@method", "@path", "@query")
WITH_BODY = ("content-type", "content-digest")
KEY_HEADER = "idempotency-key"
# The longest of either header that we read: room for every component and a long nonce.
LONGEST = 1024
_KEY = re.compile(r';keyid="([a-z0-9_-]{1,24})"')


@dataclass
class Request:
    """What is signed. target: path and query as they go over the wire."""

    method: str
    target: str
    headers: CIMultiDict[str]
    body: bytes = b""

    @property
    def url(self) -> str:
        """The library takes whole addresses; ours is reached by many, and none of them is signed."""
        return f"http://hotline{self.target}"


@dataclass(frozen=True)
class Signed:
    """What a good signature says of itself. created, nonce: as they came, for the rules to judge."""

    key_id: str
    created: object
    nonce: object


class _Keys(HTTPSignatureKeyResolver):
    def __init__(self, key_id: str, secret: bytes) -> None:
        self._known = {key_id: secret}

    def resolve_public_key(self, key_id: str) -> bytes | None:
        return self._known.get(key_id)

    def resolve_private_key(self, key_id: str) -> bytes:
        return self._known[key_id]


class _Timeless(HTTPMessageVerifier):
    """Whether a signature is in time is asked of our own clock (partners.rules.in_time)."""

    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:
        return None


def covered(request: Request) -> tuple[str, ...]:
    """What a signature of this request has to cover."""
    return (
        *ALWAYS,
        *(WITH_BODY if request.body else ()),
        *((KEY_HEADER,) if KEY_HEADER in request.headers else ()),
    )


def named_key(headers: Mapping[str, str]) -> str:
    """Whose signature a request says it has; nothing is proved yet. Raises SignatureInvalid."""
    value = headers.get("Signature-Input", "")
    if not value or len(value) > LONGEST or len(headers.get("Signature", "")) > LONGEST:
        raise SignatureInvalid(facts={"why": "missing"})
    named = _KEY.findall(value)
    if len(named) != 1:
        raise SignatureInvalid(facts={"why": "shape"})
    return str(named[0])


def verify(request: Request, key_id: str, secret: bytes) -> Signed:
    """Whether the holder of this secret signed all of this request. Raises SignatureInvalid.

    The comparison takes the same time wherever two signatures differ.
    """
    verifier = _Timeless(signature_algorithm=algorithms.HMAC_SHA256, key_resolver=_Keys(key_id, secret))
    try:
        (result,) = verifier.verify(
            request,
            max_age=None,
            expect_tag=TAG,
            require_components=covered(request),
            body=request.body,
        )
    except (InvalidSignature, HTTPMessageSignaturesException, ValueError):
        raise SignatureInvalid(facts={"why": "mismatch"}) from None
    return Signed(key_id, result.parameters.get("created"), result.parameters.get("nonce"))


def sign(request: Request, key_id: str, secret: bytes, *, now: datetime, nonce: str) -> None:
    """Put a partner's signature on a request: what their program does; here for tests and the handbook."""
    signer = HTTPMessageSigner(signature_algorithm=algorithms.HMAC_SHA256, key_resolver=_Keys(key_id, secret))
    signer.sign(
        request,
        key_id=key_id,
        created=now,
        nonce=nonce,
        label=LABEL,
        tag=TAG,
        include_alg=False,
        covered_component_ids=[one for one in covered(request) if one != "content-digest"],
        body=request.body or None,
    )
