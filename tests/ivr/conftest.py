"""The town of the key scripts, built once."""

import asyncio
from pathlib import Path

import pytest

from tests.ivr.town import TownModel, build_town


@pytest.fixture(scope="session")
def town_model(sqlite_model: Path, tmp_path_factory: pytest.TempPathFactory) -> TownModel:
    """To be copied by `a_town`: quicker than building it each time."""
    return asyncio.run(build_town(sqlite_model, tmp_path_factory.mktemp("town") / "town.db"))
