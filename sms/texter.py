"""The carrier of texts: decide, keep, send, note. Asked twice, it sends once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from core.booking import view
from core.booking.view import AppointmentView
from core.events import (
    CallbackPromised,
    CodeAsked,
    DraftLeft,
    Event,
    NumbersOpened,
    OfferEnded,
    OfferMade,
    PlaceEnded,
    ReminderDue,
    SurveyAsked,
    TextDropped,
    TextReplied,
    WaitingPaused,
)
from core.gathering import Gathering
from core.money.link import pay_path
from core.observing import Metrics, mask_text
from core.outbox import Later, Parcel, Route
from core.people import linking
from core.ports import OutgoingText, OutsideError, TextExit
from core.values import Channel, Phone, system
from core.work import Hotline, Work
from sms import calling_back, coded, kept, offering, paused, recovering, released, reminding, scoring, usual
from sms.handed import Handed, sent
from sms.kept import Draft
from sms.outbound import CallbackPromise, Drop, text_for
from sms.quiet import not_before, wanted
from sms.states import TextState
from sms.tables import TextMessage
from sms.texts import Kind
from sms.together import MOST, Together
from sms.usual import Outgoing

T = TypeVar("T")
SMS = system("sms")
# What a try may take beside the gateway's answer: two units of work, on a busy day.
HOUSEWORK_S = 15.0
# An answer that could not be sent for so long is not sent any more.
REPLY_WITHIN = timedelta(minutes=30)


def _tried(row: TextMessage) -> tuple[str, ...]:
    """A gateway's name stands in a queued row only while its last word is awaited, or was none."""
    return (row.gateway,) if row.gateway else ()


def _revive(row: TextMessage) -> None:
    """A supervisor has revived the dead letter: no gateway has it, and any may be asked."""
    row.state, row.gateway = TextState.QUEUED.value, None


