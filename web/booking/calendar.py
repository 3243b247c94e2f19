"""A visit as a calendar file (RFC 5545), which reminds of it the evening before; pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from icalendar import Alarm, Calendar, Event

from core.booking.draft_rules import in_groups
from core.values import day_of, instant_of

# Late enough to be at home, early enough to look for the card and to set the clock.
EVENING = time(20)
PRODUCT = "-//12320//hotline12320//ZH"
HOST = "12320.hotline"


@dataclass(frozen=True)
class Visit:
    """What a calendar is told. version: of the appointment; off: it will not take place."""

    serial: str
    version: int
    patient: str
    hospital: str
    department: str
    doctor: str
    where: str
    starts_at: datetime
    ends_at: datetime
    off: bool = False


def calendar(visit: Visit, now: datetime) -> bytes:
    """One event, which takes the place of itself whenever it is taken in again: UID by serial number,
    SEQUENCE by version. Times are UTC; lines are folded at 75 octets and end with CRLF."""
    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    event = Event()
    event.add("uid", f"{visit.serial}@{HOST}")
    event.add("sequence", visit.version)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", visit.starts_at.astimezone(UTC))
    event.add("dtend", visit.ends_at.astimezone(UTC))
    event.add("summary", _summary(visit))
    event.add("location", f"{visit.hospital} {visit.where}".strip())
    event.add("description", _description(visit))
    event.add("status", "CANCELLED" if visit.off else "CONFIRMED")
    remind_at = instant_of(day_of(visit.starts_at) - timedelta(days=1), EVENING)
    if not visit.off and remind_at > now:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("trigger", remind_at.astimezone(UTC), parameters={"VALUE": "DATE-TIME"})
        alarm.add("description", f"明天{_summary(visit)}")
        event.add_component(alarm)
    made.add_component(event)
    content: bytes = made.to_ical()
    return content


def _summary(visit: Visit) -> str:
    return f"就诊：{visit.hospital} {visit.department} {visit.doctor}".strip()


def _description(visit: Visit) -> str:
    return (
        f"就诊人 {visit.patient}，预约流水号 {in_groups(visit.serial)}。"
        "请带登记的证件原件。要改约或取消，请到网站“我的预约”或拨打 12320。"
    )
