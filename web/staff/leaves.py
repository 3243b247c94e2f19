"""Doctors' leaves: the list, whose a new one is, and the form it is written down with."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from core.errors import NotFound, Refusal, WrongInput
from core.http.access import actor_of, needs
from core.http.forms import one, sent
from core.http.keys import HOTLINE
from core.leave import choosing, entering, view
from core.leave.choosing import Whose
from core.leave.rules import HALVES, REASONS, WORDS, WRITABLE, Enter, Kind, State
from core.leave.view import LeaveView
from core.values import day_of
from core.work import Work
from web.public.finding import FINDER
from web.public.words import HALVES as HALF_WORDS
from web.public.words import NUMBERS
from web.staff.leave_words import FAULTS, KINDS, STATES, bar
from web.staff.pages import act, number, staff_page

HOME = "/staff/leaves"
FIELDS = (
    "kind",
    "first",
    "first_half",
    "last",
    "last_half",
    "post",
    "substitute_id",
    "keep",
    "reason",
    "words",
)
# Which states each look at the list shows.
SIEVES: Mapping[str, tuple[str, tuple[State, ...]]] = {
    "": ("全部", ()),
    "new": ("待审核", (State.SUBMITTED,)),
    "own": ("草稿和退回", (State.DRAFT, State.RETURNED)),
    "open": ("通知中", (State.APPROVED, State.HANDLING)),
    "over": ("办结和撤销", (State.DONE, State.WITHDRAWN)),
}
MOST_FOUND = 24


@needs("leave", "leave-approve")
async def leaves(request: web.Request) -> web.Response:
    hotline, by = request.app[HOTLINE], await actor_of(request)
    sieve = request.query.get("state", "")
    sieve = sieve if sieve in SIEVES else ""
    states = SIEVES[sieve][1]
    async with hotline.read() as db:
        found = await view.count(db, by, states=states)
        pages = max(1, -(-found // view.PAGE))
        page = min(max(1, number(request.query.get("page", "")) or 1), pages)
        rows = await view.listed(db, by, states=states, first=(page - 1) * view.PAGE)
    return await staff_page(
        request,
        "leaves",
        rows=rows,
        found=found,
        sieves=SIEVES,
        sieve=sieve,
        kinds=KINDS,
        states=STATES,
        span=span,
        bar=bar,
        may_enter=by.may("leave"),
        number=page,
        pages=pages,
        address=lambda to: f"{HOME}?" + urlencode({"state": sieve, "page": to}),
    )


def span(it: LeaveView) -> str:
    """From when to when: 11月26日 上午 – 11月28日 下午; one half-day by itself."""
    first = f"{_short(it.first_day)} {HALF_WORDS[it.first_half]}"
    last = f"{_short(it.last_day)} {HALF_WORDS[it.last_half]}"
    if first == last:
        return first
    return f"{first} – {last if it.first_day != it.last_day else HALF_WORDS[it.last_half]}"


def _short(day: date) -> str:
    return f"{day.month}月{day.day}日"


# --- a new one ----------------------------------------------------------------------------------------


@needs("leave")
async def blank(request: web.Request) -> web.Response:
    """Whose it is, by name or pinyin; then the form."""
    hotline, by = request.app[HOTLINE], await actor_of(request)
    doctor_id, post_id = (number(request.query.get(name, "")) for name in ("doctor", "post"))
    if doctor_id is not None or post_id is not None:
        today = day_of(hotline.clock.now()).isoformat()
        typed = dict.fromkeys(FIELDS, "") | {"kind": Kind.STOP.value, "first": today, "last": today}
        typed |= {"first_half": "am", "last_half": "pm", "reason": "sick"}
        async with hotline.read() as db:
            it = await choosing.whose(db, by, doctor_id=doctor_id, post_id=post_id)
        return await _form(request, it, typed)
    words = request.query.get("q", "").strip()[:40]
    async with hotline.read() as db:
        found = (
            await request.app[FINDER].search(db, words, limit=MOST_FOUND, hospital_id=by.hospital_id)
            if words
            else []
        )
        seen = [entry for entry in found if by.sees(entry.hospital_id)]
        places = [entry.department_id for entry in seen if entry.kind == "department"]
        posts = await choosing.own_numbers(db, [one for one in places if one is not None])
    doctors = {entry.doctor_id: entry for entry in seen if entry.doctor_id is not None}
    departments = [
        (posts[entry.department_id], entry)
        for entry in seen
        if entry.kind == "department" and entry.department_id in posts
    ]
    return await staff_page(
        request, "leave_whose", words=words, doctors=list(doctors.values()), departments=departments
    )


@needs("leave")
async def create(request: web.Request) -> web.Response:
    form, by = await sent(request), await actor_of(request)
    typed = {name: one(form, name) for name in FIELDS}
    async with request.app[HOTLINE].read() as db:
        it = await choosing.whose(
            db, by, doctor_id=number(one(form, "doctor")), post_id=number(one(form, "own_post"))
        )
    try:
        asked = _asked(typed, it)

        async def do(work: Work) -> int:
            return await entering.enter(work, asked)

        made = await act(request, do)
    except WrongInput as refusal:
        return await _form(request, it, typed, refusal=refusal)
    raise web.HTTPSeeOther(f"{HOME}/{made}?done=entered")


# --- written anew -------------------------------------------------------------------------------------


@needs("leave")
async def edit(request: web.Request) -> web.Response:
    leave, it = await _loaded(request)
    return await _form(request, it, _typed(leave), leave=leave)


@needs("leave")
async def amend(request: web.Request) -> web.Response:
    form = await sent(request)
    leave, it = await _loaded(request)
    typed = {name: one(form, name) for name in FIELDS}
    try:
        asked = _asked(typed, it)

        async def do(work: Work) -> None:
            await entering.amend(work, leave.leave_id, asked)

        await act(request, do)
    except WrongInput as refusal:
        return await _form(request, it, typed, leave=leave, refusal=refusal)
    raise web.HTTPSeeOther(f"{HOME}/{leave.leave_id}?done=entered")


async def _loaded(request: web.Request) -> tuple[LeaveView, Whose]:
    by = await actor_of(request)
    async with request.app[HOTLINE].read() as db:
        leave = await view.load(db, int(request.match_info["id"]), by)
        if leave.state not in WRITABLE:
            raise NotFound(facts={"what": "leave"})
        it = await choosing.whose(db, by, doctor_id=leave.doctor_id, post_id=leave.post_id)
    return leave, it


async def _form(
    request: web.Request,
    it: Whose,
    typed: Mapping[str, str],
    *,
    leave: LeaveView | None = None,
    refusal: Refusal | None = None,
) -> web.Response:
    wrong = str(refusal.facts.get("field", "")) if refusal else ""
    return await staff_page(
        request,
        "leave_form",
        refusal=refusal,
        it=it,
        leave=leave,
        typed=typed,
        fault=FAULTS.get(wrong, ""),
        kinds=KINDS,
        halves=HALF_WORDS,
        reasons=REASONS,
        numbers=NUMBERS,
        most_words=WORDS,
    )


def _typed(leave: LeaveView) -> dict[str, str]:
    values: dict[str, Any] = {
        "kind": leave.kind.value,
        "first": leave.first_day.isoformat(),
        "first_half": leave.first_half,
        "last": leave.last_day.isoformat(),
        "last_half": leave.last_half,
        "post": leave.post_id,
        "substitute_id": leave.substitute_id,
        "keep": leave.keep,
        "reason": leave.reason,
        "words": leave.words,
    }
    return {name: "" if value is None else str(value) for name, value in values.items()}


def _asked(typed: Mapping[str, str], it: Whose) -> Enter:
    """Raises WrongInput. What belongs to another kind of leave is not sent on."""
    if typed["kind"] not in set(Kind):
        raise WrongInput(facts={"field": "kind"})
    kind = Kind(typed["kind"])
    posts = {post.post_id for post in it.posts}
    post_id = number(typed["post"]) if it.doctor_id is not None else it.posts[0].post_id
    if post_id is not None and post_id not in posts:
        raise WrongInput(facts={"field": "doctor_id"})
    return Enter(
        it.hospital_id,
        kind,
        (_day(typed, "first"), _half(typed, "first_half")),
        (_day(typed, "last"), _half(typed, "last_half")),
        doctor_id=it.doctor_id if post_id is None else None,
        post_id=post_id,
        reason=typed["reason"],
        words=typed["words"].strip(),
        substitute_id=number(typed["substitute_id"]) if kind is Kind.SUBSTITUTE else None,
        keep=number(typed["keep"]) if kind is Kind.REDUCE else None,
    )


def _day(typed: Mapping[str, str], field: str) -> date:
    """Raises WrongInput."""
    try:
        return date.fromisoformat(typed[field].strip())
    except ValueError:
        raise WrongInput(facts={"field": field, "why": "shape"}) from None


def _half(typed: Mapping[str, str], field: str) -> str:
    """Raises WrongInput."""
    if typed[field] not in HALVES:
        raise WrongInput(facts={"field": "half"})
    return typed[field]


routes = [
    web.get(HOME, leaves, name="leaves"),
    web.get(f"{HOME}/new", blank, name="leave-new"),
    web.post(f"{HOME}/new", create, name="leave-create"),
    web.get(rf"{HOME}/{{id:\d{{1,12}}}}/edit", edit, name="leave-edit"),
    web.post(rf"{HOME}/{{id:\d{{1,12}}}}/edit", amend, name="leave-amend"),
]
