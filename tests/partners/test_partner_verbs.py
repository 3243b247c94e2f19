"""Partners from the terminal: made in the sandbox, let live, ended; a secret is told once."""

import re
from pathlib import Path

import pytest

from hotline.cli import main

pytestmark = pytest.mark.req("I-016")
TOLD = re.compile(r"key (\S+)\nsecret (\S{40,})  \(shown only now\)\n")


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A new installation."""
    for name in ("HOTLINE_DEMO", "HOTLINE_DATABASE_URL", "HOTLINE_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOTLINE_DATA", str(tmp_path))
    monkeypatch.setenv("HOTLINE_MASTER_SECRET", "a secret of the tests, 32 bytes!")
    assert main(["migrate"]) == 0
    return tmp_path


def test_a_partner_from_its_first_key_to_its_end(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["partners", "add", "健康网", "--quota", "50", "--function", "book"]) == 0
    told = TOLD.fullmatch(capsys.readouterr().out)
    assert told
    key, secret = told.groups()
    assert main(["partners", "set", key, "--state", "live", "--pace", "120"]) == 0
    assert main(["partners", "list"]) == 0
    assert capsys.readouterr().out == f"{key}  live     0/50 today  120/min  book  健康网\n"
    assert main(["partners", "rotate", key]) == 0
    again = TOLD.fullmatch(capsys.readouterr().out)
    assert again
    assert again[1] == key
    assert again[2] != secret
    assert main(["partners", "off", key]) == 0
    assert main(["partners", "list"]) == 0
    assert f"{key}  off " in capsys.readouterr().out


def test_what_cannot_be_is_refused(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["partners", "off", "hp-nobody"]) == 1
    assert "not-found" in capsys.readouterr().err
    assert main(["partners", "add", "健康网", "--pace", "0"]) == 1
    assert "wrong-input" in capsys.readouterr().err
