"""In the demo: write a text to the hotline as somebody of the cast."""

from aiohttp import web

from core.http.access import everybody
from core.values import DEMO_MOBILE
from web.house import HOUSE

MOST = 300


@everybody
async def write(request: web.Request) -> web.Response:
    """Form fields number and body; back to the start page, where the answer appears. 404 outside the demo."""
    house = request.app[HOUSE]
    if not house.demo or house.write_text is None:
        raise web.HTTPNotFound
    form = await request.post()
    number, body = str(form.get("number", "")).strip(), str(form.get("body", "")).strip()
    if not DEMO_MOBILE.fullmatch(number) or not body or len(body) > MOST:
        raise web.HTTPBadRequest
    await house.write_text(number, body)
    raise web.HTTPSeeOther("/#texts-title")


routes = [web.post("/demo/texts", write, name="demo-text")]
