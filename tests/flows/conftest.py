"""One matter by every channel needs the pages and the desks."""

from tests.desks import desk_house, desk_phones, desk_switch, open_room, room
from tests.pages import (
    database_url,
    engine,
    feed,
    house,
    open_pages,
    rendering,
    switch,
    texts,
    voice,
)

__all__ = [
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
    "switch",
    "texts",
    "voice",
]
