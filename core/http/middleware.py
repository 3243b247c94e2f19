"""Around every request: strangers' pages kept out, refusals and failures told in Chinese with a code."""

from collections.abc import Awaitable, Callable

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from core.errors import Refusal, StorageAway
from core.http.access import own_origin
from core.http.pages import page
from core.http.refusals import RETRY_S, sentence, status

log = structlog.get_logger()

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

# What a failure of each status is called. The code beside it is what a caller can quote.
FAILURES = {
    400: ("bad-request", "这个请求我们看不懂"),
    403: ("forbidden", "这里不能从别的网站进入"),
    404: ("not-found", "没有这个页面"),
    405: ("method-not-allowed", "不能这样打开这个页面"),
    413: ("too-large", "内容太大了"),
    500: ("our-fault", "系统出错了，错误已经记录"),
    503: ("overloaded", "现在访问的人太多，请稍后再试"),
}


def security_headers(policy: Callable[[web.Request], str]) -> Callable[..., Awaitable[None]]:
    """A signal for `on_response_prepare`. policy: the Content-Security-Policy of a request's answer."""

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", policy(request))
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "microphone=(self), camera=(), geolocation=()"
        headers.pop("Server", None)

    return prepare


def same_origin() -> Middleware:
    """Refuse what another site's page could make a browser do: change something, or open a websocket.

    Browsers send Origin with both, and no page can forge it; clients that are no browsers send none.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        opens_socket = request.headers.get("Upgrade", "").lower() == "websocket"
        from_anywhere = getattr(request.match_info.handler, "from_anywhere", False)
        changes = request.method not in SAFE and not from_anywhere
        if (opens_socket or changes) and not own_origin(request):
            raise web.HTTPForbidden
        return await handler(request)

    return check


def failures() -> Middleware:
    """Turn refusals and failures into answers: a page, or JSON where JSON was asked for."""

    @web.middleware
    async def tell(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refusal:
            return answer(request, status(refusal), refusal.code, sentence(refusal))
        except StorageAway as away:
            log.warning("storage away", route=_route(request), why=type(away.__cause__).__name__)
            return answer(request, status(away), away.code, sentence(away))
        except web.HTTPException as error:
            if error.status < 400:
                raise
            code, words = FAILURES.get(error.status, (f"http-{error.status}", "这个请求没有成功"))
            told = answer(request, error.status, code, words)
            for name in ("Allow", "Retry-After"):
                if name in error.headers:
                    told.headers[name] = error.headers[name]
            return told
        except ConnectionResetError:  # the browser has gone: nobody is left to tell
            raise
        except Exception:  # a border: one broken request must not be a blank page
            log.exception("request failed", route=_route(request), method=request.method)
            code, words = FAILURES[500]
            return answer(request, 500, code, words)

    return tell


def _route(request: web.Request) -> str:
    """The route's pattern; the path itself may hold a serial number."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "none"


def answer(request: web.Request, http_status: int, code: str, words: str) -> web.Response:
    """Why not: a page, or JSON where JSON was asked for. code: what a caller can quote."""
    accepted = request.headers.get("Accept", "")
    if "application/json" in accepted and "text/html" not in accepted:
        told = web.json_response({"code": code, "words": words}, status=http_status)
    else:
        told = page(request, "error.html", status=http_status, code=code, words=words)
    if http_status == 503:
        told.headers[hdrs.RETRY_AFTER] = str(RETRY_S)
    return told
