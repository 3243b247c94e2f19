"""One ordered log of a case: what the journal has of it, and what only a table has; read-only.

A case begins with a contact or an appointment and holds everything linked to it (core.cases.linking). The
journal finds a contact and an appointment by an index; a thing with another id is found by its own row, which
tells in which stretch of the journal its events must lie.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, column, or_, select, table
from sqlalchemy.ext.asyncio import AsyncSession

from core.booking.tables import Appointment, Draft
from core.calling.tables import OutboundAttempt, OutboundCall
from core.cases.facts import TEXT_QUEUED, Fact, Order
from core.cases.fold import STEPS
from core.cases.linking import OF_PERSON, Ref, leads_to, persons
from core.contact.tables import Callback, Interaction
from core.database import Instant
from core.events import event_kinds
from core.journal import JournalRow
from core.offers.tables import Offer
from core.schedule.tables import Hold
from core.waiting.tables import WaitingEntry

TEXTS = table(
    "text_message",
    *(column(name) for name in ("id", "direction", "kind", "subject", "appointment_id", "journal_id")),
    column("created_at", Instant()),
    column("sent_at", Instant()),
    column("settled_at", Instant()),
)
# A case that is longer is cut here; the page says so.
MOST = 5000
AT_ONCE = 500
_WAITING = tuple(sorted(kind for kind in event_kinds() if kind.startswith("waiting.")))
# How long after a hold ran out its end is looked for first: what is due is done within seconds.
SOON = timedelta(hours=1)
# What somebody's person is still told of after their contact is over.
AFTERWARDS = timedelta(minutes=10)


async def of_interaction(db: AsyncSession, interaction_id: int) -> Sequence[Fact]:
    """All that belongs to the case of one contact, in order; empty when the journal has none of it."""
    gathered = _Gathering(db)
    await gathered.all_from(Ref("interaction", str(interaction_id)))
    await gathered.of_persons(interaction_id)
    return gathered.in_order()


async def of_appointment(db: AsyncSession, appointment_id: int) -> Sequence[Fact]:
    """All that belongs to one appointment, those before and after it in a chain of changes included."""
    gathered = _Gathering(db)
    await gathered.all_from(Ref("appointment", str(appointment_id)))
    return gathered.in_order()


async def everything(db: AsyncSession) -> Sequence[Fact]:
    """All that any case could be told from, of a small database: for tests."""
    gathered = _Gathering(db)
    gathered.add(await gathered.rows(JournalRow.kind.in_(sorted(STEPS))))
    await gathered.texts_queued(TEXTS.c.id > 0)
    return gathered.in_order()


class _Gathering:
    """A log that grows from one thing to the next; nothing is looked up twice."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db
        self._facts: dict[Order, Fact] = {}
        self._seen: set[Ref] = set()
        self._next: list[Ref] = []

    async def all_from(self, root: Ref) -> None:
        self._follow([root])
        while self._next and len(self._facts) < MOST:
            ref = self._next.pop()
            if (find := _FINDERS.get(ref.what)) is not None:
                await find(self, ref.id)

    def in_order(self) -> Sequence[Fact]:
        return [self._facts[order] for order in sorted(self._facts)]

    def add(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            if fact.order not in self._facts:
                self._facts[fact.order] = fact
                self._follow(leads_to(fact))

    def _follow(self, refs: Iterable[Ref]) -> None:
        new = [ref for ref in sorted(refs) if ref not in self._seen]
        self._seen.update(new)
        self._next += new

    async def rows(self, *where: ColumnElement[bool], limit: int | None = None) -> list[Fact]:
        query = select(JournalRow).where(*where).order_by(JournalRow.id).limit(limit)
        return [_fact(row) for row in (await self._db.execute(query)).scalars()]

    # --- what happened meanwhile --------------------------------------------------------------------

    async def of_persons(self, interaction_id: int) -> None:
        """What happened to the case's people while the contact lasted and shortly after."""
        begun = await self._db.get(Interaction, interaction_id)
        people = {person for fact in self._facts.values() for person in persons(fact)}
        if begun is None or not people:
            return
        over = begun.closed_at or max(fact.at for fact in self._facts.values())
        for fact in await self.rows(
            JournalRow.kind.in_(sorted(OF_PERSON)),
            JournalRow.at.between(begun.started_at, over + AFTERWARDS),
            JournalRow.person_id.in_(sorted(people)),
            limit=AT_ONCE,
        ):
            self._facts.setdefault(fact.order, fact)  # they belong to it, and lead nowhere

    # --- by kinds of things -------------------------------------------------------------------------

    async def interaction(self, id_: str) -> None:
        self.add(await self.rows(JournalRow.interaction_id == int(id_), limit=MOST))
        tried = select(OutboundAttempt.call_id).where(OutboundAttempt.interaction_id == int(id_))
        self._follow([Ref("call", str(call_id)) for call_id in (await self._db.scalars(tried)).all()])
        await self._texts_caused()

    async def appointment(self, id_: str) -> None:
        self.add(await self.rows(JournalRow.appointment_id == int(id_), limit=MOST))
        offers = select(Offer.id).where(or_(Offer.appointment_id == int(id_), Offer.made_id == int(id_)))
        self._follow([Ref("offer", str(offer_id)) for offer_id in (await self._db.scalars(offers)).all()])
        session = select(Appointment.session_id).where(Appointment.id == int(id_))
        await self._session(await self._db.scalar(session))
        await self._calls(OutboundCall.appointment_id == int(id_))
        await self.texts_queued(TEXTS.c.appointment_id == int(id_))

    async def hold(self, id_: str) -> None:
        row = await self._db.get(Hold, id_, populate_existing=True)
        if row is None:
            return
        mine = (JournalRow.session_id == row.session_id, _body("hold_id", id_))
        self.add(await self.rows(JournalRow.kind == "slot.held", JournalRow.at == row.made_at, *mine))
        if row.state in ("released", "lapsed"):
            ended = (JournalRow.kind == "hold.released", JournalRow.at >= row.made_at)
            soon = await self.rows(*ended, JournalRow.at <= row.expires_at + SOON, *mine)
            self.add(soon or await self.rows(*ended, *mine))
        await self._session(row.session_id)

    async def _session(self, session_id: int | None) -> None:
        """Its stops end holds; nothing else of a session is of a case."""
        if session_id is not None and Ref("session", str(session_id)) not in self._seen:
            self._seen.add(Ref("session", str(session_id)))
            kinds = ("session.stopped", "session.resumed", "session.amended")
            found = await self.rows(JournalRow.kind.in_(kinds), JournalRow.session_id == session_id)
            self.add(
                one for one in found if one.kind != "session.amended" or "slot_ids" in one.body["changes"]
            )

    async def offer(self, id_: str) -> None:
        row = await self._db.get(Offer, int(id_), populate_existing=True)
        if row is None:
            return
        moments = [row.made_at, *([row.ended_at] if row.ended_at else [])]
        kinds = ("offer.made", "offer.accepted", "offer.ended")
        self.add(
            await self.rows(
                JournalRow.kind.in_(kinds), JournalRow.at.in_(moments), _body("offer_id", int(id_))
            )
        )
        made = [row.appointment_id, row.made_id]
        self._follow([Ref("hold", row.hold_id), *(Ref("appointment", str(one)) for one in made if one)])
        if row.kind == "waiting":
            self._follow([Ref("waiting", str(row.source_id))])
        await self._of_subject(f"offer/{id_}")

    async def waiting(self, id_: str) -> None:
        row = await self._db.get(WaitingEntry, int(id_), populate_existing=True)
        if row is None:
            return
        mine = (JournalRow.at >= row.joined_at, JournalRow.person_id == row.person_id)
        self.add(await self.rows(JournalRow.kind.in_(_WAITING), *mine, _body("entry_id", int(id_))))

    async def draft(self, id_: str) -> None:
        row = await self._db.get(Draft, int(id_), populate_existing=True)
        if row is None:
            return
        ends = row.closed_at or row.left_until or row.saved_at
        kinds = ("draft.opened", "draft.taken", "draft.left", "draft.closed")
        self.add(await self._between(kinds, row.opened_at, ends, _body("draft_id", int(id_))))
        if row.hold_id is not None:
            self._follow([Ref("hold", row.hold_id)])
        await self._of_subject(f"draft/{id_}")

    async def callback(self, id_: str) -> None:
        row = await self._db.get(Callback, int(id_), populate_existing=True)
        if row is None:
            return
        self._follow([Ref("interaction", str(row.interaction_id))])
        ends = max(filter(None, (row.settled_at, row.tried_at, row.created_at)))
        kinds = ("callback.promised", "callback.taken", "callback.tried", "callback.settled")
        self.add(await self._between(kinds, row.created_at, ends, _body("callback_id", int(id_))))
        await self._of_subject(f"callback/{id_}")

    async def call(self, id_: str) -> None:
        """A call that we owed: each try of it is a contact of its own."""
        await self._calls(OutboundCall.id == int(id_))

    async def text(self, id_: str) -> None:
        row = (await self._db.execute(select(TEXTS).where(TEXTS.c.id == int(id_)))).one_or_none()
        if row is None:
            return
        await self.texts_queued(TEXTS.c.id == int(id_))
        ends = max(filter(None, (row.created_at, row.sent_at, row.settled_at)))
        kinds = (
            "text.received", "text.handled", "text.replied", "text.sent", "text.delivered", "text.dropped",
            "text.failed", "text.revived", "text.left",
        )  # fmt: skip
        self.add(await self._between(kinds, row.created_at, ends, _body("text_id", int(id_))))

    async def _between(
        self, kinds: Sequence[str], first: datetime, last: datetime, which: ColumnElement[bool]
    ) -> list[Fact]:
        return await self.rows(JournalRow.kind.in_(kinds), JournalRow.at.between(first, last), which)

    async def _of_subject(self, subject: str) -> None:
        """Texts and calls that were about this."""
        await self.texts_queued(or_(TEXTS.c.subject == subject, TEXTS.c.subject.startswith(f"{subject}/")))
        await self._calls(OutboundCall.subject == subject)

    async def _calls(self, which: ColumnElement[bool]) -> None:
        tried = (
            select(OutboundCall.id, OutboundCall.subject, OutboundAttempt.interaction_id)
            .outerjoin(OutboundAttempt, OutboundAttempt.call_id == OutboundCall.id)
            .where(which)
        )
        for call_id, subject, interaction_id in (await self._db.execute(tried)).all():
            self._follow([Ref("call", str(call_id))])
            what, _, id_ = subject.partition("/")
            if what == "offer":
                self._follow([Ref("offer", id_)])
            if interaction_id is not None:
                self._follow([Ref("interaction", str(interaction_id))])

    # --- texts: when they were written, only their table knows --------------------------------------

    async def _texts_caused(self) -> None:
        """Texts that an entry of this log led to."""
        ids = sorted({fact.order.journal_id for fact in self._facts.values()})
        for start in range(0, len(ids), AT_ONCE):
            await self.texts_queued(TEXTS.c.journal_id.in_(ids[start : start + AT_ONCE]))

    async def texts_queued(self, which: ColumnElement[bool]) -> None:
        ours = and_(TEXTS.c.direction == "out", TEXTS.c.journal_id.is_not(None))
        for row in (await self._db.execute(select(TEXTS).where(ours, which).limit(MOST))).all():
            body = {"text_id": row.id, "text_kind": row.kind, "appointment_id": row.appointment_id}
            self.add([Fact(Order(row.journal_id, row.id), row.created_at, TEXT_QUEUED, body)])


def _body(field: str, value: str | int) -> ColumnElement[bool]:
    kept = JournalRow.body[field]
    same: ColumnElement[bool] = (kept.as_integer() if isinstance(value, int) else kept.as_string()) == value
    return same


def _fact(row: JournalRow) -> Fact:
    return Fact(Order(row.id), row.at, row.kind, row.body, row.channel, row.interaction_id)


_FINDERS: Mapping[str, Callable[[_Gathering, str], Awaitable[Any]]] = {
    "interaction": _Gathering.interaction,
    "appointment": _Gathering.appointment,
    "hold": _Gathering.hold,
    "offer": _Gathering.offer,
    "draft": _Gathering.draft,
    "callback": _Gathering.callback,
    "waiting": _Gathering.waiting,
    "call": _Gathering.call,
    "text": _Gathering.text,
}
