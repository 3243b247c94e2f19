"""Signatures agree with those of the openssl command, which is not our code; who is not trusted is not believed."""

import base64
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.links.unionpay.certificates import certified, read_pfx
from core.links.unionpay.sandbox_keys import SandboxKeys, make_keys
from core.links.unionpay.signing import (
    BadSignature,
    Trust,
    certificate_number,
    gateway_signer,
    merchant_signer,
    signed_text,
)
from tests.clocks import FrozenClock

FIELDS = {
    "version": "5.1.0",
    "encoding": "UTF-8",
    "signMethod": "01",
    "txnType": "01",
    "merId": "777290058110048",
    "orderId": "P00000000000101",
    "txnAmt": "3000",
    "Accented": "capitals come first",
    "respMsg": "成功[0000000]",
    "reqReserved": "",
}
NOW = FrozenClock.at("2026-11-23 10:00").now()


def openssl(*arguments: str, given: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=given, check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def merchant(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A key and its certificate, made by openssl."""
    folder = tmp_path_factory.mktemp("openssl")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate),
        "-subj", "/CN=041@Z12@merchant@1", "-days", "3650",
    )  # fmt: skip
    return key, certificate


@pytest.fixture(scope="module")
def keys() -> SandboxKeys:
    return make_keys(NOW)


def test_what_is_signed_is_every_field_but_the_signature_ascending() -> None:
    text = signed_text({"b": "2", "a": "1", "signature": "x", "B": "3", "c": "k=v&w"})
    assert text == "B=3&a=1&b=2&c=k=v&w"


def test_our_signature_is_the_one_that_openssl_makes(merchant: tuple[Path, Path]) -> None:
    key, certificate = merchant
    number = certificate_number(certificate.read_text())
    signed = merchant_signer(key.read_text(), number).sign(FIELDS)
    assert "reqReserved" not in signed
    serial = openssl("x509", "-in", str(certificate), "-noout", "-serial").decode().strip()
    assert signed["certId"] == str(int(serial.removeprefix("serial="), 16))
    text = "&".join(f"{name}={signed[name]}" for name in sorted(signed) if name != "signature")
    digest = openssl("dgst", "-sha256", "-r", given=text.encode()).split()[0]
    signature = openssl("dgst", "-sha256", "-sign", str(key), given=digest)
    assert signed["signature"] == base64.b64encode(signature).decode()


def test_a_merchants_file_made_by_openssl_is_read(merchant: tuple[Path, Path], tmp_path: Path) -> None:
    key, certificate = merchant
    pfx = tmp_path / "merchant.pfx"
    openssl(
        "pkcs12", "-export", "-inkey", str(key), "-in", str(certificate), "-out", str(pfx),
        "-passout", "pass:000000",
    )  # fmt: skip
    read = read_pfx(pfx.read_bytes(), "000000")
    assert read.number == certificate_number(certificate.read_text())
    assert merchant_signer(read.key, "1").sign(FIELDS) == merchant_signer(key.read_text(), "1").sign(FIELDS)
    assert "PRIVATE" not in repr(read)
    with pytest.raises(ValueError, match="assword"):
        read_pfx(pfx.read_bytes(), "111111")


def test_a_key_of_somebody_else_is_not_taken(merchant: tuple[Path, Path], keys: SandboxKeys) -> None:
    with pytest.raises(ValueError, match="not the certificate's"):
        certified(keys.merchant.key, merchant[1].read_text())


def trust(keys: SandboxKeys, **more: tuple[str, ...]) -> Trust:
    return Trust([keys.root], [keys.middle], **more)


def test_what_the_gateway_signs_is_believed(keys: SandboxKeys) -> None:
    signed = gateway_signer(keys.gateway.key, keys.gateway.certificate).sign(FIELDS)
    believing = trust(keys)
    for _ in range(2):
        believing.check(signed, NOW)


def test_a_word_of_the_gateway_is_verified_by_openssl_too(keys: SandboxKeys, tmp_path: Path) -> None:
    signed = gateway_signer(keys.gateway.key, keys.gateway.certificate).sign(FIELDS)
    certificate, signature, public = (tmp_path / name for name in ("c.pem", "s.bin", "p.pem"))
    certificate.write_text(signed["signPubKeyCert"])
    signature.write_bytes(base64.b64decode(signed["signature"]))
    public.write_bytes(openssl("x509", "-in", str(certificate), "-pubkey", "-noout"))
    (tmp_path / "root.pem").write_text(keys.root)
    (tmp_path / "middle.pem").write_text(keys.middle)
    openssl(
        "verify", "-no_check_time", "-CAfile", str(tmp_path / "root.pem"), "-untrusted", str(tmp_path / "middle.pem"),
        str(certificate),
    )  # fmt: skip
    digest = openssl("dgst", "-sha256", "-r", given=signed_text(signed).encode()).split()[0]
    told = openssl("dgst", "-sha256", "-verify", str(public), "-signature", str(signature), given=digest)
    assert told.strip() == b"Verified OK"


@given(st.data())
def test_whatever_is_changed_is_not_believed(keys: SandboxKeys, data: st.DataObject) -> None:
    signed = gateway_signer(keys.gateway.key, keys.gateway.certificate).sign(FIELDS)
    name = data.draw(st.sampled_from(sorted(signed)))
    changed = data.draw(st.text(max_size=20).filter(lambda one: one != signed[name]))
    with pytest.raises(BadSignature):
        trust(keys).check({**signed, name: changed}, NOW)


def test_whom_no_root_vouches_for_is_not_believed(keys: SandboxKeys) -> None:
    stranger = make_keys(NOW)
    signed = gateway_signer(stranger.gateway.key, stranger.gateway.certificate).sign(FIELDS)
    with pytest.raises(BadSignature, match="untrusted"):
        trust(keys).check(signed, NOW)


def test_a_merchant_of_the_same_root_is_not_the_gateway(keys: SandboxKeys) -> None:
    signed = gateway_signer(keys.merchant.key, keys.merchant.certificate).sign(FIELDS)
    with pytest.raises(BadSignature, match="other-owner"):
        trust(keys).check(signed, NOW)
    trust(keys, names=("SANDBOX MERCHANT",)).check(signed, NOW)


@pytest.mark.parametrize("days", [-2, 3651])
def test_a_certificate_counts_in_its_time_only(keys: SandboxKeys, days: int) -> None:
    signed = gateway_signer(keys.gateway.key, keys.gateway.certificate).sign(FIELDS)
    with pytest.raises(BadSignature, match="expired"):
        trust(keys).check(signed, NOW + timedelta(days=days))


@pytest.mark.parametrize("lacking", ["signature", "signPubKeyCert", "version", "signMethod"])
def test_what_is_not_signed_that_way_is_not_believed(keys: SandboxKeys, lacking: str) -> None:
    signed = gateway_signer(keys.gateway.key, keys.gateway.certificate).sign(FIELDS)
    del signed[lacking]
    with pytest.raises(BadSignature):
        trust(keys).check(signed, NOW)
