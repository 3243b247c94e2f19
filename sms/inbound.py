"""Texts from patients: kept first, then answered once, in the order in which a number wrote them."""

import asyncio
import hashlib
import zlib
from datetime import timedelta

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.booking.store import Store
from core.catalogue.search import Finder
from core.contact import engine as contact
from core.contact.rules import Disposition
from core.errors import PhoneInvalid
from core.events import TextHandled, TextReceived, TextReplied
from core.observing import Metrics
from core.outbox import Parcel, Route
from core.ports import IncomingText, Receipt
from core.values import Channel, Phone, phone
from core.work import Hotline, Work
from sms import parts
from sms.segments import segments
from sms.sender import BY, Sender
from sms.states import TextState
from sms.tables import TextMessage, TextTalk
from sms.talk import LASTS, Talk, Turn
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
        body, talk, interaction_id, quiet = await self._begin(text_id, mark, number)
        if quiet:
            await self._settle(text_id, mark, None, None, interaction_id)
            return
        sender = Sender(
            self._hotline, self._store, self._finder, number, mark, text_id, interaction_id,
            self._hotline.clock.now(),
        )  # fmt: skip
        taken, verb = await turn(sender, talk, body)
        await self._settle(text_id, mark, taken, verb, interaction_id)

    async def _begin(self, text_id: int, mark: str, number: Phone) -> tuple[str, Talk, int, bool]:
        """The text, what was last asked of its number, and the contact that it belongs to.

        The last value: the number has written so much that it is a machine, which gets no answer.
        """
        async with self._hotline.work(BY) as work:
            row = await work.db.get_one(TextMessage, text_id)
            assert row.body_sealed is not None
            body = work.sealer.open(row.body_sealed, "text")
            kept = await work.db.get(TextTalk, mark)
            hour = work.now - timedelta(hours=1)
            written = await work.db.scalar(
                select(func.count()).where(
                    TextMessage.phone_print == mark, TextMessage.direction == "in",
                    TextMessage.created_at > hour, TextMessage.id <= text_id,
                )
            )  # fmt: skip
            quiet = (written or 0) > MOST_AN_HOUR
            if kept is not None and kept.expires_at > row.created_at and kept.interaction_id is not None:
                return body, Talk.read(kept.state), kept.interaction_id, quiet
            opened = await contact.open_interaction(
                work, linked_id=f"sms-{text_id}", dnis="12320", ani=number.digits, channel=Channel.SMS
            )
            await contact.reach(work, opened.interaction_id, "texting")
            return body, Talk(), opened.interaction_id, quiet

    async def _settle(
        self, text_id: int, mark: str, taken: Turn | None, verb: str | None, interaction_id: int
    ) -> None:
        """The text is handled, its answer stands ready, and the talk goes on from there, all at once."""

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
                return
            await _keep_talk(work, mark, taken.talk, interaction_id, ended=taken.end is not None)
            if taken.reply is not None:
                await _queue(work, text_id, mark, taken.reply)
            if taken.end is not None:
                await contact.close(work, interaction_id, taken.end)

        await self._hotline.run(act, BY, interaction_id)
        self._metrics.texts.labels(KIND, TextState.HANDLED.value).inc()


async def _keep_talk(work: Work, mark: str, talk: Talk, interaction_id: int, *, ended: bool) -> None:
    """Until when an answer to this turn counts. A matter that is done makes room for a new contact."""
    values = {
        "state": talk.kept(),
        "interaction_id": None if ended else interaction_id,
        "expires_at": work.now + LASTS,
    }
    maker = sqlite.insert if work.house.database.sqlite else postgresql.insert
    statement = maker(TextTalk).values(phone_print=mark, version=1, **values)
    await work.db.execute(
        statement.on_conflict_do_update(
            index_elements=[TextTalk.phone_print], set_={**values, "version": TextTalk.version + 1}
        )
    )


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


async def end_talks(work: Work, limit: int = 100) -> int:
    """Close the contacts of talks that nobody went on with; returns how many. A job of the timers."""
    due = await work.db.execute(
        select(TextTalk)
        .where(TextTalk.expires_at <= work.now, TextTalk.interaction_id.is_not(None))
        .order_by(TextTalk.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = due.scalars().all()
    for row in rows:
        assert row.interaction_id is not None
        await contact.close(work, row.interaction_id, _ended(Talk.read(row.state)))
        row.interaction_id, row.state = None, Talk().kept()
        row.version += 1
    return len(rows)


def _ended(talk: Talk) -> Disposition:
    """How a talk ended that simply stopped: in the middle of a matter, or after what was asked was told."""
    return Disposition.NOTHING if talk.hold_id or talk.ask not in ("", "act") else Disposition.ENQUIRED
