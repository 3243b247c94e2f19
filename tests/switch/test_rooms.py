"""A call is a room: operators come and go, and the caller is never let fall. Real switch, real telephones."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import soundfile

from core.contact import agents, matters
from core.contact import engine as contact
from core.contact.calls import Target, TargetKind
from core.values import Phone, system
from tests import audio
from tests.clocks import RunningClock
from tests.ivr.town import LI, TownModel, a_town
from tests.phones import phone
from tests.switch.conftest import Exchange
from tests.switch.desks import Floor, floor, operators

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="session")]

FIRST, SECOND, BOSS = "8001", "8002", "8003"
VOICES = ("one", "other")


def spoken(path: Path, place: int) -> Path:
    """A second and a half of noise that is nobody else's: what this operator says."""
    noise = np.random.default_rng(place).normal(0, 0.12, 12000)
    soundfile.write(path, noise, 8000, subtype="PCM_16")
    return path


def tone(path: Path) -> audio.Samples:
    samples, _ = soundfile.read(path)
    return np.asarray(samples, dtype=np.float64)


@pytest_asyncio.fixture(loop_scope="session")
async def made(exchange: Exchange, town_model: TownModel, tmp_path: Path) -> AsyncIterator[Floor]:
    async with a_town(town_model, tmp_path / "town") as (town, clock):
        town.hotline.clock = RunningClock(clock.instant)
        async with floor(exchange, town.hotline) as standing:
            yield standing


@pytest.mark.req("R-074", "R-080")
async def test_a_caller_is_connected_held_fetched_back_and_let_go(made: Floor, tmp_path: Path) -> None:
    wav = tmp_path / "heard.wav"
    async with operators(made, 1) as (desk,), phone(made.exchange.sip_port, LI) as caller:
        await caller.call("12320", wav)
        await caller.press("0")
        shown = (await desk.until("ringing"))["by"]
        assert Phone(LI).masked in shown
        assert LI not in shown
        ringing = await made.state(FIRST, "ringing")
        await desk.do("answer")
        await made.state(FIRST, "talking")
        await made.present("caller", "agent")
        await made.switchboard.hold(made.staff[FIRST])
        await made.present("caller")
        await asyncio.sleep(1.5)
        await made.switchboard.retrieve(made.staff[FIRST])
        await made.present("caller", "agent")
        await made.switchboard.finish(made.staff[FIRST])
        await caller.until("ended")
        await desk.until("ended")
        assert (await made.state(FIRST, "wrap-up")).interaction_id == ringing.interaction_id
        await made.present()
    heard = audio.read(wav)
    assert audio.heard(heard, audio.played(made.exchange.at.sounds / "core/farewell")).sure


@pytest.mark.req("R-080")
async def test_a_call_goes_through_many_hands_and_the_caller_stays(made: Floor, tmp_path: Path) -> None:
    """Consulted, joined by a colleague, handed over, listened to, taken over: each where they belong."""
    async with operators(made, 3) as (first, second, boss), phone(made.exchange.sip_port, LI) as caller:
        voices = {name: spoken(tmp_path / f"{name}.wav", place) for place, name in enumerate(VOICES)}
        await made.work(agents.pause, made.staff[BOSS], "assigned")
        heard = tmp_path / "heard.wav"
        await caller.call("12320", heard)
        await caller.press("0")
        ringing = await made.state_of_any("ringing")
        one, other = (first, second) if ringing == FIRST else (second, first)
        asked, helper = ringing, SECOND if ringing == FIRST else FIRST
        await one.answer()
        await made.state(asked, "talking")
        await one.play(voices["one"])
        await asyncio.sleep(1.5)
        target = Target(TargetKind.AGENT, str(made.staff[helper]), "同事")
        await made.switchboard.consult(made.staff[asked], target)
        await made.present("caller")
        await other.answer()
        await made.state(helper, "talking")
        await other.play(voices["other"])
        await made.until(lambda: made.agent(asked), lambda a: a.third and a.third["state"] == "talking")
        await made.switchboard.conference(made.staff[asked])
        await made.present("agent", "agent", "caller")
        await asyncio.sleep(1.5)
        await made.switchboard.complete(made.staff[asked])
        await made.state(asked, "wrap-up")
        await made.present("agent", "caller")
        found = await made.open_call()
        assert found.staff_id == made.staff[helper]
        overheard = tmp_path / "overheard.wav"
        await made.switchboard.listen(made.staff[BOSS], made.staff[helper], "listen")
        await boss.answer(overheard)
        await asyncio.sleep(2)
        await made.present("agent", "caller")
        await made.switchboard.take_over(made.staff[BOSS], made.staff[helper])
        await boss.until("ended")
        await boss.answer()
        await made.state(helper, "wrap-up")
        await made.state(BOSS, "talking")
        await made.present("agent", "caller")
        await made.switchboard.finish(made.staff[BOSS])
        await caller.until("ended")
    caller_heard = audio.read(heard)
    assert audio.heard(caller_heard, tone(voices["one"])).sure
    assert audio.heard(caller_heard, tone(voices["other"])).sure
    assert audio.heard(audio.read(overheard), tone(voices["other"])).sure


