"""The audit, to be searched: who, what, when; fifty on a page."""

from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from aiohttp import web

from core.http.access import actor_of, needs
from core.http.audit_words import ACTS, act
from core.http.keys import HOTLINE
from core.staff import view
from core.values import instant_of
from web.staff.pages import number, staff_page


@needs("staff")
async def audit(request: web.Request) -> web.Response:
    hotline, by, query = request.app[HOTLINE], await actor_of(request), request.query
    first, last = _day(query.get("from", "")), _day(query.get("to", ""))
    asked = view.Audited(
        actor=query.get("who", "").strip()[:40],
        act=query.get("act", "") if query.get("act", "") in ACTS else "",
        since=_midnight(first),
        until=_midnight(last + timedelta(days=1)) if last else None,
        page=max(1, number(query.get("page", "")) or 1),
    )
    async with hotline.read() as db:
        rows, found = await view.audit_entries(db, by, asked)
    kept = {"who": asked.actor, "act": asked.act, "from": first or "", "to": last or ""}
    return await staff_page(
        request,
        "audit",
        rows=rows,
        found=found,
        asked=asked,
        first=first,
        last=last,
        acts=ACTS,
        act=act,
        pages=-(-found // view.ON_A_PAGE),
        address=lambda to: "/staff/audit?" + urlencode({**kept, "page": to}),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _midnight(day: date | None) -> datetime | None:
    return instant_of(day, time()) if day else None


routes = [web.get("/staff/audit", audit, name="audit")]
