"""What is being done for a caller, kept at every keystroke: begun by the menu, gone on with by a desk.

How one that was left goes on, by whatever way, is in `draft_continue`.

A draft belongs to a contact, or stands alone. Whoever saves names the version they saw; the database
lets one of two savers through. What is typed leaves no event: the journal tells that a draft was
opened, taken, left and closed, and every hold and appointment tells itself.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.draft_continue import of_number, resumable
from core.booking.draft_end import discard, ended, leave
from core.booking.draft_places import Place
from core.booking.draft_row import as_seen, handed_on, locked, put, under_lock
from core.booking.draft_rules import OF_PERSON, merged, somebody_else
from core.booking.draft_slot import adopt, heartbeat
from core.booking.draft_view import DraftView, opened, sealed
from core.booking.hold import release
from core.booking.loading import lock_key
from core.booking.patients import known
from core.booking.tables import IS_ONGOING, Draft
from core.contact.tables import Interaction
from core.errors import ChangedMeanwhile, NotFound, PersonUnknown
from core.events import DraftOpened, DraftTaken
from core.people.tables import Person
from core.values import Actor, ActorKind, Channel, Phone
from core.work import Work


def at_desk(by: Actor) -> Actor:
    """An operator acts for somebody on the phone: the phone's numbers are sold, its rules hold."""
    return replace(by, channel=Channel.PHONE) if by.kind is ActorKind.STAFF else by


async def open_draft(
    work: Work, *, interaction_id: int | None, ani_print: str | None = None, staff_id: int | None = None
) -> DraftView:
    """The draft to go on with: of this contact, else one the same number left within its grace, else new.

    The slot that the voice menu held for this contact becomes the draft's. staff_id: who works on it
    from now on; None: the menu itself.
    """
    place = Place.MENU if staff_id is None else Place.DESK
    row = await _open(work, interaction_id, ani_print, place)
    if staff_id is not None:
        await _take(work, row, staff_id)
    await adopt(work, row)
    return await as_seen(work, row)


async def _open(work: Work, interaction_id: int | None, ani_print: str | None, place: Place) -> Draft:
    await work.lock(*_keys(interaction_id, ani_print))
    if interaction_id is not None:
        row = await under_lock(work, select(Draft).where(Draft.interaction_id == interaction_id, IS_ONGOING))
        if row is not None:
            if row.state == "left":
                row.state, row.left_until = "open", None
                row.version += 1
                await work.db.flush()
            return row
        # Whose slot it is, the menu asks first (draft_continue.to_menu): a family has one telephone.
        row = await _rejoined(work, interaction_id, ani_print, holding=place is not Place.MENU)
        if row is not None:
            return row
    return await _begin(work, interaction_id, ani_print, place)


def _keys(interaction_id: int | None, ani_print: str | None) -> list[int]:
    keys = [lock_key("draft", interaction_id)] if interaction_id is not None else []
    return [*keys, lock_key("draft-number", ani_print)] if ani_print is not None else keys


async def rejoin(work: Work, interaction_id: int, ani_print: str | None) -> None:
    """Whoever waits in this contact goes on with what they left, if they did, and its slot lives on."""
    await work.lock(*_keys(interaction_id, ani_print))
    here = select(Draft.id).where(Draft.interaction_id == interaction_id, IS_ONGOING)
    if await work.db.scalar(here) is None:
        await _rejoined(work, interaction_id, ani_print, holding=True)


async def _rejoined(work: Work, interaction_id: int, ani_print: str | None, *, holding: bool) -> Draft | None:
    row = await _broken_off(work, ani_print, holding=holding)
    if row is not None:
        row.interaction_id, row.state, row.left_until = interaction_id, "open", None
        row.version += 1
        await work.db.flush()
        _tell_opened(work, row, continued=True)
    return row


async def _broken_off(work: Work, ani_print: str | None, *, holding: bool) -> Draft | None:
    """What the same number left lately. holding: also what has a slot."""
    if ani_print is None:
        return None
    query = (
        select(Draft)
        .outerjoin(Interaction, Interaction.id == Draft.interaction_id)
        .where(of_number(ani_print), resumable(work.now), true() if holding else Draft.hold_id.is_(None))
        .order_by(Draft.saved_at.desc(), Draft.id.desc())
        .limit(1)
    )
    return await under_lock(work, query)


async def _begin(
    work: Work, interaction_id: int | None, ani_print: str | None, place: Place, staff_id: int | None = None
) -> Draft:
    row = Draft(
        interaction_id=interaction_id,
        ani_print=ani_print,
        staff_id=staff_id,
        place=place.value,
        body_sealed=sealed(work.sealer, {}),
        state="open",
        opened_at=work.now,
        saved_at=work.now,
    )
    work.db.add(row)
    await work.db.flush()
    _tell_opened(work, row, continued=False)
    return row


def _tell_opened(work: Work, row: Draft, *, continued: bool) -> None:
    work.record(
        DraftOpened(
            draft_id=row.id, interaction_id=row.interaction_id, staff_id=row.staff_id, continued=continued
        )
    )


# --- keystrokes ---------------------------------------------------------------------------------------


