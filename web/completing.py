"""Real name by link: who booked by text gives the number of their papers on one page, once."""

from aiohttp import web

from core.booking.completing import complete_by_link
from core.errors import IdentityConflict, IdentityInvalid, LinkOver, Refusal
from core.http.access import everybody
from core.http.keys import HOTLINE
from core.http.pages import page, surname
from core.http.refusals import sentence, status
from core.people.linking import whose
from core.values import Actor, ActorKind, Channel, IdentityKind, identity

BY = Actor(ActorKind.PATIENT, "web", Channel.WEB)
KINDS = {
    IdentityKind.RESIDENT: "居民身份证",
    IdentityKind.FOREIGNER: "外国人永久居留身份证",
    IdentityKind.HK_MACAU: "港澳居民来往内地通行证",
    IdentityKind.TAIWAN: "台湾居民来往大陆通行证",
    IdentityKind.PASSPORT: "护照",
    IdentityKind.MILITARY: "军官证",
    IdentityKind.HOUSEHOLD: "户口簿",
}
MOST = 24


@everybody
async def ask(request: web.Request) -> web.Response:
    """The form; 410 with the way on for a link that is over."""
    return await _ask(request)


@everybody
async def give(request: web.Request) -> web.Response:
    """Form fields kind and number. Good: the page says what is booked now; else the form, with why not."""
    hotline = request.app[HOTLINE]
    form = await request.post()
    kind, typed = str(form.get("kind", "")), str(form.get("number", ""))[:MOST]
    try:
        if kind not in [known.value for known in KINDS]:
            raise IdentityInvalid
        given = identity(IdentityKind(kind), typed, demo=hotline.demo)
        booked = await complete_by_link(hotline, request.match_info["token"], given, BY)
    except (IdentityInvalid, IdentityConflict, LinkOver) as refusal:
        return await _ask(request, refusal, kind=kind)
    return _page(request, done=True, booked=booked)


async def _ask(
    request: web.Request, refusal: Refusal | None = None, *, kind: str = IdentityKind.RESIDENT.value
) -> web.Response:
    """What was typed is not sent back: somebody may look over the shoulder."""
    try:
        linked = await whose(request.app[HOTLINE], request.match_info["token"])
    except LinkOver as over:
        return _page(request, refusal=over)
    return _page(request, refusal=refusal, patient=surname(linked.name), kind=kind)


def _page(request: web.Request, *, refusal: Refusal | None = None, **values: object) -> web.Response:
    shown = {"done": False, "booked": 0, "patient": "", "kind": "", **values}
    return page(
        request,
        "completing.html",
        status=status(refusal) if refusal else 200,
        trouble=sentence(refusal) if refusal else "",
        kinds=KINDS,
        **shown,
    )


routes = [
    web.get("/r/{token:[A-Za-z0-9]{24}}", ask, name="completing"),
    web.post("/r/{token:[A-Za-z0-9]{24}}", give, name="complete"),
]
