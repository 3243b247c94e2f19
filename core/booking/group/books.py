"""Rule books for batches: made when a rule or a holiday has changed, kept while none has."""

from collections.abc import Iterable
from typing import Any

from core.booking.group.door import Door
from core.contact.calendar import working_by
from core.credit.book import RuleBook, RuleRow


class Books:
    """The stamp is core.credit.engine's: it changes with every write, by whichever process."""

    def __init__(self) -> None:
        self._stamp: Any = None
        self._kept: dict[int, RuleBook] = {}

    async def of(self, door: Door, hospitals: Iterable[int], stamp: tuple[Any, ...]) -> dict[int, RuleBook]:
        """The books of these hospitals, as the rows are in the transaction that the door has open."""
        if stamp != self._stamp:
            self._stamp, self._kept = stamp, {}
        wanted = set(hospitals)
        for hospital_id in wanted - self._kept.keys():
            rows = [RuleRow(*row) for row in await door.ask(door.q.rules, hospital_id)]
            named = {door.day(day): bool(working) for day, working in await door.ask(door.q.holidays)}
            self._kept[hospital_id] = RuleBook(rows, hospital_id, working_by(named))
        return {hospital_id: self._kept[hospital_id] for hospital_id in wanted}
