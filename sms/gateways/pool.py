"""Several gateways as one way out; which is asked is decided in sms.gateways.order.

A text goes to another gateway only when it is certain that the first has not taken it. One in doubt is
asked about again where it is in doubt, and nowhere else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from core.ports import Clock, Handed, NotHanded, OutgoingText, OutsideError, TextGateway
from sms.gateways import order
from sms.gateways.order import Line, Nobody

log = structlog.get_logger()


@dataclass(frozen=True)
class Member:
    """rate: texts a second that the gateway may be given."""

    gateway: TextGateway
    rate: float


class Pool:
    """members: in order of preference. within_s: for one gateway's answer; patience_s: for a text's turn."""

    def __init__(
        self,
        members: Sequence[Member],
        clock: Clock,
        *,
        within_s: float = 12.0,
        patience_s: float = 3.0,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Raises ValueError for no gateway, two of one name, a rate of nothing."""
        self._gateways = {member.gateway.name: member.gateway for member in members}
        if not members or len(self._gateways) < len(members):
            raise ValueError("a pool needs gateways of different names")
        self._lines = {
            member.gateway.name: order.line(member.gateway.name, member.rate, clock.now())
            for member in members
        }
        self._clock = clock
        self._within_s = within_s
        self._patience = timedelta(seconds=patience_s)
        self._sleep = sleep

    @property
    def lines(self) -> tuple[Line, ...]:
        """How the gateways are, in order of preference."""
        return tuple(self._lines.values())

    async def send(
        self,
        text: OutgoingText,
        *,
        tried: Sequence[str] = (),
        asking: Callable[[str], Awaitable[object]] | None = None,
    ) -> Handed:
        """Hand a text over. Raises NotHanded.

        tried: the gateways at which earlier tries ended in doubt, the latest last; only that one is
        asked. asking: called with a gateway's name before the text leaves for it, so that the name is
        written down when nobody lives to hear the answer.
        """
        only = tried[-1] if tried else None
        without: set[str] = set()
        last: NotHanded | None = None
        while True:
            choice = order.choose(
                self.lines, self._clock.now(), only=only, without=without, patience=self._patience
            )
            if isinstance(choice, Nobody):
                raise last or NotHanded(choice.why, only, unsure=only is not None)
            name = choice.name
            self._lines[name] = order.reserved(self._lines[name], self._clock.now())
            if choice.wait:
                await self._sleep(choice.wait.total_seconds())
            if asking is not None:
                await asking(name)
            try:
                return Handed(name, await self._ask(name, text))
            except OutsideError as error:
                unsure = error.unsure or only is not None
                last = NotHanded(str(error), name, permanent=error.permanent, unsure=unsure)
            if last.permanent or last.unsure:
                raise last
            without.add(name)

    async def _ask(self, name: str, text: OutgoingText) -> tuple[str, ...]:
        try:
            async with asyncio.timeout(self._within_s):
                ids = await self._gateways[name].send(text)
        except TimeoutError:
            self._failed(name)
            raise OutsideError("no answer in time", unsure=True) from None
        except OutsideError as error:
            if error.permanent:
                self._worked(name)
            else:
                self._failed(name)
            raise
        self._worked(name)
        return ids

    def _worked(self, name: str) -> None:
        if self._lines[name].rests_until is not None:
            log.info("gateway works again", gateway=name)
        self._lines[name] = order.worked(self._lines[name])

    def _failed(self, name: str) -> None:
        before = self._lines[name]
        self._lines[name] = order.failed(before, self._clock.now())
        if before.rests_until is None and self._lines[name].rests_until is not None:
            log.warning("gateway left alone", gateway=name, failures=order.FAILURES)
