"""Every test of a page has the pages at hand."""

from tests.pages import (
    database_url,
    engine,
    feed,
    house,
    open_pages,
    rendering,
    staff_pages,
    switch,
    texts,
    voice,
)

__all__ = [
    "database_url",
    "engine",
    "feed",
    "house",
    "open_pages",
    "rendering",
    "staff_pages",
    "switch",
    "texts",
    "voice",
]
