"""Many sounds in one command on the real switch: keys stop them all the same, none is lost, nothing is left out."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from ivr.agi_call import AgiCall
from ivr.call import Pace, Prompt, Track
from tests import audio
from tests.ivr.town import STRANGER
from tests.phones import phone
from tests.switch.conftest import NUMBERS, Exchange
from tests.waiting import until

pytestmark = [pytest.mark.switch, pytest.mark.quiet, pytest.mark.asyncio(loop_scope="session")]

QUESTION = (Prompt("main-menu"), Prompt("next-matter"), Prompt("confirm"), Prompt("choose-doctor"))
THINKING_S = (0.25, 0.3, 0.35, 0.45, 0.55, 0.65)
SILENT_S = 2.5  # until the question that nobody answers is over, and the next one asked
INTO_S = 1.0  # into the first of several sounds
# Two syllables of the same voice are much alike.
TELLING_S = 0.8


@dataclass
class Lost:
    """A voice some of whose sounds are not where they should be."""

    stems: list[str]

    async def sounds(self, _prompt: Prompt, _track: Track) -> list[str]:
        return self.stems


@pytest.mark.parametrize("how", ["rfc4733", "info"])
async def test_whoever_presses_into_every_question_at_once_is_understood_key_by_key(
    how: str, exchange: Exchange, tmp_path: Path
) -> None:
    """Each key falls wherever we are: in a sound, between two commands, between two questions."""
    keys, wav = "135792468013579", tmp_path / "heard.wav"
    answers: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()

    async def dialogue(call: AgiCall) -> None:
        answers.set_result([await call.ask(*QUESTION) for _ in keys])
        await call.hang_up()

    exchange.answers[NUMBERS[0]] = dialogue
    async with phone(exchange.sip_port, STRANGER) as telephone:
        await telephone.call(NUMBERS[0], wav)
        await telephone.press(keys, how)
        assert "".join(await answers) == keys
        await telephone.until("ended")
    recording = audio.read(wav)
    said = [Path(stem) for prompt in QUESTION for stem in await exchange.voice.sounds(prompt)]
    whole = sum(len(audio.played(path)) for path in said)
    # Every question was stopped: all fifteen took less than one does.
    assert len(recording) < whole


@pytest.mark.parametrize("how", ["rfc4733", "info"])
async def test_keys_that_come_fast_while_we_think_count_once_each(how: str, exchange: Exchange) -> None:
    """The switch tells of some of them twice: wherever we begin to listen again, none is counted twice."""
    answers: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
    thinking: asyncio.Queue[None] = asyncio.Queue()

    async def dialogue(call: AgiCall) -> None:
        heard: list[str] = []
        for thinking_s in THINKING_S:
            call.pace = Pace(10.0, 1.0)
            heard.append(await call.ask())
            thinking.put_nowait(None)
            await asyncio.sleep(thinking_s)
            heard += [await call.ask(*QUESTION), await call.ask(*QUESTION), await call.ask(*QUESTION)]
            call.pace = Pace(1.0, 1.0)
            heard.append(await call.ask())
        answers.set_result(heard)
        await call.hang_up()

    exchange.answers[NUMBERS[0]] = dialogue
    async with phone(exchange.sip_port, STRANGER) as telephone:
        await telephone.call(NUMBERS[0])
        for _ in THINKING_S:
            await telephone.press("5", how)
            await thinking.get()
            await telephone.do("press", keys="123", how=how)
            await asyncio.sleep(SILENT_S)
        assert await answers == ["5", "1", "2", "3", ""] * len(THINKING_S)
        await telephone.until("ended")


@pytest.mark.parametrize("how", ["rfc4733", "info"])
async def test_a_number_pressed_as_fast_as_it_goes_is_that_number(how: str, exchange: Exchange) -> None:
    answers: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()

    async def dialogue(call: AgiCall) -> None:
        call.pace = Pace(10.0, 3.0)
        heard = [await call.ask(*QUESTION), await call.ask(*QUESTION, digits=11), await call.ask(*QUESTION)]
        heard.append(await call.ask(Prompt("ask-tail-plain"), digits=4, star=True, leading_zero=True))
        call.pace = Pace(1.0, 1.0)
        answers.set_result([*heard, await call.ask()])
        await call.hang_up()

    exchange.answers[NUMBERS[0]] = dialogue
    async with phone(exchange.sip_port, STRANGER) as telephone:
        await telephone.call(NUMBERS[0])
        await telephone.do("press", keys="1138024680137005*", how=how)
        assert await answers == ["1", "13802468013", "7", "005*", ""]
        await telephone.until("ended")


@pytest.mark.parametrize(
    ("keys", "answer"), [("47", "47"), ("477#", "477"), ("#", "#"), ("0", "0"), ("477*", "477*"), ("", "")]
)
async def test_the_last_four_end_as_any_entry_does(keys: str, answer: str, exchange: Exchange) -> None:
    answers: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def dialogue(call: AgiCall) -> None:
        call.pace = Pace(1.0, 0.5)
        answers.set_result(await call.ask(Prompt("ask-tail-plain"), digits=4, star=True, leading_zero=True))
        await call.hang_up()

    exchange.answers[NUMBERS[0]] = dialogue
    async with phone(exchange.sip_port, STRANGER) as telephone:
        await telephone.call(NUMBERS[0])
        await asyncio.sleep(INTO_S)
        await telephone.press(keys)
        assert await answers == answer
        await telephone.until("ended")


async def test_a_habitual_hash_into_many_sounds_costs_the_caller_none_of_them(
    exchange: Exchange, tmp_path: Path
) -> None:
    wav = tmp_path / "heard.wav"
    answers: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()
    number_in = asyncio.Event()

    async def dialogue(call: AgiCall) -> None:
        call.pace = Pace(10.0, 10.0)
        number = await call.ask(digits=4)
        number_in.set()
        call.pace = Pace(0.1, 0.1)
        answers.set_result((number, await call.ask(*QUESTION)))
        await call.hang_up()

    exchange.answers[NUMBERS[0]] = dialogue
    async with phone(exchange.sip_port, STRANGER) as telephone:
        await telephone.call(NUMBERS[0], wav)
        await telephone.press("1234")
        await number_in.wait()
        await asyncio.sleep(INTO_S)
        await telephone.press("#")
        assert await answers == ("1234", "")
        await telephone.until("ended")
    recording = audio.read(wav)
    said = [Path(stem) for prompt in QUESTION for stem in await exchange.voice.sounds(prompt)]
    first, *others = [path for path in said if len(audio.played(path)) / audio.RATE >= TELLING_S]
    assert [path for path in others if not audio.heard(recording, audio.played(path)).sure] == []
    # The one that was stopped goes on within a syllable of where it was.
    end = audio.played(first)[-int(TELLING_S * audio.RATE) :]
    assert audio.find(recording, end).sure


async def test_a_sound_that_is_missing_among_many_leads_to_a_person(exchange: Exchange) -> None:
    there = await exchange.voice.sounds(Prompt("goodbye"))
    exchange.voices["lost"] = Lost([*there, "/no/such/sound", *there])  # type: ignore[assignment]
    reached: list[str] = []

    async def dialogue(call: AgiCall) -> None:
        call.language = "lost"
        await call.say(Prompt("goodbye"))
        reached.append("the end of a sentence that was not said")

    async def queued(call: AgiCall) -> None:
        reached.append("queue")
        await call.hang_up()

    exchange.answers[NUMBERS[0]], exchange.later[NUMBERS[0]] = dialogue, queued
    async with phone(exchange.sip_port, STRANGER) as telephone:
        await telephone.call(NUMBERS[0])
        await until(lambda: bool(reached))
        await telephone.until("ended")
    assert reached == ["queue"]


async def test_whoever_hangs_up_among_many_sounds_has_hung_up(exchange: Exchange) -> None:
    ended = asyncio.Event()

    async def dialogue(call: AgiCall) -> None:
        try:
            await call.ask(*QUESTION)
        finally:
            ended.set()

    exchange.answers[NUMBERS[0]] = dialogue
    async with phone(exchange.sip_port, STRANGER) as telephone:
        await telephone.call(NUMBERS[0])
        await asyncio.sleep(INTO_S)
        await telephone.hang_up()
        await asyncio.wait_for(ended.wait(), 10)
        await until(lambda: exchange.agi.calls == 0)
