"""What a supervisor does from the wall: one small form each, answered in words or with the page again."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web

from agent_desk.house import AGENT_HOUSE, AgentHouse
from agent_desk.wall import SAID
from core.contact import supervision
from core.errors import NotFound, WrongInput
from core.http.access import actor_of, needs
from core.http.event_words import SUPERVISION
from core.staff import audit
from core.values import Actor
from core.work import Work

Form = Mapping[str, str]
Act = Callable[[AgentHouse, Actor, Form], Awaitable[str]]
SPYING = ("listen", "whisper", "barge", "off")
# What the audit calls the subject of an act.
WHOM = {"staff_id": "账号", "interaction_id": "来电"}


def _id(form: Form, name: str) -> int:
    """Raises WrongInput."""
    written = form.get(name, "")
    if not written.isdigit() or len(written) > 15:
        raise WrongInput(facts={"field": name})
    return int(written)


def _maybe(form: Form, name: str) -> int | None:
    return _id(form, name) if form.get(name) else None


def _me(by: Actor) -> int:
    if by.staff_id is None:
        raise WrongInput(facts={"field": "staff"})
    return by.staff_id


async def spy(house: AgentHouse, by: Actor, form: Form) -> str:
    """Listen, whisper, barge in, or leave; the telephone does it and writes it down."""
    how = form.get("how", "")
    if how not in SPYING:
        raise WrongInput(facts={"field": "how"})
    await house.calls.listen(_me(by), _id(form, "staff_id"), how)
    return how


async def take_over(house: AgentHouse, by: Actor, form: Form) -> str:
    await house.calls.take_over(_me(by), _id(form, "staff_id"))
    return "take-over"


def _forcing(name: str, force: Callable[[Work, int], Awaitable[object]]) -> Act:
    async def act(house: AgentHouse, by: Actor, form: Form) -> str:
        staff_id = _id(form, "staff_id")
        await house.hotline.run(lambda work: force(work, staff_id), by)
        return name

    return act


async def skills(house: AgentHouse, by: Actor, form: Form) -> str:
    staff_id = _id(form, "staff_id")
    chosen = frozenset(name.removeprefix("skill-") for name in form if name.startswith("skill-"))
    await house.hotline.run(lambda work: supervision.move_skills(work, staff_id, chosen), by)
    return "skills"


async def first(house: AgentHouse, by: Actor, form: Form) -> str:
    """Take a caller out of turn."""
    call, why, to = _id(form, "interaction_id"), form.get("reason", ""), _maybe(form, "staff_id")
    await house.hotline.run(lambda work: supervision.out_of_turn(work, call, why, to=to), by)
    return "first"


async def message(house: AgentHouse, by: Actor, form: Form) -> str:
    text, to = form.get("text", ""), _maybe(form, "staff_id")
    await house.hotline.run(lambda work: supervision.message(work, text, to), by)
    return "message"


async def greeting(house: AgentHouse, by: Actor, form: Form) -> str:
    greeting_id, on = _id(form, "greeting_id"), form.get("on") == "1"
    text = form.get("text") if on else None
    await house.hotline.run(lambda work: supervision.switch_greeting(work, greeting_id, on=on, text=text), by)
    return "greeting-on" if on else "greeting-off"


async def callback(house: AgentHouse, by: Actor, form: Form) -> str:
    call, to = _id(form, "interaction_id"), _maybe(form, "staff_id")
    await house.hotline.run(lambda work: supervision.call_back(work, call, to), by)
    return "callback"


ACTS: dict[str, Act] = {
    "spy": spy,
    "take-over": take_over,
    "force-pause": _forcing("force-pause", supervision.force_pause),
    "force-ready": _forcing("force-ready", supervision.force_ready),
    "force-off": _forcing("force-off", supervision.force_off),
    "skills": skills,
    "first": first,
    "message": message,
    "greeting": greeting,
    "callback": callback,
}


@needs("supervise")
async def act(request: web.Request) -> web.StreamResponse:
    """Do it. A script gets the sentence, a form the page it stood on with the sentence above it."""
    by = await actor_of(request)
    by.must_see(None)
    do = ACTS.get(request.match_info["act"])
    if do is None:
        raise NotFound(facts={"what": "act"})
    form = {name: str(value) for name, value in (await request.post()).items()}
    house = request.app[AGENT_HOUSE]
    await house.hotline.run(lambda work: _note(work, request.match_info["act"], form), by)
    said = await do(house, by, form)
    if "application/json" in request.headers.get("Accept", ""):
        return web.json_response({"said": SAID[said]})
    raise web.HTTPSeeOther(_back(request.headers.get("Referer", ""), said))


async def _note(work: Work, act: str, form: Form) -> None:
    """Before it is done: nobody listens to a call without a trace, whatever happens then."""
    kind = {"skills": "move", "first": "priority"}.get(act, form.get("how", "") if act == "spy" else act)
    whom = [f"{words} {key}" for name, words in WHOM.items() if (key := _maybe(form, name)) is not None]
    what = " ".join([SUPERVISION.get(kind, kind), *whom])
    await audit.note(work, "supervised", what=what, reason=form.get("reason"))


def _back(referer: str, said: str) -> str:
    """The wall as it stood, with the sentence."""
    kept = [(name, value) for name, value in parse_qsl(urlsplit(referer).query) if name != "said"]
    return f"/wall/?{urlencode([*kept, ('said', said)])}"


routes = [web.post("/wall/act/{act:[a-z-]+}", act, name="wall-act")]
