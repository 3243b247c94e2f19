"""Sealed files of sound: encrypted in chunks, read back at any place, and never believed when altered.

A file is MAGIC, the length of the wrapped key (2 bytes) and the wrapped key, then chunks of CHUNK plain
bytes, each AES-256-GCM with the nonce of its place. Place and "is it the last" are bound to each chunk,
so that a missing, swapped, repeated or cut-off chunk does not open. The key is this file's own, wrapped
by the house's sealer.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.sealing import Sealer

MAGIC = b"H12320R\x01"
CHUNK = 64 * 1024
TAG = 16
PURPOSE = "recording"


class Tampered(Exception):
    """The file is not what was sealed."""


@dataclass(frozen=True)
class Sealed:
    """sha256: of the plain bytes, hexadecimal."""

    sha256: str
    plain_bytes: int


def seal_file(sealer: Sealer, plain: Path, target: Path) -> Sealed:
    """Encrypt a file beside its place and move it there, whole or not at all. Blocks: for a thread."""
    key = os.urandom(32)
    wrapped = sealer.seal(key.hex(), PURPOSE)
    aead, digest, size = AESGCM(key), hashlib.sha256(), plain.stat().st_size
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    with plain.open("rb") as source, part.open("wb") as out:
        os.chmod(part, 0o600)
        out.write(MAGIC + len(wrapped).to_bytes(2, "big") + wrapped)
        written = 0
        for place in range(max(1, -(-size // CHUNK))):
            data = source.read(CHUNK)
            digest.update(data)
            written += len(data)
            last = written >= size
            out.write(aead.encrypt(_nonce(place), data, _bound(place, last)))
        out.flush()
        os.fsync(out.fileno())
    part.replace(target)
    _sync_folder(target.parent)
    return Sealed(digest.hexdigest(), size)


def read(sealer: Sealer, path: Path, size: int, first: int = 0, last: int | None = None) -> Iterator[bytes]:
    """Plain bytes first..last (inclusive) of a file whose plain size is known. Blocks: for a thread.

    Raises Tampered, FileNotFoundError.
    """
    last = size - 1 if last is None else min(last, size - 1)
    with path.open("rb") as source:
        aead, begins = _opened(sealer, source.read(len(MAGIC) + 2), source.read)
        chunks = max(1, -(-size // CHUNK))
        for place in range(first // CHUNK, last // CHUNK + 1):
            source.seek(begins + place * (CHUNK + TAG))
            try:
                data = aead.decrypt(
                    _nonce(place), source.read(CHUNK + TAG), _bound(place, place == chunks - 1)
                )
            except InvalidTag:
                raise Tampered(path.name) from None
            yield data[max(0, first - place * CHUNK) : last - place * CHUNK + 1]


def verify(sealer: Sealer, path: Path, size: int, sha256: str) -> bool:
    """Whether a sealed file still holds exactly what was sealed. Blocks: for a thread."""
    digest = hashlib.sha256()
    try:
        for data in read(sealer, path, size):
            digest.update(data)
    except (Tampered, FileNotFoundError):
        return False
    return digest.hexdigest() == sha256


def _opened(sealer: Sealer, head: bytes, more: object) -> tuple[AESGCM, int]:
    if head[: len(MAGIC)] != MAGIC:
        raise Tampered("not a sealed recording")
    length = int.from_bytes(head[len(MAGIC) :], "big")
    try:
        key = sealer.open(more(length), PURPOSE)  # type: ignore[operator]
    except (InvalidTag, ValueError):
        raise Tampered("the key does not open") from None
    return AESGCM(bytes.fromhex(key)), len(MAGIC) + 2 + length


def _nonce(place: int) -> bytes:
    return place.to_bytes(12, "big")  # the key is this file's alone


def _bound(place: int, last: bool) -> bytes:
    return MAGIC + place.to_bytes(8, "big") + (b"\x01" if last else b"\x00")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
