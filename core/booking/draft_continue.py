"""A draft that was left goes on: by a redial, at a desk, by a text, on the web, with the slot it holds.

One guarded statement by the draft's version decides who goes on with it: of a redial and a reply that
cross, one does, and the other is told so (ChangedMeanwhile). Nobody is found but by the number that
called, or the one that was told of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.commands import Book, Booked, Change, HeldSlot, unpacked
from core.booking.draft_end import GRACE, discard, ended
from core.booking.draft_places import Place
from core.booking.draft_row import handed_on, put, under_lock
from core.booking.draft_rules import OF_SLOT, HeldFacts
from core.booking.draft_view import held_facts, opened, sealed
from core.booking.hold import let_older_choice_go
from core.booking.store import once
from core.booking.tables import IS_ONGOING, CommandKey, Draft
from core.contact.tables import Interaction
from core.errors import ChangedMeanwhile, DraftIncomplete, HoldLapsed
from core.events import DraftOpened
from core.schedule.tables import Hold
from core.sealing import Sealer
from core.values import Phone
from core.work import Work


@dataclass(frozen=True)
class KeptDraft:
    """A draft whose call is gone, with a slot that is still held. until: so long it is.

    verb: book or change, and then appointment_id says which. person_id: the patient, if they were told
    from others; it is no leave to name them to whoever asks now.
    """

    draft_id: int
    version: int
    place: Place
    verb: str
    person_id: int | None
    appointment_id: int | None
    held: HeldFacts
    slot_id: int
    until: datetime

    @property
    def slot(self) -> HeldSlot:
        held = self.held
        return HeldSlot(
            held.hold_id, self.slot_id, held.session_id, held.period_id, held.sequence, held.until
        )


def of_number(phone_print: str) -> ColumnElement[bool]:
    """Drafts of whoever has this number: it called, or it was told of the slot."""
    return or_(Draft.ani_print == phone_print, Draft.contact_print == phone_print)


def resumable(now: datetime) -> ColumnElement[bool]:
    """Drafts that were left lately: said so by their desk, or, if that died, by the end of their call.

    Over Draft, with its Interaction joined from outside.
    """
    left = and_(Draft.state == "left", Draft.left_until > now)
    return or_(left, and_(Draft.state == "open", Interaction.closed_at > now - GRACE))


async def kept_for(db: AsyncSession, sealer: Sealer, phone_print: str, now: datetime) -> KeptDraft | None:
    """What a number left unfinished, newest first, while its slot is held; None when there is nothing."""
    query = (
        select(Draft, Hold.slot_id)
        .join(Hold, Hold.id == Draft.hold_id)
        .outerjoin(Interaction, Interaction.id == Draft.interaction_id)
        .where(of_number(phone_print), resumable(now), Hold.state == "live", Hold.expires_at > now)
        .order_by(Draft.saved_at.desc(), Draft.id.desc())
        .limit(1)
    )
    found = (await db.execute(query.execution_options(populate_existing=True))).one_or_none()
    if found is None:
        return None
    row, slot_id = found
    held = await held_facts(db, row.hold_id or "")
    assert held is not None
    fields = opened(sealer, row)
    return KeptDraft(
        row.id,
        row.version,
        Place(row.place),
        str(fields.get("verb", "book")),
        row.person_id,
        fields.get("appointment_id"),
        held,
        slot_id,
        min(held.until, row.left_until) if row.left_until else held.until,
    )


# --- who goes on with it --------------------------------------------------------------------------------


async def to_menu(work: Work, kept: KeptDraft, *, interaction_id: int, owner: str) -> None:
    """The voice menu goes on with it; the slot is the call's. owner: as `commands.Hold` has it.

    Raises ChangedMeanwhile, HoldLapsed; nothing has happened then.
    """
    await _won(
        work, kept, state="open", left_until=None, interaction_id=interaction_id, staff_id=None,
        place=Place.MENU.value, account_id=None,
    )  # fmt: skip
    await _owned(work, kept, owner)
    work.record(
        DraftOpened(draft_id=kept.draft_id, interaction_id=interaction_id, staff_id=None, continued=True)
    )
    handed_on(work, kept.draft_id, kept.place, Place.MENU, interaction_id=interaction_id)


async def to_web(work: Work, kept: KeptDraft, *, account_id: int, owner: str) -> None:
    """An account goes on with it in its own time: the slot is kept as long as was said, and no longer.

    Raises ChangedMeanwhile, HoldLapsed; nothing has happened then.
    """
    await _won(
        work, kept, state="left", left_until=kept.until, staff_id=None, place=Place.WEB.value,
        account_id=account_id,
    )  # fmt: skip
    await let_older_choice_go(work, owner)
    await _owned(work, kept, owner)
    handed_on(work, kept.draft_id, kept.place, Place.WEB, account_id=account_id)


async def _won(work: Work, kept: KeptDraft, **values: Any) -> None:
    won = await work.db.execute(
        update(Draft)
        .where(Draft.id == kept.draft_id, Draft.version == kept.version, IS_ONGOING)
        .values(version=kept.version + 1, saved_at=work.now, **values)
        .returning(Draft.id)
    )
    if won.one_or_none() is None:
        raise ChangedMeanwhile(facts={"draft_id": kept.draft_id})


async def _owned(work: Work, kept: KeptDraft, owner: str) -> None:
    """The slot changes hands. Raises HoldLapsed when it has gone meanwhile."""
    hold_id = kept.held.hold_id
    taken = await work.db.execute(
        update(Hold).where(Hold.id == hold_id, Hold.state == "live").values(owner=owner).returning(Hold.id)
    )
    if taken.one_or_none() is None:
        raise HoldLapsed


# --- what comes of it -----------------------------------------------------------------------------------


async def agree(
    work: Work,
    draft_id: int,
    *,
    version: int,
    place: Place,
    contact: Phone,
    person_id: int | None = None,
    key: str | None = None,
) -> Booked:
    """Book or change what a left draft says, out of its slot, once.

    place: where the yes was said. contact: the number that said it, where the texts of a booking go.
    person_id: the patient, where the draft does not know them. key: whoever repeats it gets the same
    answer. Raises ChangedMeanwhile when it went on or ended elsewhere, DraftIncomplete (facts: field)
    while nobody knows for whom, and the refusals of `core.booking.book`; the draft then waits as it was.
    """
    if key is not None and (before := await work.db.get(CommandKey, key)) is not None:
        said = unpacked(before.outcome)
        assert isinstance(said, Booked)
        return said
    query = select(Draft).where(Draft.id == draft_id, Draft.version == version, Draft.state == "left")
    row = await under_lock(work, query)
    if row is None or row.hold_id is None:
        raise ChangedMeanwhile(facts={"draft_id": draft_id})
    made = await once(work, _command(opened(work.sealer, row), row, contact, person_id, key))
    assert isinstance(made, Booked)
    handed_on(work, row.id, row.place, place, interaction_id=work.interaction_id)
    row.place = place.value
    await ended(work, row, made.appointment_id)
    return made


def _command(
    fields: Mapping[str, Any], row: Draft, contact: Phone, person_id: int | None, key: str | None
) -> Book | Change:
    assert row.hold_id is not None
    if fields.get("verb") == "change":
        return Change(int(fields["appointment_id"]), row.hold_id, key=key)
    patient = row.person_id or person_id
    if patient is None:
        raise DraftIncomplete(facts={"field": "person_id"})
    return Book(row.hold_id, patient, contact, key=key)


# --- what is held where nobody calls ----------------------------------------------------------------------


async def begun_elsewhere(
    work: Work,
    hold_id: str,
    place: Place,
    phone_print: str,
    changes: Mapping[str, Any],
    *,
    account_id: int | None = None,
) -> None:
    """What is held on the web or by text becomes a draft that its number may go on with, until the slot's
    own end.

    changes: what is known beside the slot, of draft_rules.FIELDS.
    """
    held = await held_facts(work.db, hold_id)
    assert held is not None
    row = Draft(
        place=place.value,
        account_id=account_id,
        ani_print=phone_print,
        body_sealed=sealed(work.sealer, {}),
        hold_id=hold_id,
        state="left",
        opened_at=work.now,
        saved_at=work.now,
        left_until=held.until,
        version=1,
    )
    put(work, row, {**{name: getattr(held, name) for name in OF_SLOT}, **changes})
    work.db.add(row)
    await work.db.flush()
    work.record(
        DraftOpened(draft_id=row.id, interaction_id=None, staff_id=None, continued=False, state="left")
    )


async def settle(work: Work, account_id: int, hold_id: str, appointment_id: int | None = None) -> None:
    """An account has booked out of this hold, or given it up: its drafts end, that of the hold with what
    came of it."""
    for row in await of_account(work, account_id):
        if row.hold_id == hold_id:
            await ended(work, row, appointment_id)
        else:
            await discard(work, row.id)


async def of_account(work: Work, account_id: int) -> Sequence[Draft]:
    """What an account goes on with on the web, or what was begun there and not gone on with yet."""
    rows = await work.db.execute(select(Draft).where(Draft.account_id == account_id, IS_ONGOING))
    return rows.scalars().all()
