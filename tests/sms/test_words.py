"""Every refusal can be said in one segment."""

import pytest

from core.errors import all_codes
from sms.segments import segments
from sms.words import REFUSALS, refusal


@pytest.mark.parametrize("code", all_codes())
def test_every_refusal_has_words_that_fit_one_segment(code: str) -> None:
    assert segments(refusal(code)) == 1
    assert refusal(code).endswith("。")


def test_no_words_are_left_over_and_no_two_refusals_sound_the_same() -> None:
    assert set(REFUSALS) == set(all_codes())
    assert len(set(REFUSALS.values())) == len(REFUSALS)
