"""The audit: nothing in it can be changed unseen, and the first broken row is named."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.http.audit_words import ACTS
from core.sealing import AesSealer
from core.staff import audit
from core.staff.audit import Verified
from core.values import Actor, ActorKind
from core.work import Hotline, Work
from tests.builders import SEED

ZHANG = Actor(ActorKind.STAFF, "zhang", staff_id=7, hospital_id=3, session_id=9, address="10.1.2.3")


async def fill(hotline: Hotline, count: int = 5) -> None:
    for number in range(count):
        async with hotline.work(ZHANG if number % 2 else SEED) as work:
            await audit.note(
                work, "unmasked", what=f"患者 {number}", subject_id=number, reason="核对" * number
            )


async def verified(hotline: Hotline, kept: tuple[int, str] | None = None) -> Verified:
    async with hotline.read() as db:
        return await audit.verify(db, hotline.sealer, kept=kept)


async def tamper(hotline: Hotline, *statements: str) -> None:
    """As somebody who owns the database: the triggers go first."""
    drops = (
        ["drop trigger if exists audit_entry_no_update", "drop trigger if exists audit_entry_no_delete"]
        if hotline.database.sqlite
        else ["drop trigger if exists audit_entry_append_only on audit_entry"]
    )
    async with hotline.database.write() as db:
        for statement in (*drops, *statements):
            await db.execute(text(statement))


async def test_what_was_written_verifies(hotline: Hotline) -> None:
    assert await verified(hotline) == Verified(0, None, 0, "")
    await fill(hotline)
    seen = await verified(hotline)
    assert (seen.entries, seen.broken) == (5, None)
    assert (await verified(hotline, (seen.last, seen.mark))).broken is None


@pytest.mark.parametrize("act", ["update audit_entry set what = 'x'", "delete from audit_entry"])
async def test_the_database_itself_refuses_to_change_it(hotline: Hotline, act: str) -> None:
    await fill(hotline, 1)
    with pytest.raises(DBAPIError, match="append-only"):
        async with hotline.database.write() as db:
            await db.execute(text(act))


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("update audit_entry set what = '患者 9' where id = 3", 3),
        ("update audit_entry set actor = 'li' where id = 2", 2),
        ("update audit_entry set reason = null where id = 4", 4),
        ("update audit_entry set staff_id = 8 where id = 2", 2),
        ("update audit_entry set at = '2020-01-01 00:00:00+00:00' where id = 1", 1),
        ("update audit_entry set mark = 'forged' where id = 3", 3),
        ("delete from audit_entry where id = 2", 3),
        ("delete from audit_entry where id = 1", 2),
    ],
)
async def test_the_first_row_that_was_touched_is_named(hotline: Hotline, statement: str, broken: int) -> None:
    await fill(hotline)
    await tamper(hotline, statement)
    assert (await verified(hotline)).broken == broken


async def test_a_cut_off_end_shows_against_what_was_kept_elsewhere(hotline: Hotline) -> None:
    await fill(hotline)
    seen = await verified(hotline)
    await tamper(hotline, "delete from audit_entry where id > 3")
    assert (await verified(hotline)).broken is None, "a shorter chain is whole in itself"
    assert (await verified(hotline, (seen.last, seen.mark))).broken == seen.last


async def test_another_secret_makes_other_marks(hotline: Hotline) -> None:
    """Who has the database alone cannot write the chain anew."""
    await fill(hotline, 1)
    async with hotline.read() as db:
        assert (await audit.verify(db, AesSealer(b"?" * 32))).broken == 1


async def test_many_at_once_make_one_chain(hotline: Hotline) -> None:
    def writer(number: int) -> Callable[[Work], object]:
        async def act(work: Work) -> None:
            await audit.note(work, "exported", what=f"表 {number}")

        return act

    await asyncio.gather(*(hotline.run(writer(n), ZHANG) for n in range(20)))  # type: ignore[arg-type]
    seen = await verified(hotline)
    assert (seen.entries, seen.broken) == (20, None)


async def test_what_is_rolled_back_was_never_audited(hotline: Hotline) -> None:
    async def fails(work: Work) -> None:
        await audit.note(work, "exported", what="表")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await hotline.run(fails, ZHANG)
    assert (await verified(hotline)).entries == 0


def test_every_act_that_is_noted_has_words() -> None:
    """On the page of the audit a code would say nothing to whoever reads it."""
    root = Path(__file__).parents[2]
    noted = {
        act
        for room in ("core", "agent_desk", "web", "hotline")
        for file in (root / room).rglob("*.py")
        for act in re.findall(r"audit\.note\(\s*\w+,\s*\"([a-z-]+)\"", file.read_text())
    }
    assert {"login", "refused", "exported"} <= noted
    assert noted - set(ACTS) == set()
