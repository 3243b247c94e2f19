"""Sealed sound: read back at any place, and never believed when it was altered."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.recordings import vault
from core.sealing import AesSealer
from tests.conftest import MASTER

SEALER = AesSealer(MASTER)
SIZE = 3 * vault.CHUNK + 777


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Path, vault.Sealed]:
    folder = tmp_path_factory.mktemp("vault")
    data = os.urandom(SIZE)
    (folder / "plain").write_bytes(data)
    return data, folder / "sealed", vault.seal_file(SEALER, folder / "plain", folder / "sealed")


def test_what_was_sealed_is_not_in_the_file_and_comes_back_whole(
    sound: tuple[bytes, Path, vault.Sealed],
) -> None:
    data, path, sealed = sound
    assert data[1000:1064] not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert b"".join(vault.read(SEALER, path, sealed.plain_bytes)) == data
    assert vault.verify(SEALER, path, sealed.plain_bytes, sealed.sha256)


@given(st.integers(0, SIZE - 1), st.integers(0, SIZE + 100))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_stretch_is_the_same_stretch(
    sound: tuple[bytes, Path, vault.Sealed], first: int, length: int
) -> None:
    data, path, sealed = sound
    last = min(first + length, SIZE - 1)
    assert b"".join(vault.read(SEALER, path, sealed.plain_bytes, first, last)) == data[first : last + 1]


def _flip(data: bytes) -> bytes:
    return data[:-100] + bytes([data[-100] ^ 1]) + data[-99:]


def _swap(data: bytes) -> bytes:
    head = len(data) - (SIZE + 4 * vault.TAG)
    step = vault.CHUNK + vault.TAG
    one, two = data[head : head + step], data[head + step : head + 2 * step]
    return data[:head] + two + one + data[head + 2 * step :]


def _cut(data: bytes) -> bytes:
    return data[: -(777 + vault.TAG)]


@pytest.mark.parametrize("alter", [_flip, _swap, _cut], ids=["a bit", "two chunks swapped", "cut off"])
def test_an_altered_file_does_not_open(
    sound: tuple[bytes, Path, vault.Sealed], tmp_path: Path, alter: object
) -> None:
    _, path, sealed = sound
    (tmp_path / "altered").write_bytes(alter(path.read_bytes()))  # type: ignore[operator]
    assert not vault.verify(SEALER, tmp_path / "altered", sealed.plain_bytes, sealed.sha256)
    if alter is _cut:  # said to be shorter, too: the last chunk is not the last
        assert not vault.verify(SEALER, tmp_path / "altered", 3 * vault.CHUNK, sealed.sha256)


def test_another_secret_does_not_open_it(sound: tuple[bytes, Path, vault.Sealed]) -> None:
    _, path, sealed = sound
    with pytest.raises(vault.Tampered):
        list(vault.read(AesSealer(b"x" * 40), path, sealed.plain_bytes))
