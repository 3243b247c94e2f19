"""Who may change something on a page. Nobody can log in yet, so in the demo only."""

from aiohttp import web

from core.errors import NotAllowed
from core.values import Actor, ActorKind, Channel
from web.house import HOUSE

VISITOR = Actor(ActorKind.STAFF, "demo", Channel.WEB, functions=frozenset({"catalogue"}))
READ_ONLY = "这里现在只能看和听：还不能登录，改动就记不下是谁做的。演示模式下可以修改。"


def may_edit(request: web.Request) -> bool:
    return request.app[HOUSE].demo


def editor(request: web.Request) -> Actor:
    """Raises NotAllowed outside the demo."""
    if not may_edit(request):
        raise NotAllowed(facts={"what": "edit"})
    return VISITOR
