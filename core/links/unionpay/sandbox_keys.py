"""The sandbox's own keys: a root, a middle, the gateway's certificate, and certificates for merchants."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core.links.unionpay.signing import GATEWAY

LASTS = timedelta(days=3650)


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, in PEM."""

    certificate: str
    key: str

    def __repr__(self) -> str:
        return "Pair()"


@dataclass(frozen=True)
class SandboxKeys:
    """merchant: the one key of all merchants of this sandbox; a real merchant has its own."""

    root: str
    middle: str
    gateway: Pair
    merchant: Pair


def make_keys(now: datetime, *, owner: str = f"041@Z12@{GATEWAY}@00000001") -> SandboxKeys:
    """Keys that nobody has had before. owner: to whom the gateway's certificate is made out."""
    root_key, middle_key, gateway_key, merchant_key = (
        rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(4)
    )
    root = _certificate("SANDBOX ROOT", root_key, None, root_key, now, authority=True)
    middle = _certificate("SANDBOX MIDDLE", middle_key, root, root_key, now, authority=True)
    gateway = _certificate(owner, gateway_key, middle, middle_key, now)
    merchant = _certificate("SANDBOX MERCHANT", merchant_key, middle, middle_key, now)
    return SandboxKeys(
        _pem(root),
        _pem(middle),
        Pair(_pem(gateway), _private(gateway_key)),
        Pair(_pem(merchant), _private(merchant_key)),
    )


def kept_keys(path: Path, now: datetime) -> SandboxKeys:
    """The keys of this file, made once and kept there (0600)."""
    if path.exists():
        kept = json.loads(path.read_text())
        return SandboxKeys(kept["root"], kept["middle"], Pair(**kept["gateway"]), Pair(**kept["merchant"]))
    made = make_keys(now)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as out:
        json.dump(asdict(made), out)
    return made


def _certificate(
    name: str,
    key: rsa.RSAPrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: rsa.RSAPrivateKey,
    now: datetime,
    *,
    authority: bool = False,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LASTS)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(issuer_key, SHA256())
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _private(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
