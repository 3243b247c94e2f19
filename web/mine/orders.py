"""My appointments: the list in pages of ten, each with its money and its story, and the way to give it up."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from core.accounts import one_order, orders
from core.accounts.credit_rules import block_rules
from core.accounts.one_order import Detail
from core.accounts.orders import Group, Order
from core.booking.rules import LIVE, State
from core.credit.book import RuleBook
from core.errors import ChangedMeanwhile, NotFound, Refusal
from core.http.credit_words import rule
from core.http.patients import for_patients, mine
from core.http.refusals import sentence, status
from core.money.link import pay_path
from core.work import Work
from web.house import HOUSE
from web.mine import order_words
from web.mine.order_words import Said
from web.public import frame, query
from web.public.query import Pages

HERE = "account"
MOVED_ON = "这个预约刚刚有变化（可能打过电话、发过短信，或者医生停诊），所以没有取消。请看现在的情况再决定。"
# What a link into this page may have to say.
DONE = "cancelled"


@dataclass(frozen=True)
class Row:
    """whose: the name of the patient, as far as the account may read it."""

    it: Order
    state: Said
    whose: str


@for_patients
@frame.public
async def listed(request: web.Request) -> web.Response:
    """R-185, R-186. A page that there is not is the last one, or the first."""
    house = request.app[HOUSE]
    group = query.chosen(request.query, "state", {one.value: one for one in Group})
    async with house.hotline.read() as db:
        found = await orders.listed(db, mine(request).account_id, group=group, page=_page(request.query))
    path = f"{frame.base(request)}/account/orders"
    return frame.show(
        request,
        "mine/orders",
        HERE,
        rows=[Row(one, order_words.state(one), order_words.whose(one)) for one in found.orders],
        pages=Pages.counted(found.page, found.count, orders.PAGE, path, state=group),
        found=found,
        group=group,
        tabs=[(one, order_words.GROUPS[one], found.by_group[one]) for one in Group],
        whole=sum(found.by_group.values()),
    )


def _page(asked: Mapping[str, str]) -> int:
    value = asked.get("page", "")
    return int(value) if re.fullmatch(r"\d{1,6}", value, re.ASCII) else 1


@for_patients
@frame.public
async def detail(request: web.Request) -> web.Response:
    """R-187."""
    it = await _load(request)
    made = it.order.made
    return frame.show(
        request,
        "mine/order",
        HERE,
        it=it,
        done=request.query.get("done") == DONE and made.state is State.CANCELLED,
        money=order_words.money_lines(it.payments),
        story=order_words.story(it.story),
        paying=order_words.PAYING.get(made.pay_mode, ""),
        **_ways(request, it),
    )


def _ways(request: web.Request, it: Detail) -> dict[str, Any]:
    """What both pages say of an appointment, and where one can go from it."""
    made, base = it.order.made, frame.base(request)
    hotline = request.app[HOUSE].hotline
    open_until = made.pay_by is None or made.pay_by > hotline.clock.now()
    due = made.state is State.UNPAID and open_until
    return {
        "made": made,
        "state": order_words.state(it.order),
        "whose": order_words.whose(it.order),
        "fee": order_words.yuan(made.fee_fen),
        "paid": it.order.money.paid_fen > it.order.money.back_fen,
        "pay": pay_path(hotline.sealer, made.appointment_id) if due else "",
        "proof": f"{base}/book/done/{made.serial}" if made.state in LIVE else "",
        "doctor": f"{base}{_place(it)}",
        "may_cancel": it.cancel.refusal is None,
        "may_change": it.change.refusal is None,
        "cancel_words": order_words.why_not(it.cancel, made.state)
        or order_words.until(it.cancel.limit, made.state, "取消"),
        "limits": order_words.limits(it),
        "path": f"{base}/account/orders/{made.serial}",
    }


def _place(it: Detail) -> str:
    made = it.order.made
    return f"/doctors/{made.doctor_id}" if made.doctor_id else f"/departments/{made.department_id}/number"


@for_patients
@frame.public
async def ask_cancel(request: web.Request) -> web.Response:
    """What giving it up would do, before it is done."""
    return _asked(request, await _load(request))


@for_patients
@frame.public
async def cancel(request: web.Request) -> web.Response:
    """Give it up as it was seen; a second click is answered as the first."""
    who, serial = mine(request), request.match_info["serial"]
    version = str((await request.post()).get("version", ""))
    seen = int(version) if re.fullmatch(r"\d{1,9}", version, re.ASCII) else 0

    async def act(work: Work) -> None:
        await orders.give_up(work, who.account_id, serial, version=seen)

    try:
        await request.app[HOUSE].hotline.run(act, who.by)
    except NotFound:
        raise
    except ChangedMeanwhile as refusal:
        return _asked(request, await _load(request), MOVED_ON, status(refusal))
    except Refusal as refusal:
        return _asked(request, await _load(request), sentence(refusal), status(refusal))
    raise web.HTTPSeeOther(f"{frame.base(request)}/account/orders/{serial}?done={DONE}")


def _asked(request: web.Request, it: Detail, trouble: str = "", code: int = 200) -> web.Response:
    return frame.show(
        request,
        "mine/cancel",
        HERE,
        status=code,
        it=it,
        trouble=trouble,
        money=order_words.what_becomes_of_the_money(it),
        credit=_counted(it.book),
        token=mine(request).form_token,
        **_ways(request, it),
    )


def _counted(book: RuleBook) -> list[str]:
    """The hospital's rules that count cancellations, where it has any."""
    rules = block_rules(book)
    counting = [one for one in rules if one.name in ("block.cancel", "block.same-day-cancel")]
    return [f"取消会记下一次。{rule(one)}" for one in counting]


async def _load(request: web.Request) -> Detail:
    who, hotline = mine(request), request.app[HOUSE].hotline
    async with hotline.read() as db:
        return await one_order.detail(
            db,
            hotline.sealer,
            who.account_id,
            request.match_info["serial"],
            now=hotline.clock.now(),
            by=who.by,
        )


ONE = r"/account/orders/{serial:\d{8}}"

routes = [
    web.get("/account/orders", listed, name="mine-orders"),
    web.get(ONE, detail, name="mine-order"),
    web.get(f"{ONE}/cancel", ask_cancel, name="mine-order-cancel"),
    web.post(f"{ONE}/cancel", cancel, name="mine-order-cancelled"),
]
