"""A contact as a line in the wall's lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from agent_desk import wall_words as words
from agent_desk.house import AGENT_HOUSE
from core.contact import floor_view
from core.contact.call_facts import Call
from core.contact.measure_rules import Unit
from core.http.call_words import disposition

# More rows than this nobody reads; how many there are is told.
MOST_ROWS = 200


@dataclass(frozen=True)
class Row:
    """A contact in a list. adds: what it adds to the figure, in words; missed: it did not meet it."""

    interaction_id: int
    at: datetime
    number: str
    words: str
    adds: str
    missed: bool
    lost: bool  # nobody of ours has talked to them: worth a call


async def listed(request: web.Request, found: Sequence[tuple[Call, str, bool]], now: datetime) -> list[Row]:
    """found: calls, each with what it adds to the figure and whether it missed the aim."""
    hotline = request.app[AGENT_HOUSE].hotline
    shown = found[:MOST_ROWS]
    async with hotline.read() as db:
        numbers = await floor_view.numbers(db, hotline.sealer, [call.interaction_id for call, _, _ in shown])
    return [
        Row(
            call.interaction_id, call.queued_at or call.started_at,
            numbers.get(call.interaction_id, "未显示号码"), _how(call, now), adds, missed,
            call.closed_at is not None and call.answered_at is None,
        )
        for call, adds, missed in shown
    ]  # fmt: skip


_OUTCOMES = {"answered": "人工接听", "abandoned": "放弃", "message": "留言", "callback": "约回拨"}


def _how(call: Call, now: datetime) -> str:
    """What became of a call, and how long it waited."""
    waited = words.value(Unit.SECONDS, call.waited(now).total_seconds())
    if call.outcome:
        return f"等待{waited}，{_OUTCOMES.get(call.outcome, call.outcome)}"
    if call.waiting:
        return f"正在等待，已{waited}"
    return disposition(call.disposition)[0] if call.disposition else "语音菜单中"
