"""What the pages of staff share: header, hospitals by name, and a form that comes back with a refusal."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web
from aiohttp_session import get_session

from core.catalogue.engine import hospital_names
from core.errors import Refusal
from core.http.access import actor_of
from core.http.forms import FIELD, form_token
from core.http.keys import HOTLINE
from core.http.pages import page
from core.http.refusals import sentence, status
from core.http.sessions import address_of, browser_of
from core.staff.functions import FUNCTIONS
from core.staff.login import Gate, Where
from core.staff.sessions import Stage
from core.values import Actor
from core.work import Work
from web.house import HOUSE

T = TypeVar("T")


@dataclass(frozen=True)
class Link:
    """One entry of the header. needs: any of these functions opens it; none: everybody's who is staff."""

    label: str
    href: str
    needs: frozenset[str] = frozenset()


LINKS = (
    Link("坐席", "/desk/", frozenset({"desk"})),
    Link("大屏", "/wall/", frozenset({"wall", "supervise"})),
    Link("录音", "/recordings/", frozenset({"recordings", "supervise"})),
    Link("我的账号", "/me"),
    Link("停诊", "/staff/leaves", frozenset({"leave", "leave-approve"})),
    Link("公告", "/staff/announcements", frozenset({"announcements"})),
    Link("对账", "/staff/money", frozenset({"settlement"})),
    Link("短信", "/staff/texts", frozenset({"texts"})),
    Link("申诉", "/staff/appeals", frozenset({"appeals"})),
    Link("满意度", "/staff/surveys", frozenset({"reports"})),
    Link("人员", "/staff", frozenset({"staff"})),
    Link("角色", "/staff/roles", frozenset({"staff"})),
    Link("技能", "/staff/skills", frozenset({"staff"})),
    Link("在线", "/staff/sessions", frozenset({"staff"})),
    Link("审计", "/staff/audit", frozenset({"staff"})),
)
HALL = "全省（热线）"


def links(request: web.Request, by: Actor) -> list[Link]:
    """What somebody finds in the header: what they may open, and what this server has."""
    has = places(request)
    return [link for link in LINKS if link.href in has and (not link.needs or link.needs & by.functions)]


def places(request: web.Request) -> set[str]:
    """The addresses that this server has."""
    return {resource.canonical for resource in request.match_info.apps[0].router.resources()}


async def staff_page(
    request: web.Request, template: str, /, *, refusal: Refusal | None = None, **values: Any
) -> web.Response:
    """A template of templates/staff. refusal: why the form on it was not taken."""
    by = await actor_of(request)
    whole = (await get_session(request))["stage"] == Stage.FULL
    return page(
        request,
        f"staff/{template}.html",
        status=status(refusal) if refusal else 200,
        by=by,
        links=links(request, by) if whole else [],
        here=request.path,
        functions=FUNCTIONS,
        trouble=sentence(refusal) if refusal else "",
        wrong=wrong_field(refusal),
        token=await form_token(request),
        token_field=FIELD,
        demo=request.app[HOUSE].demo,
        **values,
    )


def wrong_field(refusal: Refusal | None) -> str:
    """The field that a refusal is about."""
    if refusal is None:
        return ""
    return "mobile" if refusal.code == "phone-invalid" else str(refusal.facts.get("field", ""))


async def act(request: web.Request, do: Callable[[Work], Awaitable[T]]) -> T:
    """One unit of work by who asks."""
    return await request.app[HOTLINE].run(do, await actor_of(request))


async def hospitals(request: web.Request, by: Actor) -> dict[int | None, str]:
    """Where somebody may put an account: their hospital, or everywhere."""
    async with request.app[HOTLINE].read() as db:
        names = await hospital_names(db)
    if by.hospital_id is not None:
        return {by.hospital_id: names.get(by.hospital_id, "")}
    places: dict[int | None, str] = {None: HALL}
    places.update(names.items())
    return places


def gate(request: web.Request) -> Gate:
    house = request.app[HOUSE]
    return Gate(house.passwords, house.sessions.lives, house.second_factor)


def where(request: web.Request, before: int | None = None) -> Where:
    return Where(address_of(request), browser_of(request), before)


def number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 13 else None
