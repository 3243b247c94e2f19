"""The signature as the handbook writes it down, so that another program can be held against it."""

import base64
import hashlib
import hmac
import re
from datetime import timedelta
from pathlib import Path

import pytest
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms
from multidict import CIMultiDict

from core.errors import Refusal, SignatureInvalid, SignatureOld
from core.partners import rules, signing
from core.partners.signing import ALWAYS, Request, named_key, sign, verify
from tests.clocks import FrozenClock

HANDBOOK = Path(__file__).parents[2] / "docs" / "api.md"
NOW = FrozenClock.at("2026-11-23 10:00").instant
KEY_ID, SECRET, NONCE = "hp-example", b"a secret of the handbook", "6f1c2d3e4b5a69788796a5b4"
BODY = b'{"session_id":42,"period_id":null}'

pytestmark = pytest.mark.req("I-016")


def request(body: bytes = BODY) -> Request:
    headers: CIMultiDict[str] = CIMultiDict()
    if body:
        headers["Content-Type"] = "application/json"
        headers["Idempotency-Key"] = "order-20261123-0001"
    made = Request(
        "POST" if body else "GET",
        "/api/v1/partner/holds" if body else "/api/v1/hospitals?q=qs",
        headers,
        body,
    )
    sign(made, KEY_ID, SECRET, now=NOW, nonce=NONCE)
    return made


@pytest.mark.parametrize("body", [BODY, b""], ids=["with a body", "without"])
def test_the_handbook_shows_what_we_reckon(body: bytes) -> None:
    made, handbook = request(body), HANDBOOK.read_text()
    for name in ("Signature-Input", "Signature", *(["Content-Digest"] if body else [])):
        assert f"{name}: {made.headers[name]}" in handbook


def test_the_signature_is_an_hmac_over_the_lines_of_the_handbook() -> None:
    """Without the library: by the text of the handbook and Python's own hmac."""
    base = re.search(r"```signature-base\n(.*?)\n```", HANDBOOK.read_text(), re.DOTALL)
    assert base
    signature = base64.b64encode(hmac.digest(SECRET, base[1].encode(), hashlib.sha256)).decode()
    assert request().headers["Signature"] == f"sig1=:{signature}:"


def test_what_was_signed_is_believed() -> None:
    made = request()
    assert named_key(made.headers) == KEY_ID
    signed = verify(made, KEY_ID, SECRET)
    rules.in_time(signed.created, NOW)
    assert rules.good_nonce(signed.nonce) == NONCE


CHANGED = {
    "another method": lambda it: setattr(it, "method", "DELETE"),
    "another path": lambda it: setattr(it, "target", "/api/v1/partner/appointments"),
    "a query that was added": lambda it: setattr(it, "target", f"{it.target}?page=2"),
    "another body": lambda it: setattr(it, "body", it.body.replace(b"42", b"43")),
    "no body": lambda it: setattr(it, "body", b""),
    "another digest of another body": lambda it: _with_digest(it, b"{}"),
    "another kind of body": lambda it: it.headers.__setitem__("Content-Type", "text/plain"),
    "another idempotency key": lambda it: it.headers.__setitem__("Idempotency-Key", "order-2"),
    "a later date": lambda it: _swap(it, ";created=1795", ";created=1796"),
    "another nonce": lambda it: _swap(it, NONCE, NONCE[::-1]),
    "another tag": lambda it: _swap(it, '"hotline12320"', '"another"'),
    "less that is covered": lambda it: _swap(it, ' "content-digest"', ""),
    "another algorithm": lambda it: _swap(it, ";tag=", ';alg="ed25519";tag='),
    "two signatures": lambda it: it.headers.__setitem__(
        "Signature-Input", f"{it.headers['Signature-Input']}, b={it.headers['Signature-Input'][5:]}"
    ),
    "no signature": lambda it: it.headers.pop("Signature"),
    "no input": lambda it: it.headers.pop("Signature-Input"),
    "an endless input": lambda it: it.headers.__setitem__("Signature-Input", "a" * 5000),
    "nonsense": lambda it: it.headers.__setitem__("Signature", "sig1=:%%%:"),
}


def _swap(it: Request, old: str, new: str) -> None:
    assert old in it.headers["Signature-Input"]
    it.headers["Signature-Input"] = it.headers["Signature-Input"].replace(old, new)


def _with_digest(it: Request, body: bytes) -> None:
    it.body = body
    it.headers["Content-Digest"] = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


@pytest.mark.parametrize("how", CHANGED)
def test_what_was_changed_on_the_way_is_not_believed(how: str) -> None:
    made = request()
    CHANGED[how](made)
    with pytest.raises(SignatureInvalid):
        verify(made, named_key(made.headers), SECRET)


@pytest.mark.parametrize("left_out", [*ALWAYS, "content-type", "content-digest", "idempotency-key"])
def test_a_signature_that_leaves_something_open_is_not_believed(
    left_out: str,
) -> None:
    """Signed rightly with the right secret, but not over everything that must not change."""
    made = request()
    whole = signing.covered(made)
    del made.headers["Signature"], made.headers["Signature-Input"]
    signer = HTTPMessageSigner(
        signature_algorithm=algorithms.HMAC_SHA256,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={KEY_ID: SECRET}),
    )
    signer.sign(
        made, key_id=KEY_ID, created=NOW, nonce=NONCE, tag=signing.TAG, label=signing.LABEL, use_existing_digest=True,
        covered_component_ids=[one for one in whole if one != left_out],
    )  # fmt: skip
    with pytest.raises(SignatureInvalid):
        verify(made, KEY_ID, SECRET)


def test_another_secret_opens_nothing() -> None:
    with pytest.raises(SignatureInvalid):
        verify(request(), KEY_ID, SECRET + b".")


@pytest.mark.parametrize(
    ("created", "refusal"),
    [
        (0, None),
        (299, None),
        (-299, None),
        (301, SignatureOld),
        (-301, SignatureOld),
        (None, SignatureInvalid),
        ("1", SignatureInvalid),
        (True, SignatureInvalid),
    ],
)
def test_five_minutes_are_allowed_between_two_clocks(created: object, refusal: type[Refusal] | None) -> None:
    seconds = isinstance(created, int) and not isinstance(created, bool)
    at = int((NOW + timedelta(seconds=int(str(created)))).timestamp()) if seconds else created
    if refusal is None:
        rules.in_time(at, NOW)
    else:
        with pytest.raises(refusal):
            rules.in_time(at, NOW)


@pytest.mark.parametrize(
    "nonce", [None, "", "short", "x" * 65, "with a blank in it", "nul\0nul\0nul\0nul\0nul", 12]
)
def test_a_nonce_is_long_and_plain(nonce: object) -> None:
    with pytest.raises(SignatureInvalid):
        rules.good_nonce(nonce)
