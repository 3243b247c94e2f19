"""The catalogue: whole, in Chinese, filled with the right values or not at all."""

import re

import pytest

from ivr.call import Prompt
from ivr.prompts import Catalogue, PromptError, catalogue
from ivr.words import Digits, Name, Number

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


def test_a_breath_is_taken_where_the_text_has_a_stop_and_nowhere_else() -> None:
    texts = Catalogue(
        {
            "d": {
                "x": {
                    "text": "您好,{a}{b},在{c}。",
                    "slots": {"a": "Number", "b": "Number", "c": "Number"},
                }
            }
        }
    )
    clips = texts.clips(Prompt("x", {slot: Number(place) for place, slot in enumerate("abc", 1)}))
    assert "".join(clip.text or "|" for clip in clips) == "您好|一二|在三|"


def test_an_entry_that_does_not_hang_together_is_refused() -> None:
    with pytest.raises(PromptError):
        Catalogue({"d": {"x": {"text": "您好{name}"}}})
    with pytest.raises(PromptError):
        Catalogue({"d": {"x": {"text": "您好", "slots": {"name": "Name"}}}})
    with pytest.raises(PromptError):
        Catalogue({"d": {"x": {"text": "您好", "colour": "red"}}})
    with pytest.raises(PromptError, match="two"):
        Catalogue({"d": {"x": {"text": "您好"}}, "e": {"x": {"text": "再见"}}})
