"""What an event is, and how a journal row becomes one again."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """One fact. The ids that the journal indexes have fixed names in every event that has them."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ClassVar[str] = ""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.kind:
            if cls.kind in _KINDS:
                raise TypeError(f"two events are called {cls.kind}")
            _KINDS[cls.kind] = cls


_KINDS: dict[str, type[Event]] = {}


def read_event(kind: str, body: dict[str, Any]) -> Event:
    """The event that a journal row holds. Raises KeyError for a kind nobody knows."""
    return _KINDS[kind].model_validate(body)


def event_kinds() -> dict[str, type[Event]]:
    return dict(_KINDS)
