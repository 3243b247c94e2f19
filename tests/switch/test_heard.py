"""What a caller really hears: recorded at the telephone, told apart by correlation."""

import asyncio
from pathlib import Path

import pytest

from core import journal
from core.booking import view
from core.contact import engine as contact
from core.events import StepsTaken
from ivr.agi import AgiCall
from ivr.call import Prompt
from ivr.prompts import catalogue
from ivr.speech import Voice
from ivr.words import Clip
from tests import audio
from tests.ivr.town import LI
from tests.phones import phone
from tests.switch.conftest import Exchange
from tests.switch.players import Player
from tests.switch.test_scripts import a_town

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="session")]

NUMBER = "12320"
# Long enough to be nobody else's: two syllables of the same voice are much alike.
TELLING_S = 0.8


async def pieces(voice: Voice, prompts: list[Prompt]) -> list[Path]:
    """The sound files of these sentences, in the order they are played."""
    return [Path(f"{stem}.wav") for prompt in prompts for stem in await voice.sounds(prompt)]


async def others(voice: Voice, heard: list[Path]) -> list[Path]:
    """Sentences of the catalogue that this call did not say."""
    files = [await voice.file(clip) for sentence in catalogue().sentences for clip in sentence.pieces
             if isinstance(clip, Clip)]  # fmt: skip
    return [path for path in files if path not in heard]


def telling(path: Path) -> bool:
    return len(audio.read(path)) / audio.RATE >= TELLING_S


@pytest.mark.req("R-077", "R-078")
@pytest.mark.parametrize("how", ["rfc4733", "info"])
async def test_a_caller_books_by_keys_and_hears_every_sentence_and_no_other(
    how: str, exchange: Exchange, sqlite_model: Path, tmp_path: Path
) -> None:
    async with a_town(sqlite_model, tmp_path / "town") as (made, clock):
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        wav = tmp_path / "heard.wav"
        async with phone(exchange.sip_port, LI) as telephone:
            player = Player(made.keys("1{tail}1."), telephone, how, exchange.voice.seconds)

            async def receive(call: AgiCall) -> None:
                ended.set_result((await made.desk.receive(player.take(call))).value)

            exchange.answers[NUMBER] = receive
            await telephone.call(NUMBER, wav)
            assert await ended == "booked", player.heard
            assert (await telephone.until("ended"))["code"] == 200

        # Heard: each sentence in its place, none that was not said.
        recording = audio.read(wav)
        played = [path for path in await pieces(exchange.voice, player.said) if telling(path)]
        found = [audio.heard(recording, audio.read(path)) for path in played]
        assert [match.score for match in found if not match.sure] == []
        order = [match.at_s for path, match in zip(played, found, strict=True) if played.count(path) == 1]
        assert order == sorted(order)
        strangers = [path for path in await others(exchange.voice, played) if telling(path)]
        assert len(strangers) > 50
        assert [path for path in strangers if audio.find(recording, audio.read(path)).sure] == []

        # Written: the appointment, and the call's whole story by its Linkedid, without the secret keys.
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
