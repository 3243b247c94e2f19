"""A text gateway that prints one line for each text, without its words; the text table keeps those."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable

from core.ports import OutgoingText, OutsideError
from core.values import Phone
from sms.segments import segments

# Carriers refuse longer ones.
MOST_SEGMENTS = 10


class ConsoleGateway:
    """write: takes one line. remembers: keys that would be noticed again; a restart forgets them."""

    name = "console"

    def __init__(self, write: Callable[[str], object], *, remembers: int = 10_000) -> None:
        self._write = write
        self._remembers = remembers
        self._seen: OrderedDict[str, None] = OrderedDict()

    async def send(self, text: OutgoingText) -> str:
        """Raises OutsideError: permanent for what no gateway would take."""
        cost = segments(text.body)
        if not text.to.isdigit():
            raise OutsideError("not a number", permanent=True)
        if not text.body or cost > MOST_SEGMENTS:
            raise OutsideError("no text" if not text.body else f"{cost} segments", permanent=True)
        if text.key not in self._seen:
            try:
                self._write(f"text {text.kind} to {Phone(text.to).masked}, {cost} segment{'s' * (cost > 1)}")
            except OSError as error:
                raise OutsideError(type(error).__name__) from None
            self._seen[text.key] = None
            while len(self._seen) > self._remembers:
                self._seen.popitem(last=False)
        return hashlib.sha256(text.key.encode()).hexdigest()[:24]
