"""What an operator owes, and was told: matters without a disposition, callbacks, messages."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.house import AgentHouse
from core.booking.patients import known
from core.contact import callbacks, matters
from core.contact.agent_rules import DISPOSITIONS
from core.contact.agent_tables import DeskMessage
from core.contact.callbacks import Owed
from core.contact.matters import MatterView
from core.people.tables import Person
from core.staff.tables import Staff
from core.values import Actor, Phone

MESSAGES_LIVE = timedelta(minutes=10)


async def matters_of(db: AsyncSession, interaction_id: int | None, staff_id: int) -> list[dict[str, Any]]:
    """Those of this call, after those of earlier calls that have no disposition yet."""
    return [_matter(one) for one in await matters.before(db, staff_id, interaction_id)]


def _matter(one: MatterView) -> dict[str, Any]:
    choice = DISPOSITIONS.get(one.first or "")
    second = choice.second.get(one.second or "", "") if choice else ""
    return {
        "matter_id": one.matter_id,
        "interaction_id": one.interaction_id,
        "staff_id": one.staff_id,
        "ordinal": one.ordinal,
        "first": one.first,
        "second": one.second,
        "label": f"{choice.label}·{second}" if choice else None,
        "by_act": one.by_act,
        "open": one.closed_at is None,
    }


async def callbacks_of(house: AgentHouse, db: AsyncSession, by: Actor, staff_id: int) -> dict[str, Any]:
    """The part `callbacks`: their own, and those that anybody may take; named are one's own patients."""
    mine = await callbacks.owed(db, staff_id)
    shared = await callbacks.owed(db)
    people = [one.person_id for one in (*mine, *shared) if one.person_id is not None]
    ids = await known(db, people, by)
    names: dict[int, str] = {}
    if ids:
        names = dict((await db.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))).all())
    return {
        "mine": [_callback(house, one, names) for one in mine],
        "shared": [_callback(house, one, names) for one in shared],
    }


def _callback(house: AgentHouse, one: Owed, names: Mapping[int, str]) -> dict[str, Any]:
    number = Phone(house.hotline.sealer.open(one.sealed, "phone")) if one.sealed else None
    return {
        "callback_id": one.callback_id,
        "number_masked": number.masked if number else None,
        "person": names.get(one.person_id) if one.person_id is not None else None,
        "promised_for": one.promised_for,
        "late": one.late(house.hotline.clock.now()),
        "recording_s": one.recording_s if one.recording else 0,
        "tries": one.tries,
        "tried_at": one.tried_at,
    }


async def messages_of(house: AgentHouse, db: AsyncSession, staff_id: int) -> list[dict[str, Any]]:
    """The part `messages`: the newest to them or to all, while they are fresh."""
    since = house.hotline.clock.now() - MESSAGES_LIVE
    query = (
        select(DeskMessage, Staff.name)
        .join(Staff, Staff.id == DeskMessage.from_staff_id)
        .where(
            or_(DeskMessage.to_staff_id.is_(None), DeskMessage.to_staff_id == staff_id),
            DeskMessage.sent_at > since,
        )
        .order_by(DeskMessage.id.desc())
        .limit(20)
    )
    return [
        {
            "message_id": row.id,
            "from": name,
            "text": row.text,
            "at": row.sent_at,
            "to_all": row.to_staff_id is None,
        }
        for row, name in (await db.execute(query)).all()
    ]
