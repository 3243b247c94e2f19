"""Every test of a page has the pages at hand."""

from tests.desks import desk_house, desk_phones, desk_switch, open_room, room
from tests.matrix import app
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
    "app",
    "database_url",
    "desk_house",
    "desk_phones",
    "desk_switch",
    "engine",
    "feed",
    "house",
    "open_pages",
    "open_room",
    "rendering",
    "room",
    "staff_pages",
    "switch",
    "texts",
    "voice",
]