class Texter:
    """A text stands in the database before it leaves the house, and its key is the same at each try."""

    def __init__(
        self,
        hotline: Hotline,
        way_out: TextExit,
        *,
        callbacks: Callable[[AsyncSession, int], Awaitable[CallbackPromise]] | None = None,
        public: Callable[[], str] = str,
        answers: bool = False,
        within_s: float = 30.0,
        metrics: Metrics | None = None,
    ) -> None:
        """callbacks: without it, promises of a callback send no text. public: the address of our pages, for
        links; where it is '' nobody is sent one. answers: whether what patients write is taken."""
        self._hotline = hotline
        self._together = Together(hotline, SMS)
        self._usual = Gathering(self._prepare_usual, most=MOST)
        self._asked = Gathering(self._note_asked)
        self._handed = Gathering(self._note_handed)
        self._way_out = way_out
        self._callbacks = callbacks
        self._public = public
        self._answers = answers
        self._within_s = within_s
        self._metrics = metrics or Metrics()

    def route(self, *, at_once: int = 8) -> Route:
        """How the outbox brings our parcels.

        A newer text may pass one that fails: that one is looked at again before each try, and
        dropped when its appointment has moved on.
        """
        return Route(self, at_once=at_once, within_s=self._within_s + HOUSEWORK_S, ordered=False)

    async def carry(self, parcel: Parcel) -> None:
        """Raises OutsideError when the gateway failed; the text stays queued, or failed at the end."""
        outgoing = await self._usual.ask(parcel) if usual.may_be(parcel) else None
        outgoing = outgoing or await self._act(parcel, self._prepare)
        if outgoing is None:
            return
        text_id, kind = outgoing.text_id, outgoing.text.kind

        async def asking(gateway: str) -> None:
            await self._asked.ask((text_id, gateway))

        try:
            async with asyncio.timeout(self._within_s):
                taken = await self._way_out.send(outgoing.text, tried=outgoing.tried, asking=asking)
        except TimeoutError:
            if parcel.last:  # it may have gone, so nobody sends it again by themselves
                await self._failed(parcel, text_id, kind, TextState.UNKNOWN, "no answer in time")
            raise OutsideError("no answer in time", unsure=True) from None
        except Exception as error:
            await self._not_handed(parcel, text_id, kind, error)
            raise
        if await self._handed.ask((parcel, Handed(text_id, taken.gateway, taken.part_ids))):
            self._metrics.texts.labels(kind, TextState.SENT.value).inc()

    async def _not_handed(self, parcel: Parcel, text_id: int, kind: str, error: Exception) -> None:
        """At the end it has failed, or nobody knows; before that, a gateway that surely has it not is as
        any other at the next try."""
        unsure = isinstance(error, OutsideError) and error.unsure
        if parcel.last or (isinstance(error, OutsideError) and error.permanent):
            to = TextState.UNKNOWN if unsure else TextState.FAILED
            await self._failed(parcel, text_id, kind, to, mask_text(str(error))[:80])
        elif not unsure:
            await self._asked.ask((text_id, None))

    async def _note_asked(self, asked: Sequence[tuple[int, str | None]]) -> Sequence[None]:
        """Sure before a gateway has it, and with it all that was kept of the text so far."""
        async with self._hotline.database.write() as db:
            await kept.asked(db, asked)
        return [None] * len(asked)

    async def _prepare_usual(self, parcels: Sequence[Parcel]) -> Sequence[Outgoing | None]:
        """None for what is to be looked at by itself, for whatever reason."""
        found = await self._together.several(usual.keep, parcels, _stories(parcels))
        return [one if isinstance(one, Outgoing) else None for one in found]

    async def _note_handed(self, handed: Sequence[tuple[Parcel, Handed]]) -> Sequence[bool | Exception]:
        texts, parcels = [one for _, one in handed], [parcel for parcel, _ in handed]
        return await self._together.several(sent, texts, _stories(parcels))

    async def _failed(self, parcel: Parcel, text_id: int, kind: str, to: TextState, why: str) -> None:
        async def note(work: Work, _: Parcel) -> bool:
            return await kept.failed(work, text_id, to, why)

        if await self._act(parcel, note):
            self._metrics.texts.labels(kind, to.value).inc()

    async def _act(self, parcel: Parcel, act: Callable[[Work, Parcel], Awaitable[T]]) -> T:
        """In the name of the contact that led to the text: it is part of its story."""
        result, events = await self._together.run(lambda work: act(work, parcel), parcel.entry.interaction_id)
        for event in events:
            if isinstance(event, TextDropped):
                self._metrics.texts.labels(event.text_kind, TextState.DROPPED.value).inc()
        return result

    async def _prepare(self, work: Work, parcel: Parcel) -> Outgoing | None:
        """Look at the subject as it is now, and keep what is to be said of it. Raises Later."""
        if isinstance(parcel.entry.event, TextReplied):
            return await self._reply(work, parcel.entry.event.text_id, revived=parcel.attempt == 1)
        draft = await self._draft(work, parcel.entry.event)
        if draft is None:
            return None
        draft = await _as_wished(work, draft, answers_text=parcel.entry.channel == Channel.SMS)
        row = await kept.keep(work, draft, parcel.entry.id)
        if draft.body is None:
            return None
        if row.state == TextState.FAILED and parcel.attempt == 1:
            _revive(row)
        if row.state != TextState.QUEUED:
            return None
        return Outgoing(row.id, draft.outgoing, _tried(row))

    async def _reply(self, work: Work, text_id: int, *, revived: bool) -> Outgoing | None:
        """An answer as it was composed. Long after the question it would only confuse."""
        row = await work.db.get_one(TextMessage, text_id, with_for_update=True)
        if row.state == TextState.FAILED and revived:
            _revive(row)
        if row.state != TextState.QUEUED or row.body_sealed is None:
            return None
        if work.now - row.created_at > REPLY_WITHIN:
            kept.drop(work, row, "too late")
            return None
        number, body = work.sealer.open(row.phone_sealed, "phone"), work.sealer.open(row.body_sealed, "text")
        return Outgoing(row.id, OutgoingText(row.key, number, body, row.kind), _tried(row))

    async def _draft(self, work: Work, event: Event) -> Draft | None:
        if isinstance(event, CallbackPromised | PlaceEnded):
            return await calling_back.draft_of(work, event, self._callbacks)
        if isinstance(event, DraftLeft):
            return await recovering.draft_of(work, event, answers=self._answers)
        if isinstance(event, CodeAsked):
            return await coded.draft_of(work, event)
        if isinstance(event, NumbersOpened):
            return await released.draft_of(work, event, public=self._public(), answers=self._answers)
        if isinstance(event, OfferMade | OfferEnded):
            return await offering.draft_of(work, event, answers=self._answers)
        if isinstance(event, WaitingPaused):
            return await paused.draft_of(work, event, answers=self._answers)
        if isinstance(event, ReminderDue):
            return await reminding.draft_of(work, event, answers=self._answers)
        if isinstance(event, SurveyAsked):
            return await scoring.draft_of(work, event, answers=self._answers)
        appointment_id: int = event.appointment_id  # type: ignore[attr-defined]
        made = await view.load(work.db, appointment_id)
        phone = Phone(work.sealer.open(made.contact_sealed, "phone"))
        said = text_for(event, made, work.now)
        if said is Kind.STOPPED and await offering.told_with_offer(work, appointment_id):
            said = Drop(said, "told with the offer")
        if isinstance(said, Kind) and not phone.is_mobile:
            said = Drop(said, "not a mobile")
        if isinstance(said, Drop):
            version: int = event.version  # type: ignore[attr-defined]
            subject = f"appointment/{appointment_id}"
            return Draft(said.kind, subject, version, appointment_id, phone, body=None, why=said.why)
        link = await self._link(work, said, made)
        return usual.draft(said, made, phone, work.now, link=link)

    async def _link(self, work: Work, said: Kind, made: AppointmentView) -> str:
        """Where the fee is paid, or a provisional patient gives the number of their papers, once; else ''."""
        public = self._public()
        if not public or said not in (Kind.PROVISIONAL, Kind.PAYMENT_DUE):
            return ""
        if said is Kind.PAYMENT_DUE:
            return f"{public}{pay_path(work.sealer, made.appointment_id)}"
        token = await linking.offer(work, made.person_id)
        return f"{public}/r/{token}" if token else ""


def _stories(parcels: Sequence[Parcel]) -> list[int | None]:
    return [parcel.entry.interaction_id for parcel in parcels]


async def _as_wished(work: Work, draft: Draft, *, answers_text: bool) -> Draft:
    """A draft as its number wants it: not at night, and no reminders to who wants none. Raises Later."""
    if draft.body is None:
        return draft
    unwanted = await kept.stopped(work, draft.phone)
    if not wanted(draft.kind, stopped=unwanted, answers_text=answers_text):
        return replace(draft, body=None, why="opted out")
    until = not_before(draft.kind, draft.starts_at, work.now)
    if until is not None:
        raise Later(until)
    return draft
