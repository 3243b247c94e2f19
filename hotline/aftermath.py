"""What follows from what has happened: a question about the service, a miss that is looked at again."""

from collections.abc import Callable, Mapping

from core.booking.excusing import reconsider, reconsider_session
from core.contact.rules import Disposition
from core.events import (
    AppointmentAttended,
    Event,
    InteractionClosed,
    SessionStoppedForLeave,
    TextFailed,
)
from core.outbox import Parcel, Route
from core.survey.engine import ask_after_call, ask_after_visit
from core.values import Actor, system
from core.work import Hotline, Work

SURVEY, CREDIT = "survey", "credit"
ROUTES: dict[str, tuple[str, ...]] = {
    AppointmentAttended.kind: (SURVEY,),
    InteractionClosed.kind: (SURVEY,),
    TextFailed.kind: (CREDIT,),
    SessionStoppedForLeave.kind: (CREDIT,),
}

# Most calls end by themselves: nobody is asked about a service that they did not have.
CHOSEN: dict[str, Callable[[InteractionClosed], bool]] = {
    InteractionClosed.kind: lambda event: event.disposition == Disposition.ANSWERED
}


class Aftermath:
    """A carrier into our own books: what it does is done once, however often it is asked."""

    def __init__(self, hotline: Hotline, by: Actor) -> None:
        self._hotline = hotline
        self._by = by

    async def carry(self, parcel: Parcel) -> None:
        event = parcel.entry.event

        async def act(work: Work) -> None:
            await _follow(work, event)

        await self._hotline.run(act, self._by, parcel.entry.interaction_id)


async def _follow(work: Work, event: Event) -> None:
    match event:
        case AppointmentAttended():
            await ask_after_visit(work, event.appointment_id)
        case InteractionClosed(disposition=Disposition.ANSWERED):
            await ask_after_call(work, event.interaction_id)
        case TextFailed(appointment_id=int(appointment_id)):
            await reconsider(work, appointment_id)
        case SessionStoppedForLeave():
            await reconsider_session(work, event.session_id)
        case _:
            pass


def carriers(hotline: Hotline) -> Mapping[str, Route]:
    """Both by name; no order is needed among what they are brought."""
    return {name: Route(Aftermath(hotline, system(name)), ordered=False) for name in (SURVEY, CREDIT)}


def merged(*routes: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Event kind to every carrier that must hear of it."""
    found: dict[str, tuple[str, ...]] = {}
    for one in routes:
        for kind, names in one.items():
            found[kind] = (*found.get(kind, ()), *names)
    return found
