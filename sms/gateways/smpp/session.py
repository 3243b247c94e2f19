"""One bound session with a message centre: its window, its questions, its end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from ssl import SSLContext

from core.ports import OutsideError
from sms.gateways.smpp import pdus
from sms.gateways.smpp.parts import Part, cut
from sms.gateways.smpp.pdus import Address, Head
from sms.gateways.smpp.statuses import OK

UNBIND_S = 1.0
LAST_SEQUENCE = 0x7FFFFFFF


@dataclass(frozen=True)
class Centre:
    """Whom we bind to, and how. name: of the gateway.

    window: parts that may wait for their answers at once. enquire_every_s: how often we ask whether the
    line is alive. answer_within_s: for the bind, and for each answer.
    """

    name: str
    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    source: Address
    system_type: str = ""
    service_type: str = ""
    tls: SSLContext | None = None
    window: int = 10
    enquire_every_s: float = 30.0
    answer_within_s: float = 10.0

    def __post_init__(self) -> None:
        """Raises ValueError for what the protocol has no room for."""
        pdus.bind(1, self.system_id, self.password, self.system_type)
        (part,) = cut("?", "")
        pdus.submit(1, part, self.source, self.source, self.service_type)


class Ended(Exception):
    """The session is over; str() tells why."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


@dataclass(frozen=True)
class _Asked:
    """heard: how many of our answers had been written before it."""

    future: asyncio.Future[Answer | None]
    heard: int
    since: float


class Session:
    """deliver: takes the sequence number and the body of a deliver_sm; its answer is given by `taken`.

    number: tells one session from another. certain: up to which of our answers the centre has heard them:
    it answered something that we wrote after.
    """

    def __init__(
        self,
        centre: Centre,
        number: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        deliver: Callable[["Session", int, bytes], None],
    ) -> None:
        self.number = number
        self.certain = 0
        self._centre = centre
        self._reader, self._writer = reader, writer
        self._deliver = deliver
        self._window = asyncio.Semaphore(centre.window)
        self._asked: dict[int, _Asked] = {}
        self._sequence = 0
        self._answers = 0
        self._over = False

    async def bind(self) -> None:
        """Raises Ended when we are refused or nobody answers."""
        centre = self._centre
        self._writer.write(pdus.bind(self._next(), centre.system_id, centre.password, centre.system_type))
        head, _ = await self._frame()
        if head.command != pdus.BIND_RESP or head.status != OK:
            raise Ended(f"bind refused: {pdus.status_name(head.status)}")

    async def run(self) -> None:
        """Until the line breaks or the centre unbinds: raises Ended. Cancelled, it takes its leave."""
        work = {asyncio.create_task(self._read()), asyncio.create_task(self._keep())}
        over: set[asyncio.Task[None]] = set()
        try:
            try:
                over, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._over = True
                for task in work:
                    task.cancel()
                await asyncio.gather(*work, return_exceptions=True)
                if not over:
                    await self._take_leave()
        finally:
            self._close()
        error = over.pop().exception()
        if isinstance(error, OSError | EOFError):
            raise Ended(type(error).__name__) from None
        assert error is not None  # neither returns
        raise error

    # --- asking -----------------------------------------------------------------------------------

    async def submit(self, part: Part, destination: Address) -> asyncio.Future[Answer | None]:
        """Write one part; the future holds its answer, or nothing when the session ends before.

        Raises OutsideError when the part was certainly not written.
        """
        try:
            async with asyncio.timeout(self._centre.answer_within_s):
                await self._window.acquire()
        except TimeoutError:
            raise OutsideError("no place in the window") from None
        if self._over or self._writer.is_closing():
            self._window.release()
            raise OutsideError("the line is down")
        centre = self._centre
        answer = self._ask(
            lambda sequence: pdus.submit(sequence, part, centre.source, destination, centre.service_type)
        )
        answer.add_done_callback(lambda _: self._window.release())
        return answer

    def taken(self, sequence: int, status: int) -> int | None:
        """Answer a deliver_sm; returns the answer's number, or nothing when nobody is there to hear it."""
        if self._over or self._writer.is_closing():
            return None
        self._writer.write(pdus.taken(sequence, status))
        self._answers += 1
        return self._answers

    def _ask(self, written: Callable[[int], bytes]) -> asyncio.Future[Answer | None]:
        loop, sequence = asyncio.get_running_loop(), self._next()
        question = written(sequence)
        asked = self._asked[sequence] = _Asked(loop.create_future(), self._answers, loop.time())
        self._writer.write(question)
        return asked.future

    def _next(self) -> int:
        self._sequence = self._sequence % LAST_SEQUENCE + 1
        return self._sequence

    # --- what runs --------------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            self._heard(*await self._frame())
            await self._writer.drain()

    async def _frame(self) -> tuple[Head, bytes]:
        try:
            head = pdus.head(await self._reader.readexactly(pdus.HEAD))
        except ValueError as error:
            raise Ended(f"a broken frame: {error}") from None
        return head, await self._reader.readexactly(head.length - pdus.HEAD)

    def _heard(self, head: Head, body: bytes) -> None:
        if head.command & pdus.RESPONSE:
            asked = self._asked.pop(head.sequence, None)
            if asked is not None:
                self.certain = max(self.certain, asked.heard)
                if not asked.future.done():
                    asked.future.set_result(Answer(head.status, body))
        elif head.command == pdus.DELIVER:
            self._deliver(self, head.sequence, body)
        elif head.command == pdus.ENQUIRE:
            self._writer.write(pdus.enquired(head.sequence))
        elif head.command == pdus.UNBIND:
            self._writer.write(pdus.unbound(head.sequence))
            raise Ended("unbound by the centre")
        elif head.command != pdus.ALERT:
            self._writer.write(pdus.unknown_command(head.sequence))

    async def _keep(self) -> None:
        """Ask whether the line is alive. A centre that answers this but no part is as good as dead."""
        loop, centre = asyncio.get_running_loop(), self._centre
        while True:
            await asyncio.sleep(centre.enquire_every_s)
            oldest = min((asked.since for asked in self._asked.values()), default=loop.time())
            if loop.time() - oldest > 3 * centre.answer_within_s:
                raise Ended("no answers")
            answer = self._ask(pdus.enquire)
            await asyncio.wait({answer}, timeout=centre.answer_within_s)
            if not answer.done():
                raise Ended("no answer to an enquiry")

    async def _take_leave(self) -> None:
        """Unbind. What the centre still brings is not answered, so it brings it again."""
        try:
            async with asyncio.timeout(UNBIND_S):
                self._writer.write(pdus.unbind(self._next()))
                while True:
                    head, body = await self._frame()
                    if head.command == pdus.UNBIND_RESP:
                        return
                    if head.command & pdus.RESPONSE:
                        self._heard(head, body)
        except (OSError, EOFError, TimeoutError, Ended):
            return

    def _close(self) -> None:
        """What was asked and not answered has no answer."""
        self._writer.close()
        for asked in self._asked.values():
            if not asked.future.done():
                asked.future.set_result(None)
        self._asked.clear()


async def open_session(
    centre: Centre, number: int, deliver: Callable[[Session, int, bytes], None]
) -> Session:
    """A bound session. Raises Ended, with nothing of what was said."""
    try:
        async with asyncio.timeout(centre.answer_within_s):
            reader, writer = await asyncio.open_connection(centre.host, centre.port, ssl=centre.tls)
            session = Session(centre, number, reader, writer, deliver)
            try:
                await session.bind()
            except BaseException:
                writer.close()
                raise
    except (OSError, EOFError, TimeoutError) as error:
        raise Ended(type(error).__name__) from None
    return session
