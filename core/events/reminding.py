"""What happens to reminders of visits."""

from core.events.base import Event


class ReminderDue(Event):
    """Somebody is to be reminded of a visit. way: text, call or both; version: the visit's."""

    kind = "reminder.due"
    reminder_id: int
    appointment_id: int
    person_id: int
    way: str
    version: int


class ReminderAnswered(Event):
    """answer: kept, changed or cancelled."""

    kind = "reminder.answered"
    reminder_id: int
    appointment_id: int
    person_id: int
    answer: str


class ReminderEnded(Event):
    """state: void when the visit is not any more what was reminded of, lapsed when it has begun."""

    kind = "reminder.ended"
    reminder_id: int
    appointment_id: int
    person_id: int
    state: str
