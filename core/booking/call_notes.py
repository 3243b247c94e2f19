"""What becomes known of calls in the menu, kept for many calls in one unit of work.

The plain case alone is told here in rows: a draft that only the menu has written, a call that ends with
nothing begun. `alone` does one call the way desks and texts do (core.booking.draft, core.contact.engine);
what a batch finds to be otherwise than plain goes there.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, String, bindparam, func, insert, or_, select, update

from core.booking import draft
from core.booking.draft_continue import resumable
from core.booking.draft_places import Place
from core.booking.draft_rules import closing_fields, merged
from core.booking.draft_view import sealed
from core.booking.loading import lock_key
from core.booking.tables import IS_ONGOING, Draft
from core.contact import engine as contact
from core.contact.rules import Disposition, State
from core.contact.tables import Interaction
from core.database import table_of
from core.events import CallerIdentified, DraftClosed, DraftOpened, InteractionClosed
from core.schedule.tables import Hold
from core.work import Work


@dataclass(frozen=True)
class DraftNote:
    """changes: of draft_rules.FIELDS. ended: it came to its end, and to this appointment."""

    changes: Mapping[str, Any]
    hold_id: str | None
    ended: tuple[int | None] | None = None


@dataclass(frozen=True)
class CallEnd:
    """How the dialogue ended the contact. grace: so long what is held waits for a redial."""

    disposition: Disposition
    grace: timedelta


@dataclass(frozen=True)
class Note:
    """What became known of one call since the last time, in this order.

    steps, times: what was said and keyed. known: a person's id, and how we know. stage: how far the menu got.
    """

    interaction_id: int
    ani_print: str | None = None
    steps: tuple[dict[str, Any], ...] = ()
    times: tuple[datetime, ...] = ()
    known: tuple[int, str] | None = None
    stage: str | None = None
    drafts: tuple[DraftNote, ...] = ()
    end: CallEnd | None = None

    def then(self, later: "Note") -> "Note":
        """Both, of the same call."""
        return Note(
            self.interaction_id,
            later.ani_print or self.ani_print,
            self.steps + later.steps,
            self.times + later.times,
            later.known or self.known,
            later.stage or self.stage,
            self.drafts + later.drafts,
            later.end or self.end,
        )


@dataclass(frozen=True)
class Written:
    """A draft as it was written last by us: what its row says, if nobody else has touched it."""

    draft_id: int
    version: int
    hold_id: str | None
    fields: Mapping[str, Any]


Drafts = MutableMapping[int, Written]


@dataclass
class _Batch:
    """new, old: rows of drafts to add and to change. after: what `Drafts` will hold once this is kept."""

    plain: list[Note] = field(default_factory=list)
    new: list[tuple[Note, dict[str, Any], DraftNote]] = field(default_factory=list)
    old: list[dict[str, Any]] = field(default_factory=list)
    after: dict[int, Written | None] = field(default_factory=dict)


async def write(
    work: Work, notes: Sequence[Note], drafts: Drafts
) -> tuple[list[Note], dict[int, Written | None]]:
    """Keep what is plain of these; nobody comes twice.

    drafts: as they were last written, by interaction. Returns what is left for `alone`, and how the drafts
    are once this unit is committed (None: there is no open one any more).
    """
    batch = _Batch()
    aside = await _sorted(work, notes, drafts, batch)
    await _drafts(work, batch)
    for note in batch.plain:
        await contact.steps(work, note.interaction_id, note.steps, note.times)
        if note.known is not None:
            person_id, by = note.known
            work.record(CallerIdentified(interaction_id=note.interaction_id, person_id=person_id, by=by))
    going = [note for note in batch.plain if note.stage is not None or note.known is not None]
    if going:
        await work.db.execute(_GOES_ON, [_going(note) for note in going])
    await _end(work, [note for note in batch.plain if note.end is not None])
    return aside, batch.after


async def alone(work: Work, note: Note) -> None:
    """One call's note, whatever has become of its draft."""
    await contact.steps(work, note.interaction_id, note.steps, note.times)
    if note.known is not None:
        person_id, by = note.known
        await contact.know(work, note.interaction_id, person_id, by=by)
    if note.stage is not None:
        await contact.reach(work, note.interaction_id, note.stage)
    for one in note.drafts:
        await draft.note(
            work,
            interaction_id=note.interaction_id,
            ani_print=note.ani_print,
            changes=one.changes,
            hold_id=one.hold_id,
            done=one.ended is not None,
            appointment_id=one.ended[0] if one.ended else None,
        )
    if note.end is not None:
        await draft.left(work, note.interaction_id, note.end.grace)
        await contact.close(work, note.interaction_id, note.end.disposition)


# --- which are plain ------------------------------------------------------------------------------------


