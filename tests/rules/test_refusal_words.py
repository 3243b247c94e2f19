"""Every refusal can be said by every face, in Chinese."""

import re

import pytest

from core.errors import DeskRefusal, PageRefusal, Refusal, all_refusals
from core.http.refusals import SENTENCES, sentence, status
from ivr.call import Prompt
from ivr.prompts import catalogue
from sms.words import refusal as text_words

KINDS = pytest.mark.parametrize("kind", all_refusals(), ids=lambda kind: kind.code)
FOR_PATIENTS = [kind for kind in all_refusals() if not issubclass(kind, DeskRefusal | PageRefusal)]


def test_codes_are_unique_and_stable_in_form() -> None:
    codes = [kind.code for kind in all_refusals()]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)
    assert set(SENTENCES) == set(codes), "a page sentence for a code that nobody raises"


@KINDS
def test_each_face_has_chinese_words_for_it(kind: type[Refusal]) -> None:
    bare = kind()  # without facts: a story told later knows the code only
    said = [sentence(bare)]
    if kind in FOR_PATIENTS:
        said += [catalogue().text(Prompt(f"refusal-{kind.code}")), text_words(kind.code)]
    for words in said:
        assert words.endswith("。")
        assert re.search(r"[\u4e00-\u9fff]{4}", words)
        assert not re.search(r"[A-Za-z]|None", words.replace("X", "")), "no English, no missing fact"
    assert 400 <= status(bare) < 600


@pytest.mark.parametrize("kind", FOR_PATIENTS, ids=lambda kind: kind.code)
def test_the_voice_says_it_in_eight_seconds(kind: type[Refusal]) -> None:
    assert catalogue().seconds(Prompt(f"refusal-{kind.code}")) <= 8
