"""Who may not book hears it before choosing anything, and appeals by one key."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from core.credit.engine import note, set_rule
from core.credit.tables import Appeal
from core.work import Hotline
from tests.builders import SEED
from tests.callers import Caller
from tests.clocks import FrozenClock
from tests.ivr.town import LI, Town, town


@pytest.fixture
def database_url(sqlite_model: Path, in_memory: Path) -> str:
    """SQLite only: what differs between the databases is tested below dialogues."""
    shutil.copy(sqlite_model, in_memory / "test.db")
    return f"sqlite+aiosqlite:///{in_memory / 'test.db'}"


@pytest.fixture
async def place(hotline: Hotline, clock: FrozenClock) -> Town:
    made = await town(hotline, clock)
    await blocked(made, "1 -> 3m")
    return made


async def blocked(place: Town, rule: str) -> None:
    async with place.hotline.work(SEED) as work:
        await set_rule(work, key="block.no-show", value=rule)
        await note(
            work, person_id=place.clinic.people["李秀英"], kind="no-show", appointment_id=None,
            hospital_id=place.clinic.hospital_id, proof="of the test",
        )  # fmt: skip


async def heard(place: Town, keys: str, call_id: str = "call-1") -> Caller:
    caller = Caller(place.keys(keys), ani=LI, id=call_id)
    await place.desk.receive(caller)
    return caller


async def appeals(place: Town) -> list[tuple[str, str]]:
    async with place.hotline.read() as db:
        return [(one.words, one.state) for one in (await db.execute(select(Appeal))).scalars()]


async def test_one_key_appeals_and_the_next_call_hears_that_it_is_looked_at(place: Town) -> None:
    caller = await heard(place, "1{tail}1!")
    told = caller.heard.index("credit-missed")
    assert caller.heard[told : told + 4] == [
        "credit-missed",
        "credit-until",
        "credit-menu",
        "credit-appealed",
    ]
    assert "二月二十三" in "".join(caller.words)
    assert await appeals(place) == [("电话按键申诉", "open")]
    again = await heard(place, "1{tail}!", "call-2")
    assert "credit-waiting" in again.heard
    assert "credit-menu" not in again.heard
    assert len(await appeals(place)) == 1


async def test_who_does_not_appeal_is_back_at_the_menu(place: Town) -> None:
    caller = await heard(place, "1{tail}2!")
    assert caller.heard[-1] == "main-menu"
    assert await appeals(place) == []


async def test_0_leads_to_a_person(place: Town) -> None:
    assert (await heard(place, "1{tail}0!")).heard[-1] in ("to-person", "all-busy", "after-hours")


async def test_who_is_not_blocked_hears_nothing_of_it(hotline: Hotline, clock: FrozenClock) -> None:
    free = await town(hotline, clock)
    assert not {"credit-missed", "credit-until"} & set((await heard(free, "1{tail}!")).heard)
