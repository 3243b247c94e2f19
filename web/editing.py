"""Who may change something on a page that everybody may read: staff, some of it with a function."""

from dataclasses import dataclass

from aiohttp import web

from core.errors import NotAllowed
from core.http.access import actor_of, visitor
from core.http.forms import FIELD, form_token

READ_ONLY = "这里可以看，也可以听。要修改，请先登录。"
NOT_YOURS = "这里可以看，也可以听。修改要有“基础数据维护”的权限。"


@dataclass(frozen=True)
class Editing:
    """What a page is told: whether it has forms, the token of each, and why it has none."""

    may: bool
    token: str
    words: str
    token_field: str = FIELD


async def editing(request: web.Request, function: str | None = None) -> Editing:
    """function: that it takes; None: staff is enough."""
    by = await visitor(request)
    if by is None:
        return Editing(False, "", READ_ONLY)
    if function and not by.may(function):
        return Editing(False, "", NOT_YOURS)
    return Editing(True, await form_token(request), "")


async def must_edit(request: web.Request, function: str) -> None:
    """Raises NotLoggedIn, NotAllowed."""
    if not (await actor_of(request)).may(function):
        raise NotAllowed(facts={"function": function})
