"""Words cut out of a sentence: at the stop, and nowhere when there is none."""

import numpy as np
import pytest

from ivr.carrier import before_stop, is_short
from ivr.sound import RATE, silence
from tests.ivr.sounds import tone


@pytest.mark.parametrize("syllables", [1, 2, 4])
def test_the_words_before_the_stop_are_kept_whole_and_what_follows_is_gone(syllables: int) -> None:
    words, following = tone(300, 0.25 * syllables, rate=RATE), tone(700, 0.5, rate=RATE)
    spoken = np.concatenate([silence(0.1), words, silence(0.06), following, silence(0.2)])
    cut = before_stop(spoken, RATE, syllables, 2)
    assert cut is not None
    assert 0.1 + 0.25 * syllables <= len(cut) / RATE <= 0.16 + 0.25 * syllables


def test_words_that_run_into_the_next_one_are_not_cut() -> None:
    assert before_stop(tone(300, 1.0, rate=RATE), RATE, 2, 2) is None
    assert before_stop(silence(1.0), RATE, 2, 2) is None


@pytest.mark.parametrize(
    ("pinyin", "short"),
    [("san1", True), ("zhu3 ren4 yi1 shi1", True), ("nin2 hao3, zai4 jian4", False), ("", False)],
)
def test_a_few_words_without_a_breath_are_cut_out_of_a_sentence(pinyin: str, short: bool) -> None:
    assert is_short(pinyin) is short


def test_more_than_a_few_words_stand_by_themselves() -> None:
    assert not is_short("er4 shi2 wu3 fen1 zhong1")
