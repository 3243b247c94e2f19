"""No menu takes longer than people listen; and the menus we measure are those that callers hear."""

import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.call import Prompt
from ivr.choosing import PAGE, page_heard, pages
from ivr.menus_heard import GREETING_S, NOTICE_S, MenuHeard, menus, over_limit, reckoned_lengths
from ivr.prompts import MENU_S, Catalogue, catalogue
from ivr.words import Department, Number
from tests.ivr.questions import unmeasured


def test_no_menu_and_no_sentence_is_longer_than_its_limit() -> None:
    assert over_limit(reckoned_lengths()) == []


def test_a_menu_that_is_too_long_is_named() -> None:
    entries = tomllib.loads(files("ivr").joinpath("prompts.toml").read_text(encoding="utf-8"))
    entries["choosing"]["choose-day"]["text"] = "请注意," * 30 + "请选择日期。"
    offenders = over_limit(reckoned_lengths(Catalogue(entries)))
    named = {told.split()[0] for told in offenders}
    assert named == {"choose-day", "choosing/days", "choosing/days-near"}


def test_what_is_over_comes_worst_first_and_what_is_within_not_at_all() -> None:
    lengths = {"short": (5.0, 20.0), "long": (20.1, 20.0), "longer": (26.0, 20.0), "just": (20.0, 20.0)}
    assert over_limit(lengths) == ["longer takes 26.0 s of 20", "long takes 20.1 s of 20"]


def test_the_limits_of_the_greeting_the_notice_and_the_menus_are_those_of_the_house() -> None:
    limits = {one.name: one.most_s for one in catalogue().sentences}
    assert limits["greeting"] <= GREETING_S
    assert limits["recording-notice"] <= NOTICE_S
    for one in catalogue().sentences:
        assert not one.menu or one.most_s <= MENU_S, one.name


def test_a_question_that_is_no_menu_of_ours_is_noticed() -> None:
    assert unmeasured([["choose-day", "option-day", "back"], ["main-menu"]]) == []
    assert unmeasured([["choose-day", "main-menu"]]) == [["choose-day", "main-menu"]]
    assert unmeasured([["choose-day", *["option-day"] * 5, "back"]])


@pytest.mark.parametrize("menu", menus(), ids=lambda menu: menu.name)
def test_every_menu_can_be_said_at_both_paces(menu: MenuHeard) -> None:
    assert 0 < menu.seconds() < menu.seconds(slow=True)
    assert menu.dialogue in catalogue().dialogues


@given(st.lists(st.text("心血管内外科医院门诊", min_size=1, max_size=60), min_size=1, max_size=30))
def test_a_page_of_any_names_is_heard_out_within_its_limit_and_no_name_is_lost(names: list[str]) -> None:
    def told(name: str, key: Number) -> Prompt:
        return Prompt("option", {"name": Department(name), "key": key})

    title = Prompt("choose-department")
    shown = pages(title, names, told)
    assert [name for page in shown for name in page] == names
    for page in shown:
        options = [told(name, Number(key)) for key, name in enumerate(page, 1)]
        heard = sum(map(catalogue().longest, page_heard(title, options, more=len(shown) > 1)))
        assert 1 <= len(page) <= PAGE
        assert len(page) == 1 or heard <= MENU_S
