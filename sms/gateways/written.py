"""Whether a request has left the house: what fails before is certain, what fails after is in doubt."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from aiohttp import TraceConfig


@dataclass
class Call:
    """written: its first bytes may have left."""

    written: bool = False


_CALL: ContextVar[Call | None] = ContextVar("the call that is being made", default=None)


@contextmanager
def call() -> Iterator[Call]:
    """Around one request of a session that was made with `watched()`."""
    made = Call()
    token = _CALL.set(made)
    try:
        yield made
    finally:
        _CALL.reset(token)


def watched() -> TraceConfig:
    """For the aiohttp session whose calls are to be known."""
    trace = TraceConfig()
    trace.on_request_headers_sent.append(_sent)
    return trace


async def _sent(_session: object, _context: object, _what: Any) -> None:
    made = _CALL.get()
    if made is not None:
        made.written = True
