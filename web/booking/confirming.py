"""The steps between a held number and the appointment: for whom, read back, agreed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from core.accounts import booking, drafts
from core.accounts.booking import Held, Wish
from core.accounts.people import SELF
from core.booking.commands import Booked
from core.booking.draft_pay import Paying
from core.errors import HoldLapsed, NotFound, Refusal
from core.http.forms import FIELD
from core.http.patients import for_patients, mine
from core.http.refusals import sentence, status
from core.work import Work
from web.account import captcha
from web.booking import known, moving, read_back
from web.booking.choosing import NUMBER, chosen_from
from web.booking.deciding import (
    Candidate,
    Deciding,
    candidates,
    deciding,
    obstacle,
    obstacles_of_change,
    ways_to_pay,
)
from web.booking.moving import Moving
from web.house import HOUSE
from web.public import frame, query

PERSON, PAY = "person", "pay"


@dataclass(frozen=True)
class Said:
    """What was chosen so far, as it stands in an address or a form. person: ''; nobody yet."""

    person: str
    pay: str
    change: str

    @property
    def person_id(self) -> int | None:
        """Raises NotFound for what is no person's number."""
        if self.person and not NUMBER.fullmatch(self.person):
            raise NotFound(facts={"what": "attendee"})
        return int(self.person) if self.person else None


def _said(values: Mapping[str, Any]) -> Said:
    read = {name: str(values.get(name, ""))[:20] for name in (PERSON, PAY, moving.FIELD)}
    return Said(read[PERSON], read[PAY] if read[PAY] in read_back.PAYING else "", read[moving.FIELD])


@frame.public
@for_patients
async def see(request: web.Request) -> web.Response:
    """For whom; then, with `person` in the address or a change, all of it read back."""
    return await _held_page(request, _said(request.query))


@frame.public
@for_patients
async def book(request: web.Request) -> web.Response:
    """Book it, or move the appointment here; why not is told on the same page."""
    hotline, who, hold_id = request.app[HOUSE].hotline, mine(request), request.match_info["hold"]
    form = await request.post()
    said = _said(form)
    token, typed = (str(form.get(name, ""))[: captcha.LONGEST] for name in (captcha.TOKEN, captcha.TYPED))
    online = {"online": True, "at-hospital": False}.get(said.pay)
    wish = Wish(hold_id, said.person_id, said.change or None, online)
    if wish.person_id is None and wish.change is None:
        return await _held_page(request, said, trouble="请先选就诊人。")

    async def act(work: Work) -> Booked:
        return await booking.confirm(work, wish, owner_id=who.person_id, captcha=(token, typed))

    try:
        made = await hotline.run(act, who.by)
    except NotFound as why:
        if why.facts.get("what") == "hold":
            await _gone_on(request)
        raise
    except Refusal as refusal:
        return await _held_page(request, said, refused=refusal)
    raise web.HTTPSeeOther(f"{frame.base(request)}/book/done/{made.serial}")


@frame.public
@for_patients
async def leave(request: web.Request) -> web.Response:
    """Give the number up, and back to the session; from a change, to the appointment that stays."""
    who, form = mine(request), await request.post()

    async def act(work: Work) -> Held:
        return await booking.leave(work, who.account_id, request.match_info["hold"])

    was = await request.app[HOUSE].hotline.run(act, who.by)
    base, change = frame.base(request), _said(form).change
    stays = change and form.get("stop")
    raise web.HTTPSeeOther(
        f"{base}/account/orders/{change}"
        if stays
        else query.address(f"{base}/book/{was.session_id}", **{moving.FIELD: change})
    )


async def _gone_on(request: web.Request) -> None:
    """Whose slot went on by the telephone is told so, instead of that there is no such page."""
    hold_id = request.match_info["hold"]
    async with request.app[HOUSE].hotline.read() as db:
        gone = await drafts.gone_on(db, mine(request).account_id, hold_id=hold_id)
    if gone:
        raise web.HTTPSeeOther(f"{frame.base(request)}/account?done=kept-gone")


