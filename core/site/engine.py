"""Announcements are written, changed, published and withdrawn, each act against the version that was seen."""

from sqlalchemy import update

from core.errors import ChangedMeanwhile, NotAllowed, NotFound, WrongInput
from core.events import (
    AnnouncementChanged,
    AnnouncementPublished,
    AnnouncementWithdrawn,
    AnnouncementWritten,
)
from core.site.rules import Draft, State, before, checked
from core.site.tables import Announcement
from core.staff import audit
from core.values import day_of
from core.work import Work


async def write(work: Work, draft: Draft) -> int:
    """A new draft that nobody sees yet; returns its id. Raises WrongInput, NotAllowed."""
    _may(work, draft.hospital_id)
    draft = checked(draft)
    row = Announcement(
        **_columns(draft),
        state=State.DRAFT.value,
        author=work.by.name[:40],
        version=1,
        created_at=work.now,
        changed_at=work.now,
    )
    work.db.add(row)
    await work.db.flush()
    work.record(AnnouncementWritten(announcement_id=row.id, hospital_id=draft.hospital_id))
    await audit.note(work, "announcement-written", what=draft.title, subject_id=row.id)
    return row.id


async def change(work: Work, announcement_id: int, draft: Draft, version: int) -> None:
    """What is published stays so, with the new words. version: that was seen.

    Raises WrongInput, NotFound, NotAllowed, ChangedMeanwhile.
    """
    row = await _load(work, announcement_id)
    _may(work, draft.hospital_id)
    draft = checked(draft)
    done = await work.db.execute(
        update(Announcement)
        .where(Announcement.id == announcement_id, Announcement.version == version)
        .values(**_columns(draft), version=version + 1, changed_at=work.now)
        .returning(Announcement.id)
        .execution_options(synchronize_session=False)
    )
    if done.one_or_none() is None:
        raise ChangedMeanwhile
    work.record(AnnouncementChanged(announcement_id=row.id, hospital_id=draft.hospital_id))
    await audit.note(work, "announcement-changed", what=draft.title, subject_id=row.id)


async def publish(work: Work, announcement_id: int, version: int) -> None:
    """Everybody may read it from its first day on.

    Raises WrongInput when its last day is over, NotFound, NotAllowed, ChangedMeanwhile.
    """
    row = await _load(work, announcement_id)
    if row.last_day is not None and row.last_day < day_of(work.now):
        raise WrongInput(facts={"field": "until", "why": "over"})
    await _step(work, row, State.PUBLISHED, version, published_at=work.now)
    work.record(AnnouncementPublished(announcement_id=row.id, hospital_id=row.hospital_id))
    await audit.note(work, "announcement-published", what=row.title, subject_id=row.id)


async def withdraw(work: Work, announcement_id: int, version: int) -> None:
    """Nobody sees it any more. Raises NotFound, NotAllowed, ChangedMeanwhile."""
    row = await _load(work, announcement_id)
    await _step(work, row, State.WITHDRAWN, version)
    work.record(AnnouncementWithdrawn(announcement_id=row.id, hospital_id=row.hospital_id))
    await audit.note(work, "announcement-withdrawn", what=row.title, subject_id=row.id)


def _may(work: Work, hospital_id: int | None) -> None:
    if not work.by.may("announcements"):
        raise NotAllowed(facts={"function": "announcements"})
    work.by.must_see(hospital_id)


async def _load(work: Work, announcement_id: int) -> Announcement:
    row = await work.db.get(Announcement, announcement_id)
    if row is None:
        raise NotFound(facts={"what": "announcement"})
    _may(work, row.hospital_id)
    return row


async def _step(work: Work, row: Announcement, to: State, version: int, **values: object) -> None:
    done = await work.db.execute(
        update(Announcement)
        .where(
            Announcement.id == row.id,
            Announcement.version == version,
            Announcement.state.in_(before(to)),
        )
        .values(state=to.value, version=version + 1, changed_at=work.now, **values)
        .returning(Announcement.id)
        .execution_options(synchronize_session=False)
    )
    if done.one_or_none() is None:
        raise ChangedMeanwhile


def _columns(draft: Draft) -> dict[str, object]:
    return {
        "hospital_id": draft.hospital_id,
        "kind": draft.kind,
        "title": draft.title,
        "body": draft.body,
        "pinned": draft.pinned,
        "first_day": draft.first_day,
        "last_day": draft.last_day,
    }
