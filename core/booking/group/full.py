"""What is known to be sold out: a refusal of the release minute costs no question to the database."""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta

from core.booking.commands import Command, Hold
from core.booking.hold import OFFERED
from core.errors import Refusal, ShareUsedUp, SlotFull, SlotTaken
from core.events import Event
from core.values import Actor, Channel

# Another process may give a slot back, and time may open a share or end a rest: longer than this nothing
# is believed that the tables have not said.
BELIEVED = timedelta(seconds=1)
KEPT = 20_000

FULL = (SlotFull, ShareUsedUp, SlotTaken)
# After these a session may have more to give, or another reason to refuse. Without a session: any of them.
OPENING = frozenset(
    {
        "hold.released", "appointment.cancelled", "appointment.changed", "appointment.expired",
        "appointment.substituted", "numbers.opened", "rule.changed", "catalogue.changed", "session.amended",
        "session.over", "session.published", "session.resumed", "session.stopped", "session.withdrawn",
    }
)  # fmt: skip
SELLING = frozenset({"slot.held", "appointment.booked"})

Asked = tuple[int, int | None, int | None, bool, Channel]


class Full:
    """Refusals by what was asked for, until an event touches the session, and for a second at the most."""

    def __init__(self) -> None:
        self._said: OrderedDict[Asked, tuple[datetime, Refusal]] = OrderedDict()
        self._of_session: dict[int, set[Asked]] = {}
        self.mark = 0  # how many openings have been heard of

    def says(self, asked: Asked, now: datetime) -> Refusal | None:
        """The refusal this would get; None when nobody knows."""
        known = self._said.get(asked)
        if known is None:
            return None
        at, refusal = known
        if at <= now < at + BELIEVED:
            return refusal
        self._forget(asked)
        return None

    def learn(self, command: Command, by: Actor, now: datetime, refusal: Refusal, mark: int) -> None:
        """mark: as it stood before the tables were asked; what opened meanwhile is not forgotten by this."""
        if not isinstance(refusal, FULL) or not isinstance(command, Hold) or mark != self.mark:
            return
        asked = asked_of(command, by.channel or Channel.WINDOW)
        # Not itself: it holds all that was going on when it was raised.
        self._said[asked] = (now, type(refusal)(refusal.rule, refusal.facts))
        self._said.move_to_end(asked)
        self._of_session.setdefault(asked[0], set()).add(asked)
        if len(self._said) > KEPT:
            self._forget(next(iter(self._said)))

    def heard(self, events: Iterable[Event]) -> None:
        """What was just committed by this process."""
        for event in events:
            if event.kind in SELLING:
                self._another_word(event)
            if event.kind not in OPENING:
                continue
            self.mark += 1
            session_id = getattr(event, "session_id", None)
            if session_id is None:
                self._said.clear()
                self._of_session.clear()
            else:
                for asked in list(self._of_session.get(session_id, ())):
                    self._forget(asked)

    def _another_word(self, event: Event) -> None:
        """Less is left: "only for other channels" may have become "full"."""
        for asked in list(self._of_session.get(getattr(event, "session_id", 0), ())):
            if isinstance(self._said[asked][1], ShareUsedUp):
                self._forget(asked)

    def _forget(self, asked: Asked) -> None:
        self._said.pop(asked, None)
        of_session = self._of_session.get(asked[0])
        if of_session is not None:
            of_session.discard(asked)
            if not of_session:
                del self._of_session[asked[0]]


def asked_of(command: Hold, channel: Channel) -> Asked:
    """What its refusal depends on, besides the hour."""
    return command.session_id, command.period_id, command.slot_id, command.reason in OFFERED, channel