async def _sorted(work: Work, notes: Sequence[Note], drafts: Drafts, batch: _Batch) -> list[Note]:
    """Put what is plain into the batch; returns the others."""
    touching = [note for note in notes if note.drafts or note.end is not None]
    found = await _found(work, [note.interaction_id for note in touching])
    fresh = [
        note for note in touching if note.drafts and note.interaction_id not in found.keys() | drafts.keys()
    ]
    await work.lock(
        *(lock_key("draft", note.interaction_id) for note in fresh),
        *(lock_key("draft-number", note.ani_print) for note in fresh if note.ani_print is not None),
    )
    broken_off = await _broken_off(work, [note.ani_print for note in fresh if note.ani_print is not None])
    kept = await _still_kept(work, touching, drafts)
    aside = []
    for note in notes:
        row, known = found.get(note.interaction_id), drafts.get(note.interaction_id)
        before = _held(drafts, note)
        if not note.drafts and (note.end is None or row is None):
            batch.plain.append(note)
        elif not _straight(note, before) or kept & set(_slots(note, before)):
            aside.append(note)
        elif row is None and known is None and note.ani_print not in broken_off:
            _begin(work, batch, note)
        elif known is not None and row == (known.draft_id, known.version, "open", Place.MENU.value, None):
            _go_on(work, batch, note, known)
        else:
            aside.append(note)
    return aside


def _held(drafts: Drafts, note: Note) -> str | None:
    """The slot that the draft had before."""
    known = drafts.get(note.interaction_id)
    return known.hold_id if known is not None else None


def _slots(note: Note, before: str | None) -> list[str]:
    """The slots that the draft has had on the way."""
    return [slot for slot in (before, *(one.hold_id for one in note.drafts)) if slot is not None]


def _straight(note: Note, before: str | None) -> bool:
    """Whether it is one matter with no more than one slot, and over when the call is."""
    if any(one.ended is not None for one in note.drafts[:-1]):
        return False
    for one in note.drafts:
        if one.ended is None and before is not None and one.hold_id != before:
            return False
        before = one.hold_id if one.ended is None else before
    return note.end is None or (bool(note.drafts) and note.drafts[-1].ended is not None)


async def _still_kept(work: Work, notes: Sequence[Note], drafts: Drafts) -> set[str]:
    """Slots that are held although their matter has come to its end: they are to be given back."""
    ending = [note for note in notes if note.drafts and note.drafts[-1].ended is not None]
    slots = [slot for note in ending for slot in _slots(note, _held(drafts, note))]
    if not slots:
        return set()
    query = select(_HOLD.c.id, _HOLD.c.state).where(_HOLD.c.id.in_(slots))
    return {hold_id for hold_id, state in (await work.db.execute(query)).all() if state == "live"}


