"""A state while it is being told: things that are begun, changed and looked up; pure."""

from typing import Any


class Folding:
    """things: kind, id, field. Ids are text, because some are.

    born: things whose beginning was told; of others nothing is known but what was told later.
    """

    def __init__(self) -> None:
        self.things: dict[str, dict[str, dict[str, Any]]] = {}
        self.born: set[tuple[str, str]] = set()
        self._before_stop: dict[str, str] = {}

    def begin(self, what: str, id_: object, **fields: Any) -> None:
        """A thing is there from now on."""
        self.born.add((what, str(id_)))
        self.put(what, id_, **fields)

    def put(self, what: str, id_: object, **fields: Any) -> None:
        """Fields of a thing as they are now; of one that was there before the log they are all we know."""
        self.things.setdefault(what, {}).setdefault(str(id_), {}).update(fields)

    def get(self, what: str, id_: object, field: str) -> Any:
        """None where nothing was told."""
        return self.things.get(what, {}).get(str(id_), {}).get(field)

    def forget(self, what: str, id_: object, *fields: str) -> None:
        """Nobody knows these any more."""
        known = self.things.get(what, {}).get(str(id_), {})
        for field in fields:
            known.pop(field, None)

    def known(self, what: str, id_: object) -> bool:
        return (what, str(id_)) in self.born

    def having(self, what: str, field: str, value: Any) -> list[str]:
        """Ids of the things that have this value there."""
        return [id_ for id_, fields in self.things.get(what, {}).items() if fields.get(field) == value]

    # --- slots ------------------------------------------------------------------------------------

    def occupy(self, slot_id: object, holder: str) -> None:
        """holder: 'hold:…' or 'appointment:…'."""
        self.put("slot", slot_id, holder=holder)

    def vacate(self, slot_id: object, holder: str) -> None:
        """Whoever holds it now stays: a slot may have gone to somebody else meanwhile."""
        if slot_id is not None and self.get("slot", slot_id, "holder") in (holder, None):
            self.put("slot", slot_id, holder=None)

    # --- what a withdrawn leave restores ----------------------------------------------------------

    def stopped(self, appointment_id: object) -> None:
        was = self.get("appointment", appointment_id, "state")
        if was is not None:
            self._before_stop[str(appointment_id)] = was

    def before_stop(self, appointment_id: object) -> str | None:
        return self._before_stop.pop(str(appointment_id), None)
