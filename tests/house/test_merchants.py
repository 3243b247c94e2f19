"""`hotline merchants`: accounts of hospitals are verified before they are kept; and what UnionPay needs."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from sqlalchemy import select, update

from core.catalogue.tables import Hospital
from core.chance import SystemClock
from core.links.unionpay.sandbox_keys import SandboxKeys, make_keys
from core.money.tables import MerchantAccount
from core.settings import Settings
from core.staff.tables import AuditEntry
from core.work import Hotline
from hotline.cli import main
from hotline.foundation import foundation
from hotline.paying import open_paying, trust_of
from hotline.staff_verbs import opened
from tests.builders import SEED, clinic

SECRET = "a secret of the tests, 32 bytes!"
NUMBER = "777290058110048"


@pytest.fixture(scope="module")
def keys() -> SandboxKeys:
    return make_keys(SystemClock().now())


@dataclass(frozen=True)
class Place:
    """data: folder of an installation with a hospital in it. certificate, key, pfx, password: files."""

    data: Path
    certificate: Path
    key: Path
    pfx: Path
    password: Path
    name: str


@asynccontextmanager
async def inside(data: Path) -> AsyncIterator[Hotline]:
    async with opened(Settings(data=data)) as hotline:
        yield hotline


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, keys: SandboxKeys) -> Place:
    for name in ("HOTLINE_DEMO", "HOTLINE_DATABASE_URL", "HOTLINE_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOTLINE_DATA", str(tmp_path))
    monkeypatch.setenv("HOTLINE_MASTER_SECRET", SECRET)
    assert main(["migrate"]) == 0
    made = Place(
        tmp_path, tmp_path / "m.cer", tmp_path / "m.key", tmp_path / "m.pfx", tmp_path / "m.txt", "市一院"
    )
    made.certificate.write_text(keys.merchant.certificate)
    made.key.write_text(keys.merchant.key)
    made.pfx.write_bytes(pfx(keys))
    made.password.write_text("000000\n")

    async def act() -> None:
        async with inside(tmp_path) as hotline:
            town = await clinic(hotline)
            async with hotline.work(SEED) as work:
                await work.db.execute(
                    update(Hospital).where(Hospital.id == town.hospital_id).values(short_name=made.name)
                )

    asyncio.run(act())
    return made


def pfx(keys: SandboxKeys) -> bytes:
    key = load_pem_private_key(keys.merchant.key.encode(), None)
    certificate = x509.load_pem_x509_certificate(keys.merchant.certificate.encode())
    return serialize_key_and_certificates(
        b"merchant",
        key,
        certificate,
        None,
        BestAvailableEncryption(b"000000"),  # type: ignore[arg-type]
    )


def kept(data: Path) -> list[tuple[str, str]]:
    async def act() -> list[tuple[str, str]]:
        async with inside(data) as hotline, hotline.read() as db:
            rows = await db.execute(select(MerchantAccount.merchant_no, MerchantAccount.state))
            return [(number, state) for number, state in rows]

    return asyncio.run(act())


def acts(data: Path) -> list[str]:
    async def act() -> list[str]:
        async with inside(data) as hotline, hotline.read() as db:
            return list((await db.execute(select(AuditEntry.act).order_by(AuditEntry.id))).scalars())

    return asyncio.run(act())


@pytest.mark.req("R-050", "R-201")
def test_an_account_is_opened_renewed_listed_and_closed(
    place: Place, capsys: pytest.CaptureFixture[str], keys: SandboxKeys
) -> None:
    by_pfx = ["--pfx", str(place.pfx), "--password-file", str(place.password)]
    by_pem = ["--certificate", str(place.certificate), "--key", str(place.key)]
    assert main(["merchants", "add", place.name, NUMBER, *by_pfx]) == 0
    assert "is open" in capsys.readouterr().out
    assert main(["merchants", "add", place.name, NUMBER, *by_pem]) == 0
    assert "has a new certificate" in capsys.readouterr().out
    assert main(["merchants", "list"]) == 0
    told = capsys.readouterr().out
    assert re.search(rf"{NUMBER}  live    unionpay  20\d\d-\d\d-\d\d  \d+ {place.name}", told)
    assert "PRIVATE" not in told
    assert main(["merchants", "close", NUMBER]) == 0
    assert kept(place.data) == [(NUMBER, "closed")]
    assert main(["merchants", "close", NUMBER]) == 1
    assert [act for act in acts(place.data) if act.startswith("merchant")] == [
        "merchant-opened",
        "merchant-opened",
        "merchant-closed",
    ]


def test_what_does_not_fit_is_not_kept(
    place: Place, capsys: pytest.CaptureFixture[str], keys: SandboxKeys
) -> None:
    other = place.data / "other.key"
    other.write_text(keys.gateway.key)
    nonsense = place.data / "nonsense"
    nonsense.write_text("nonsense")
    pem = ["--certificate", str(place.certificate), "--key"]
    for arguments in (
        [place.name, "12345", *pem, str(place.key)],
        ["没有的医院", NUMBER, *pem, str(place.key)],
        [place.name, NUMBER, *pem, str(other)],
        [place.name, NUMBER, *pem, str(nonsense)],
        [place.name, NUMBER, *pem, str(place.data / "missing")],
        [place.name, NUMBER, "--pfx", str(place.pfx), "--password-file", str(nonsense)],
        [place.name, NUMBER, "--pfx", str(nonsense), "--password-file", str(place.password)],
        [place.name, NUMBER, "--pfx", str(place.pfx), *pem, str(place.key)],
        [place.name, NUMBER],
    ):
        assert main(["merchants", "add", *arguments]) == 2, arguments
        assert "PRIVATE" not in capsys.readouterr().err
    assert main(["merchants", "close", NUMBER]) == 2
    assert kept(place.data) == []


def test_a_certificate_that_is_over_is_not_kept(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    old = make_keys(SystemClock().now() - timedelta(days=4000)).merchant
    place.certificate.write_text(old.certificate)
    place.key.write_text(old.key)
    pem = ["--certificate", str(place.certificate), "--key", str(place.key)]
    assert main(["merchants", "add", place.name, NUMBER, *pem]) == 2
    assert "valid until" in capsys.readouterr().err


# --- what an installation sets ------------------------------------------------------------------------


def settings(data: Path, **given: object) -> Settings:
    return Settings(data=data, master_secret=SECRET, unionpay=True, **given)  # type: ignore[arg-type]


async def origin_with(data: Path, **given: object) -> str:
    """The gateway to which the forms of an installation go."""
    async with foundation(settings(data, **given)) as ground, open_paying(ground, lambda made: "/") as paying:
        assert paying.routes, "notices have their address"
        return paying.form_origin


@pytest.mark.req("R-050")
def test_an_installation_pays_through_unionpay_once_all_of_it_is_set(
    tmp_path: Path, keys: SandboxKeys
) -> None:
    root, middle, der, nonsense = (tmp_path / name for name in ("root.cer", "middle.cer", "root.der", "x"))
    root.write_text(keys.root + keys.root)
    middle.write_text(keys.middle)
    der.write_bytes(x509.load_pem_x509_certificate(keys.root.encode()).public_bytes(Encoding.DER))
    nonsense.write_text("nonsense")
    whole = {"public": "https://12320.example", "unionpay_roots": root, "unionpay_middles": middle}
    test = whole | {"unionpay_gateway": "https://gateway.test.95516.com", "unionpay_roots": der}
    assert asyncio.run(origin_with(tmp_path, **test)) == "https://gateway.test.95516.com"
    trust_of(settings(tmp_path, **whole))
    for missing, words in (
        ({"public": "http://12320.example"}, "HOTLINE_PUBLIC"),
        ({"unionpay_roots": None}, "HOTLINE_UNIONPAY_ROOTS"),
        ({"unionpay_middles": tmp_path / "nowhere"}, "HOTLINE_UNIONPAY_MIDDLES"),
        ({"unionpay_middles": nonsense}, "HOTLINE_UNIONPAY_MIDDLES"),
    ):
        with pytest.raises(ValueError, match=words):
            trust_of(settings(tmp_path, **whole | missing))