async def test_nobody_answers_and_the_next_one_is_rung_and_a_dead_phone_is_paused(made: Floor) -> None:
    async with operators(made, 2) as (first, second), phone(made.exchange.sip_port, LI) as caller:
        await caller.call("12320")
        await caller.press("0")
        asked = await made.state_of_any("ringing")
        refuses, takes = (first, second) if asked == FIRST else (second, first)
        await refuses.until("ringing")
        await made.switchboard.refuse(made.staff[asked])
        await takes.answer()
        helper = SECOND if asked == FIRST else FIRST
        await made.state(helper, "talking")
        assert (await made.state(asked, "ready")).reason is None
        await caller.hang_up()
        await made.state(helper, "wrap-up")
        await made.present()
        await refuses.close()
        await made.until(
            lambda: made.check_and(asked), lambda one: one.lost_since is not None and one.state == "paused"
        )


@pytest.mark.req("R-080", "I-014")
async def test_a_hospital_joins_and_a_call_we_owe_is_made(made: Floor) -> None:
    at = made.exchange
    async with (
        operators(made, 1) as (desk,),
        phone(at.sip_port, "02887654321", own_port=at.outside_port) as outside,
    ):
        async with phone(at.sip_port, LI) as caller:
            await caller.call("12320")
            await caller.press("0")
            await desk.answer()
            await made.state(FIRST, "talking")
            first = await made.open_call()
            await made.switchboard.consult(
                made.staff[FIRST], Target(TargetKind.NUMBER, "02887654321", "门诊办公室")
            )
            await outside.answer()
            await made.until(lambda: made.agent(FIRST), lambda a: a.third and a.third["state"] == "talking")
            await made.switchboard.conference(made.staff[FIRST])
            await made.present("agent", "caller", "third")
            await outside.hang_up()
            await outside.until("ended")
            await made.present("agent", "caller")
            await caller.hang_up()
            await made.state(FIRST, "wrap-up")
            await desk.until("ended")
        number = Phone("10712345678")
        async with made.hotline.work(system("test")) as work:
            (owed,) = [m.matter_id for m in await matters.unfinished(work.db, made.staff[FIRST])]
            await matters.dispose(work, owed, "hospital", "solved")
        outside.told.clear()
        desk.told.clear()
        async with made.hotline.work(system("test")) as work:
            callback = await contact.promise_callback(
                work, first.interaction_id, number=number, person_id=None, due=work.now
            )
        begun = await made.switchboard.dial(made.staff[FIRST], callback)
        await desk.answer()
        await outside.answer()
        assert (await made.state(FIRST, "talking")).interaction_id == begun
        await made.present("agent", "caller")
        await made.switchboard.finish(made.staff[FIRST])
        await outside.until("ended")
        await made.state(FIRST, "wrap-up")
        await made.until(lambda: made.contact(begun), lambda one: one.disposition == "answered")