async def _found(work: Work, interactions: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    """Drafts that go on, by contact."""
    if not interactions:
        return {}
    query = (
        select(
            *(_DRAFT.c[name] for name in ("interaction_id", "id", "version", "state", "place", "account_id"))
        )
        .where(_DRAFT.c.interaction_id.in_(interactions), IS_ONGOING)
        .order_by(_DRAFT.c.id)
    )
    if not work.house.database.sqlite:
        query = query.with_for_update()
    rows = (await work.db.execute(query)).all()
    return {row[0]: tuple(row[1:]) for row in rows if row[0] is not None}


async def _broken_off(work: Work, numbers: Sequence[str]) -> set[str]:
    """Which of these numbers have left something lately that a new call of theirs goes on with."""
    if not numbers:
        return set()
    query = (
        select(Draft.ani_print, Draft.contact_print)
        .outerjoin(Interaction, Interaction.id == Draft.interaction_id)
        .where(
            or_(Draft.ani_print.in_(numbers), Draft.contact_print.in_(numbers)),
            IS_ONGOING,
            resumable(work.now),
            Draft.hold_id.is_(None),
        )
    )
    return {mark for row in (await work.db.execute(query)).all() for mark in row if mark is not None}


# --- the rows -------------------------------------------------------------------------------------------


def _begin(work: Work, batch: _Batch, note: Note) -> None:
    last = note.drafts[-1]
    fields = _merged({}, note)
    row = {
        "interaction_id": note.interaction_id,
        "ani_print": note.ani_print,
        "place": Place.MENU.value,
        "opened_at": work.now,
        "version": 1,
        **_columns(work, fields, note, None),
    }
    batch.plain.append(note)
    batch.new.append((note, row, last))
    batch.after[note.interaction_id] = None if last.ended else Written(0, 1, last.hold_id, fields)


def _go_on(work: Work, batch: _Batch, note: Note, known: Written) -> None:
    batch.plain.append(note)
    if not note.drafts:
        return
    last = note.drafts[-1]
    fields = _merged(known.fields, note)
    row = _columns(work, fields, note, known.hold_id)
    version = known.version + 1
    batch.old.append(
        {"of_draft": known.draft_id, "its_version": version}
        | {f"its_{name}": value for name, value in row.items()}
    )
    batch.after[note.interaction_id] = (
        None if last.ended else Written(known.draft_id, version, last.hold_id, fields)
    )
    if last.ended:
        _tell_closed(work, note, known.draft_id, row)


def _merged(fields: Mapping[str, Any], note: Note) -> dict[str, Any]:
    for one in note.drafts:
        fields = merged(fields, one.changes)
    return dict(fields)


def _columns(work: Work, fields: Mapping[str, Any], note: Note, before: str | None) -> dict[str, Any]:
    """What a draft's row says after this note. Of one that has ended the slot is told as it was."""
    ended = note.drafts[-1].ended
    slots = _slots(note, before)
    return {
        "body_sealed": sealed(work.sealer, fields if ended is None else closing_fields(fields)),
        "hold_id": slots[-1] if slots else None,
        "person_id": fields.get("person_id"),
        "state": "open" if ended is None else "booked" if _made(fields, ended) else "closed",
        "appointment_id": ended[0] if ended else None,
        "closed_at": work.now if ended else None,
        "saved_at": work.now,
    }


def _made(fields: Mapping[str, Any], ended: tuple[int | None]) -> bool:
    return ended[0] is not None and fields.get("verb") != "cancel"


async def _drafts(work: Work, batch: _Batch) -> None:
    if batch.old:
        await work.db.execute(_DRAFT_GOES_ON, sorted(batch.old, key=lambda row: row["of_draft"]))
    if not batch.new:
        return
    adding = insert(_DRAFT).returning(_DRAFT.c.id, sort_by_parameter_order=True)
    made = (await work.db.execute(adding, [row for _, row, _ in batch.new])).scalars().all()
    for draft_id, (note, row, last) in zip(made, batch.new, strict=True):
        opened = DraftOpened(
            draft_id=draft_id, interaction_id=note.interaction_id, staff_id=None, continued=False
        )
        work.record(opened)
        if last.ended:
            _tell_closed(work, note, draft_id, row)
        elif (after := batch.after[note.interaction_id]) is not None:
            batch.after[note.interaction_id] = Written(draft_id, 1, after.hold_id, after.fields)


def _tell_closed(work: Work, note: Note, draft_id: int, row: Mapping[str, Any]) -> None:
    work.record(
        DraftClosed(
            draft_id=draft_id,
            interaction_id=note.interaction_id,
            state=row["state"],
            appointment_id=row["appointment_id"],
        )
    )


_CONTACT, _DRAFT, _HOLD = table_of(Interaction), table_of(Draft), table_of(Hold)
_SEEN = ("interaction_id", "id", "version", "state", "place", "account_id")
_GOES_ON = (
    update(_CONTACT)
    .where(_CONTACT.c.id == bindparam("of_contact"))
    .values(
        reached=func.coalesce(bindparam("stage", type_=String), _CONTACT.c.reached),
        person_id=func.coalesce(bindparam("person", type_=Integer), _CONTACT.c.person_id),
    )
)
_ENDS = (
    update(_CONTACT)
    .where(_CONTACT.c.id == bindparam("of_contact"))
    .values(state=State.CLOSED.value, disposition=bindparam("how"), closed_at=bindparam("at"))
)
_COLUMNS = (
    "version", "body_sealed", "hold_id", "person_id", "state", "appointment_id", "closed_at", "saved_at",
)  # fmt: skip
_DRAFT_GOES_ON = (
    update(_DRAFT)
    .where(_DRAFT.c.id == bindparam("of_draft"))
    .values({name: bindparam(f"its_{name}") for name in _COLUMNS})
)


def _going(note: Note) -> dict[str, Any]:
    person_id = note.known[0] if note.known else None
    return {"of_contact": note.interaction_id, "stage": note.stage, "person": person_id}


async def _end(work: Work, notes: Sequence[Note]) -> None:
    """Each contact ends exactly once."""
    if not notes:
        return
    ends = {note.interaction_id: note.end for note in notes if note.end is not None}
    query = (
        select(_CONTACT.c.id, _CONTACT.c.reached)
        .where(_CONTACT.c.id.in_(ends), _CONTACT.c.closed_at.is_(None))
        .order_by(_CONTACT.c.id)
    )
    if not work.house.database.sqlite:
        query = query.with_for_update()
    rows = (await work.db.execute(query)).all()
    if not rows:
        return
    closing = [{"of_contact": key, "how": ends[key].disposition.value, "at": work.now} for key, _ in rows]
    await work.db.execute(_ENDS, closing)
    for key, reached in rows:
        work.record(
            InteractionClosed(interaction_id=key, disposition=ends[key].disposition.value, reached=reached)
        )
