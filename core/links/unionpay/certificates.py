"""Certificates of merchants: out of the file that UnionPay's authority gives, and at the sandbox."""

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates
from sqlalchemy import select

from core.catalogue.tables import Hospital
from core.links.unionpay.adapter import NAME
from core.links.unionpay.sandbox_keys import SandboxKeys
from core.links.unionpay.signing import (
    VERSION,
    BadSignature,
    certificate_number,
    check,
    fits,
    merchant_signer,
)
from core.money.accounts import Certified, accounts, open_account, renew_certificate
from core.work import Work

LEAST_BITS = 2048


def read_pfx(content: bytes, password: str) -> Certified:
    """The signing certificate of a merchant, as CFCA hands it out. Raises ValueError for what is none."""
    key, certificate, _ = load_key_and_certificates(content, password.encode())
    if not isinstance(key, rsa.RSAPrivateKey) or certificate is None:
        raise ValueError("a merchant's file holds one RSA key and its certificate")
    return certified(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), _pem(certificate)
    )


def certified(key_pem: str, certificate_pem: str) -> Certified:
    """The same out of two PEM texts. Raises ValueError when they do not belong together."""
    if not fits(key_pem, certificate_pem):
        raise ValueError("this key is not the certificate's")
    return Certified(certificate_number(certificate_pem), certificate_pem, key_pem)


def read_certificates(content: bytes) -> list[str]:
    """The certificates of a file in PEM: several in PEM, or one in DER. Raises ValueError."""
    if b"-----BEGIN" in content:
        return [_pem(one) for one in x509.load_pem_x509_certificates(content)]
    return [_pem(x509.load_der_x509_certificate(content))]


def verified(found: Certified, now: datetime) -> Certified:
    """The same, once it has been seen to sign. Raises ValueError: expired, a short key, another's key."""
    certificate = x509.load_pem_x509_certificate(found.certificate.encode())
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise ValueError(f"this certificate is valid until {certificate.not_valid_after_utc:%Y-%m-%d}")
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < LEAST_BITS:
        raise ValueError(f"UnionPay wants RSA of {LEAST_BITS} bits or more")
    signed = merchant_signer(found.key, found.number).sign({"version": VERSION})
    try:
        check(signed, certificate)
    except BadSignature:
        raise ValueError("this key is not the certificate's") from None
    return found


async def enrol(work: Work, keys: SandboxKeys) -> int:
    """Give every hospital an account at the sandbox; returns how many were opened or renewed."""
    of_all = certified(keys.merchant.key, keys.merchant.certificate)
    there = {one.hospital_id: one for one in await accounts(work.db, provider=NAME) if one.live}
    touched = 0
    for hospital_id in (await work.db.execute(select(Hospital.id).order_by(Hospital.id))).scalars().all():
        known = there.get(hospital_id)
        if known is None:
            await open_account(
                work,
                hospital_id=hospital_id,
                provider=NAME,
                merchant_no=f"777{hospital_id:012}",  # fifteen digits, and UnionPay's test merchants begin so
                certified=of_all,
            )
        elif known.certificate_id != of_all.number:
            await renew_certificate(work, known.account_id, of_all)
        else:
            continue
        touched += 1
    return touched


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
