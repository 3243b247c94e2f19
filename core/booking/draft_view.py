"""A draft as a desk shows it: its fields, the slot held, what is missing, what came of it; read-only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking import view
from core.booking.draft_rules import HeldFacts, Missing, given_up, missing, said
from core.booking.rules import State
from core.booking.tables import Draft
from core.catalogue.tables import Department, Doctor, Hospital
from core.errors import NotFound
from core.schedule.tables import Hold, Period, Session, Slot
from core.sealing import Sealer

PURPOSE = "draft"


@dataclass(frozen=True)
class Result:
    """What came of a draft. say: the sentence with serial number and time for the caller (R-078)."""

    appointment_id: int
    serial: str
    say: str


@dataclass(frozen=True)
class DraftView:
    """fields: of draft_rules.FIELDS, in the clear (see draft_rules.shown for a screen)."""

    draft_id: int
    version: int
    state: str
    verb: str
    interaction_id: int | None
    staff_id: int | None
    person_id: int | None
    fields: Mapping[str, Any]
    held: HeldFacts | None
    missing: tuple[Missing, ...]
    result: Result | None

    @property
    def ready(self) -> bool:
        """Whether it may be committed."""
        return not any(lack.must for lack in self.missing)


def opened(sealer: Sealer, row: Draft) -> dict[str, Any]:
    """The fields of a draft's row, unsealed."""
    fields: dict[str, Any] = json.loads(sealer.open(row.body_sealed, PURPOSE))
    return fields


def sealed(sealer: Sealer, fields: Mapping[str, Any]) -> bytes:
    return sealer.seal(json.dumps(dict(fields), ensure_ascii=False), PURPOSE)


async def load(db: AsyncSession, sealer: Sealer, draft_id: int) -> DraftView:
    """Raises NotFound."""
    row = await db.get(Draft, draft_id, populate_existing=True)
    if row is None:
        raise NotFound(facts={"what": "draft"})
    return await view_of(db, sealer, row)


async def of_interaction(db: AsyncSession, sealer: Sealer, interaction_id: int) -> DraftView | None:
    """The draft of a contact: the one that goes on, else the last that ended."""
    query = select(Draft).where(Draft.interaction_id == interaction_id).order_by(Draft.id.desc()).limit(1)
    row = (await db.execute(query)).scalar_one_or_none()
    return await view_of(db, sealer, row) if row is not None else None


async def view_of(db: AsyncSession, sealer: Sealer, row: Draft) -> DraftView:
    """A draft's row with everything around it."""
    fields = opened(sealer, row)
    verb = str(fields.get("verb", "book"))
    held = await held_facts(db, row.hold_id) if row.hold_id else None
    live = row.state in ("open", "left")
    return DraftView(
        row.id,
        row.version,
        row.state,
        verb,
        row.interaction_id,
        row.staff_id,
        row.person_id,
        fields,
        held if live else None,
        tuple(missing(fields, held)) if live else (),
        await _result(db, row, verb),
    )


async def held_facts(db: AsyncSession, hold_id: str) -> HeldFacts | None:
    """The slot of a hold with its names; None when there is no such hold."""
    query = (
        select(
            Hold.id,
            Hold.expires_at,
            Hold.state,
            Hold.session_id,
            Slot.period_id,
            Session.hospital_id,
            Session.department_id,
            Session.doctor_id,
            Hospital.short_name,
            Department.name,
            Doctor.name,
            Doctor.title,
            Session.number_kind,
            Session.day,
            Period.starts_at,
            Period.ends_at,
            Slot.sequence,
            Session.fee_fen,
            Department.where,
            Session.room,
        )
        .join(Slot, Slot.id == Hold.slot_id)
        .join(Period, Period.id == Slot.period_id)
        .join(Session, Session.id == Hold.session_id)
        .join(Hospital, Hospital.id == Session.hospital_id)
        .join(Department, Department.id == Session.department_id)
        .outerjoin(Doctor, Doctor.id == Session.doctor_id)
        .where(Hold.id == hold_id)
    )
    row = (await db.execute(query)).one_or_none()
    if row is None:
        return None
    values = list(row)
    values[2] = values[2] == "live"
    return HeldFacts(*values)


async def _result(db: AsyncSession, row: Draft, verb: str) -> Result | None:
    if row.appointment_id is None:
        return None
    made = await view.load(db, row.appointment_id)
    if verb == "cancel":
        say = given_up(made.refund_fen, by_card=made.pay_mode == "card")
        return Result(made.appointment_id, made.serial, say)
    say = said(
        made.serial, made.starts_at, made.ends_at, where=f"{made.hospital_short}{made.where}",
        changed=made.replaces_id is not None,
        pay_by=made.pay_by if made.state is State.UNPAID else None,
    )  # fmt: skip
    return Result(made.appointment_id, made.serial, say)
