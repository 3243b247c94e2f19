"""A PostgreSQL that a test may kill, and the pages and desks for those that look at them meanwhile."""

from collections.abc import Iterator

import pytest

from tests.desks import desk_house, desk_phones, desk_switch, open_room, room
from tests.money.conftest import sandbox_keys, shop
from tests.pages import engine, feed, house, open_pages, rendering, switch, texts, voice
from tests.postgres import Cluster, start_cluster

__all__ = [
    "desk_house", "desk_phones", "desk_switch", "engine", "feed", "house", "open_pages", "open_room",
    "rendering", "room", "sandbox_keys", "shop", "switch", "texts", "voice",
]  # fmt: skip


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A server that nobody else uses."""
    with start_cluster(tmp_path_factory.mktemp("own-pg")) as cluster:
        yield cluster


@pytest.fixture
def own_url(own: Cluster) -> Iterator[str]:
    """A fresh database on it."""
    with own.database() as url:
        yield url
