"""Rows of the questions as the facts that the rules know."""

from datetime import datetime
from typing import Any

from core.booking.facts import ActiveBlock, PastAppointment, SlotFacts
from core.booking.group.door import Door
from core.booking.group.picture import Made, Place
from core.booking.rules import State
from core.credit.rules import PastBlock
from core.values import Channel


def place_of(door: Door, row: Any) -> Place:
    instant = door.instant
    facts = SlotFacts(
        session_id=row[0],
        hospital_id=row[1],
        department_id=row[2],
        department_code=row[3],
        doctor_id=row[4],
        number_kind=row[5],
        day=door.day(row[6]),
        half=row[7],
        starts_at=instant(row[8]),
        ends_at=instant(row[9]),
        release_at=instant(row[10]),
        stop_at=instant(row[11]),
        hospital_live=bool(row[12]),
        open=bool(row[13]),
        session_state=row[14],
        fee_fen=row[15],
        room=row[16],
    )
    return Place(facts, instant(row[17]) if row[17] else None)


def made_of(door: Door, row: Any) -> Made:
    row = list(row)
    row[13:16] = door.day(row[13]), door.instant(row[14]), door.instant(row[15])
    row[20] = door.body(row[20])
    return Made(*row)


def past_of(door: Door, row: Any) -> PastAppointment:
    """One line of a person's history; the row begins with the person."""
    instant = door.instant
    return PastAppointment(
        id=row[1],
        hospital_id=row[2],
        department_id=row[3],
        doctor_id=row[4],
        session_id=row[5],
        slot_id=row[6],
        day=door.day(row[7]),
        starts_at=instant(row[8]),
        ends_at=instant(row[9]),
        state=State(row[10]),
        channel=Channel(row[11]),
        booked_at=instant(row[12]),
        ended_at=instant(row[13]) if row[13] else None,
        reason=row[14],
    )


def block_of(door: Door, row: Any, now: datetime) -> ActiveBlock | None:
    """A block that counts now, as credit.engine.active_blocks; its value is what stands in its reason."""
    _, key, reason, hospital_id, until, row_id, _, ended_at = row
    until = door.instant(until) if until else None
    if ended_at is not None or (until is not None and until <= now):
        return None
    return ActiveBlock(key, reason.partition(f" x {key} ")[2], hospital_id, until, row_id)


def past_block_of(door: Door, row: Any, now: datetime) -> PastBlock:
    _, key, _, hospital_id, until, _, from_at, ended_at = row
    until = door.instant(until) if until else None
    active = ended_at is None and (until is None or until > now)
    return PastBlock(key, hospital_id, door.instant(from_at), active)
