"""A doctor's page, and that of a department's own number: when, how much is left, and how to book it."""

from aiohttp import web

from core.accounts.favourites import DOCTOR
from core.catalogue import browse_posts
from core.errors import NotFound
from core.http.patients import patient
from web.house import HOUSE
from web.mine.keeping import keeping
from web.public import frame, query
from web.public.agenda import agenda


@frame.public
async def doctor(request: web.Request) -> web.Response:
    """Seven days. `day`: one of the days wanted; `change`: what is moved there."""
    key, asked = int(request.match_info["id"]), query.day(request.query)
    who = await patient(request)
    async with request.app[HOUSE].hotline.read() as db:
        facts = await browse_posts.doctor(db, key)
        posts = await browse_posts.posts(db, doctor_id=key)
        told = await agenda(request, db, posts, hospital_id=facts.hospital_id, asked=asked)
        kept = await keeping(request, db, who, DOCTOR, key)
    return frame.show(
        request, "doctor", "hospitals", it=facts, agenda=told, keeping=kept, path=f"/doctors/{key}"
    )


@frame.public
async def own_number(request: web.Request) -> web.Response:
    """The same for the number of a department that names no doctor (R-075)."""
    key, asked = int(request.match_info["id"]), query.day(request.query)
    async with request.app[HOUSE].hotline.read() as db:
        facts = await browse_posts.department(db, key)
        every = await browse_posts.posts(db, department_id=key)
        posts = [one for one in every if one.doctor_id is None]
        if not posts:
            raise NotFound(facts={"what": "post"})
        told = await agenda(request, db, posts, hospital_id=facts.hospital_id, asked=asked)
    return frame.show(
        request,
        "number",
        "hospitals",
        it=facts,
        agenda=told,
        path=f"/departments/{key}/number",
    )


routes = [
    web.get(r"/doctors/{id:\d{1,12}}", doctor, name="doctor"),
    web.get(r"/departments/{id:\d{1,12}}/number", own_number, name="department-number"),
]