async def _held_page(
    request: web.Request, said: Said, *, refused: Refusal | None = None, trouble: str = ""
) -> web.Response:
    """The page of a hold as it is now. What it has become already is shown instead, whatever was refused."""
    house, who = request.app[HOUSE], mine(request)
    now = house.hotline.clock.now()
    async with house.hotline.read() as db:
        try:
            hold = await booking.held(db, who.account_id, request.match_info["hold"])
        except NotFound:
            await _gone_on(request)
            raise
        serial = await booking.came_of(db, who.account_id, hold)
        if serial is not None:
            raise web.HTTPSeeOther(f"{frame.base(request)}/book/done/{serial}")
        if hold.given_up or hold.used or isinstance(refused, HoldLapsed):
            return await chosen_from(
                request, hold.session_id, change=said.change, refused=refused or HoldLapsed()
            )
        moved = await moving.mover(db, who, said.change, now) if said.change else None
        it = await deciding(db, who, hold, now)
        pay = await ways_to_pay(db, house, it, wish=said.pay, moved=moved)
        people = [] if moved else await candidates(db, house, who, it)
        chosen = _of(people, said.person_id)
        if moved is None and chosen is None:
            return _choice(request, it, people, pay, trouble)
        told = chosen.obstacles if chosen else await obstacles_of_change(db, it, moved) if moved else ()
    if refused is not None:
        told = [obstacle(refused, chosen is not None and chosen.it.relation == SELF)]
    codes = {one.code for one in told}
    return frame.show(
        request,
        "booking/confirm",
        "hospitals",
        status=status(refused) if refused else 200,
        refused=refused is not None,
        obstacles=told,
        other_time=bool(codes & read_back.OTHER_TIME),
        other_person=moved is None and bool(codes & read_back.OTHER_PERSON),
        stuck=sentence(moved.refusal) if moved and moved.refusal else "",
        captcha=await captcha.fresh(request) if it.captcha else "",
        **_agreement(it, pay, chosen, moved),
        **_around(request, it, moved),
    )


def _of(people: Sequence[Candidate], person_id: int | None) -> Candidate | None:
    """Raises NotFound for somebody whom this account does not book for."""
    if person_id is None:
        return None
    for one in people:
        if one.it.person_id == person_id:
            return one
    raise NotFound(facts={"what": "attendee"})


def _choice(
    request: web.Request, it: Deciding, people: Sequence[Candidate], pay: Paying, trouble: str
) -> web.Response:
    free = [one for one in people if not one.obstacles]
    return frame.show(
        request,
        "booking/people",
        "hospitals",
        status=400 if trouble else 200,
        it=it,
        people=people,
        first=(free or people)[0].it.person_id,
        pay=pay,
        paying=read_back.PAYING,
        trouble=trouble,
        **_around(request, it, None),
    )


def _agreement(it: Deciding, pay: Paying, chosen: Candidate | None, moved: Moving | None) -> dict[str, Any]:
    """All of it in one sentence, and what must be known before it is agreed."""
    slot, shown = it.asked.slot, it.offer
    patient = chosen.it.name if chosen else moved.patient if moved else ""
    return {
        "it": it,
        "chosen": chosen,
        "sentence": read_back.sentence(
            slot, patient=patient, who=shown.who, where=shown.place, number=it.held.sequence, pay=pay
        ),
        "pay": pay,
        "notes": known.before_visit(it.asked.book, slot, online=pay.way == "online"),
    }


def _around(request: web.Request, it: Deciding, moved: Moving | None) -> dict[str, Any]:
    action = f"{frame.base(request)}/book/held/{it.held.hold_id}"
    return {
        "moving": moved,
        "action": action,
        "back": query.address(action, **{moving.FIELD: moved.serial if moved else ""}),
        "token": mine(request).form_token,
        "token_field": FIELD,
    }


routes = [
    web.get(r"/book/held/{hold:[\w-]{16,24}}", see, name="book-held"),
    web.post(r"/book/held/{hold:[\w-]{16,24}}", book, name="book-confirm"),
    web.post(r"/book/held/{hold:[\w-]{16,24}}/leave", leave, name="book-leave"),
]
