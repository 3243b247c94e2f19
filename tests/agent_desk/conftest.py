"""Every test of a desk has the house of desks at hand."""

from tests.desks import desk_house, desk_phones, desk_switch, open_room, room
from tests.pages import database_url, engine, feed, house, rendering, switch, texts, voice

__all__ = [
    "database_url", "desk_house", "desk_phones", "desk_switch", "engine", "feed", "house", "open_room",
    "rendering", "room", "switch", "texts", "voice",
]  # fmt: skip
