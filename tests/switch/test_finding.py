"""Where no Asterisk can be had, it is said why and what to do; nothing needs one to find that out."""

from pathlib import Path

import pytest

import hotline.asterisk
from hotline.asterisk import NoAsterisk, find_asterisk


@pytest.fixture(autouse=True)
def a_machine_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def none() -> None:
        return None

    monkeypatch.setattr(hotline.asterisk, "_machines_own", none)


def fetcher(folder: Path, lines: str) -> Path:
    path = folder / "get-asterisk"
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("echo 'apt-get is missing: elsewhere install it yourself' >&2; exit 1", "apt-get is missing"),
        ("exit 3", "failed"),
        ("mkdir -p $1/usr/lib; echo 'Asterisk 22.10.1'", "holds no modules"),
    ],
)
async def test_a_fetcher_that_fails_is_quoted(lines: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(NoAsterisk, match=why) as raised:
        await find_asterisk(tmp_path / "cache", fetcher=fetcher(tmp_path, lines))
    assert "apt-get install asterisk" in raised.value.words


async def test_an_installation_without_a_fetcher_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoAsterisk, match="not part of this installation"):
        await find_asterisk(tmp_path / "cache", fetcher=tmp_path / "none")


async def test_what_was_fetched_is_what_is_run(tmp_path: Path) -> None:
    modules = "usr/lib/x86_64-linux-gnu/asterisk/modules"
    got = fetcher(tmp_path, f"mkdir -p $1/{modules}; echo 'Asterisk 22.10.1'")
    found = await find_asterisk(tmp_path / "cache", fetcher=got)
    root = tmp_path / "cache" / "asterisk"
    assert (found.program, found.version) == (root / "asterisk", "Asterisk 22.10.1")
    assert (found.modules, found.data) == (root / modules, root / "usr/share/asterisk")


async def test_a_fetcher_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hotline.asterisk, "FETCH_S", 0.2)
    with pytest.raises(NoAsterisk, match="took longer"):
        await find_asterisk(tmp_path / "cache", fetcher=fetcher(tmp_path, "sleep 600"))
