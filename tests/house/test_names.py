"""Our plain package names are ours: no other distribution may stand in front of them."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["hotline", "core", "ivr", "agent_desk", "sms", "web", "dialplans"])
def test_the_package_comes_from_this_tree(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__file__ is not None
    assert Path(module.__file__).parent == ROOT / name


def test_no_test_folder_is_a_package() -> None:
    """tests/ivr/__init__.py would make pytest import tests/ivr as ivr."""
    assert not list((ROOT / "tests").rglob("__init__.py"))
