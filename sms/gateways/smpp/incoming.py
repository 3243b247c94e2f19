"""What a message centre brings: receipts, and texts, put together from their parts.

Nothing is answered before the inbox has it. A part waits for the others without an answer, and is put off
when they do not come soon: a centre that brings one message at a time would never bring them. What is put
off, the centre keeps and brings again; by then we may have the rest.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog

from core.ports import Clock, IncomingText, Receipt, TextInbox
from sms.gateways.smpp import receipts
from sms.gateways.smpp.gathering import Arrival, Arrivals, Gathering, Group, Piece, first_name
from sms.gateways.smpp.parts import UDHI, Joint, headed, joint, words
from sms.gateways.smpp.pdus import SAR_NUMBER, SAR_REFERENCE, SAR_TOTAL, Delivered
from sms.gateways.smpp.statuses import LATER, OK

# What has not all come by then goes to the inbox as it is, with a mark where a part is missing.
KEEP = timedelta(minutes=5)
# A centre waits at least this long for an answer; most wait a minute.
PATIENCE_S = 4.0
SWEEP_S = 5.0

log = structlog.get_logger()


class Incoming:
    """fingerprint: a keyed one-way hash. A plain one of number and words could be guessed back."""

    def __init__(
        self,
        gateway: str,
        inbox: TextInbox,
        clock: Clock,
        fingerprint: Callable[[str], str],
        *,
        ids: receipts.Ids = receipts.Ids.SAME,
        keep: timedelta = KEEP,
        patience_s: float = PATIENCE_S,
        sweep_s: float = SWEEP_S,
    ) -> None:
        self.arrivals = Arrivals()
        self._gateway = gateway
        self._inbox = inbox
        self._clock = clock
        self._fingerprint = fingerprint
        self._ids = ids
        self._gathering = Gathering(keep=keep)
        self._patience_s = patience_s
        self._sweep_s = sweep_s
        self._handed_on: dict[Group, asyncio.Event] = {}
        self._one_at_a_time = asyncio.Lock()

    async def take(self, message: Delivered) -> tuple[int, Arrival | None]:
        """The status to answer with, and of a text in one part what is to be told when it is answered."""
        try:
            if receipts.is_receipt(message):
                return await self._receipt(message), None
            if not receipts.is_text(message):
                return OK, None
            piece = _piece(message)
            if piece is not None:
                return await self._part(piece), None
            return await self._text(message)
        except Exception:  # a border: the centre keeps what we could not keep
            log.exception("not taken in", gateway=self._gateway)
            return LATER, None

    async def sweep(self) -> None:
        """Hand on, until cancelled, what waits no longer for its missing parts."""
        while True:
            await asyncio.sleep(self._sweep_s)
            for group in self._gathering.overdue(self._clock.now()):
                log.warning("parts of a text never came", gateway=self._gateway)
                try:
                    await self._hand_on(group)
                except Exception:  # a border: the next round tries again
                    log.exception("not taken in", gateway=self._gateway)

    async def _receipt(self, message: Delivered) -> int:
        told = receipts.read(message)
        if told is not None:
            part_id = self._ids.receipted(told.part_id)
            await self._inbox.reported(Receipt(self._gateway, part_id, told.delivered, told.why))
        return OK

    async def _text(self, message: Delivered) -> tuple[int, Arrival]:
        body = words(message.data_coding, _content(message)[1])
        said = (message.source, message.destination, str(message.data_coding), message.content.hex())
        arrival = self.arrivals.arrive(self._fingerprint("\0".join(said)), self._clock.now())
        await self._inbox.received(
            IncomingText(self._gateway, arrival.name, message.source, message.destination, body)
        )
        return OK, arrival

    async def _part(self, piece: Piece) -> int:
        group = self._gathering.add(piece, self._clock.now())
        if group is None:
            return OK
        if group.whole:
            await self._hand_on(group)
            return OK
        handed_on = self._handed_on.setdefault(group, asyncio.Event())
        try:
            async with asyncio.timeout(self._patience_s):
                await handed_on.wait()
        except TimeoutError:
            return LATER
        return OK

    async def _hand_on(self, group: Group) -> None:
        async with self._one_at_a_time:
            if group.settled:
                return
            sender, to = group.key[:2]
            said = "\0".join((sender, to, str(group.key[2:]), group.content.hex()))
            name = f"{first_name(self._fingerprint(said), group.since)}-0"
            await self._inbox.received(IncomingText(self._gateway, name, sender, to, group.words()))
            self._gathering.settle(group)
        handed_on = self._handed_on.pop(group, None)
        if handed_on is not None:
            handed_on.set()


def _content(message: Delivered) -> tuple[Joint | None, bytes]:
    return headed(message.content) if message.esm_class & UDHI else (None, message.content)


def _piece(message: Delivered) -> Piece | None:
    """The message as a part of a longer text, if it is one, be it by its header or by its options."""
    belongs, content = _content(message)
    if belongs is None and SAR_REFERENCE in message.options:
        numbers = [
            int.from_bytes(message.options.get(tag, b"")) for tag in (SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER)
        ]
        belongs = joint(*numbers)
    if belongs is None:
        return None
    return Piece(message.source, message.destination, belongs, message.data_coding, content)
