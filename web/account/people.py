"""People I book for (I-007): added, completed, removed."""

from collections.abc import Mapping

from aiohttp import web

from core.accounts import about, family, people
from core.accounts.people import MOST, SELF, attendees
from core.errors import IdentityInvalid, NotFound, Refusal
from core.http.patients import for_patients, mine
from core.values import IdentityKind, day_of, identity
from core.work import Work
from web.account.own import done, own_page
from web.account.pages import KINDS, SEXES, fields, typed
from web.house import HOUSE
from web.public import frame

RELATIONS = {
    "child": "子女",
    "parent": "父母",
    "spouse": "配偶",
    "grandparent": "祖父母、外祖父母",
    "sibling": "兄弟姐妹",
    "other": "其他",
}
KEPT = ("name", "relation", "kind", "number", "sex", "birth")
PATH = "/account/people"


@for_patients
@frame.public
async def show(request: web.Request) -> web.Response:
    return await _show(request)


async def _show(request: web.Request, refusal: Refusal | None = None) -> web.Response:
    hotline = request.app[HOUSE].hotline
    async with hotline.read() as db:
        found = await attendees(db, hotline.sealer, mine(request).account_id)
    return await own_page(
        request,
        "account/people",
        refusal,
        me=next(one for one in found if one.relation == SELF),
        people=[one for one in found if one.relation != SELF],
        most=MOST,
        relations=RELATIONS,
        sexes=SEXES,
        kinds=KINDS,
    )


@for_patients
@frame.public
async def ask(request: web.Request) -> web.Response:
    return await _ask(request, {"kind": IdentityKind.RESIDENT.value})


async def _ask(request: web.Request, form: Mapping[str, str], refusal: Refusal | None = None) -> web.Response:
    return await own_page(
        request,
        "account/person",
        refusal,
        values=typed(dict(form), KEPT),
        relations=RELATIONS,
        kinds=KINDS,
        sexes=SEXES,
    )


@for_patients
@frame.public
async def add(request: web.Request) -> web.Response:
    house, me, form = request.app[HOUSE], mine(request), await fields(request)

    async def count(work: Work) -> None:
        await family.count_try(work, me.account_id)

    async def act(work: Work) -> None:
        said = about.read(
            name=form.get("name", ""),
            kind=form.get("kind", ""),
            number=form.get("number", ""),
            sex=form.get("sex", ""),
            birth_date=form.get("birth", ""),
            today=day_of(work.now),
            demo=work.demo,
        )
        await family.add(work, me.account_id, said, form.get("relation", ""))

    try:
        await house.hotline.run(count, me.by)
        await house.hotline.run(act, me.by)
    except Refusal as refusal:
        return await _ask(request, form, refusal)
    return done(request, PATH, "added")


@for_patients
@frame.public
async def complete(request: web.Request) -> web.Response:
    """The papers of somebody who was added without. Raises NotFound for whom this account does not have."""
    house, me, form = request.app[HOUSE], mine(request), await fields(request)
    person_id = int(request.match_info["id"])

    async def count(work: Work) -> None:
        await people.books_for(work.db, me.account_id, person_id)
        await family.count_try(work, me.account_id)

    async def act(work: Work) -> None:
        if form.get("kind", "") not in KINDS:
            raise IdentityInvalid
        papers = identity(IdentityKind(form["kind"]), form.get("number", ""), demo=work.demo)
        await family.give_papers(work, me.account_id, person_id, papers)

    try:
        await house.hotline.run(count, me.by)
        await house.hotline.run(act, me.by)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _show(request, refusal)
    return done(request, PATH, "completed")


@for_patients
@frame.public
async def remove(request: web.Request) -> web.Response:
    """Raises NotFound for whom this account does not have."""
    me, person_id = mine(request), int(request.match_info["id"])

    async def act(work: Work) -> None:
        await people.remove(work, me.account_id, person_id)

    await request.app[HOUSE].hotline.run(act, me.by)
    return done(request, PATH, "removed")


routes = [
    web.get(PATH, show, name="account-people"),
    web.get(f"{PATH}/new", ask, name="account-person"),
    web.post(f"{PATH}/new", add, name="account-person-add"),
    web.post(PATH + r"/{id:\d{1,12}}/papers", complete, name="account-person-complete"),
    web.post(PATH + r"/{id:\d{1,12}}/remove", remove, name="account-person-remove"),
]
