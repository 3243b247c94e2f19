"""The catalogue: whole, in Chinese, filled with the right values or not at all."""

import re
from pathlib import Path

import pytest

from core.settings import Settings
from hotline import prompts
from ivr.call import Prompt
from ivr.prompts import Catalogue, PromptError, catalogue
from ivr.speech import Mute, Voice
from ivr.words import Digits, Name, Number
from tests.ivr.test_speech import Tones

LATIN = re.compile(r"[A-Za-z]")


def test_nothing_is_said_in_english() -> None:
    for clip in catalogue().fixed():
        assert not LATIN.search(clip.text), clip


def test_every_sentence_has_something_to_say() -> None:
    for sentence in catalogue().sentences:
        assert sentence.pieces, sentence.name
        assert 0 < sentence.most_s <= (20 if sentence.menu else 30), sentence.name
        assert sentence.spoken, sentence.name
        assert sentence.dialogue in catalogue().dialogues, sentence.name


@pytest.mark.parametrize(
    ("prompt", "why"),
    [
        (Prompt("no-such-sentence"), "no sentence"),
        (Prompt("greeting", {"name": Name("李")}), "unknown"),
        (Prompt("option", {"name": Name("李")}), "missing"),
        (Prompt("option", {"name": Name("李"), "key": Digits("1")}), "Digits"),
    ],
)
def test_a_wrong_name_slot_or_type_is_our_bug_and_is_told(prompt: Prompt, why: str) -> None:
    with pytest.raises(PromptError, match=why):
        catalogue().clips(prompt)


def test_text_and_sound_say_the_same() -> None:
    prompt = Prompt("option", {"name": Name("内科"), "key": Number(2)})
    spoken = "".join(clip.text for clip in catalogue().clips(prompt))
    assert [c for c in catalogue().text(prompt) if c >= "\u4e00"] == [c for c in spoken if c >= "\u4e00"]


def test_an_entry_that_does_not_hang_together_is_refused() -> None:
    with pytest.raises(PromptError):
        Catalogue({"d": {"x": {"text": "您好{name}"}}})
    with pytest.raises(PromptError):
        Catalogue({"d": {"x": {"text": "您好", "slots": {"name": "Name"}}}})
    with pytest.raises(PromptError):
        Catalogue({"d": {"x": {"text": "您好", "colour": "red"}}})
    with pytest.raises(PromptError, match="two"):
        Catalogue({"d": {"x": {"text": "您好"}}, "e": {"x": {"text": "再见"}}})


# --- hotline prompts ----------------------------------------------------------------------------------


async def listed(
    what: str,
    engine: Tones | Mute,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> tuple[int, str]:
    async def open_voice(_: Settings) -> Voice:
        return Voice(folder / "recordings", folder / "cache", engine)

    monkeypatch.setattr(prompts, "open_voice", open_voice)
    code = await prompts.run(Settings(data=folder, cache=folder), what)
    return code, "".join(capsys.readouterr())


async def test_every_sentence_is_listed_with_its_seconds_limit_and_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = tmp_path, monkeypatch, capsys
    _, before = await listed("list", Tones(), *asked)
    assert re.search(r"^greeting +您好.+ 3\.8 +- +8 +missing$", before, re.M)
    assert (await listed("render", Tones(), *asked))[0] == 0
    (tmp_path / "recordings" / "prompt").mkdir(parents=True)
    (tmp_path / "recordings" / "prompt" / "goodbye.0.wav").write_bytes(b"")
    _, after = await listed("list", Tones(), *asked)
    assert re.search(r"^greeting +您好.+ 3\.8 +0\.5 +8 +rendered$", after, re.M)
    assert re.search(r"^core/maintenance .+rendered$", after, re.M)
    assert re.search(r"^announcement .+values only$", after, re.M)
    assert " 0 without a sound" in after
    _, unrecorded = await listed("missing", Tones(), *asked)
    assert "word/to.wav\trendered\t到" in unrecorded
    assert "prompt/goodbye.0.wav\t" not in unrecorded
    assert "goodbye.0.wav: this recording cannot be used" in (await listed("render", Tones(), *asked))[1]


async def test_a_house_without_a_voice_is_told_what_it_cannot_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = await listed("render", Mute(Tones(), "not installed"), tmp_path, monkeypatch, capsys)
    assert code == 1
    assert "prompt/greeting.0: has no sound: not installed" in said
