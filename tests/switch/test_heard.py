"""What a caller really hears: recorded at the telephone, told apart by correlation."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from core import journal
from core.booking import view
from core.contact import engine as contact
from core.events import StepsTaken
from ivr.agi_call import AgiCall
from ivr.call import Prompt
from ivr.prompts import catalogue
from ivr.speech import Voice
from ivr.words import Clip
from tests import audio
from tests.ivr.town import LI, TownModel, a_town
from tests.phones import phone
from tests.switch.conftest import NUMBERS, Exchange
from tests.switch.players import Player

pytestmark = [pytest.mark.switch, pytest.mark.quiet, pytest.mark.asyncio(loop_scope="session")]

# Long enough to be nobody else's: two syllables of the same voice are much alike.
TELLING_S = 0.8
INTO_S = 1.5  # into the greeting


async def pieces(voice: Voice, prompts: list[Prompt]) -> list[Path]:
    """The sound files of these sentences, in the order they are played."""
    return [Path(stem) for prompt in prompts for stem in await voice.sounds(prompt)]


async def others(voice: Voice, heard: list[Path]) -> list[Path]:
    """Sentences of the catalogue that this call did not say."""
    files = [await voice.file(clip) for sentence in catalogue().sentences for clip in sentence.pieces
             if isinstance(clip, Clip)]  # fmt: skip
    return [path for path in files if path not in heard]


def telling(path: Path) -> bool:
    return len(audio.played(path)) / audio.RATE >= TELLING_S


@dataclass(frozen=True)
class Call:
    player: Player
    recording: audio.Samples


async def listen_and_book(how: str, number: str, exchange: Exchange, model: TownModel, folder: Path) -> Call:
    """Hear every sentence out and book; what is written about it is checked here."""
    async with a_town(model, folder) as (made, clock):
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        wav = folder / "heard.wav"
        async with phone(exchange.sip_port, LI) as telephone:
            player = Player(made.keys("1{tail}1."), telephone, how, exchange.voice.seconds)

            async def receive(call: AgiCall) -> None:
                ended.set_result((await made.desk.receive(player.take(call))).value)

            exchange.answers[number] = receive
            await telephone.call(number, wav)
            assert await ended == "booked", player.heard
            assert (await telephone.until("ended"))["code"] == 200
        # The appointment, and the call's whole story by its Linkedid, without the secret keys.
        async with made.hotline.read() as db:
            (appointment,) = await view.open_of_person(db, made.clinic.people["李秀英"], clock.now())
            interaction = await contact.by_linked_id(db, player.id)
            assert interaction
            told = await journal.story(db, interaction_id=interaction.id)
        assert appointment.state.value == "booked"
        steps = [step for entry in told if isinstance(entry.event, StepsTaken) for step in entry.event.steps]
        assert [name for step in steps for name in step.get("said", [])] == player.heard
        assert {"keyed": 4} in steps
        assert made.tail("李秀英") not in str([entry.event.model_dump() for entry in told])
        return Call(player, audio.read(wav))


@pytest.mark.req("R-077", "R-078")
async def test_callers_book_by_both_kinds_of_keys_and_hear_every_sentence_and_no_other(
    exchange: Exchange, town_model: TownModel, tmp_path: Path
) -> None:
    calls = await asyncio.gather(
        *(
            listen_and_book(how, number, exchange, town_model, tmp_path / how)
            for how, number in zip(("rfc4733", "info"), NUMBERS, strict=False)
        )
    )
    for call in calls:
        played = [path for path in await pieces(exchange.voice, call.player.said) if telling(path)]
        found = [audio.heard(call.recording, audio.played(path)) for path in played]
        assert [match.score for match in found if not match.sure] == []
        order = [match.at_s for path, match in zip(played, found, strict=True) if played.count(path) == 1]
        assert order == sorted(order)
        strangers = [path for path in await others(exchange.voice, played) if telling(path)]
        assert len(strangers) > 50
        assert [path for path in strangers if audio.find(call.recording, audio.played(path)).sure] == []


@pytest.mark.parametrize("how", ["rfc4733", "info"])
async def test_a_key_cuts_the_sentence_and_is_the_answer(
    how: str, exchange: Exchange, tmp_path: Path
) -> None:
    """The greeting begins and does not end; the next sentence follows at once, and both keys have arrived."""
    greeting, menu, after = Prompt("greeting"), Prompt("main-menu"), Prompt("goodbye")
    answers: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()
    wav = tmp_path / "heard.wav"

    async def dialogue(call: AgiCall) -> None:
        answers.set_result((await call.ask(greeting, menu), await call.ask(menu)))
        await call.say(after, barge=False)
        await call.hang_up()

    exchange.answers[NUMBERS[0]] = dialogue
    async with phone(exchange.sip_port, LI) as telephone:
        await telephone.call(NUMBERS[0], wav)
        await asyncio.sleep(INTO_S)
        await telephone.press("59", how)
        assert await answers == ("5", "9")
        await telephone.until("ended")
    recording = audio.read(wav)
    begin, *_ = await pieces(exchange.voice, [greeting])
    end, *_ = await pieces(exchange.voice, [after])
    assert audio.heard(recording, audio.played(begin)).sure
    assert audio.heard(recording, audio.played(end)).sure
    unsaid = [path for path in await pieces(exchange.voice, [menu]) if telling(path)]
    assert unsaid
    assert [path for path in unsaid if audio.find(recording, audio.played(path)).sure] == []
    assert len(recording) / audio.RATE < await exchange.voice.seconds(
        greeting
    ) + await exchange.voice.seconds(menu)


async def test_the_switch_plays_our_sounds_as_they_are(exchange: Exchange) -> None:
    """A transcoder for each call would cost more than everything else that it does."""
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def dialogue(call: AgiCall) -> None:
        saying = asyncio.create_task(call.say(Prompt("main-menu"), barge=False))
        await asyncio.sleep(INTO_S)
        (channel,) = [
            line.split("!")[0]
            for line in (await exchange.switch.command("core show channels concise")).splitlines()
            if "!BackGround!" in line
        ]
        told.set_result(await exchange.switch.command(f"core show channel {channel}"))
        await saying
        await call.hang_up()

    exchange.answers[NUMBERS[0]] = dialogue
    async with phone(exchange.sip_port, LI) as telephone:
        await telephone.call(NUMBERS[0])
        lines = dict(
            (part.strip() for part in line.split(":", 1)) for line in (await told).splitlines() if ":" in line
        )
        await telephone.until("ended")
    assert (lines["WriteFormat"], lines["WriteTranscode"]) == ("alaw", "No")
