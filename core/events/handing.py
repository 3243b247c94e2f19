"""What happens to calls of ours that an operator makes, because the machine could not."""

from core.events.base import Event


class CallHanded(Event):
    """A call of ours waits for an operator. subject: what it is about, 'offer/12'."""

    kind = "handed.over"
    call_id: int
    subject: str
    person_id: int
    appointment_id: int | None


class HandedTaken(Event):
    """It became one operator's, or (staff_id None) anybody's again."""

    kind = "handed.taken"
    call_id: int
    staff_id: int | None


class HandedTried(Event):
    """An operator dials; interaction_id: the contact of that try."""

    kind = "handed.tried"
    call_id: int
    interaction_id: int
    staff_id: int
    number: int


class HandedSettled(Event):
    """An operator has ended it. answer: a calling.rules.Answer; None: nobody calls any more, without one."""

    kind = "handed.settled"
    call_id: int
    staff_id: int
    person_id: int
    appointment_id: int | None
    answer: str | None