async def save(work: Work, draft_id: int, *, version: int, changes: Mapping[str, Any]) -> DraftView:
    """Put what was typed into the draft: only the fields that changed, None takes one out.

    A name that is not the picked person's is somebody else's, who is not picked; nor is anybody whom
    the saver may not see, once something is typed of the patient. Raises ChangedMeanwhile
    (facts: draft_id and the present version) when somebody else saved first, WrongInput (facts: field)
    for a field that no draft has, WrongState when it has ended, NotFound.
    """
    row = await locked(work, draft_id, seen=version)
    before = opened(work.sealer, row)
    if row.person_id is not None:
        picked = await work.db.scalar(select(Person.name).where(Person.id == row.person_id))
        # Whom the saver does not see, they have not picked: what they type is said of a stranger.
        unseen = row.person_id not in await known(work.db, [row.person_id], work.by)
        if somebody_else(before, changes, picked or "") or (
            unseen and not changes.keys().isdisjoint(OF_PERSON)
        ):
            changes = {**changes, "person_id": None}
    fields = merged(before, changes)
    person_id = fields.get("person_id")
    if person_id is not None and person_id != row.person_id and await work.db.get(Person, person_id) is None:
        raise PersonUnknown
    won = await work.db.execute(
        update(Draft)
        .where(Draft.id == draft_id, Draft.version == version, IS_ONGOING)
        .values(
            body_sealed=sealed(work.sealer, fields),
            person_id=person_id,
            version=version + 1,
            saved_at=work.now,
        )
        .returning(Draft.id)
    )
    if won.one_or_none() is None:
        raise ChangedMeanwhile(facts={"draft_id": draft_id})
    await work.db.refresh(row)
    return await as_seen(work, row)


async def next_matter(
    work: Work, draft_id: int, *, verb: str = "book", appointment_id: int | None = None
) -> DraftView:
    """The same caller wants one more thing: the number they call from stays, the rest is new.

    Of a change the texts go where they went, until another number is said. A draft that came to
    nothing is given up with its slot. Raises NotFound, WrongInput.
    """
    old = await under_lock(work, select(Draft).where(Draft.id == draft_id))
    if old is None:
        raise NotFound(facts={"what": "draft"})
    before = opened(work.sealer, old)
    await discard(work, draft_id)
    row = await _begin(work, old.interaction_id, old.ani_print, Place(old.place), old.staff_id)
    number = None
    if verb == "book":
        number = before.get("contact_phone") or before.get("phone") or await _calls_from(work, old)
    put(work, row, {"contact_phone": number, "verb": verb, "appointment_id": appointment_id})
    return await as_seen(work, row)


async def _calls_from(work: Work, row: Draft) -> str | None:
    """The mobile number of a draft's call."""
    if row.interaction_id is None:
        return None
    ani = await work.db.scalar(select(Interaction.ani_sealed).where(Interaction.id == row.interaction_id))
    number = Phone(work.sealer.open(ani, "phone")) if ani is not None else None
    return number.digits if number is not None and number.is_mobile else None


# --- who goes on with it ------------------------------------------------------------------------------


async def take(work: Work, draft_id: int, staff_id: int) -> DraftView:
    """Another operator, or the same one on another computer, goes on with it. Raises NotFound, WrongState."""
    row = await locked(work, draft_id)
    await _take(work, row, staff_id)
    return await as_seen(work, row)


async def _take(work: Work, row: Draft, staff_id: int) -> None:
    """It is theirs; nothing happens when it was before."""
    was, place = row.staff_id, row.place
    if was == staff_id and place == Place.DESK:
        return
    row.staff_id, row.place, row.account_id = staff_id, Place.DESK.value, None
    row.version += 1
    await work.db.flush()
    work.record(
        DraftTaken(draft_id=row.id, interaction_id=row.interaction_id, staff_id=staff_id, was_staff_id=was)
    )
    handed_on(work, row.id, place, Place.DESK, interaction_id=row.interaction_id, staff_id=staff_id)


# --- what the voice menu writes -----------------------------------------------------------------------


async def note(
    work: Work,
    *,
    interaction_id: int,
    ani_print: str | None,
    changes: Mapping[str, Any],
    hold_id: str | None = None,
    done: bool = False,
    appointment_id: int | None = None,
) -> None:
    """What a dialogue has chosen so far, and holds, for the person who may take over.

    done: it has come to its end; appointment_id: and to this.
    """
    row = await _open(work, interaction_id, ani_print, Place.MENU)
    handed_on(work, row.id, row.place, Place.MENU, interaction_id=interaction_id)
    row.place, row.account_id = Place.MENU.value, None
    if row.hold_id is not None and row.hold_id != hold_id:
        await release(work, row.hold_id, why="moved")
    if not done:
        row.hold_id = hold_id
    put(work, row, changes)
    if done:
        await ended(work, row, appointment_id)


async def holds(db: AsyncSession, interaction_id: int) -> bool:
    """Whether a slot is held for this contact's draft."""
    query = select(Draft.id).where(
        Draft.interaction_id == interaction_id, IS_ONGOING, Draft.state == "open", Draft.hold_id.is_not(None)
    )
    return (await db.execute(query.limit(1))).first() is not None


async def keep(work: Work, interaction_id: int) -> None:
    """A caller still waits: so does the slot of their draft."""
    query = select(Draft.id).where(Draft.interaction_id == interaction_id, IS_ONGOING, Draft.state == "open")
    for draft_id in (await work.db.execute(query)).scalars().all():
        await heartbeat(work, draft_id)


async def left(work: Work, interaction_id: int, grace: timedelta) -> None:
    """A dialogue was hung up on: its draft waits for the redial."""
    query = select(Draft.id).where(Draft.interaction_id == interaction_id, IS_ONGOING, Draft.state == "open")
    for draft_id in (await work.db.execute(query)).scalars().all():
        await leave(work, draft_id, grace)
