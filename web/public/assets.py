"""The two sheets of the public pages, named by what is in them: a browser keeps each for good."""

from hashlib import sha256
from pathlib import Path

from aiohttp import web

HERE = Path(__file__).parents[1] / "static"
KEPT = "public, max-age=31536000, immutable"


def _mark(name: str) -> str:
    return sha256((HERE / name).read_bytes()).hexdigest()[:12]


MARKS = {f"/static/{name}": _mark(name) for name in ("public.css", "public-light.css")}


def address(name: str) -> str:
    """Where a page finds a sheet: another address whenever it is another sheet."""
    path = f"/static/{name}"
    return f"{path}?v={MARKS[path]}"


async def kept(request: web.Request, response: web.StreamResponse) -> None:
    """A signal for `on_response_prepare`: what is asked for by its mark never changes."""
    if request.query.get("v") and request.query["v"] == MARKS.get(request.path):
        response.headers["Cache-Control"] = KEPT
