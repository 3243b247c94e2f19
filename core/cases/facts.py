"""What a log consists of: one fact after another, as they were committed; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple


class Order(NamedTuple):
    """Where a fact stands: by the journal, and behind the entry that caused it what only a table knows."""

    journal_id: int
    behind: int = 0


@dataclass(frozen=True)
class Fact:
    """One journalled event, or (kind 'text.queued') what stands in a table and in no journal.

    body: of the event, as the journal holds it. Nothing in it names a person.
    """

    order: Order
    at: datetime
    kind: str
    body: Mapping[str, Any]
    channel: str | None = None
    interaction_id: int | None = None


# A text that stands ready to go. The journal tells when it has left, and before that nothing.
TEXT_QUEUED = "text.queued"
