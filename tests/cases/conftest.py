"""The page of a case stands in the house of the pages."""

from tests.pages import engine, feed, house, rendering, switch, texts, voice

__all__ = ["engine", "feed", "house", "rendering", "switch", "texts", "voice"]
