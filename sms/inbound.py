"""Texts from patients: kept first, then answered once, in the order in which a number wrote them."""

import asyncio
import hashlib
import zlib
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.booking.store import Store
from core.catalogue.search import Finder
from core.contact import engine as contact
from core.errors import PhoneInvalid
from core.events import TextHandled, TextReceived, TextReplied
from core.observing import Metrics
from core.outbox import Parcel, Route
from core.ports import IncomingText, Receipt
from core.values import Phone, phone
from core.work import Hotline, Work
from sms import parts, talks
from sms.segments import segments
from sms.sender import BY, Sender
from sms.states import TextState
from sms.tables import TextMessage
from sms.talk import Turn
from sms.talks import Claim
from sms.turns import turn

log = structlog.get_logger()

CARRIER = "sms-in"
ROUTES: dict[str, tuple[str, ...]] = {TextReceived.kind: (CARRIER,)}
KIND = "from-patient"
# Nobody writes more by hand: two machines would answer each other for ever.
MOST_AN_HOUR = 30
WITHIN_S = 30.0
# Numbers that are answered beside one another; each keeps its own order.
LANES = 64


class Inbox:
    """What gateways bring is kept before they are thanked; an outbox row then leads it to its answer.

    Several processes may share one database: the text is settled by a guarded update, and every command
    of its turn carries a key made of the text.
    """

    def __init__(
        self, hotline: Hotline, store: Store, *, finder: Finder | None = None, metrics: Metrics | None = None
    ) -> None:
        self._hotline = hotline
        self._store = store
        self._finder = finder or Finder()
        self._metrics = metrics or Metrics()
        self._turns = [asyncio.Lock() for _ in range(LANES)]

    def route(self, *, at_once: int = 8) -> Route:
        """How the outbox brings what was received."""
        return Route(self, at_once=at_once, within_s=WITHIN_S, ordered=False)

    # --- from gateways ----------------------------------------------------------------------------

    async def received(self, text: IncomingText) -> None:
        """Keep a text; the same one again changes nothing. A sender without a number of ours is not kept."""
        try:
            number = phone(text.sender, demo=self._hotline.demo)
        except PhoneInvalid:
            log.info("a text from no telephone", gateway=text.gateway)
            return
        async with self._hotline.work(BY) as work:
            maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
            row = {
                "direction": "in",
                "kind": KIND,
                "subject": _subject(text),
                "version": 1,
                "phone_print": work.sealer.fingerprint(number.digits, "phone"),
                "phone_sealed": work.sealer.seal(number.digits, "phone"),
                "phone_masked": number.masked,
                "body_sealed": work.sealer.seal(text.body, "text"),
                "segments": segments(text.body) if text.body else 0,
                "state": TextState.RECEIVED.value,
                "gateway": text.gateway,
                "created_at": work.now,
            }
            added = await work.db.execute(
                maker(TextMessage).values(row).on_conflict_do_nothing().returning(TextMessage.id)
            )
            text_id = added.scalar_one_or_none()
            if text_id is not None:
                work.record(TextReceived(text_id=text_id, segments=row["segments"]))
                self._metrics.texts.labels(KIND, TextState.RECEIVED.value).inc()

    async def reported(self, receipt: Receipt) -> None:
        """Keep a gateway's word on a part of ours."""

        async def act(work: Work) -> None:
            await parts.reported(work, receipt)

        await self._hotline.run(act, BY)

    # --- to their answers -------------------------------------------------------------------------

    async def carry(self, parcel: Parcel) -> None:
        """Answer a text, and before it whatever the same number wrote earlier."""
        event = parcel.entry.event
        assert isinstance(event, TextReceived)
        async with self._hotline.read() as db:
            row = await db.get_one(TextMessage, event.text_id)
            waiting = select(TextMessage.id).where(
                TextMessage.phone_print == row.phone_print,
                TextMessage.direction == "in",
                TextMessage.state == TextState.RECEIVED.value,
                TextMessage.id <= row.id,
            )
            mark, number = row.phone_print, self._hotline.sealer.open(row.phone_sealed, "phone")
        async with self._turns[zlib.crc32(mark.encode()) % LANES]:
            async with self._hotline.read() as db:
                ids = (await db.execute(waiting.order_by(TextMessage.id))).scalars().all()
            for text_id in ids:
                await self._answer(text_id, mark, Phone(number))

    async def _answer(self, text_id: int, mark: str, number: Phone) -> None:
        """Raises Later while another process answers the same number."""
        begun = await self._hotline.run(partial(_begin, text_id=text_id, mark=mark, number=number), BY)
        if begun is None:
            return
        taken, verb = None, None
        if not begun.quiet:
            sender = Sender(
                self._hotline, self._store, self._finder, number, mark, text_id, begun.claim.interaction_id,
                self._hotline.clock.now(), begun.claim.asked_at,
            )  # fmt: skip
            try:
                taken, verb = await turn(sender, begun.claim.talk, begun.body)
            except Exception:
                await self._hotline.run(lambda work: talks.let_go(work, mark, begun.claim), BY)
                raise
        await self._settle(text_id, mark, taken, verb, begun.claim)

    async def _settle(
        self, text_id: int, mark: str, taken: Turn | None, verb: str | None, claim: Claim
    ) -> None:
        """The text is handled, its answer stands ready, and the talk goes on from there, all at once.

        Raises Later when the claim ran out and another process went on with the talk.
        """

        async def act(work: Work) -> None:
            done = await work.db.execute(
                update(TextMessage)
                .where(TextMessage.id == text_id, TextMessage.state == TextState.RECEIVED.value)
                .values(state=TextState.HANDLED.value, settled_at=work.now)
                .returning(TextMessage.id)
            )
            if done.first() is None:
                return  # another process was as quick, by the same commands
            outcome = taken.outcome if taken else "too-many"
            work.record(TextHandled(text_id=text_id, verb=verb, outcome=outcome))
            if taken is None:
                await talks.let_go(work, mark, claim)
                return
            await talks.keep(work, mark, claim, taken.talk, ended=taken.end is not None)
            if taken.reply is not None:
                await _queue(work, text_id, mark, taken.reply)
            if taken.end is not None:
                await contact.close(work, claim.interaction_id, taken.end)

        await self._hotline.run(act, BY, claim.interaction_id)
        self._metrics.texts.labels(KIND, TextState.HANDLED.value).inc()


