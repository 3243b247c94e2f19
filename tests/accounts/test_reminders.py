"""放号提醒: asked for once, told once when something new can be booked, and asked for anew."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import update

from core import journal
from core.accounts import reminders
from core.accounts.reminders import MOST
from core.catalogue.tables import Doctor, Post
from core.errors import NotFound, RemindersFull
from core.events import NumbersOpened
from core.values import system
from core.work import Hotline
from tests import patients
from tests.builders import SEED, VISIT, Clinic, clinic
from tests.clocks import FrozenClock

NIGHT = system("timers")
# Fourteen days ahead is the last that is open on the Monday of the tests; Tuesday opens the next at seven.
LAST, NEXT = date(2026, 12, 7), date(2026, 12, 8)


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    made = await clinic(hotline)
    await made.person("李秀英")
    return made


@pytest.fixture
async def account(town: Clinic) -> int:
    return await patients.account(town.hotline, town.people["李秀英"])


async def ask(town: Clinic, account_id: int, post: str = "chen") -> None:
    async with town.hotline.work(SEED) as work:
        await reminders.ask(work, account_id, town.posts[post])


async def tell(town: Clinic) -> int:
    return await town.hotline.run(reminders.tell_due, NIGHT)


async def told(town: Clinic) -> list[int]:
    """The sessions that were told of, in order."""
    async with town.hotline.read() as db:
        found = await journal.entries(db, journal.START)
    return [one.event.session_id for one in found if isinstance(one.event, NumbersOpened)]


async def waiting(town: Clinic, account_id: int) -> list[str]:
    async with town.hotline.read() as db:
        return [one.doctor or "" for one in await reminders.waited_for(db, account_id)]


@pytest.mark.req("I-009")
async def test_it_tells_once_when_the_next_day_opens(town: Clinic, account: int, clock: FrozenClock) -> None:
    await town.session(day=LAST)
    session = await town.session(day=NEXT)
    await ask(town, account)
    await ask(town, account)
    assert await waiting(town, account) == ["陈建国"]
    assert await tell(town) == 0
    clock.set("2026-11-24 06:59")
    assert await tell(town) == 0
    clock.set("2026-11-24 07:00")
    assert await tell(town) == 1
    assert await tell(town) == 0
    assert await told(town) == [session]
    assert await waiting(town, account) == []


@pytest.mark.req("I-009")
async def test_whoever_asks_anew_hears_of_the_release_after(
    town: Clinic, account: int, clock: FrozenClock
) -> None:
    first, second = await town.session(day=NEXT), await town.session(day=NEXT + timedelta(days=1))
    for day in (24, 25):
        await ask(town, account)
        clock.set(f"2026-11-{day} 07:00")
        assert await tell(town) == 1
    assert await told(town) == [first, second]


async def test_what_staff_publish_in_the_open_days_is_told_at_once(town: Clinic, account: int) -> None:
    """The doctor had nothing; an extra session is there now."""
    await ask(town, account)
    assert await tell(town) == 0
    session = await town.session(day=VISIT)
    assert await tell(town) == 1
    assert await told(town) == [session]


async def test_what_is_sold_out_is_no_news(town: Clinic, account: int) -> None:
    await ask(town, account)
    session = await town.session(day=VISIT, slots=1)
    await town.book(session, await town.person("王强"))
    assert await tell(town) == 0
    await town.session(day=VISIT + timedelta(days=1))
    assert await tell(town) == 1


async def test_nobody_hears_of_a_doctor_who_is_closed_meanwhile(town: Clinic, account: int) -> None:
    await ask(town, account)
    await town.session(day=VISIT)
    async with town.hotline.work(SEED) as work:
        await work.db.execute(update(Doctor).values(open=False))
    assert await tell(town) == 0
    with pytest.raises(NotFound):
        await ask(town, account)


async def test_a_batch_is_bounded_and_no_reminder_is_told_by_two(town: Clinic) -> None:
    for number in range(7):
        name = f"王{number}"
        account = await patients.account(town.hotline, await town.person(name), f"1091111000{number}")
        await ask(town, account)
    await town.session(day=VISIT)

    async def some() -> int:
        async with town.hotline.work(NIGHT) as work:
            return await reminders.tell_due(work, limit=2)

    assert await some() == 2
    done = await asyncio.gather(*(some() for _ in range(4)))
    while left := await some():
        done.append(left)
    assert sum(done) == 5
    assert len(await told(town)) == 7


async def test_it_can_be_dropped_and_then_tells_nothing(town: Clinic, account: int) -> None:
    await ask(town, account)
    for _ in range(2):
        async with town.hotline.work(SEED) as work:
            await reminders.drop(work, account, town.posts["chen"])
    await town.session(day=VISIT)
    assert await tell(town) == 0


async def test_a_doctors_posts_say_which_are_waited_for(town: Clinic, account: int) -> None:
    await ask(town, account)
    async with town.hotline.read() as db:
        (post,) = await reminders.of_doctor(db, account, town.doctors["chen"])
        (other,) = await reminders.of_doctor(db, account, town.doctors["wu"])
    assert (post.department, post.doctor, post.waiting) == ("心血管内科", "陈建国", True)
    assert not other.waiting


async def test_nobody_waits_for_more_than_the_limit_however_quick(town: Clinic, account: int) -> None:
    async with town.hotline.work(SEED) as work:
        for number in range(MOST + 3):
            post = Post(
                department_id=town.department_id,
                doctor_id=town.doctors["wu"],
                kind=f"special{number}",
                fee_fen=0,
            )
            work.db.add(post)
            await work.db.flush()
            town.posts[f"p{number}"] = post.id
    many = range(MOST + 3)
    done = await asyncio.gather(*(ask(town, account, f"p{one}") for one in many), return_exceptions=True)
    assert sum(isinstance(one, RemindersFull) for one in done) == 3
    assert len(await waiting(town, account)) == MOST
