"""首次解决: who called again for the like of what had been settled is found, and nobody else."""

from datetime import timedelta

import pytest

from core.contact import solved
from core.contact.agent_tables import Matter
from core.contact.tables import Interaction
from core.people.tables import Person
from core.staff.tables import Staff
from core.values import system
from core.work import Hotline
from tests.clocks import FrozenClock

H = timedelta(hours=1)


class History:
    """Contacts of the last days, each with one matter."""

    def __init__(self, hotline: Hotline, clock: FrozenClock) -> None:
        self.hotline, self.now = hotline, clock.now()
        self.calls = 0

    async def begin(self) -> None:
        async with self.hotline.work(system("test")) as work:
            work.db.add(Staff(id=1, login="8001", name="林静", number="8001", created_at=work.now))
            for key in (1, 2):
                work.db.add(Person(id=key, name="李", pinyin="li", initials="l", created_at=work.now))

    async def matter(
        self, hours_ago: float, person: int | None, first: str | None = "booked", call: int | None = None
    ) -> int:
        at = self.now - hours_ago * H
        async with self.hotline.work(system("test")) as work:
            if call is None:
                self.calls += 1
                row = Interaction(
                    linked_id=f"c{self.calls}", channel="phone", dnis="12320", state="closed", started_at=at
                )
                work.db.add(row)
                await work.db.flush()
                call, ordinal = row.id, 1
            else:
                ordinal = 2
            work.db.add(
                Matter(
                    interaction_id=call, staff_id=1, ordinal=ordinal, person_id=person, first=first,
                    second="new", opened_at=at, closed_at=at if first else None,
                )
            )  # fmt: skip
        return call

    async def told(self) -> dict[int, list[int | None]]:
        told: dict[int, list[int | None]] = {}
        async with self.hotline.read() as db:
            for one in await solved.ended(db, self.now):
                told.setdefault(one.interaction_id, []).append(one.again)
        return told


@pytest.fixture
async def history(hotline: Hotline, clock: FrozenClock) -> History:
    made = History(hotline, clock)
    await made.begin()
    return made


async def test_who_comes_back_with_the_like_of_it_was_not_helped_the_first_time(history: History) -> None:
    first = await history.matter(80, 1)
    again = await history.matter(20, 1)
    other = await history.matter(80, 2, "advice")
    await history.matter(20, 2)  # for something else
    assert await history.told() == {first: [again], other: [None]}


async def test_after_three_days_it_is_another_matter(history: History) -> None:
    first = await history.matter(90, 1)
    await history.matter(17, 1)
    assert await history.told() == {first: [None]}


async def test_a_familys_two_matters_of_one_call_are_no_second_call(history: History) -> None:
    call = await history.matter(80, 1)
    await history.matter(79.9, 1, call=call)
    assert await history.told() == {call: [None, None]}
    again = await history.matter(70, 1)
    assert await history.told() == {call: [again, again]}


async def test_strangers_open_matters_and_other_days_are_left_out(history: History) -> None:
    await history.matter(80, None)
    await history.matter(80, 1, first=None)
    await history.matter(97, 1)
    await history.matter(71, 2)
    assert await history.told() == {}
