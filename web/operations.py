"""For those who run the house: is it well, and its figures."""

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from core.health import State, overall
from core.http.access import everybody
from core.values import local
from web.house import HOUSE


@everybody
async def healthz(request: web.Request) -> web.Response:
    """The state of every part; 503 only when nobody can be served."""
    parts = await request.app[HOUSE].health.parts()
    status = overall(parts)
    told = {
        part.name: {
            "state": part.state.value,
            "since": local(part.since).isoformat(timespec="seconds"),
            **({"words": part.words} if part.words else {}),
            **({"progress": round(part.progress, 3)} if part.progress is not None else {}),
        }
        for part in parts
    }
    return web.json_response(
        {"status": status.value, "parts": told},
        status=503 if status in (State.DOWN, State.STARTING) else 200,
        headers={"Cache-Control": "no-store"},
    )


@everybody
async def metrics(request: web.Request) -> web.Response:
    body = await request.app[HOUSE].metrics.render()
    headers = {"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
    return web.Response(body=body, headers=headers)


routes = [
    web.get("/healthz", healthz, name="healthz"),
    web.get("/metrics", metrics, name="metrics"),
]
