"""Patients looked up by card, name or phone: base data masked, cards, visits, credit (R-094)."""

import re
from collections.abc import Sequence
from datetime import datetime

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.house import AGENT_HOUSE
from agent_desk.pages import page
from agent_desk.query import number_in
from agent_desk.query_words import KINDS
from core.accounts.appeals import appeal_for
from core.accounts.credit import BlockView, blocks, lines
from core.booking import patients
from core.booking.draft import at_desk
from core.booking.patients import REVEAL_REASONS, reveal
from core.catalogue import engine as catalogue
from core.errors import AppealClosed, NotFound, Refusal
from core.http import words
from core.http.access import actor_of, needs
from core.http.credit_words import explained
from core.http.forms import form_token, one, sent
from core.http.refusals import sentence, status
from core.values import Actor
from core.work import Work

# So long a whole number stays on the screen; the browser then loads the masked page by itself.
SHOWN_S = 30

SEXES = {"male": "男", "female": "女"}
IDENTITIES = {
    "resident": "居民身份证",
    "foreigner": "外国人永久居留身份证",
    "hk-macau": "港澳居民来往内地通行证",
    "taiwan": "台湾居民来往大陆通行证",
    "passport": "护照",
    "military": "军官证",
    "household": "户口簿",
}


@needs("query")
async def listing(request: web.Request) -> web.Response:
    by, hotline = at_desk(await actor_of(request)), request.app[AGENT_HOUSE].hotline
    asked = request.query.get("q", "").strip()[:40]
    async with hotline.read() as db:
        found = await patients.look_up(
            db, hotline.sealer, asked, by, now=hotline.clock.now(),
            page=number_in(request.query.get("page")) or 1,
        )  # fmt: skip
    return page(
        request,
        "patients/list.html",
        by=by,
        title="患者查询",
        asked=asked,
        found=found,
        sexes=SEXES,
        to=lambda number: str(request.rel_url.update_query(page=str(number))),
    )


@needs("query")
async def detail(request: web.Request) -> web.Response:
    return await _detail(request)


async def _detail(
    request: web.Request, *, shown: tuple[str, str] | None = None, refusal: Refusal | None = None
) -> web.Response:
    """shown: a field and its whole value, for SHOWN_S."""
    by, hotline = at_desk(await actor_of(request)), request.app[AGENT_HOUSE].hotline
    person_id = int(request.match_info["person"])
    async with hotline.read() as db:
        seen = await patients.patient(db, hotline.sealer, person_id, by, now=hotline.clock.now())
        hospitals = {
            card.hospital_id: (await catalogue.hospital(db, card.hospital_id)).short_name
            for card in seen.cards
        }
        told, held = await _credit(db, person_id, by, hotline.clock.now())
    answer = page(
        request,
        "patients/page.html",
        by=by,
        title=f"患者 {seen.person.name}",
        status=status(refusal) if refusal else 200,
        seen=seen,
        hospitals=hospitals,
        shown=shown,
        shown_s=SHOWN_S,
        refusal=sentence(refusal) if refusal else "",
        reasons=REVEAL_REASONS,
        token=await form_token(request),
        may_reveal=by.may("reveal"),
        sexes=SEXES,
        identities=IDENTITIES,
        kinds=KINDS,
        credit=told,
        blocks=held,
        may_appeal=by.may("book"),
        states=words.APPOINTMENT,
        channels=words.CHANNEL,
    )
    if shown:
        answer.headers["Refresh"] = f"{SHOWN_S}; url=/desk/patients/{person_id}"
    return answer


async def _credit(
    db: AsyncSession, person_id: int, by: Actor, now: datetime
) -> tuple[list[str], Sequence[BlockView]]:
    """Each line of the ledger as it is read out, newest first, and the blocks that hold."""
    told = [
        explained(line, now, whole=line.visit is None or by.sees(line.visit.hospital_id))
        for line in await lines(db, person_id)
    ]
    return told, await blocks(db, person_id, now)


@needs("reveal")
async def unmask(request: web.Request) -> web.Response:
    """One number in full, for a chosen reason, for half a minute; journal and audit know of it."""
    form, by = await sent(request), await actor_of(request)
    person_id, field = int(request.match_info["person"]), one(form, "field")

    async def act(work: Work) -> str:
        return await reveal(work, person_id, field, one(form, "reason"))

    try:
        value = await request.app[AGENT_HOUSE].hotline.run(act, by)
    except Refusal as refusal:
        return await _detail(request, refusal=refusal)
    return await _detail(request, shown=(field, value))


@needs("book")
async def appeal(request: web.Request) -> web.Response:
    """The caller says that a block is wrong: one key of the operator's, no words."""
    form, by = await sent(request), at_desk(await actor_of(request))
    person_id, entry = int(request.match_info["person"]), one(form, "entry")
    if not re.fullmatch(r"\d{1,12}", entry, re.ASCII):
        raise NotFound(facts={"what": "blacklist-entry"})

    async def act(work: Work) -> int:
        return await appeal_for(work, person_id, int(entry))

    try:
        await request.app[AGENT_HOUSE].hotline.run(act, by)
    except AppealClosed as refusal:
        return await _detail(request, refusal=refusal)
    raise web.HTTPSeeOther(f"/desk/patients/{person_id}")


routes = [
    web.get("/desk/patients", listing),
    web.get(r"/desk/patients/{person:\d{1,18}}", detail),
    web.post(r"/desk/patients/{person:\d{1,18}}/reveal", unmask),
    web.post(r"/desk/patients/{person:\d{1,18}}/appeal", appeal),
]
