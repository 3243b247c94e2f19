"""The supervisor's wall: the page, its parts, and the very calls and people behind each number."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from agent_desk import wall_words as words
from agent_desk.house import AGENT_PAGES
from agent_desk.monitoring import MONITOR, SHORT_S
from agent_desk.pages import page
from agent_desk.wall_panels import panel
from agent_desk.wall_seen import Seen
from core.contact.agent_rules import DISPOSITIONS, PAUSE_REASONS
from core.contact.distribution import QUEUE_CLASS_WORDS
from core.contact.measure_rules import Policy
from core.http.access import actor_of, needs
from core.http.pages import clock, duration
from core.values import Actor

PARTS = ("alarms", "figures", "waiting", "agents", "wants", "more", "floor", "day")


def policy_of(query: Mapping[str, str]) -> Policy:
    """The two switches of the service level, as the address of the page has them."""
    short = query.get("short", "")
    counted = query.get("abandoned", "1") != "0"
    return Policy(counted, int(short)) if short.isdigit() and int(short) in SHORT_S else Policy(counted)


def told(request: web.Request, name: str, seen: Seen, by: Actor, policy: Policy, **more: Any) -> str:
    """One part as HTML. Every template finds the same things."""
    return (
        request.app[AGENT_PAGES]
        .get_template(f"wall/{name}.html")
        .render(
            seen=seen,
            now=seen.as_of,
            words=words,
            policy=policy,
            acts=by.may("supervise"),
            classes=QUEUE_CLASS_WORDS,
            dispositions=DISPOSITIONS,
            pauses=PAUSE_REASONS,
            duration=duration,
            clock=clock,
            **more,
        )
    )


@needs("wall", "supervise")
async def wall(request: web.Request) -> web.StreamResponse:
    """Everything at once, true at this moment and complete without a script."""
    by = await actor_of(request)
    by.must_see(None)
    policy, query = policy_of(request.query), request.query
    monitor = request.app[MONITOR]
    seen = await monitor.look(policy)
    beside = ""
    if query.get("panel"):
        kind, _, key = query["panel"].partition("/")
        beside = await panel(request, by, policy, kind, key)
    return page(
        request,
        "wall/page.html",
        by=by,
        title="大屏",
        person=seen.slow.names.get(by.staff_id or 0, ""),
        parts={name: told(request, name, seen, by, policy) for name in PARTS},
        cursor=str(seen.cursor),
        as_of=seen.as_of,
        policy=policy,
        short_choices=SHORT_S,
        beside=beside,
        big="big" in query,
        said=SAID.get(query.get("said", ""), ""),
        acts=by.may("supervise"),
        clock=clock,
    )


@needs("wall", "supervise")
async def aside(request: web.Request) -> web.StreamResponse:
    """The list or the form beside the wall, alone."""
    by = await actor_of(request)
    by.must_see(None)
    info = request.match_info
    body = await panel(request, by, policy_of(request.query), info["kind"], info.get("key", ""))
    headers = {"Cache-Control": "no-store"}
    return web.Response(text=body, content_type="text/html", charset="utf-8", headers=headers)


# What was done, in a sentence; the page that comes back after a form says it by its code.
SAID = {
    "listen": "正在接通监听，请接听您的话机。",
    "whisper": "正在接通耳语，请接听您的话机。",
    "barge": "正在加入通话，请接听您的话机。",
    "off": "已停止监听。",
    "take-over": "正在接管，请接听您的话机。",
    "force-pause": "已置忙；通话中的，话后生效。",
    "force-ready": "已置闲，未填小结的事项记为“未整理”。",
    "force-off": "已签出；通话中的，话后生效。",
    "skills": "技能已调整，本班次有效。",
    "first": "已提前，下一个空闲坐席接听。",
    "message": "已发出。",
    "greeting-on": "播报已打开。",
    "greeting-off": "播报已关闭，恢复平常。",
    "callback": "已登记回拨。",
}

routes = [
    web.get("/wall", wall, name="wall-short"),
    web.get("/wall/", wall, name="wall"),
    web.get(r"/wall/panel/{kind:[a-z]+}/{key:[a-z0-9-]*}", aside, name="wall-panel"),
]
