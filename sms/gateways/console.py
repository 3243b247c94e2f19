"""A text gateway that prints one line for each text, without its words; the text table keeps those."""

import hashlib
from collections.abc import Callable

from core.ports import OutgoingText, OutsideError
from core.values import Phone
from sms.gateways.limits import check
from sms.gateways.memory import Newest


class ConsoleGateway:
    """write: takes one line. remembers: keys that would be noticed again; a restart forgets them."""

    name = "console"

    def __init__(self, write: Callable[[str], object], *, remembers: int = 10_000) -> None:
        self._write = write
        self._seen: Newest[str, None] = Newest(remembers)

    async def send(self, text: OutgoingText) -> tuple[str, ...]:
        """Raises OutsideError: permanent for what no gateway would take."""
        cost = check(text)
        if text.key not in self._seen:
            try:
                self._write(f"text {text.kind} to {Phone(text.to).masked}, {cost} segment{'s' * (cost > 1)}")
            except OSError as error:
                raise OutsideError(type(error).__name__) from None
            self._seen[text.key] = None
        return (hashlib.sha256(text.key.encode()).hexdigest()[:24],)