@dataclass(frozen=True)
class _Begun:
    """quiet: the number has written so much that it is a machine, which gets no answer."""

    body: str
    claim: Claim
    quiet: bool


async def _begin(work: Work, *, text_id: int, mark: str, number: Phone) -> _Begun | None:
    """A text with the talk it belongs to; None when it has been answered. Raises Later."""
    row = await work.db.get_one(TextMessage, text_id)
    if row.state != TextState.RECEIVED:
        return None
    claim = await talks.claim(work, mark, text_id=text_id, written_at=row.created_at, number=number)
    assert row.body_sealed is not None
    body = work.sealer.open(row.body_sealed, "text")
    hour = work.now - timedelta(hours=1)
    written = await work.db.scalar(
        select(func.count()).where(
            TextMessage.phone_print == mark, TextMessage.direction == "in",
            TextMessage.created_at > hour, TextMessage.id <= text_id,
        )
    )  # fmt: skip
    return _Begun(body, claim, (written or 0) > MOST_AN_HOUR)


async def _queue(work: Work, text_id: int, mark: str, body: str) -> None:
    asked = await work.db.get_one(TextMessage, text_id)
    row = TextMessage(
        kind="reply",
        subject=f"text/{text_id}",
        version=1,
        phone_print=mark,
        phone_sealed=asked.phone_sealed,
        phone_masked=asked.phone_masked,
        body_sealed=work.sealer.seal(body, "text"),
        segments=segments(body),
        state=TextState.QUEUED.value,
        created_at=work.now,
    )
    work.db.add(row)
    await work.db.flush()
    work.record(TextReplied(text_id=row.id))


def _subject(text: IncomingText) -> str:
    """What a repeat of this text is known by."""
    name = f"{text.gateway}\n{text.gateway_id}".encode()
    return f"in/{hashlib.blake2b(name, digest_size=16).hexdigest()}"
