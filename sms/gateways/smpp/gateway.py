"""The gateway: hands texts over part by part, remembers which the centre has, and stays bound.

A text whose fate is in doubt may be given again with its key: only what the centre has not acknowledged is
sent again, with the same reference. A long text's repeated part is known to the telephone; a repeated
short text is not, and may arrive twice. SMPP has nothing against that.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from core.ports import Chance, Clock, OutgoingText, OutsideError, TextInbox
from sms.gateways.limits import check
from sms.gateways.memory import Newest
from sms.gateways.smpp import pdus, statuses
from sms.gateways.smpp.incoming import Incoming
from sms.gateways.smpp.parts import Part, cut
from sms.gateways.smpp.pdus import Address
from sms.gateways.smpp.receipts import Ids
from sms.gateways.smpp.session import Answer, Centre, Ended, Session, open_session

# What a centre may bring while as much waits for our answer.
MOST_DELIVERIES = 200

log = structlog.get_logger()


@dataclass(frozen=True)
class Manners:
    """How this centre wants its numbers, and how patient we are.

    country: what stands before a national number, '86' or nothing; ton, npi: what that makes of it.
    rebind_s: the first wait after a lost session; it doubles up to most_rebind_s. calm_s: the first
    pause after the centre called us too quick; it doubles up to most_calm_s.
    """

    country: str = "86"
    ton: int = 1
    npi: int = 1
    ids: Ids = Ids.SAME
    rebind_s: float = 1.0
    most_rebind_s: float = 60.0
    calm_s: float = 1.0
    most_calm_s: float = 30.0
    keep_parts: timedelta = timedelta(minutes=5)
    part_patience_s: float = 4.0
    sweep_s: float = 5.0

    def __post_init__(self) -> None:
        """Raises ValueError for a kind of number that there is not."""
        Address(self.country, self.ton, self.npi)


@dataclass
class _Handover:
    """One text under way.

    ids: of the parts that the centre has. asked: parts that wait for their answers. lost: parts that were
    written once without ever being answered.
    """

    key: str
    parts: tuple[Part, ...]
    ids: dict[int, str] = field(default_factory=dict)
    asked: dict[int, asyncio.Future[Answer | None]] = field(default_factory=dict)
    lost: set[int] = field(default_factory=set)
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def begun(self) -> bool:
        """Whether the centre has any of it, or may have."""
        return bool(self.ids or self.asked or self.lost)

    def unnamed(self, index: int) -> str:
        """An id for a part to which the centre gave none; no receipt will tell of it."""
        return hashlib.sha256(f"{self.key}/{index}".encode()).hexdigest()[:24]


class SmppGateway:
    def __init__(
        self,
        centre: Centre,
        inbox: TextInbox,
        clock: Clock,
        chance: Chance,
        fingerprint: Callable[[str], str],
        manners: Manners = Manners(),
    ) -> None:
        """fingerprint: a keyed one-way hash, such as the sealer's."""
        self.name = centre.name
        self._centre = centre
        self._chance = chance
        self._manners = manners
        self._incoming = Incoming(
            centre.name,
            inbox,
            clock,
            fingerprint,
            ids=manners.ids,
            keep=manners.keep_parts,
            patience_s=manners.part_patience_s,
            sweep_s=manners.sweep_s,
        )
        self._session: Session | None = None
        self._sessions = 0
        self._handovers: Newest[str, _Handover] = Newest(10_000)
        self._deliveries: set[asyncio.Task[None]] = set()
        self._calm_until, self._calm_s = 0.0, manners.calm_s

    @property
    def bound(self) -> bool:
        return self._session is not None

    # --- out --------------------------------------------------------------------------------------

    async def send(self, text: OutgoingText) -> tuple[str, ...]:
        """One id for each part. Raises OutsideError; unsure when the centre has a part, or may have."""
        check(text)
        handover = self._handovers.get(text.key)
        if handover is None:
            handover = self._handovers[text.key] = _Handover(text.key, cut(text.body, text.key))
        to = Address(f"{self._manners.country}{text.to}", self._manners.ton, self._manners.npi)
        async with handover.one_at_a_time:
            for index in range(len(handover.parts)):
                if index not in handover.ids:
                    handover.ids[index] = await self._part(handover, index, to)
        return tuple(handover.ids[index] for index in range(len(handover.parts)))

    async def _part(self, handover: _Handover, index: int, to: Address) -> str:
        """The centre's id of one part. Once it has another part, its wish for calm is waited out."""
        loop = asyncio.get_running_loop()
        while True:
            if (calm := self._calm_until - loop.time()) > 0:
                if not handover.begun:
                    raise OutsideError("asked for calm")
                await asyncio.sleep(calm)
            answer = await self._answer(handover, index, to)
            if answer.status not in statuses.THROTTLED:
                break
            self._calm_until = loop.time() + self._calm_s
            self._calm_s = min(self._calm_s * 2, self._manners.most_calm_s)
        self._calm_s = self._manners.calm_s
        if answer.status == statuses.OK:
            handover.lost.discard(index)
            return self._manners.ids.answered(pdus.message_id(answer.body)) or handover.unnamed(index)
        permanent = answer.status in statuses.PERMANENT
        unsure = bool(handover.lost) if permanent else handover.begun
        raise OutsideError(f"refused: {pdus.status_name(answer.status)}", permanent=permanent, unsure=unsure)

    async def _answer(self, handover: _Handover, index: int, to: Address) -> Answer:
        """What the centre says to a part; asked in an earlier try, it is not asked again."""
        asked = handover.asked.pop(index, None)
        if asked is not None and asked.done() and asked.result() is None:
            handover.lost.add(index)
            asked = None
        if asked is None:
            asked = await self._submit(handover, index, to)
        handover.asked[index] = asked
        await asyncio.wait({asked}, timeout=self._centre.answer_within_s)
        if not asked.done():
            raise OutsideError("no answer in time", unsure=True)
        del handover.asked[index]
        answer = asked.result()
        if answer is None:
            handover.lost.add(index)
            raise OutsideError("the line broke before the answer", unsure=True)
        return answer

    async def _submit(self, handover: _Handover, index: int, to: Address) -> asyncio.Future[Answer | None]:
        session = self._session
        if session is None:
            raise OutsideError("not bound", unsure=handover.begun)
        try:
            return await session.submit(handover.parts[index], to)
        except OutsideError as error:
            raise OutsideError(str(error), unsure=handover.begun) from None

    # --- in ---------------------------------------------------------------------------------------

    def _delivered(self, session: Session, sequence: int, body: bytes) -> None:
        if len(self._deliveries) >= MOST_DELIVERIES:
            session.taken(sequence, statuses.TOO_MANY)
            return
        task = asyncio.create_task(self._take(session, sequence, body))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def _take(self, session: Session, sequence: int, body: bytes) -> None:
        try:
            message = pdus.delivered(body)
        except ValueError as error:
            log.warning("not to be read", gateway=self.name, why=str(error))
            session.taken(sequence, statuses.NEVER)
            return
        status, arrival = await self._incoming.take(message)
        answer = session.taken(sequence, status)
        if arrival is not None and answer is not None:
            arrival.answered(session.number, answer)

    # --- staying bound ----------------------------------------------------------------------------

    async def run(self) -> None:
        """Bind, and bind again, until cancelled; then let the centre know that we go."""
        sweeping = asyncio.create_task(self._incoming.sweep())
        try:
            await self._stay_bound()
        finally:
            ending = [sweeping, *self._deliveries]
            for task in ending:
                task.cancel()
            await asyncio.gather(*ending, return_exceptions=True)

    async def _stay_bound(self) -> None:
        failures = 0
        while True:
            self._sessions += 1
            try:
                session = await open_session(self._centre, self._sessions, self._delivered)
                failures = 0
                log.info("bound", gateway=self.name)
                self._session = session
                try:
                    await session.run()
                finally:
                    self._session = None
                    self._incoming.arrivals.lost(session.number, session.certain)
            except Ended as ended:
                failures += 1
                log.warning("not bound", gateway=self.name, why=str(ended))
            await asyncio.sleep(self._wait(failures))

    def _wait(self, failures: int) -> float:
        """Doubling, each shortened by up to half, by chance: so that many houses do not come at once."""
        whole = min(self._manners.most_rebind_s, self._manners.rebind_s * 2.0 ** min(failures - 1, 16))
        return whole * self._chance.number(500, 1000) / 1000
