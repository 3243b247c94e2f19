"""The draft of a desk: what was said so far, the slot held, what to ask next, what to say."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.house import AgentHouse
from core.booking import draft_view
from core.booking.draft_agreed import NOTHING, Agreed, agreed
from core.booking.draft_rules import HeldFacts, shown
from core.booking.draft_scope import within
from core.booking.draft_view import DraftView
from core.booking.draft_warnings import warnings
from core.errors import CardChargeOff
from core.http.pages import clock
from core.http.refusals import sentence
from core.values import Actor, Channel


@dataclass(frozen=True)
class Shown:
    """hold_id: of the slot, so that its lapse changes the desk."""

    shown: dict[str, Any] | None
    hold_id: str | None


async def draft(
    house: AgentHouse,
    db: AsyncSession,
    by: Actor,
    interaction_id: int,
    typed: frozenset[str],
    *,
    asked: bool = True,
) -> Shown:
    """The part `draft` of a contact, as far as `by` may see it; null until one is open.

    typed: fields this page typed itself. asked: what would refuse it is asked; not while it rings.
    """
    seen = await draft_view.of_interaction(db, house.hotline.sealer, interaction_id)
    if seen is None:
        return Shown(None, None)
    seen = await within(db, seen, by, typed=typed)
    hotline, now = house.hotline, house.hotline.clock.now()
    channel = (by.channel if asked else None) or Channel.PHONE
    found = await agreed(db, hotline.sealer, seen, now=now, channel=channel, demo=hotline.demo)
    against = await warnings(db, hotline.sealer, seen, by=by, now=now, demo=hotline.demo) if asked else []
    if found.paying and found.paying.card_off:
        against.append(CardChargeOff())
    told = [sentence(one) for one in against]
    shown_draft = {**written(seen, typed, found), "warnings": told}
    return Shown(shown_draft, seen.held.hold_id if seen.held else None)


def written(seen: DraftView, typed: frozenset[str] = frozenset(), found: Agreed = NOTHING) -> dict[str, Any]:
    """A draft as the page gets it: numbers masked but those it has just typed.

    pays: the ways to pay there are, and pay: the one it will be; null while there is no slot.
    """
    return {
        "draft_id": seen.draft_id,
        "version": seen.version,
        "state": seen.state,
        "verb": seen.verb,
        "fields": shown(seen.fields, typed),
        "hold": hold(seen.held) if seen.held and seen.held.live else None,
        "lapsed": hold(seen.held) if seen.held and not seen.held.live else None,
        "missing": [{"field": one.field, "words": one.words, "must": one.must} for one in seen.missing],
        "warnings": [],
        "read_back": found.read_back,
        "pays": list(found.paying.codes) if found.paying else None,
        "pay": found.paying.way if found.paying else None,
        "result": {
            "appointment_id": seen.result.appointment_id,
            "serial": seen.result.serial,
            "say": seen.result.say,
        }
        if seen.result
        else None,
    }


def hold(held: HeldFacts) -> dict[str, Any]:
    return {
        "hold_id": held.hold_id,
        "until": held.until,
        "session_id": held.session_id,
        "period_id": held.period_id,
        "hospital": held.hospital,
        "department": held.department,
        "doctor": held.doctor,
        "title": held.title,
        "day": held.day,
        "time": f"{clock(held.starts_at)}–{clock(held.ends_at)}",
        "fee_fen": held.fee_fen,
        "sequence": held.sequence,
        "where": held.where,
    }
