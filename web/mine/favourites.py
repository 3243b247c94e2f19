"""My favourites and reminders: doctors with their next free day, hospitals, and the releases I wait for."""

import re
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from core.accounts import favourites, reminders
from core.accounts.favourites import DOCTOR, HOSPITAL
from core.errors import NotFound, Refusal
from core.http.patients import for_patients, mine
from core.http.refusals import sentence, status
from core.work import Work
from web.house import HOUSE
from web.public import frame, words

HERE = "account"

Act = Callable[[Work, int, str, int], Awaitable[None]]


async def _ask(work: Work, account_id: int, _: str, post_id: int) -> None:
    await reminders.ask(work, account_id, post_id)


async def _drop(work: Work, account_id: int, _: str, post_id: int) -> None:
    await reminders.drop(work, account_id, post_id)


# What a form may want, and of what.
ACTS: Mapping[str, tuple[Act, frozenset[str]]] = {
    "keep": (favourites.add, frozenset({DOCTOR, HOSPITAL})),
    "let-go": (favourites.remove, frozenset({DOCTOR, HOSPITAL})),
    "remind": (_ask, frozenset({"post"})),
    "forget": (_drop, frozenset({"post"})),
}
SAID = {
    "keep": "已收藏。",
    "let-go": "已取消收藏。",
    "remind": "放号时给您发短信。",
    "forget": "已取消提醒。",
}


@for_patients
@frame.public
async def see(request: web.Request) -> web.Response:
    return await _page(request, said=SAID.get(request.query.get("done", ""), ""))


@for_patients
@frame.public
async def act(request: web.Request) -> web.Response:
    """Keep, let go, wait, wait no longer; a repeat does no harm. Back to where the button stood."""
    who, form = mine(request), await request.post()
    wanted, what, key = (str(form.get(name, "")) for name in ("act", "what", "id"))
    do, of = ACTS.get(wanted, (None, frozenset()))
    if do is None or what not in of or not re.fullmatch(r"\d{1,12}", key, re.ASCII):
        raise NotFound(facts={"what": "favourite"})

    async def done(work: Work) -> None:
        await do(work, who.account_id, what, int(key))

    try:
        await request.app[HOUSE].hotline.run(done, who.by)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(request, trouble=sentence(refusal), code=status(refusal))
    raise web.HTTPSeeOther(f"{frame.base(request)}{_back(str(form.get('back', '')))}?done={wanted}")


def _back(asked: str) -> str:
    """The page of a doctor or a hospital, or the list: no form leads anywhere else."""
    return asked if re.fullmatch(r"/(doctors|hospitals)/\d{1,12}", asked, re.ASCII) else "/account/favourites"


async def _page(request: web.Request, *, said: str = "", trouble: str = "", code: int = 200) -> web.Response:
    who, hotline = mine(request), request.app[HOUSE].hotline
    now = hotline.clock.now()
    async with hotline.read() as db:
        kept = await favourites.kept(db, who.account_id, now=now)
        waiting = await reminders.waited_for(db, who.account_id)
    return frame.show(
        request,
        "mine/favourites",
        HERE,
        status=code,
        kept=kept,
        waiting=waiting,
        numbers=words.NUMBERS,
        said=said,
        trouble=trouble,
        token=who.form_token,
    )


routes = [
    web.get("/account/favourites", see, name="mine-favourites"),
    web.post("/account/favourites", act, name="mine-favourites-act"),
]
