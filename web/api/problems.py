"""Why not, as RFC 9457 says it: a stable code, Chinese words, and where in the request; never what came."""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from aiohttp import hdrs, web
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from core.errors import (
    Coded,
    MethodNotAllowed,
    NotFound,
    NotLoggedIn,
    OurFault,
    Refusal,
    SignatureInvalid,
    SignatureOld,
    SignatureUsed,
    StorageAway,
    TooLarge,
    WrongInput,
)
from core.http.keys import HOTLINE
from core.http.refusals import RETRY_S, code_words, sentence, status
from web.api.models import Answer

log = structlog.get_logger()

CONTENT_TYPE = "application/problem+json"
ABOUT = "/api#"
MOST_ERRORS = 20
# What a partner's request must have (RFC 9421, 5.1).
WANTED = 'sig1=("@method" "@path" "@query");created;keyid;nonce;tag="hotline12320"'

_OURS = re.compile(r"[a-z_]{1,40}")
_WORDS = {
    "missing": "缺少这一项。",
    "extra_forbidden": "没有这一项,请去掉。",
    "json_invalid": "内容不是正确的格式。",
    "string_too_short": "内容太短。",
    "string_too_long": "内容太长。",
    "string_pattern_mismatch": "写法不符合要求。",
    "repeated": "这一项只能有一个。",
}
_OTHER = "这一项不符合要求。"


class Fault(Answer):
    """What is wrong with a part of a request. pointer: into the body; parameter: of query or header."""

    words: str
    code: str
    pointer: str | None = None
    parameter: str | None = None


class Problem(Answer):
    """Why a request was refused. code: stays the same for good; words: for people, may be worded anew."""

    type: str
    title: str
    status: int
    code: str
    words: str
    errors: list[Fault] = []


@dataclass(eq=False)
class Wrong(Exception):
    """A request that does not have the form that was described."""

    faults: list[Fault] = field(default_factory=list)

    @classmethod
    def body(cls, error: ValidationError) -> "Wrong":
        return cls([Fault(pointer=_pointer(one["loc"]), **_said(one)) for one in _few(error)])

    @classmethod
    def parameters(cls, error: ValidationError) -> "Wrong":
        return cls([Fault(parameter=_name(one["loc"]), **_said(one)) for one in _few(error)])

    @classmethod
    def parameter(cls, name: str, code: str) -> "Wrong":
        return cls([Fault(parameter=name, code=code, words=_WORDS.get(code, _OTHER))])


def _few(error: ValidationError) -> Iterable[ErrorDetails]:
    return error.errors(include_url=False, include_context=False, include_input=False)[:MOST_ERRORS]


def _said(one: ErrorDetails) -> dict[str, str]:
    kind = str(one["type"])
    return {"code": kind.replace("_", "-"), "words": _WORDS.get(kind, _OTHER)}


def _pointer(loc: Iterable[int | str]) -> str:
    return "".join(f"/{_plain(part)}" for part in loc)


def _name(loc: Iterable[int | str]) -> str:
    return _plain(next(iter(loc), ""))


def _plain(part: int | str) -> str:
    """A name as we give names. Whatever else was sent as one may be anything, a number of somebody's too."""
    return str(part) if isinstance(part, int) or _OURS.fullmatch(part) else "?"


# --- answers ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """An answer, and the code of the problem that it is; '' for none."""

    response: web.StreamResponse
    code: str


def problem(refusal: Coded, faults: list[Fault] | None = None, *, now: datetime) -> Told:
    body = Problem(
        type=f"{ABOUT}{refusal.code}",
        title=code_words(refusal.code),
        status=status(refusal),
        code=refusal.code,
        words=sentence(refusal),
        errors=faults or [],
    )
    response = web.Response(
        body=body.model_dump_json(exclude_none=True).encode(),
        status=body.status,
        headers={hdrs.CONTENT_TYPE: CONTENT_TYPE, hdrs.CACHE_CONTROL: "no-store"},
    )
    if body.status == 429:
        response.headers[hdrs.RETRY_AFTER] = str(_wait(refusal, now))
    if body.status == 503:
        response.headers[hdrs.RETRY_AFTER] = str(RETRY_S)
    if isinstance(refusal, NotLoggedIn):
        response.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
    if isinstance(refusal, SignatureInvalid | SignatureOld | SignatureUsed):
        response.headers[hdrs.WWW_AUTHENTICATE] = "Signature"
        response.headers["Accept-Signature"] = WANTED
    return Told(response, refusal.code)


def _wait(refusal: Coded, now: datetime) -> int:
    seconds, until = refusal.facts.get("seconds"), refusal.facts.get("until")
    if isinstance(seconds, int):
        return seconds
    return max(1, int((until - now).total_seconds()) + 1) if isinstance(until, datetime) else 60


_HTTP: dict[int, type[Refusal]] = {404: NotFound, 405: MethodNotAllowed, 413: TooLarge}


async def told(request: web.Request, act: Callable[[], Awaitable[web.StreamResponse]]) -> Told:
    """What `act` answers, or why not: a border, beyond which nothing is a page."""
    now = request.config_dict[HOTLINE].clock.now()
    try:
        return Told(await act(), "")
    except Refusal as refusal:
        return problem(refusal, now=now)
    except StorageAway as away:
        log.warning("storage away", route=_route(request), why=type(away.__cause__).__name__)
        return problem(away, now=now)
    except Wrong as wrong:
        return problem(WrongInput(), wrong.faults, now=now)
    except web.HTTPException as error:
        kind = _HTTP.get(error.status, WrongInput)
        answer = problem(kind(), now=now)
        if hdrs.ALLOW in error.headers:
            answer.response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
        return answer
    except ConnectionResetError:  # the caller has gone: nobody is left to tell
        raise
    except Exception:  # a border: one broken request must not be an answer that nobody can read
        log.exception("api request failed", route=_route(request), method=request.method)
        return problem(OurFault(), now=now)


def _route(request: web.Request) -> str:
    """The route's pattern; the path itself may hold a serial number."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "none"
