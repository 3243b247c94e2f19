"""`hotline case`: out as a file, told again from it, and held against the tables."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import update

from core.booking.commands import Book, Hold
from core.chance import SystemChance
from core.contact import engine as contact
from core.database import open_database
from core.schedule.tables import Hold as HoldRow
from core.sealing import AesSealer
from core.values import Phone, system
from core.work import Hotline
from hotline.cli import main
from tests.builders import CALLER, clinic
from tests.clocks import FrozenClock

SECRET = "a secret of the tests, 32 bytes!"


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An installation with one call that booked."""
    for name in ("HOTLINE_DEMO", "HOTLINE_DATABASE_URL", "HOTLINE_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOTLINE_DATA", str(tmp_path))
    monkeypatch.setenv("HOTLINE_MASTER_SECRET", SECRET)
    assert main(["migrate"]) == 0
    asyncio.run(with_database(tmp_path, booked))
    return tmp_path


async def with_database(data: Path, act: object) -> None:
    database = open_database(f"sqlite+aiosqlite:///{data / 'hotline.db'}")
    clock = FrozenClock.at("2026-11-23 10:00")
    try:
        await act(Hotline(database, clock, SystemChance(), AesSealer(SECRET.encode()), demo=True))  # type: ignore[operator]
    finally:
        await database.close()


async def booked(hotline: Hotline) -> None:
    here = await clinic(hotline)
    session, li = await here.session(), await here.person("李秀英")
    async with hotline.work(system("test")) as work:
        opened = await contact.open_interaction(work, linked_id="1", dnis="12320", ani="10712345678")
    held = await here.store.submit(Hold(session, "call:1", person_id=li), CALLER, opened.interaction_id)
    await here.store.submit(Book(held.hold_id, li, Phone("10712345678")), CALLER, opened.interaction_id)


async def spoilt(hotline: Hotline) -> None:
    async with hotline.work(system("test")) as work:
        await work.db.execute(update(HoldRow).values(state="live"))


def test_a_case_goes_out_and_is_told_again(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["case", "export", "1"]) == 0
    file = tmp_path / "case.json"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["case", "replay", str(file)]) == 0
    assert "as the file says" in capsys.readouterr().out
    file.write_text(
        file.read_text(encoding="utf-8").replace('"slot_id": 1', '"slot_id": 2'), encoding="utf-8"
    )
    assert main(["case", "replay", str(file)]) == 1
    assert "NOT as the file says" in capsys.readouterr().out


def test_it_is_held_against_the_tables(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["case", "check", "1"]) == 0
    assert "as the tables say" in capsys.readouterr().out
    asyncio.run(with_database(data, spoilt))
    assert main(["case", "check", "1"]) == 1
    assert "state: log 'used', table 'live'" in capsys.readouterr().out


@pytest.mark.parametrize("asked", [["check", "4711"], ["check", "12345678"]])
def test_what_is_not_there_is_said(data: Path, capsys: pytest.CaptureFixture[str], asked: list[str]) -> None:
    assert main(["case", *asked]) == 1
    assert "not-found" in capsys.readouterr().err


def test_what_is_no_case_is_said(data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["case", "check", "QX1"]) == 2
    assert main(["case", "replay", str(tmp_path / "none.json")]) == 2
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    assert main(["case", "replay", str(tmp_path / "other.json")]) == 1
    assert "wrong-input" in capsys.readouterr().err
