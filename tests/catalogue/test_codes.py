"""The short codes of posts: each leads back to its post, and a slip leads nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalogue.codes import post_of_code, sms_code

POSTS = st.integers(min_value=1, max_value=10**12 - 1)


@pytest.mark.req("R-097")
@given(POSTS)
def test_a_code_leads_back_to_its_post(post_id: int) -> None:
    assert post_of_code(sms_code(post_id)) == post_id


@given(POSTS, st.data())
def test_one_wrong_digit_leads_nowhere(post_id: int, data: st.DataObject) -> None:
    code = sms_code(post_id)
    place = data.draw(st.integers(0, len(code) - 1))
    digit = data.draw(st.sampled_from("0123456789").filter(lambda one: one != code[place]))
    assert post_of_code(code[:place] + digit + code[place + 1 :]) is None


def test_a_code_is_read_as_people_write_it() -> None:
    assert sms_code(137) == "1378"
    assert post_of_code(" １３７８ ") == 137


@pytest.mark.parametrize(
    "text", ["", "1", "0", "137", "1379", "01378", "13 78", "一三七八", "-1378", "9" * 40]
)
def test_what_is_no_code_is_none(text: str) -> None:
    assert post_of_code(text) is None


@pytest.mark.parametrize("post_id", [0, -1, 10**12])
def test_what_is_no_post_has_no_code(post_id: int) -> None:
    with pytest.raises(ValueError, match="post"):
        sms_code(post_id)
