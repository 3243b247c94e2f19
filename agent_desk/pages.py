"""Pages of the operators' face: one look, one header, and the links that somebody's functions open."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from agent_desk.house import AGENT_PAGES
from core.values import Actor


@dataclass(frozen=True)
class Link:
    """One entry of the header. needs: any of these functions opens it."""

    label: str
    href: str
    needs: frozenset[str]


LINKS = (
    Link("坐席", "/desk/", frozenset({"desk"})),
    Link("预约查询", "/desk/query", frozenset({"query"})),
    Link("患者查询", "/desk/patients", frozenset({"query"})),
    Link("大屏", "/wall/", frozenset({"wall", "supervise"})),
    Link("话务报表", "/desk/reports", frozenset({"reports"})),
    Link("录音", "/recordings/", frozenset({"recordings", "supervise"})),
)


def links(functions: frozenset[str]) -> list[Link]:
    """What somebody with these functions finds in the header; pure."""
    return [link for link in LINKS if link.needs & functions]


def page(
    request: web.Request,
    name: str,
    *,
    by: Actor,
    title: str,
    person: str = "",
    number: str | None = None,
    status: int = 200,
    **values: Any,
) -> web.Response:
    """A template of agent_desk/templates as a response, with the header's person (name, 工号) and links."""
    body = (
        request.app[AGENT_PAGES]
        .get_template(name)
        .render(
            title=title,
            by=by,
            person=person or by.name,
            number=number,
            links=links(by.functions),
            here=request.path,
            **values,
        )
    )
    headers = {"Cache-Control": "no-store"}
    return web.Response(text=body, content_type="text/html", charset="utf-8", status=status, headers=headers)
