"""My credit: what is written down and why, by which rule it counts and until when, and what I say to it."""

import re

from aiohttp import web

from core.accounts import credit
from core.errors import NotFound, Refusal
from core.http.credit_words import rule
from core.http.patients import for_patients, mine
from core.http.refusals import sentence, status
from core.work import Work
from web.house import HOUSE
from web.mine import credit_words
from web.public import frame

HERE = "account"


@for_patients
@frame.public
async def see(request: web.Request) -> web.Response:
    return await _page(request, done="made" in request.query)


@for_patients
@frame.public
async def appeal(request: web.Request) -> web.Response:
    """A second click finds the first appeal, and is told that it is being looked at."""
    who, form = mine(request), await request.post()
    entry, words = str(form.get("entry", "")), _words(str(form.get("words", "")))
    if not re.fullmatch(r"\d{1,12}", entry, re.ASCII):
        raise NotFound(facts={"what": "blacklist-entry"})

    async def act(work: Work) -> None:
        await credit.object_to(work, who.person_id, int(entry), words)

    try:
        await request.app[HOUSE].hotline.run(act, who.by)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(request, trouble=sentence(refusal), code=status(refusal), typed=words)
    raise web.HTTPSeeOther(f"{frame.base(request)}/account/credit?made")


def _words(typed: str) -> str:
    """Without what no keyboard writes."""
    return "".join(one for one in typed.replace("\r\n", "\n") if one.isprintable() or one == "\n").strip()


async def _page(
    request: web.Request, *, done: bool = False, trouble: str = "", code: int = 200, typed: str = ""
) -> web.Response:
    who, hotline = mine(request), request.app[HOUSE].hotline
    now = hotline.clock.now()
    async with hotline.read() as db:
        it = await credit.explained(db, who.account_id, who.person_id, now=now)
    blocks = [credit_words.block(one, it.appeals, now) for one in it.blocks]
    return frame.show(
        request,
        "mine/credit",
        HERE,
        status=code,
        owner=who.name,
        lines=[credit_words.entry(one, now) for one in it.lines],
        blocks=blocks,
        blocked=any(one.it.active for one in blocks),
        rules=[rule(one) for one in it.rules],
        others=[
            (one.name, credit_words.RELATIONS.get(one.relation, ""), credit_words.holds(one.blocks, now))
            for one in it.others
        ],
        answers=credit_words.APPEALS,
        most=credit.LONGEST,
        done=done,
        trouble=trouble,
        typed=typed,
        token=who.form_token,
    )


routes = [
    web.get("/account/credit", see, name="mine-credit"),
    web.post("/account/credit", appeal, name="mine-credit-appeal"),
]
