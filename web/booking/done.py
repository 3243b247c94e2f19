"""What came of it: the number for the window, where to be when, how to pay, a file for the calendar."""

import io
from dataclasses import dataclass

import segno
from aiohttp import web

from core.accounts import one_order
from core.accounts.one_order import Detail
from core.booking.rules import LIVE, State
from core.booking.view import AppointmentView
from core.errors import NotFound
from core.http.pages import surname
from core.http.patients import for_patients, mine
from core.money.link import pay_path
from core.money.rules import OPEN
from core.people.engine import Papers, person_facts
from core.values import is_serial
from web.booking import known
from web.booking.calendar import Visit, calendar
from web.booking.read_back import HEADINGS
from web.completing import KINDS
from web.house import HOUSE
from web.public import frame, words

OFF = frozenset({State.CANCELLED, State.EXPIRED, State.REPLACED, State.STOPPED})
PATTERN = r"/book/done/{serial:\d{8}}"


@dataclass(frozen=True)
class Done:
    """An appointment of theirs, with what its hospital knows the patient by."""

    detail: Detail
    papers: Papers

    @property
    def made(self) -> AppointmentView:
        return self.detail.order.made

    @property
    def patient(self) -> str:
        return self.made.person if self.detail.order.of_ours else surname(self.made.person)

    @property
    def where(self) -> str:
        return " ".join(filter(None, (self.made.where, self.made.room)))

    @property
    def due_fen(self) -> int:
        """What is still to be paid online."""
        waiting = self.made.state is State.UNPAID
        return sum(one.amount_fen for one in self.detail.payments if one.state in OPEN) if waiting else 0

    @property
    def bring(self) -> list[str]:
        kind = self.papers.identity_kind
        return known.to_bring(
            papers=KINDS.get(kind, "") if kind else "",
            birth_date=self.papers.birth_date if self.detail.order.of_ours else None,
            day=self.made.day,
            pays_there=self.made.pay_mode == "at-hospital" and self.made.fee_fen > 0,
            fee=words.fee(self.made.fee_fen),
        )


async def _done(request: web.Request) -> Done:
    """Raises NotFound for a serial number that is not theirs, as for one there is not."""
    hotline, who, serial = request.app[HOUSE].hotline, mine(request), request.match_info["serial"]
    if not is_serial(serial):
        raise NotFound(facts={"what": "appointment"})
    async with hotline.read() as db:
        detail = await one_order.detail(
            db, hotline.sealer, who.account_id, serial, now=hotline.clock.now(), by=who.by
        )
        made = detail.order.made
        return Done(detail, await person_facts(db, made.person_id, hospital_id=made.hospital_id))


@frame.public
@for_patients
async def see(request: web.Request) -> web.Response:
    """The page to keep, to print or to show."""
    house, it = request.app[HOUSE], await _done(request)
    made, now = it.made, house.hotline.clock.now()
    left_s = max(0, int((made.pay_by - now).total_seconds())) if made.pay_by and it.due_fen else 0
    return frame.show(
        request,
        "booking/done",
        it=it,
        heading=HEADINGS[made.state],
        number=words.number(made.number_kind),
        fee=words.fee(made.fee_fen),
        due=words.fee(it.due_fen) if it.due_fen else "",
        left_s=left_s,
        pay=pay_path(house.hotline.sealer, made.appointment_id) if it.due_fen else "",
        live=made.state in LIVE,
        qr=segno.make_qr(made.serial, error="m").svg_inline(border=2, omitsize=True),
        path=f"{frame.base(request)}/book/done/{made.serial}",
    )


@frame.public
@for_patients
async def picture(request: web.Request) -> web.Response:
    """The number as a picture, for phones that draw no lines."""
    it, drawn = await _done(request), io.BytesIO()
    segno.make_qr(it.made.serial, error="m").save(drawn, kind="png", scale=6, border=2)
    return web.Response(
        body=drawn.getvalue(), content_type="image/png", headers={"Cache-Control": "no-store"}
    )


@frame.public
@for_patients
async def file(request: web.Request) -> web.Response:
    """The visit for a calendar (RFC 5545)."""
    it = await _done(request)
    made = it.made
    visit = Visit(
        made.serial,
        made.version,
        it.patient,
        made.hospital,
        made.department,
        made.doctor or "",
        it.where,
        made.starts_at,
        made.ends_at,
        off=made.state in OFF,
    )
    return web.Response(
        body=calendar(visit, request.app[HOUSE].hotline.clock.now()),
        content_type="text/calendar",
        charset="utf-8",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="12320-{made.serial}.ics"',
        },
    )


routes = [
    web.get(PATTERN, see, name="book-done"),
    web.get(f"{PATTERN}.png", picture, name="book-done-picture"),
    web.get(f"{PATTERN}.ics", file, name="book-done-calendar"),
]
