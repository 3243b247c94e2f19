"""The API over the real pages, and the clinic that it books at."""

import pytest

from core.work import Hotline
from tests.api.clients import App, Client, Program, app_of, partner
from tests.builders import Clinic, clinic
from tests.pages import (  # noqa: F401 fixtures
    Open,
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


@pytest.fixture
async def town(hotline: Hotline) -> Clinic:
    """Dr Chen has six numbers in the morning, two each half-hour."""
    made = await clinic(hotline)
    await made.session("chen")
    return made


@pytest.fixture
async def client(open_pages: Open) -> Client:  # noqa: F811
    return await open_pages()


@pytest.fixture
def anybody(client: Client) -> App:
    return App(client)


@pytest.fixture
async def li(client: Client, town: Clinic) -> App:
    """李秀英's telephone."""
    return await app_of(client, town.hotline, await town.person("李秀英"))


@pytest.fixture
async def program(client: Client, town: Clinic) -> Program:
    return await partner(client, town.hotline)
