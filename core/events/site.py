"""What happens to announcements."""

from core.events.base import Event


class AnnouncementWritten(Event):
    """hospital_id: None for the whole hotline."""

    kind = "announcement.written"
    announcement_id: int
    hospital_id: int | None = None


class AnnouncementChanged(Event):
    kind = "announcement.changed"
    announcement_id: int
    hospital_id: int | None = None


class AnnouncementPublished(Event):
    kind = "announcement.published"
    announcement_id: int
    hospital_id: int | None = None


class AnnouncementWithdrawn(Event):
    kind = "announcement.withdrawn"
    announcement_id: int
    hospital_id: int | None = None
