"""An operation as a handler: who asks and how often, what was sent, what comes of it."""

import time
from collections.abc import Awaitable, Callable
from hashlib import blake2b

from aiohttp import hdrs, web
from pydantic import ValidationError

from core.errors import NotFound, NotJson
from core.http.access import everybody, from_anywhere
from core.http.keys import HOTLINE
from core.http.sessions import address_of, browser_of
from core.partners import engine, rules
from web.api import who
from web.api.limits import LIMITS
from web.api.models import Answer, Asked, Nothing
from web.api.operation import Auth, Call, Operation
from web.api.problems import Told, Wrong, told
from web.api.who import Caller
from web.house import HOUSE
from web.public.finding import FINDER

KEY = "Idempotency-Key"
KEY_PATTERN = r"^[A-Za-z0-9_-]{8,64}$"
SANDBOX = "Hotline-Sandbox"
# Longer than any of ours; what is longer is not read.
MOST_BODY = 16 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def served(operation: Operation) -> Handler:
    """What answers it. Open to every site's scripts, for it decides nothing by cookies."""

    @everybody
    @from_anywhere
    async def serve(request: web.Request) -> web.StreamResponse:
        began, found = time.monotonic(), _Found()
        answer = await told(request, lambda: _answer(operation, request, found))
        if found.caller is not None and found.caller.partner is not None:
            await _note(operation, request, found.caller, answer, time.monotonic() - began)
        return answer.response

    return serve


class _Found:
    """Who asked, as far as that became known."""

    caller: Caller | None = None


async def _answer(operation: Operation, request: web.Request, found: _Found) -> web.Response:
    hotline = request.config_dict[HOTLINE]
    body = await _read(request)
    caller = found.caller = await _caller(operation, request, body)
    _allowed(operation, request, caller)
    path = _path(operation, request)
    query = _query(operation, request)
    asked = _body(operation, request, body)
    call = Call(
        hotline,
        request.config_dict[FINDER],
        caller,
        hotline.clock.now(),
        operation.name,
        path,
        query,
        asked,
        request.config_dict[HOUSE].passwords,
        browser_of(request),
        **_repetition(operation, request, caller, path, asked),
    )
    return _made(operation, caller, await operation.act(call))


def _made(operation: Operation, caller: Caller, answer: Answer | None) -> web.Response:
    headers: dict[str, str] = {hdrs.CACHE_CONTROL: "no-store"}
    if caller.rehearses:
        headers[SANDBOX] = "?1"
    if answer is None:
        return web.Response(status=204, headers=headers)
    headers[hdrs.CONTENT_TYPE] = "application/json"
    return web.Response(body=answer.model_dump_json().encode(), status=operation.status, headers=headers)


# --- who ----------------------------------------------------------------------------------------------


async def _caller(operation: Operation, request: web.Request, body: bytes) -> Caller:
    """Who asks. Counted by their address: who has shown nothing, and whom we do not believe."""
    hotline, limits = request.config_dict[HOTLINE], request.config_dict[LIMITS]
    now, address, paces = hotline.clock.now(), f"ip:{address_of(request)}", limits.paces
    signs = _signs(operation, request)
    if not signs and operation.auth is Auth.ANYBODY:
        limits.take(address, paces.address, now)
        if operation.strict_pace:
            limits.take(f"{operation.name} {address}", paces.strict, now)
        return who.anybody(request)
    limits.ask(address, paces.address, now)
    try:
        if signs:
            return await who.partner(request, hotline, body)
        return await who.patient(request)
    except Exception:
        limits.take(address, paces.address, now)
        raise


def _signs(operation: Operation, request: web.Request) -> bool:
    if operation.auth is Auth.ANYBODY:
        return who.is_signed(request) and not operation.strict_pace
    return operation.auth is Auth.PARTNER


def _allowed(operation: Operation, request: web.Request, caller: Caller) -> None:
    """Whether they may, and not too often. Raises PartnerOff, PartnerLimited, TooManyRequests."""
    limits, now = request.config_dict[LIMITS], request.config_dict[HOTLINE].clock.now()
    if caller.partner is not None:
        rules.may(caller.partner.state, caller.partner.functions, operation.function)
        limits.take(caller.scope, caller.partner.pace, now)
    elif caller.patient is not None:
        limits.take(f"token:{caller.patient.session_id}", limits.paces.token, now)


async def _note(
    operation: Operation, request: web.Request, caller: Caller, answer: Told, took_s: float
) -> None:
    assert caller.partner is not None
    await engine.note(
        request.config_dict[HOTLINE],
        caller.partner,
        operation.name,
        status=answer.response.status,
        code=answer.code or None,
        took_ms=round(took_s * 1000),
    )


# --- what ---------------------------------------------------------------------------------------------


async def _read(request: web.Request) -> bytes:
    """The body as it came. Raises aiohttp's HTTPRequestEntityTooLarge."""
    size = request.content_length
    if size is not None and size > MOST_BODY:
        raise web.HTTPRequestEntityTooLarge(MOST_BODY, size)
    body = await request.read()
    if len(body) > MOST_BODY:
        raise web.HTTPRequestEntityTooLarge(MOST_BODY, len(body))
    return body


def _path(operation: Operation, request: web.Request) -> Asked:
    """An address that names nothing we could have is not there. Raises NotFound."""
    try:
        return operation.path_.model_validate_strings(dict(request.match_info))
    except ValidationError:
        raise NotFound(facts={"what": "address"}) from None


def _query(operation: Operation, request: web.Request) -> Asked:
    if repeated := next((name for name in request.query if len(request.query.getall(name)) > 1), None):
        known = repeated if repeated in operation.query.model_fields else "?"
        raise Wrong.parameter(known, "repeated")
    try:
        return operation.query.model_validate_strings(dict(request.query))
    except ValidationError as error:
        raise Wrong.parameters(error) from None


def _body(operation: Operation, request: web.Request, body: bytes) -> Asked:
    """Raises NotJson, Wrong."""
    if operation.body is Nothing:
        return Nothing()
    if request.content_type != "application/json":
        raise NotJson
    try:
        return operation.body.model_validate_json(body)
    except ValidationError as error:
        raise Wrong.body(error) from None


def _repetition(
    operation: Operation, request: web.Request, caller: Caller, path: Asked, asked: Asked
) -> dict[str, str]:
    """key and mark of a Call. The mark is keyed: a body may hold somebody's identity number."""
    if not operation.repeatable:
        return {}
    given = request.headers.getall(KEY, [])
    if not given:
        raise Wrong.parameter(KEY, "missing")
    if len(given) > 1 or not _is_key(given[0]):
        raise Wrong.parameter(KEY, "string_pattern_mismatch")
    whole = "\0".join((operation.name, path.model_dump_json(), asked.model_dump_json()))
    digest = blake2b(given[0].encode(), digest_size=16).hexdigest()
    mark = request.config_dict[HOTLINE].sealer.fingerprint(whole, "api-request")
    return {"key": f"api:{caller.scope}:{digest}", "mark": mark}


def _is_key(text: str) -> bool:
    return 8 <= len(text) <= 64 and text.isascii() and text.replace("-", "").replace("_", "").isalnum()
