"""An act that is asked for again under its key is answered as before: for what is more than one command."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from core.booking.tables import CommandKey
from core.errors import KeyReused
from core.work import Work

Answer = dict[str, Any]


async def once(work: Work, key: str, *, verb: str, mark: str, act: Callable[[], Awaitable[Answer]]) -> Answer:
    """Do `act`, or answer as the first time. Its answer is kept: ids and figures, nothing of anybody.

    key: 80 characters at most, of whoever asks alone. mark: 32 characters, the same for the same request.
    What was refused leaves nothing and may be asked again. Raises KeyReused.
    """
    # The key goes in first: of two repeats at once the second waits here and then finds the first.
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    row = {"key": key, "verb": verb, "fingerprint": mark, "outcome": {}, "at": work.now}
    added = await work.db.execute(
        maker(CommandKey).values(row).on_conflict_do_nothing().returning(CommandKey.key)
    )
    kept = await work.db.get_one(CommandKey, key)
    if added.one_or_none() is None:
        if (kept.verb, kept.fingerprint) != (verb, mark):
            raise KeyReused
        return dict(kept.outcome)
    kept.outcome = await act()
    return dict(kept.outcome)
