"""The application killed under twenty calls: the switch leads them on, and who comes back finds them again."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from core.settings import Settings
from hotline.asterisk import find_asterisk, run_short
from tests.faults.crowd import (
    CALLS,
    LATER,
    OPERATORS,
    books,
    crowd,
    ended_with,
    gone,
    needs_asterisk,
    page,
    served,
    sooner_or_later,
    stands,
    telephones,
)
from tests.houses import House, health, until
from tests.phones import Phone

pytestmark = [pytest.mark.switch, pytest.mark.slow]

TALKS = len(OPERATORS)


@pytest.mark.req("R-074", "I-014")
async def test_the_application_killed_under_twenty_calls_costs_nobody_theirs(tmp_path: Path) -> None:
    await needs_asterisk()
    async with served(tmp_path / "house") as house, ended_with(house), AsyncExitStack() as stack:
        book = await stack.enter_async_context(books(house))
        made = await stack.enter_async_context(telephones(house))
        everybody = await stack.enter_async_context(crowd(house, book, made))
        await stands(book, lambda seen: len(seen.calls) == CALLS)
        switch = house.asterisk()
        house.process.kill()
        await house.process.wait()

        # Whoever was in the menu or waited is in the switch's own queue; whoever talked talks.
        await sooner_or_later(lambda: queued(house), lambda count: count == CALLS - TALKS)
        assert await in_rooms(house) == 2 * TALKS
        assert not any(gone(one) for one in everybody.callers)
        # Any telephone that is free rings for one of them, who is served without our help.
        (colleague,) = await made.some("8005")
        await colleague.answer()
        await sooner_or_later(lambda: queued(house), lambda count: count == CALLS - TALKS - 1)

        async with served(house.folder, LATER) as again, AsyncExitStack() as pages:
            assert again.asterisk() == switch
            await until(lambda: health(again), lambda parts: parts["switch"] == parts["switch-line"] == "up")
            back = [
                await pages.enter_async_context(page(again, one.number, one.telephone))
                for one in everybody.desks
            ]
            # Four talk in their rooms as before, one by the switch alone; the rest wait in our queue again.
            left = CALLS - TALKS - 1
            seen = await stands(
                book, lambda now: sorted(now.calls.values()) == ["queued"] * left + ["talking"] * (TALKS + 1)
            )
            assert (seen.waiting, seen.in_rooms) == (left, ["agent"] * TALKS + ["caller"] * TALKS)
            assert seen.operators == dict.fromkeys(OPERATORS, "talking")
            assert await queued(house) == 0
            assert not any(gone(one) for one in everybody.callers)

            # And their operators go on: one says good-bye, and has the next who waits.
            desk = back[0]
            await desk.do("finish")
            await sooner_or_later(lambda: over(everybody.talking), lambda count: count == 1)
            desk.telephone.told.clear()
            await desk.free()
            await desk.telephone.answer()
            await stands(
                book, lambda now: now.waiting == left - 1 and now.operators[desk.number] == "talking"
            )


async def over(callers: Sequence[Phone]) -> int:
    return sum(gone(one) for one in callers)


async def asked(house: House, line: str) -> str:
    """What the switch itself answers."""
    program = (await find_asterisk(Settings().cache)).program
    config = house.folder / "data" / "switch" / "etc" / "asterisk.conf"
    _, said = await run_short(str(program), "-C", str(config), "-rx", line, within_s=20)
    return said


async def queued(house: House) -> int:
    """How many callers wait in the switch's own queue."""
    return sum("(wait:" in line for line in (await asked(house, "queue show hotline")).splitlines())


async def in_rooms(house: House) -> int:
    """How many legs are in conferences."""
    lines = (await asked(house, "core show channels concise")).splitlines()
    return sum("!ConfBridge!" in line for line in lines)
