"""Somebody says no, leaves, or never comes: the caller is never let fall. Real switch, real telephones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from core.contact import engine as contact
from core.contact.calls import Target, TargetKind
from core.values import Phone
from tests.clocks import RunningClock
from tests.ivr.town import LI, TownModel, a_town
from tests.phones import Phone as Telephone
from tests.phones import phone
from tests.switch.conftest import Exchange
from tests.switch.desks import Floor, floor, operators

pytestmark = [
    pytest.mark.switch,
    pytest.mark.req("R-080"),
    pytest.mark.asyncio(loop_scope="session"),
]

FIRST, SECOND = "8001", "8002"
OUTSIDE = "02887654321"
HOSPITAL = Target(TargetKind.NUMBER, OUTSIDE, "门诊办公室")


@pytest_asyncio.fixture(loop_scope="session")
async def made(exchange: Exchange, town_model: TownModel, tmp_path: Path) -> AsyncIterator[Floor]:
    async with a_town(town_model, tmp_path / "town") as (town, clock):
        town.hotline.clock = RunningClock(clock.instant)
        async with floor(exchange, town.hotline) as standing:
            yield standing


@asynccontextmanager
async def in_a_talk(made: Floor) -> AsyncIterator[tuple[Telephone, str, Telephone, str, Telephone]]:
    """Two operators, of whom one talks to a caller: that one and the other, each with the number."""
    async with operators(made, 2) as (first, second), phone(made.exchange.sip_port, LI) as caller:
        await caller.call("12320")
        await caller.press("0")
        asked = await made.state_of_any("ringing")
        mine, theirs = (first, second) if asked == FIRST else (second, first)
        await mine.answer()
        await made.state(asked, "talking")
        await made.present("agent", "caller")
        yield mine, asked, theirs, SECOND if asked == FIRST else FIRST, caller


async def consult(made: Floor, mine: str, theirs: str) -> None:
    target = Target(TargetKind.AGENT, str(made.staff[theirs]), "同事")
    await made.switchboard.consult(made.staff[mine], target)


async def looked_at(made: Floor) -> None:
    """The verifier finds nothing to mend for longer than its grace."""
    for _ in range(4):
        assert await made.verifier.check(made.control) == []
        await asyncio.sleep(0.8)


async def test_a_colleague_who_is_given_up_is_free_and_the_caller_stays(made: Floor) -> None:
    async with in_a_talk(made) as (_, mine, other, theirs, caller):
        await consult(made, mine, theirs)
        await other.answer()
        await made.until(lambda: made.agent(mine), lambda a: a.third and a.third["state"] == "talking")
        await made.switchboard.abandon(made.staff[mine])
        await made.present("agent", "caller")
        assert (await made.state(theirs, "wrap-up")).third is None
        assert (await made.state(mine, "talking")).third is None
        await looked_at(made)
        assert (await made.open_call()).staff_id == made.staff[mine]
        assert not any(one["event"] == "ended" for one in caller.told)


async def test_a_colleague_who_refuses_leaves_nobody_ringing(made: Floor) -> None:
    async with in_a_talk(made) as (_, mine, other, theirs, _caller):
        await consult(made, mine, theirs)
        await other.until("ringing")
        await made.switchboard.refuse(made.staff[theirs])
        await made.until(lambda: made.agent(mine), lambda a: a.third is None)
        await made.state(theirs, "ready")
        await made.switchboard.retrieve(made.staff[mine])
        await made.present("agent", "caller")


async def test_who_finishes_while_a_colleague_is_consulted_hands_the_caller_over(made: Floor) -> None:
    async with in_a_talk(made) as (_, mine, other, theirs, _caller):
        await consult(made, mine, theirs)
        await other.answer()
        await made.until(lambda: made.agent(mine), lambda a: a.third and a.third["state"] == "talking")
        await made.switchboard.finish(made.staff[mine])
        await made.state(mine, "wrap-up")
        await made.state(theirs, "talking")
        await made.present("agent", "caller")
        assert (await made.open_call()).staff_id == made.staff[theirs]


async def test_of_three_who_talk_one_who_is_gone_for_good_leaves_the_call_to_the_other(made: Floor) -> None:
    async with in_a_talk(made) as (_, mine, other, theirs, _caller):
        await consult(made, mine, theirs)
        await other.answer()
        await made.until(lambda: made.agent(mine), lambda a: a.third and a.third["state"] == "talking")
        await made.switchboard.conference(made.staff[mine])
        await made.present("agent", "agent", "caller")
        found = await made.open_call()
        await made.switchboard.goes_on_without(found.interaction_id, made.staff[mine])
        await made.state(mine, "wrap-up")
        assert (await made.open_call()).staff_id == made.staff[theirs]
        assert (await made.state(theirs, "talking")).interaction_id == found.interaction_id


async def test_a_hospital_that_does_not_answer_gives_the_caller_back_and_no_good_bye(made: Floor) -> None:
    at = made.exchange
    async with AsyncExitStack() as stack:
        outside = await stack.enter_async_context(phone(at.sip_port, OUTSIDE, own_port=at.outside_port))
        _, mine, _, theirs, caller = await stack.enter_async_context(in_a_talk(made))
        await made.switchboard.transfer(made.staff[mine], HOSPITAL)
        await made.state(mine, "wrap-up")
        await outside.refuse()
        await made.state(theirs, "ringing")  # the next who is free is rung for them
        assert not any(one["event"] == "ended" for one in caller.told)


async def test_a_call_we_owe_that_nobody_takes_is_over_and_still_owed(made: Floor) -> None:
    at = made.exchange
    async with (
        operators(made, 1) as (desk,),
        phone(at.sip_port, OUTSIDE, own_port=at.outside_port) as outside,
    ):
        opened = await made.work(contact.open_interaction, linked_id="hotline-0.0", dnis="12320", ani=LI)
        now = made.hotline.clock.now()
        callback = await made.work(
            contact.promise_callback, opened.interaction_id, number=Phone(LI), person_id=None, due=now
        )
        begun = await made.switchboard.dial(made.staff[FIRST], callback)
        await desk.answer()
        await outside.refuse()
        await made.until(lambda: made.contact(begun), lambda one: one.disposition == "nothing")
        await made.state(FIRST, "wrap-up")
        await made.present()
        desk.told.clear()
        refused = await made.switchboard.dial(made.staff[FIRST], callback)
        await desk.refuse()
        await made.until(lambda: made.contact(refused), lambda one: one.disposition == "nothing")
        await made.state(FIRST, "wrap-up")
