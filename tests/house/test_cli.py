"""The one command: what is wrong is said by name, and nothing is half done."""

from pathlib import Path

import pytest

from hotline.cli import main


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("HOTLINE_DATA", "HOTLINE_MASTER_SECRET", "HOTLINE_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOTLINE_DATA", str(tmp_path / "data"))
    return tmp_path


def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOTLINE_PORT", "seventy")
    assert main(["seed"]) == 2
    assert "HOTLINE_PORT" in capsys.readouterr().err


def test_a_secret_that_is_too_short_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOTLINE_MASTER_SECRET", "short")
    assert main(["seed"]) == 2
    said = capsys.readouterr().err
    assert "HOTLINE_MASTER_SECRET" in said
    assert "short" not in said.replace("HOTLINE", "")


def test_outside_the_demo_a_secret_must_be_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--no-switch", "--port", "0"]) == 2
    assert "HOTLINE_MASTER_SECRET" in capsys.readouterr().err


def test_a_kind_of_database_we_do_not_know_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", "mysql://x")
    assert main(["migrate"]) == 2
    assert "postgresql+asyncpg" in capsys.readouterr().err


def test_migrate_makes_the_schema_and_says_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate"]) == 0
    assert (here / "data" / "hotline.db").exists()
    assert "schema is at head" in capsys.readouterr().out
