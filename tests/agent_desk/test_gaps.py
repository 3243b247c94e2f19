"""When a recording is silent: as long as somebody is in a secret field, or has just typed in one."""

import asyncio
from dataclasses import replace

import pytest

from agent_desk.gaps import Gaps
from agent_desk.house import AgentHouse, DeskManners
from core.errors import SwitchAway

CALL = 7
PHONE, NUMBER, CARD = frozenset({"phone"}), frozenset({"id_number"}), frozenset({"card"})


class Told:
    """A switch that notes what it is told, and may be away."""

    def __init__(self) -> None:
        self.silent: list[bool] = []
        self.up = True

    async def gap(self, _interaction_id: int, *, on: bool, why: str) -> None:
        assert why
        if not self.up:
            raise SwitchAway
        self.silent.append(on)


@pytest.fixture
async def made(desk_house: AgentHouse) -> tuple[Gaps, Told]:
    told = Told()
    manners = DeskManners(gap_s=0.1, gap_most_s=5)
    return Gaps(replace(desk_house, calls=told, manners=manners)), told  # type: ignore[arg-type]


async def test_a_late_keystroke_of_another_field_does_not_end_the_silence(made: tuple[Gaps, Told]) -> None:
    gaps, told = made
    await gaps.switch(CALL, on=True, why="identity")
    await gaps.typed(CALL, PHONE)
    assert told.silent == [True]
    await gaps.switch(CALL, on=False, why="identity")
    assert told.silent == [True, False]
    gaps.close()


async def test_who_stays_in_the_field_without_typing_is_not_recorded(made: tuple[Gaps, Told]) -> None:
    gaps, told = made
    await gaps.switch(CALL, on=True, why="identity")
    await gaps.typed(CALL, NUMBER)
    await asyncio.sleep(0.3)  # longer than a pause between two keystrokes lasts without the field
    assert told.silent == [True]
    gaps.close()


async def test_the_last_digits_saved_after_the_field_was_left_bring_no_new_silence(
    made: tuple[Gaps, Told],
) -> None:
    gaps, told = made
    await gaps.switch(CALL, on=True, why="identity")
    await gaps.switch(CALL, on=False, why="identity")
    await gaps.typed(CALL, NUMBER)
    assert told.silent == [True, False]
    await gaps.switch(CALL, on=True, why="card")
    assert told.silent == [True, False, True]
    gaps.close()


async def test_a_silence_that_could_not_be_ended_ends_when_the_switch_is_back(
    made: tuple[Gaps, Told],
) -> None:
    gaps, told = made
    await gaps.typed(CALL, CARD)
    told.up = False
    with pytest.raises(SwitchAway):
        await gaps.switch(CALL, on=False, why="card")
    assert told.silent == [True]
    told.up = True
    async with asyncio.timeout(20):
        while told.silent != [True, False]:  # noqa: ASYNC110 a timer is waited for
            await asyncio.sleep(0.05)
    gaps.close()
