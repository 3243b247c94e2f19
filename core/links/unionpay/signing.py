"""UnionPay's signatures, version 5.1.0 with certificates (signMethod 01); pure.

What is signed is all fields but the signature itself, ascending by name, as k=v joined by '&'. Its
SHA-256 is written in hex, and that text is signed by RSA (PKCS#1 v1.5, SHA-256), in Base64.
Source: UnionPay's published development kit for 5.1.0; dependencies.md, 4.3.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

VERSION = "5.1.0"
BY_CERTIFICATE = "01"
SIGNATURE, CERTIFICATE, CERTIFICATE_ID = "signature", "signPubKeyCert", "certId"

# To whom the gateway's certificate is made out: the third part of its common name.
GATEWAY = "中国银联股份有限公司"


class BadSignature(Exception):
    """why: a short code, never what was in the message."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def signed_text(fields: Mapping[str, str]) -> str:
    """What a signature is over, before it is hashed."""
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != SIGNATURE)


def _digest(fields: Mapping[str, str]) -> bytes:
    return hashlib.sha256(signed_text(fields).encode()).hexdigest().encode()


class Signer:
    """A private key and what its owner's messages carry: a certificate's number, or the certificate."""

    def __init__(self, key_pem: str, marks: Mapping[str, str]) -> None:
        """Raises ValueError for what is no RSA key."""
        # The key is our own: whether its numbers are prime was looked at when it came in (`certified`).
        key = load_pem_private_key(key_pem.encode(), None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError("UnionPay signs with RSA")
        self._key = key
        self._marks = dict(marks)

    def sign(self, fields: Mapping[str, str]) -> dict[str, str]:
        """The fields that are not empty, with our marks and the signature over all of them."""
        ready = {name: value for name, value in {**fields, **self._marks}.items() if value}
        signature = self._key.sign(_digest(ready), padding.PKCS1v15(), SHA256())
        return {**ready, SIGNATURE: base64.b64encode(signature).decode()}


def merchant_signer(key_pem: str, certificate_id: str) -> Signer:
    """What we sign with: the gateway has our certificate, and finds it by its number."""
    return Signer(key_pem, {CERTIFICATE_ID: certificate_id})


def gateway_signer(key_pem: str, certificate_pem: str) -> Signer:
    """What a gateway signs with: its certificate goes along, and is believed by its chain."""
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    number = str(certificate.serial_number)
    return Signer(key_pem, {CERTIFICATE: certificate_pem, CERTIFICATE_ID: number})


def check(fields: Mapping[str, str], certificate: x509.Certificate) -> None:
    """Raises BadSignature unless the owner of the certificate has signed exactly this."""
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise BadSignature("not-rsa")
    try:
        signature = base64.b64decode(fields.get(SIGNATURE, ""), validate=True)
        key.verify(signature, _digest(fields), padding.PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        raise BadSignature("forged") from None


class Trust:
    """Whom we believe: certificates made out to the gateway that chain to a root of ours."""

    def __init__(
        self, roots: Sequence[str], middles: Sequence[str], names: Sequence[str] = (GATEWAY,)
    ) -> None:
        """roots, middles: PEM. names: to whom a certificate must be made out; more for a test gateway."""
        self._roots = [x509.load_pem_x509_certificate(one.encode()) for one in roots]
        self._middles = [x509.load_pem_x509_certificate(one.encode()) for one in middles]
        self._names = frozenset(names)
        self._known: dict[str, x509.Certificate] = {}

    def check(self, fields: Mapping[str, str], now: datetime) -> None:
        """Raises BadSignature: unsigned, untrusted, expired or forged."""
        if fields.get("version") != VERSION or fields.get("signMethod") != BY_CERTIFICATE:
            raise BadSignature("other-version")
        pem = fields.get(CERTIFICATE, "")
        if not pem or not fields.get(SIGNATURE):
            raise BadSignature("unsigned")
        certificate = self._known.get(pem) or self._chained(pem)
        _in_time(certificate, now)
        check(fields, certificate)
        self._known = {pem: certificate}  # a gateway has one at a time

    def _chained(self, pem: str) -> x509.Certificate:
        try:
            certificate = x509.load_pem_x509_certificate(pem.encode())
        except ValueError:
            raise BadSignature("no-certificate") from None
        if _owner(certificate) not in self._names:
            raise BadSignature("other-owner")
        if any(_issued(certificate, root) for root in self._roots):
            return certificate
        for middle in self._middles:
            if _issued(certificate, middle) and any(_issued(middle, root) for root in self._roots):
                return certificate
        raise BadSignature("untrusted")


def _owner(certificate: x509.Certificate) -> str:
    """'041@Z12@中国银联股份有限公司@00000001' is made out to the third of these; others to the whole."""
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    whole = str(names[0].value) if names else ""
    parts = whole.split("@")
    return parts[2] if len(parts) > 2 else whole


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _in_time(certificate: x509.Certificate, now: datetime) -> None:
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise BadSignature("expired")


def certificate_number(certificate_pem: str) -> str:
    """The serial number in decimal, as certId wants it. Raises ValueError."""
    return str(x509.load_pem_x509_certificate(certificate_pem.encode()).serial_number)


def fits(key_pem: str, certificate_pem: str) -> bool:
    """Whether a private key is sound and is the certificate's. Raises ValueError for what is neither."""
    key = load_pem_private_key(key_pem.encode(), None)
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    return isinstance(key, rsa.RSAPrivateKey) and key.public_key() == certificate.public_key()
