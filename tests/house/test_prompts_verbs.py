"""hotline prompts: what it lists, renders, finds wrong, takes in and gives to a voice actor."""

import argparse
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from python_calamine import CalamineWorkbook

from core.settings import Settings
from hotline.prompts import verbs
from hotline.prompts.arguments import arguments
from hotline.prompts.audit import faults_of
from hotline.prompts.stock import pieces
from ivr.engines import Engine, Mute
from ivr.sound import RATE, Samples, for_the_line, write_clip
from ivr.speech import NORMAL, Voice
from tests.ivr.sounds import Tones, put, tone

Verb = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def better() -> Tones:
    made = Tones()
    made.name = "sweet tones"
    return made


@pytest.fixture
def engines(better: Tones) -> list[Engine]:
    """The quick one and the better one; a test may put another in."""
    return [Tones(), better]


@pytest.fixture
def voice(tmp_path: Path, engines: list[Engine]) -> Callable[[], Voice]:
    return lambda: Voice(tmp_path / "recordings", tmp_path / "cache", engines[0], better=engines[1])


@pytest.fixture
def verb(
    tmp_path: Path,
    voice: Callable[[], Voice],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Verb:
    async def open_voice(_: Settings) -> Voice:
        return voice()

    monkeypatch.setattr(verbs, "open_voice", open_voice)
    monkeypatch.setattr("hotline.prompts.render.PATIENCE_S", 0.6)

    async def run(*words: str) -> tuple[int, str]:
        parser = argparse.ArgumentParser()
        arguments(parser)
        code = await verbs.run(Settings(data=tmp_path, cache=tmp_path), parser.parse_args(words))
        return code, "".join(capsys.readouterr())

    return run


async def test_every_sentence_is_listed_with_its_seconds_limit_and_state(verb: Verb) -> None:
    _, before = await verb()
    assert re.search(r"^greeting +您好.+ 3\.8 +- +8 +missing$", before, re.M)
    assert (await verb("render"))[0] == 0
    _, after = await verb("list")
    assert re.search(r"^greeting +您好.+ 3\.8 +0\.5 +8 +rendered$", after, re.M)
    assert re.search(r"^core/maintenance .+rendered$", after, re.M)
    assert re.search(r"^announcement .+values only$", after, re.M)
    assert re.search(
        r"^usual track: \d+ pieces: 0 recorded, \d+ rendered .+, 0 stale .+, 0 missing$", after, re.M
    )
    assert re.search(r"^greeting .+ 0\.8 +8 +rendered$", (await verb("list", "--slow"))[1], re.M)


async def test_rendering_says_what_is_missing_then_what_changed_and_everything_only_when_told(
    verb: Verb, engines: list[Engine], better: Tones
) -> None:
    everything = 2 * len({piece.clip.text for piece in pieces()})  # the same words are one sound
    assert (await verb("render"))[0] == 0
    assert len(better.said) == everything
    better.said.clear()
    assert (await verb("render"))[0] == 0
    assert better.said == []
    better.name = "sweeter tones"
    assert (await verb("render", "missing"))[0] == 0  # each has the quick sound: none is missing
    assert better.said == []
    assert (await verb("render", "changed"))[0] == 0
    assert len(better.said) == everything
    better.said.clear()
    assert (await verb("render", "all"))[0] == 0
    assert len(better.said) == everything


async def test_a_better_voice_in_trouble_ends_the_command_and_loses_nothing(
    verb: Verb, engines: list[Engine], better: Tones
) -> None:
    engines[1] = Mute(better, "no parts")
    code, said = await verb("render")
    assert code == 1
    assert "no parts" in said
    assert re.search(r"0 rendered .+, [1-9]\d* stale .+, 0 missing", said)


async def test_a_house_without_any_voice_is_told_what_it_cannot_say(
    verb: Verb, engines: list[Engine]
) -> None:
    engines[:] = [Mute(Tones(), "not installed"), Mute(Tones(), "not installed")]
    code, said = await verb("render")
    assert code == 1
    assert "prompt/greeting.0: has no sound: not installed" in said


def test_what_is_wrong_with_a_sound_is_heard() -> None:
    good = for_the_line(tone(440, 0.6, rate=RATE), RATE)
    assert list(faults_of(good, 3)) == []

    def fault(samples: Samples, syllables: int = 3) -> str:
        return " ".join(faults_of(samples, syllables))

    assert fault(np.zeros(RATE)).startswith("silent")
    assert "clipped" in fault(np.clip(good * 20, -1, 1))
    assert "too loud" in fault(good * 2)
    assert "too soft" in fault(good * 0.4)
    assert "wrong length" in fault(good, 30)
    assert "wrong length" in fault(np.tile(good, 9), 2)


async def test_the_audit_names_what_is_missing_silent_or_too_long_and_ends_with_1(
    verb: Verb, voice: Callable[[], Voice], tmp_path: Path
) -> None:
    code, said = await verb("audit")
    assert (code, said.count("\tmissing")) == (1, 2 * len(pieces()))
    await verb("render")
    house = voice()
    greeting, goodbye = (
        piece.clip for piece in pieces() if piece.clip.key in ("prompt/greeting.0", "prompt/goodbye.0")
    )
    write_clip(await house.file(greeting), np.zeros(RATE))
    write_clip(await house.file(goodbye), for_the_line(tone(440, 12.0, rate=RATE), RATE))
    put(tmp_path / "recordings" / "prompt" / "main-menu.0.wav", np.zeros(RATE))
    code, said = await verb("audit")
    assert code == 1
    assert "usual\tprompt/greeting.0\tsilent" in said
    assert "usual\tgoodbye takes 12." in said
    assert "usual\tprompt/main-menu.0\trecording: silent" in said


async def test_recordings_are_taken_in_by_name_checked_and_heard_from_then_on(
    verb: Verb, voice: Callable[[], Voice], tmp_path: Path
) -> None:
    actor = tmp_path / "from the studio"
    put(actor / "greeting.wav", tone(300, 2.0, rate=44100), 44100)
    put(actor / "digit" / "7.wav", tone(300, 0.4, rate=44100), 44100)
    put(actor / "greating.wav", tone(300, 2.0))
    put(actor / "goodbye.0.wav", np.zeros(RATE))
    code, said = await verb("import", str(actor))
    assert code == 1
    assert "taken   prompt/greeting.0  您好" in said
    assert "taken   digit/7  七" in said
    assert "no piece is called greating; is it greeting?" in said
    assert "goodbye.0.wav: silent" in said
    assert "2 taken, 2 refused; 2 of" in said
    assert "greeting " in (await verb("list"))[1]
    heard = {piece.clip.key: voice().state(piece.clip, NORMAL) for piece in pieces()}
    assert {key for key, state in heard.items() if state == "recorded"} == {"prompt/greeting.0", "digit/7"}


async def test_the_set_of_a_dialect_is_kept_apart(verb: Verb, tmp_path: Path) -> None:
    put(tmp_path / "studio" / "prompt" / "greeting.0.wav", tone(300, 2.0))
    assert (await verb("import", str(tmp_path / "studio"), "--language", "yue", "--slow"))[0] == 0
    assert (tmp_path / "recordings" / "yue" / "slow" / "prompt" / "greeting.0.wav").exists()


async def test_a_voice_actor_gets_every_piece_with_its_words_reading_length_and_place(
    verb: Verb, tmp_path: Path
) -> None:
    put(tmp_path / "recordings" / "prompt" / "greeting.0.wav", tone(300, 2.0))
    assert (await verb("export", str(tmp_path / "script.xlsx")))[0] == 0
    book = CalamineWorkbook.from_path(tmp_path / "script.xlsx")
    assert book.sheet_names == ["怎么录", "整句", "片段"]
    sentences = book.get_sheet_by_name("整句").to_python()
    fragments = book.get_sheet_by_name("片段").to_python()
    assert len(sentences) + len(fragments) - 2 == len(pieces())
    (greeting,) = (row for row in sentences if row[0] == "prompt/greeting.0.wav")
    assert greeting[1].startswith("您好")
    assert greeting[2].startswith("nin2 hao3")
    assert (greeting[4], greeting[5], greeting[8]) == (8.0, "接听与总菜单", "已录音")
    assert ["digit/1.wav", "幺", "yao1"] in [row[:3] for row in fragments]
