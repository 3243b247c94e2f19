"""The operators' pages, put beside the public ones of the same server: /desk, /wall, /recordings."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from aiohttp import web

from agent_desk import (
    cases,
    desk,
    monitoring,
    patients,
    query,
    recordings,
    recordings_sound,
    reports,
    socket,
    wall,
    wall_acts,
    wall_socket,
)
from agent_desk.house import AGENT_HOUSE, AGENT_PAGES, AgentHouse
from core.http.files import files
from core.http.pages import environment

HERE = Path(__file__).parent

# Each has `routes`, with whole paths; whatever must be ended at shutdown adds itself in `start(app)`.
MODULES: Sequence[ModuleType] = (
    desk,
    socket,
    monitoring,
    patients,
    query,
    wall,
    wall_acts,
    wall_socket,
    reports,
    recordings,
    recordings_sound,
    cases,
)


def mount(app: web.Application, house: AgentHouse) -> None:
    """Add the pages and sockets of operators to the server that has the sessions and the middleware."""
    app[AGENT_HOUSE] = house
    app[AGENT_PAGES] = environment(HERE / "templates")
    for module in MODULES:
        app.add_routes(getattr(module, "routes", ()))
        if hasattr(module, "start"):
            module.start(app)
    app.add_routes([files("/desk/static", HERE / "static")])
