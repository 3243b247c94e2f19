"""Skills: which callers need special operators, and who these are."""

import re
from urllib.parse import urlencode

from aiohttp import web

from core.catalogue.engine import hospital_names
from core.contact import skills as keeping
from core.contact.skills import SkillView
from core.errors import Refusal
from core.http.access import actor_of, needs
from core.http.forms import one, sent
from core.http.keys import HOTLINE
from core.work import Work
from web.staff.pages import act, staff_page


@needs("staff")
async def skills(request: web.Request) -> web.Response:
    return await _skills(request)


async def _skills(
    request: web.Request, typed: SkillView | None = None, refusal: Refusal | None = None
) -> web.Response:
    """typed: what was sent and not taken."""
    (await actor_of(request)).must_see(None)
    async with request.app[HOTLINE].read() as db:
        rows = await keeping.skills(db)
        hospitals = await hospital_names(db)
    return await staff_page(
        request,
        "skills",
        refusal=refusal,
        rows=rows,
        hospitals=hospitals,
        typed=typed,
        unknown=str(refusal.facts.get("unknown", "")) if refusal else "",
        done=request.query.get("done", ""),
    )


@needs("staff")
async def keep(request: web.Request) -> web.Response:
    form = await sent(request)
    code, label = one(form, "code").strip().lower(), one(form, "label")
    cared = {int(text) for text in form.get("hospital", []) if text.isdecimal() and len(text) < 13}
    numbers = set(re.findall(r"\w+", one(form, "people")))

    async def do(work: Work) -> None:
        known = await hospital_names(work.db)
        await keeping.keep_skill(work, code, label, cared & known.keys(), numbers)

    try:
        await act(request, do)
    except Refusal as refusal:
        if refusal.code == "not-allowed":
            raise
        people = tuple((number, "") for number in sorted(numbers))
        return await _skills(request, SkillView(code, label, frozenset(cared), people), refusal)
    raise web.HTTPSeeOther("/staff/skills?" + urlencode({"done": label}))


@needs("staff")
async def drop(request: web.Request) -> web.Response:
    await sent(request)
    code = request.match_info["code"]

    async def do(work: Work) -> None:
        await keeping.drop_skill(work, code)

    await act(request, do)
    raise web.HTTPSeeOther("/staff/skills")


routes = [
    web.get("/staff/skills", skills, name="skills"),
    web.post("/staff/skills", keep, name="skill-keep"),
    web.post(r"/staff/skills/{code:[a-z][a-z0-9-]{1,19}}/delete", drop, name="skill-drop"),
]
