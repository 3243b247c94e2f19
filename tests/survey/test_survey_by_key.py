"""After the good-bye: one question, a second one to whom we served badly, and never a third."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.contact.tables import Callback
from core.events import StepsTaken
from core.journal import latest
from core.survey.tables import Survey
from core.work import Hotline
from ivr.call import Prompt
from ivr.prompts import catalogue
from ivr.survey import survey
from tests.callers import Caller
from tests.clocks import FrozenClock
from tests.survey.served import MOBILE, operator, talk


@pytest.fixture
def database_url(sqlite_model: Path, in_memory: Path) -> str:
    """SQLite only: what differs between the databases is tested below dialogues."""
    shutil.copy(sqlite_model, in_memory / "test.db")
    return f"sqlite+aiosqlite:///{in_memory / 'test.db'}"


async def scored(hotline: Hotline, clock: FrozenClock, keys: str) -> tuple[Caller, Survey, int]:
    """What was heard, what was noted, and how many calls we owe."""
    call = await talk(hotline, clock, [await operator(hotline)])
    caller = Caller(keys, ani=MOBILE)
    await survey(caller, hotline, callback_within=timedelta(hours=2))
    async with hotline.read() as db:
        row = (await db.execute(select(Survey).where(Survey.interaction_id == call))).scalar_one()
        owed = len((await db.execute(select(Callback))).all())
    return caller, row, owed


@pytest.mark.parametrize(
    ("keys", "heard", "score", "owed"),
    [
        ("5", ["survey-score"], 5, 0),
        ("3", ["survey-score"], 3, 0),
        ("21", ["survey-score", "survey-call-back", "survey-noted"], 2, 1),
        ("1.", ["survey-score", "survey-call-back"], 1, 0),
        ("19", ["survey-score", "survey-call-back"], 1, 0),
        (".", ["survey-score"], None, 0),
        ("0", ["survey-score"], None, 0),
        ("!", ["survey-score"], None, 0),
        ("2!", ["survey-score", "survey-call-back"], 2, 0),
    ],
)
async def test_one_question_and_a_second_one_after_a_low_score(
    hotline: Hotline, clock: FrozenClock, keys: str, heard: list[str], score: int | None, owed: int
) -> None:
    caller, row, calls = await scored(hotline, clock, keys)
    assert (caller.heard, row.score, calls) == (heard, score, owed)


async def test_the_keys_are_part_of_the_story_of_the_call(hotline: Hotline, clock: FrozenClock) -> None:
    await scored(hotline, clock, "5")
    async with hotline.read() as db:
        (steps,) = await latest(db, StepsTaken, 5)
    assert steps.steps == [{"said": ["survey-score"]}, {"keys": "5"}]


async def test_whoever_is_not_to_be_asked_hears_nothing(hotline: Hotline, clock: FrozenClock) -> None:
    await talk(hotline, clock, [await operator(hotline)], talked=timedelta(seconds=3))
    for unknown in ("call-1", "call-nobody-knows"):
        caller = Caller("5", id=unknown)
        await survey(caller, hotline, callback_within=timedelta(hours=2))
        assert caller.heard == []


def test_both_questions_are_said_within_twelve_seconds() -> None:
    said = sum(
        catalogue().longest(Prompt(name)) for name in ("survey-score", "survey-call-back", "survey-noted")
    )
    assert said <= 12
