"""A caller never pays for our exception: whatever fails, they reach a person and the call has its end."""

from dataclasses import dataclass, field

import pytest

from core.contact.engine import by_linked_id
from core.contact.rules import Disposition
from core.work import Hotline
from ivr.call import Prompt
from tests.callers import Caller
from tests.clocks import FrozenClock
from tests.ivr.town import Town, town


@dataclass
class Hoarse(Caller):
    """A line on which some sentences cannot be said."""

    unsayable: frozenset[str] = field(default=frozenset())

    def _hear(self, prompts: tuple[Prompt, ...]) -> None:
        for prompt in prompts:
            if prompt.name in self.unsayable or "*" in self.unsayable:
                raise RuntimeError("no sound")
        super()._hear(prompts)


@pytest.fixture
async def place(hotline: Hotline, clock: FrozenClock) -> Town:
    return await town(hotline, clock)


@pytest.mark.parametrize(
    ("keys", "unsayable"),
    [
        ("1", {"ask-tail"}),  # in a dialogue
        ("0", {"to-person"}),  # on the way to a person
        ("77", {"not-a-choice"}),
        ("", {"greeting"}),
        ("", {"*"}),  # the whole voice is gone
    ],
)
async def test_whatever_cannot_be_said_the_caller_reaches_a_person(
    place: Town, keys: str, unsayable: set[str]
) -> None:
    caller = Hoarse(keys, unsayable=frozenset(unsayable))
    assert await place.desk.receive(caller) is Disposition.TO_PERSON
    assert caller.target == "queue"
    async with place.hotline.read() as db:
        made = await by_linked_id(db, caller.id)
    assert made
    assert made.state == "queued"


async def test_what_was_booked_stands_when_our_voice_fails(place: Town) -> None:
    caller = Hoarse(place.keys("1{tail}1"), unsayable=frozenset({"booked"}))
    await place.desk.receive(caller)
    assert await place.clinic.states(place.sessions["chen"]) == {"free": 1, "booked": 1}
