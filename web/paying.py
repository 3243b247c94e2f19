"""Pay an appointment's fee on one page: what it costs, until when, and the way to the cashier."""

from aiohttp import web

from core.booking.rules import State
from core.booking.view import AppointmentView, load
from core.errors import AppointmentUnknown, CashierAway, PaymentLate, Refusal, WrongState
from core.http.access import everybody
from core.http.pages import page, surname
from core.http.refusals import sentence, status
from core.money.link import is_theirs
from core.money.rules import PaymentState
from core.money.view import payments_of
from core.values import Actor, ActorKind, Channel
from web.house import HOUSE

BY = Actor(ActorKind.PATIENT, "web", Channel.WEB)
# The cashier that pages send to; a hospital has its account there (merchant_account).
PROVIDER = "unionpay"
PATTERN = r"/pay/{id:\d{1,12}}/{token:[A-Za-z0-9]{16}}"


@everybody
async def see(request: web.Request) -> web.Response:
    """What is to be paid, or that it is paid; 404 for a link that is not ours."""
    return await _page(request, await _theirs(request))


@everybody
async def go(request: web.Request) -> web.Response:
    """On to the cashier: a form that takes the browser there, made anew for each visit."""
    house, made = request.app[HOUSE], await _theirs(request)
    if house.pay is None:
        return await _page(request, made, CashierAway(facts={"why": "no-account"}))
    try:
        redirect = await house.pay(made.appointment_id, BY, provider=PROVIDER)
    except (CashierAway, PaymentLate, WrongState) as refusal:
        return await _page(request, await _theirs(request), refusal)
    return page(request, "paying/go.html", url=redirect.url, fields=redirect.fields, made=made)


async def _theirs(request: web.Request) -> AppointmentView:
    house, appointment_id = request.app[HOUSE], int(request.match_info["id"])
    if not is_theirs(house.hotline.sealer, appointment_id, request.match_info["token"]):
        raise web.HTTPNotFound
    async with house.hotline.read() as db:
        try:
            return await load(db, appointment_id)
        except AppointmentUnknown:
            raise web.HTTPNotFound from None


async def _page(request: web.Request, made: AppointmentView, refusal: Refusal | None = None) -> web.Response:
    async with request.app[HOUSE].hotline.read() as db:
        payments = await payments_of(db, made.appointment_id)
    open_ones = [one for one in payments if one.state in (PaymentState.SUBMITTED, PaymentState.UNKNOWN)]
    return page(
        request,
        "paying/page.html",
        status=status(refusal) if refusal else 200,
        trouble=sentence(refusal) if refusal else "",
        made=made,
        patient=surname(made.person),
        due=made.state is State.UNPAID,
        waiting=bool(open_ones),
        paid=any(one.state is PaymentState.PAID for one in payments),
        live=made.state in (State.BOOKED, State.CHECKED_IN),
        amount=_yuan(sum(one.amount_fen for one in payments if one.state in _ASKED)),
    )


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d} 元"


_ASKED = (PaymentState.CREATED, PaymentState.SUBMITTED, PaymentState.UNKNOWN, PaymentState.FAILED)

routes = [web.get(PATTERN, see, name="pay"), web.post(PATTERN, go, name="pay-go")]
