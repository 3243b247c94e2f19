"""Personal data at rest: sealed with AES-GCM, found again by a keyed hash.

One master secret gives both keys by HKDF. A column that must be found (identity number, phone,
card) is stored twice: sealed, to be read by those who may, and as an HMAC, to be looked up. The
HMAC is keyed because eleven digits are few: a plain hash of a phone number is the number.
"""

import base64
import hmac
import os
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = b"\x01"


class Sealer(Protocol):
    """What a key provider offers; SM4 would be another implementation (GB/T 39786)."""

    def seal(self, text: str, purpose: str) -> bytes: ...

    def open(self, sealed: bytes, purpose: str) -> str: ...

    def fingerprint(self, text: str, purpose: str) -> str: ...


class AesSealer:
    """AES-256-GCM with a random nonce; the purpose is bound as associated data."""

    def __init__(self, master: bytes) -> None:
        if len(master) < 32:
            raise ValueError("the master secret needs 32 bytes")
        self._aead = AESGCM(_derive(master, b"seal"))
        self._mac = _derive(master, b"fingerprint")

    def seal(self, text: str, purpose: str) -> bytes:
        nonce = os.urandom(12)
        return VERSION + nonce + self._aead.encrypt(nonce, text.encode(), purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> str:
        """Raises cryptography's InvalidTag when the key or the purpose is another one."""
        if sealed[:1] != VERSION:
            raise ValueError("sealed by an unknown version")
        return self._aead.decrypt(sealed[1:13], sealed[13:], purpose.encode()).decode()

    def fingerprint(self, text: str, purpose: str) -> str:
        """The look-up key: 32 characters, the same for the same text, purpose and secret."""
        digest = hmac.digest(self._mac, f"{purpose}\0{text}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest[:24]).decode()


def _derive(master: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"hotline12320/" + info).derive(master)
