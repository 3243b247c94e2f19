"""Accounts from the terminal: the first administrator, a lost password, and whether the audit is whole."""

import asyncio
import re
import sqlite3
from pathlib import Path

import pytest

from core.chance import SystemChance, SystemClock
from core.database import open_database
from core.sealing import AesSealer
from core.staff.login import Gate, SecondFactor, Where, log_in
from core.staff.passwords import Passwords
from core.staff.sessions import Stage
from core.work import Hotline
from hotline.cli import main
from hotline.staff_verbs import first_administrator

SECRET = "a secret of the tests, 32 bytes!"
ONE_TIME = re.compile(r"one-time password ([a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}) ")


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A new installation: its folder, its secret, its tables."""
    for name in ("HOTLINE_DEMO", "HOTLINE_DATABASE_URL", "HOTLINE_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOTLINE_DATA", str(tmp_path))
    monkeypatch.setenv("HOTLINE_MASTER_SECRET", SECRET)
    assert main(["migrate"]) == 0
    return tmp_path


def first(data: Path) -> str | None:
    """What a first start tells."""

    async def act() -> str | None:
        database = open_database(f"sqlite+aiosqlite:///{data / 'hotline.db'}")
        try:
            return await first_administrator(hotline_of(database))
        finally:
            await database.close()

    return asyncio.run(act())


def hotline_of(database: object) -> Hotline:
    return Hotline(database, SystemClock(), SystemChance(), AesSealer(SECRET.encode()))  # type: ignore[arg-type]


def stage_of(data: Path, login: str, password: str) -> Stage:
    async def act() -> Stage:
        database = open_database(f"sqlite+aiosqlite:///{data / 'hotline.db'}")
        try:
            gate = Gate(Passwords(), second=SecondFactor.ADMINISTRATORS)
            return (await log_in(hotline_of(database), gate, login, password, Where())).stage
        finally:
            await database.close()

    return asyncio.run(act())


@pytest.mark.req("R-174")
def test_the_first_start_makes_the_administrator_and_tells_the_password_once(data: Path) -> None:
    told = first(data)
    assert told
    password = ONE_TIME.search(told)
    assert password
    assert first(data) is None
    assert stage_of(data, "admin", password[1]) is Stage.CHANGE


@pytest.mark.req("R-171")
def test_an_administrator_who_cannot_get_in_is_let_in_from_the_terminal(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first(data)
    assert main(["staff", "reset", "admin", "--second-factor"]) == 0
    password = ONE_TIME.search(capsys.readouterr().out)
    assert password
    assert stage_of(data, "admin", password[1]) is Stage.CHANGE
    assert main(["staff", "reset", "nobody"]) == 2
    assert "no such account" in capsys.readouterr().err


def test_an_account_is_made_with_its_roles_or_not_at_all(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["staff", "add", "8001", "林静", "--role", "话务员"]) == 2
    assert "no such role: 话务员" in capsys.readouterr().err
    with sqlite3.connect(data / "hotline.db") as db:
        db.execute("insert into role (name, functions) values ('话务员', '[\"desk\"]')")
    db.close()
    assert main(["staff", "add", "8001", "林静", "--role", "话务员", "--number", "8001"]) == 0
    assert ONE_TIME.search(capsys.readouterr().out)
    assert main(["staff", "add", "8001", "林静"]) == 1
    assert "wrong-input" in capsys.readouterr().err


def test_the_audit_is_walked_from_the_terminal(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first(data)
    assert main(["staff", "verify-audit"]) == 0
    end = re.search(r"(\d+:\S+)$", capsys.readouterr().out.strip())
    assert end
    assert main(["staff", "verify-audit", "--kept", end[1]]) == 0
    with sqlite3.connect(data / "hotline.db") as db:
        db.execute("drop trigger audit_entry_no_update")
        db.execute("update audit_entry set actor = 'nobody' where id = 1")
    db.close()
    assert main(["staff", "verify-audit"]) == 1
    assert "row 1 is not as it was written" in capsys.readouterr().err
    assert main(["staff", "verify-audit", "--kept", "x"]) == 2
