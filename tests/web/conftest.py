"""Every test of a page has the pages at hand."""

from tests.pages import database_url, feed, house, open_pages, switch, texts

__all__ = ["database_url", "feed", "house", "open_pages", "switch", "texts"]
