"""Where a draft is being gone on with, and how long its slot is kept on the way; pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from core.booking.draft_rules import MOST_KEPT


class Place(StrEnum):
    """Who writes into a draft now."""

    MENU = "menu"
    DESK = "desk"
    SMS = "sms"
    WEB = "web"


PLACE_WORDS: Mapping[str, str] = {
    Place.MENU: "语音菜单",
    Place.DESK: "话务员",
    Place.SMS: "短信",
    Place.WEB: "网上",
}


def lingers_until(now: datetime, held_at: datetime, grace: timedelta) -> datetime:
    """Until when a slot is kept for somebody who may come back.

    Nobody sits on one for ever by hanging up and calling again: beside the grace, it is kept for
    `draft_rules.MOST_KEPT` at the most.
    """
    return min(now + grace, held_at + MOST_KEPT + grace)
