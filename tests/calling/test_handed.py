"""Calls that operators make for the machine, on both databases: taken once, tried, settled once."""

import asyncio
from datetime import timedelta

import pytest
import pytest_asyncio

from core.calling import engine, handed
from core.calling.rules import Answer, Kind, Outcome, State
from core.calling.tables import OutboundCall
from core.contact.tables import Callback, Interaction
from core.errors import ChangedMeanwhile, NotFound
from core.values import Actor, ActorKind, Channel, Phone
from core.work import Hotline
from tests.builders import SEED, clinic
from tests.entering import account

NUMBER = Phone("13800990001")
BY = Actor(ActorKind.STAFF, "somebody", Channel.PHONE, functions=frozenset({"desk", "book"}))


@pytest_asyncio.fixture
async def person(hotline: Hotline) -> int:
    return await (await clinic(hotline)).person("王秀英", phone=NUMBER.digits)


async def hand(hotline: Hotline, person: int, subject: str = "leave/1/1", days: int = 1) -> int:
    async with hotline.work(SEED) as work:
        visit_at = work.now + timedelta(days=days)
        until = visit_at + timedelta(days=1)
        asked = engine.Ask(Kind.LEAVE, subject, person, NUMBER, work.now, until, visit_at=visit_at)
        await handed.hand(work, asked)
        return next(one.call_id for one in await handed.waiting(work.db) if one.subject == subject)


async def contact(hotline: Hotline, staff_id: int) -> int:
    """The contact of an operator's call to the patient, as the switch begins it."""
    async with hotline.work(SEED) as work:
        made = Interaction(
            linked_id=f"out-{work.chance.token()}", channel="phone", direction="out", dnis="",
            state="talking", reached="callback", staff_id=staff_id, started_at=work.now,
        )  # fmt: skip
        work.db.add(made)
        await work.db.flush()
        return made.id


async def test_of_operators_at_once_one_gets_it(hotline: Hotline, person: int) -> None:
    call = await hand(hotline, person)
    people = [await account(hotline, "desk", login=f"op{n}", number=str(8001 + n)) for n in range(5)]

    async def take(staff_id: int) -> bool:
        try:
            async with hotline.work(BY) as work:
                await handed.take(work, call, staff_id)
        except ChangedMeanwhile:
            return False
        return True

    won = await asyncio.gather(*(take(one) for one in people))
    assert sum(won) == 1
    async with hotline.read() as db:
        (one,) = await handed.waiting(db)
        assert one.staff_id == people[won.index(True)]


async def test_the_visit_that_is_soonest_is_called_about_first(hotline: Hotline, person: int) -> None:
    late = await hand(hotline, person, "leave/1/1", days=3)
    soon = await hand(hotline, person, "leave/2/1", days=1)
    async with hotline.read() as db:
        assert [one.call_id for one in await handed.waiting(db)] == [soon, late]


async def test_what_waits_for_the_machine_is_handed_over_and_stays_one_call(
    hotline: Hotline, person: int
) -> None:
    async with hotline.work(SEED) as work:
        until = work.now + timedelta(days=1)
        asked = engine.Ask(Kind.LEAVE, "offer/1", person, NUMBER, work.now, until)
        await engine.ask(work, asked)
        assert await handed.waiting(work.db) == []
        await handed.hand(work, asked)
        await handed.hand(work, asked)
        assert [one.subject for one in await handed.waiting(work.db)] == ["offer/1"]


@pytest.mark.req("R-083")
async def test_an_operators_tries_stand_beside_the_machines_as_proof(hotline: Hotline, person: int) -> None:
    call = await hand(hotline, person)
    staff_id = await account(hotline, "desk", number="8001")
    for how in (Outcome.NO_ANSWER, Outcome.TALKED):
        async with hotline.work(BY) as work:
            await handed.take(work, call, staff_id)
        interaction = await contact(hotline, staff_id)
        async with hotline.work(BY) as work:
            await handed.tried(work, call, interaction)
            if how is Outcome.NO_ANSWER:
                await handed.give_back(work, call, staff_id, how)
            else:
                await handed.settle(work, call, staff_id, Answer.CHANGED)
    async with hotline.read() as db:
        tries = (await handed.tries_of(db, [call]))[call]
        row = await db.get_one(OutboundCall, call)
    assert [(one.number, one.outcome, one.by_operator) for one in tries] == [
        (1, Outcome.NO_ANSWER, True),
        (2, Outcome.TALKED, True),
    ]
    assert [one.answered_at is None for one in tries] == [True, False]
    assert (row.state, row.answer, row.tries) == (State.DONE, Answer.CHANGED, 2)


async def test_it_is_settled_once_and_owes_nobody_anything_then(hotline: Hotline, person: int) -> None:
    call = await hand(hotline, person)
    one, other = [await account(hotline, "desk", login=name) for name in ("anna", "bert")]
    async with hotline.work(BY) as work:
        owed = await handed.take(work, call, one)
    said = []
    for who in (other, one, one):
        try:
            async with hotline.work(BY) as work:
                await handed.settle(work, call, who, Answer.KEPT)
            said.append("settled")
        except (ChangedMeanwhile, NotFound) as no:
            said.append(no.code)
    assert said == ["changed-meanwhile", "settled", "not-found"]
    async with hotline.read() as db:
        assert (await db.get_one(Callback, owed)).state == "done"
        assert await handed.waiting(db) == []


async def test_an_answer_that_came_another_way_frees_the_operator(hotline: Hotline, person: int) -> None:
    call = await hand(hotline, person)
    staff_id = await account(hotline, "desk", number="8001")
    async with hotline.work(BY) as work:
        owed = await handed.take(work, call, staff_id)
    async with hotline.work(SEED) as work:
        assert await engine.drop(work, "leave/1/1", Answer.ELSEWHERE)
    async with hotline.read() as db:
        assert (await db.get_one(Callback, owed)).state == "given-up"
        assert await handed.waiting(db) == []
