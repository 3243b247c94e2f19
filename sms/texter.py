"""The carrier of texts: decide, keep, send, note. Asked twice, it sends once."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from core.booking import view
from core.booking.draft_left import kept_slot
from core.booking.view import AppointmentView
from core.events import CallbackPromised, DraftLeft, Event, TextDropped
from core.observing import Metrics, mask_text
from core.outbox import Parcel, Route
from core.ports import OutgoingText, OutsideError, TextGateway
from core.values import Phone, local, system
from core.work import Hotline, Work
from sms import kept
from sms.kept import Draft
from sms.outbound import CallbackPromise, Drop, text_for, words_for, words_of_kept
from sms.states import TextState
from sms.texts import Kind, write

T = TypeVar("T")
SMS = system("sms")
# What a try may take beside the gateway's answer: two units of work, on a busy day.
HOUSEWORK_S = 15.0


class Texter:
    """A text stands in the database before it leaves the house, and its key is the same at each try."""

    def __init__(
        self,
        hotline: Hotline,
        gateway: TextGateway,
        *,
        appointments: Callable[[AsyncSession, int], Awaitable[AppointmentView]] = view.load,
        callbacks: Callable[[AsyncSession, int], Awaitable[CallbackPromise]] | None = None,
        within_s: float = 15.0,
        metrics: Metrics | None = None,
    ) -> None:
        """callbacks: without it, promises of a callback send no text."""
        self._hotline = hotline
        self._gateway = gateway
        self._appointments = appointments
        self._callbacks = callbacks
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
        outgoing = await self._act(parcel, self._prepare)
        if outgoing is None:
            return
        text_id, text = outgoing
        try:
            async with asyncio.timeout(self._within_s):
                gateway_id = await self._gateway.send(text)
        except TimeoutError:
            if parcel.last:  # it may have gone, so nobody sends it again by themselves
                await self._failed(parcel, text_id, text.kind, TextState.UNKNOWN, "no answer in time")
            raise OutsideError("no answer in time") from None
        except Exception as error:
            if parcel.last or (isinstance(error, OutsideError) and error.permanent):
                why = mask_text(str(error))[:80]
                await self._failed(parcel, text_id, text.kind, TextState.FAILED, why)
            raise

        async def note(work: Work, _: Parcel) -> bool:
            return await kept.sent(work, text_id, gateway_id)

        if await self._act(parcel, note):
            self._metrics.texts.labels(text.kind, TextState.SENT.value).inc()

    async def _failed(self, parcel: Parcel, text_id: int, kind: str, to: TextState, why: str) -> None:
        async def note(work: Work, _: Parcel) -> bool:
            return await kept.failed(work, text_id, to, why)

        if await self._act(parcel, note):
            self._metrics.texts.labels(kind, to.value).inc()

    async def _act(self, parcel: Parcel, act: Callable[[Work, Parcel], Awaitable[T]]) -> T:
        """A unit of work in the name of the contact that led to the text: it is part of its story."""
        dropped: list[str] = []

        async def counted(work: Work) -> T:
            result = await act(work, parcel)
            dropped[:] = [event.text_kind for event in work.events if isinstance(event, TextDropped)]
            return result

        result = await self._hotline.run(counted, SMS, parcel.entry.interaction_id)
        for kind in dropped:
            self._metrics.texts.labels(kind, TextState.DROPPED.value).inc()
        return result

    async def _prepare(self, work: Work, parcel: Parcel) -> tuple[int, OutgoingText] | None:
        """Look at the subject as it is now, and keep what is to be said of it."""
        draft = await self._draft(work, parcel.entry.event)
        if draft is None:
            return None
        await kept.drop_older(work, draft.subject, draft.version)
        row = await kept.keep(work, draft, parcel.entry.id)
        if draft.body is None:
            return None
        if row.state == TextState.FAILED and parcel.attempt == 1:
            row.state = TextState.QUEUED.value  # a supervisor revived the dead letter
        if row.state != TextState.QUEUED:
            return None
        row.gateway = self._gateway.name
        return row.id, OutgoingText(row.key, draft.phone.digits, draft.body, draft.kind.value)

    async def _draft(self, work: Work, event: Event) -> Draft | None:
        if isinstance(event, CallbackPromised):
            return await self._callback(work, event)
        if isinstance(event, DraftLeft):
            return await self._kept_slot(work, event)
        appointment_id: int = event.appointment_id  # type: ignore[attr-defined]
        made = await self._appointments(work.db, appointment_id)
        phone = Phone(work.sealer.open(made.contact_sealed, "phone"))
        said = text_for(event, made, work.now)
        if isinstance(said, Kind) and not phone.is_mobile:
            said = Drop(said, "not a mobile")
        draft = partial(
            Draft, subject=f"appointment/{appointment_id}", appointment_id=appointment_id, phone=phone
        )
        if isinstance(said, Drop):
            version: int = event.version  # type: ignore[attr-defined]
            return draft(kind=said.kind, version=version, body=None, why=said.why)
        return draft(kind=said, version=made.version, body=words_for(said, made, work.now))

    async def _kept_slot(self, work: Work, event: DraftLeft) -> Draft | None:
        """Nothing when they have called again meanwhile, or no slot was held."""
        kept_for = await kept_slot(work.db, work.sealer, event.draft_id, demo=work.demo)
        if kept_for is None or kept_for.until <= work.now:
            return None
        subject = f"draft/{event.draft_id}"
        words = words_of_kept(kept_for)
        return Draft(Kind.SLOT_KEPT, subject, kept_for.version, None, kept_for.phone, words)

    async def _callback(self, work: Work, event: CallbackPromised) -> Draft | None:
        if self._callbacks is None:
            return None
        owed = await self._callbacks(work.db, event.callback_id)
        if owed.phone_sealed is None:
            return None
        phone = Phone(work.sealer.open(owed.phone_sealed, "phone"))
        draft = partial(Draft, Kind.CALLBACK_PROMISED, f"callback/{event.callback_id}", 1, None, phone)
        if owed.state != "owed":
            return draft(None, "overtaken")
        if not phone.is_mobile:
            return draft(None, "not a mobile")
        return draft(write(Kind.CALLBACK_PROMISED, {"due": local(owed.promised_for)}, {}))
