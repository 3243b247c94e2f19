"""Texts about calls that we owe: promised, and made in vain when it was the caller's turn in the queue."""

from collections.abc import Awaitable, Callable
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from core.events import CallbackPromised, PlaceEnded
from core.values import Phone, local
from core.work import Work
from sms.kept import Draft
from sms.outbound import CallbackPromise
from sms.texts import Kind, write

Owed = Callable[[AsyncSession, int], Awaitable[CallbackPromise]]


async def draft_of(work: Work, event: CallbackPromised | PlaceEnded, owed: Owed | None) -> Draft | None:
    """None where there is nothing to say: a place that ended well, a number nobody left."""
    if owed is None or (isinstance(event, PlaceEnded) and event.how != "unreached"):
        return None
    kind = Kind.CALLBACK_PROMISED if isinstance(event, CallbackPromised) else Kind.CALLBACK_MISSED
    one = await owed(work.db, event.callback_id)
    if one.phone_sealed is None:
        return None
    phone = Phone(work.sealer.open(one.phone_sealed, "phone"))
    draft = partial(Draft, kind, f"callback/{event.callback_id}", 1, None, phone)
    if one.state != "owed":
        return draft(None, "overtaken")
    if not phone.is_mobile:
        return draft(None, "not a mobile")
    return draft(write(kind, {"due": local(one.promised_for)}, {}))
