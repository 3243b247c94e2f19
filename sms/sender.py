"""Who has written, and what the turns of a talk need to answer them."""

from dataclasses import dataclass
from datetime import datetime

from core.booking import view
from core.booking.store import Store
from core.booking.view import AppointmentView
from core.catalogue.search import Finder
from core.people.engine import household
from core.people.tables import Person
from core.values import Actor, ActorKind, Channel, Phone
from core.work import Hotline

BY = Actor(ActorKind.PATIENT, "sms", Channel.SMS)


@dataclass(frozen=True)
class Sender:
    """One text of one number. text_id makes every command of its turn repeatable. asked_at: when the talk's
    question was asked, for which this may be the answer.

    Whoever writes from a number is taken for its owner, as the telephone menu takes who calls from it:
    they book for those known by it, and touch what was booked with it or for them.
    """

    hotline: Hotline
    store: Store
    finder: Finder
    phone: Phone
    phone_print: str
    text_id: int
    interaction_id: int
    now: datetime
    asked_at: datetime

    @property
    def owner(self) -> str:
        """Whose holds they are: a number has one choice at a time."""
        return f"sms:{self.phone_print}"

    def key(self, verb: str) -> str:
        """The same at every try of this text."""
        return f"sms/{self.text_id}/{verb}"

    async def people(self) -> list[Person]:
        """Everybody who is known by this number."""
        async with self.hotline.read() as db:
            return await household(db, self.hotline.sealer, self.phone)

    async def visits(self) -> list[AppointmentView]:
        """What is ahead and was booked with this number, or is for somebody known by it; soonest first."""
        found: dict[int, AppointmentView] = {}
        async with self.hotline.read() as db:
            for made in await view.open_by_phone(db, self.phone_print, self.now):
                found[made.appointment_id] = made
            for person in await household(db, self.hotline.sealer, self.phone):
                for made in await view.open_of_person(db, person.id, self.now):
                    found[made.appointment_id] = made
        return sorted(found.values(), key=lambda made: (made.starts_at, made.appointment_id))
