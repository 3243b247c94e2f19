"""What stands in an address, read with care: whatever it is, the answer is a page that says what is wrong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar
from urllib.parse import urlencode

T = TypeVar("T")

# What a database or a page could do with is far less.
MOST_PAGES = 1000


@dataclass(eq=False)
class Wrong(Exception):
    """An address asks for what cannot be. words: why not. status: 400, or 404 for what is not there."""

    words: str
    status: int = 400


def text(query: Mapping[str, str], name: str, most: int = 40) -> str:
    """What was typed, without what no keyboard writes: a database would refuse a NUL."""
    return "".join(one for one in query.get(name, "") if one.isprintable()).strip()[:most]


def chosen(query: Mapping[str, str], name: str, choices: Mapping[str, T]) -> T | None:
    """One of several; None when nothing was chosen. Raises Wrong."""
    value = query.get(name, "")
    if not value:
        return None
    if value not in choices:
        raise Wrong("网址里的筛选条件不对，请重新选择。")
    return choices[value]


def day(query: Mapping[str, str]) -> date | None:
    """Raises Wrong."""
    value = query.get("day", "").strip()
    if not value:
        return None
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise Wrong("日期要像 2026-11-26 这样写。")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise Wrong("没有这一天，请重新选日期。") from None


def page_number(query: Mapping[str, str]) -> int:
    """From 1. Raises Wrong."""
    value = query.get("page", "1")
    if not re.fullmatch(r"[1-9]\d{0,5}", value, re.ASCII) or int(value) > MOST_PAGES:
        raise Wrong("没有这一页。", 404 if value.isascii() and value.isdigit() else 400)
    return int(value)


def address(path: str, **values: object) -> str:
    """A path with what is not empty behind it; page 1 is the address without a page."""
    kept = {name: value for name, value in values.items() if value and (name, value) != ("page", 1)}
    return f"{path}?{urlencode(kept)}" if kept else path


@dataclass(frozen=True)
class Pages:
    """The links between the pages of a list (R-186); each empty where it leads nowhere.

    last_number: None where nobody has counted.
    """

    number: int
    last_number: int | None
    first: str
    before: str
    after: str
    last: str

    @classmethod
    def counted(cls, number: int, count: int, on_a_page: int, path: str, **values: object) -> "Pages":
        """Raises Wrong for a page behind the last."""
        last = max(1, -(-count // on_a_page))
        if number > last:
            raise Wrong("没有这一页。", 404)
        return cls._of(number, number < last, last, path, values)

    @classmethod
    def uncounted(cls, number: int, more: bool, path: str, **values: object) -> "Pages":
        return cls._of(number, more and number < MOST_PAGES, None, path, values)

    @classmethod
    def _of(
        cls, number: int, more: bool, last: int | None, path: str, values: Mapping[str, object]
    ) -> "Pages":
        def to(page: int) -> str:
            return address(path, **values, page=page)

        return cls(
            number,
            last,
            to(1) if number > 1 else "",
            to(number - 1) if number > 1 else "",
            to(number + 1) if more else "",
            to(last) if last and more else "",
        )
