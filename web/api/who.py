"""Who asks: a patient by the token of an application, a partner by a signature, or nobody in particular.

Cookies are not looked at, so no page of another site can make a browser ask in somebody's name.
"""

from dataclasses import dataclass

from aiohttp import web
from multidict import CIMultiDict
from sqlalchemy import ColumnElement, false

from core.accounts import orders
from core.errors import NotLoggedIn, SignatureInvalid
from core.http.patients import Patient, bearer
from core.http.sessions import address_of
from core.partners import booking, engine
from core.partners.engine import Caller as Partner
from core.partners.rules import State
from core.partners.signing import Request
from core.values import Actor, ActorKind, Channel
from core.work import Hotline


@dataclass(frozen=True)
class Caller:
    """by: the actor of what they do. scope: whose idempotency keys and rates. owner: of their holds."""

    by: Actor
    scope: str
    owner: str
    theirs: ColumnElement[bool]
    patient: Patient | None = None
    partner: Partner | None = None

    @property
    def rehearses(self) -> bool:
        """Whether what they change is answered and not kept."""
        return self.partner is not None and self.partner.state is State.SANDBOX

    @property
    def account_id(self) -> int:
        """Raises NotLoggedIn where no patient asks."""
        if self.patient is None:
            raise NotLoggedIn
        return self.patient.account_id

    @property
    def as_partner(self) -> Partner:
        """Raises SignatureInvalid where no partner asks."""
        if self.partner is None:
            raise SignatureInvalid(facts={"why": "missing"})
        return self.partner


def is_signed(request: web.Request) -> bool:
    return "Signature-Input" in request.headers or "Signature" in request.headers


def anybody(request: web.Request) -> Caller:
    address = address_of(request)
    return Caller(Actor(ActorKind.PATIENT, "api", Channel.WEB, address=address), "", "", false())


async def patient(request: web.Request) -> Caller:
    """Raises NotLoggedIn."""
    who = await bearer(request)
    return Caller(
        who.by, f"a{who.account_id}", f"web:{who.account_id}", orders.theirs(who.account_id), patient=who
    )


async def partner(request: web.Request, hotline: Hotline, body: bytes) -> Caller:
    """Raises SignatureInvalid, SignatureOld, SignatureUsed."""
    if not request.raw_path.startswith("/"):
        raise SignatureInvalid(facts={"why": "target"})
    signed = Request(request.method, request.raw_path, CIMultiDict(request.headers), body)
    who = await engine.recognise(hotline, signed, address=address_of(request))
    return Caller(
        who.by,
        f"p{who.partner_id}",
        booking.owner(who.partner_id),
        booking.theirs(who.partner_id),
        partner=who,
    )
