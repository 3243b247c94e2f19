"""What the contract run is told of: our formats, and how a partner signs. Loaded by its own process."""

import os
import uuid
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import requests
import schemathesis
from hypothesis import strategies as st
from multidict import CIMultiDict

from core.partners.signing import Request, sign
from core.values import demo_identity
from tests.api.contract_names import KEY_ID, NOW, SECRET

ADDED = ("Signature", "Signature-Input", "Content-Digest")

schemathesis.openapi.format("cn-mobile", st.integers(0, 10**9 - 1).map(lambda number: f"10{number:09d}"))
schemathesis.openapi.format(
    "cn-identity",
    st.builds(
        lambda born, order: demo_identity("0101", born, order).number,
        st.dates(date(1940, 1, 1), date(2005, 1, 1)),
        st.integers(1, 999),
    ),
)


class Signing(requests.auth.AuthBase):
    """Signs what is sent, as it is sent; the clock of the tests stands still."""

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        parts = urlsplit(str(prepared.url))
        body = prepared.body or b""
        raw = body.encode() if isinstance(body, str) else bytes(body)  # type: ignore[arg-type]
        for name in ADDED:
            prepared.headers.pop(name, None)  # of an earlier try
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        request = Request(str(prepared.method), target, CIMultiDict(prepared.headers), raw)
        now = datetime.fromtimestamp(int(os.environ[NOW]), UTC)
        sign(request, os.environ[KEY_ID], os.environ[SECRET].encode(), now=now, nonce=uuid.uuid4().hex)
        for name in ADDED:
            if name in request.headers:
                prepared.headers[name] = request.headers[name]
        return prepared


if KEY_ID in os.environ:
    schemathesis.auth.set_from_requests(Signing())
