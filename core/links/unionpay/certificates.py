"""Certificates of merchants: out of the file that UnionPay's authority gives, and at the sandbox."""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates
from sqlalchemy import select

from core.catalogue.tables import Hospital
from core.links.unionpay.adapter import NAME
from core.links.unionpay.sandbox_keys import SandboxKeys
from core.links.unionpay.signing import certificate_number, fits
from core.money.accounts import Certified, accounts, open_account, renew_certificate
from core.work import Work


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
