"""A gateway that behaves like UnionPay's, with keys and a memory of its own: another party, not us.

Its pay page asks how the payment ends and how the gateway behaves (sandbox_scripts.SCRIPTS).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from html import escape

import structlog
from aiohttp import ClientSession, web

from core.links.unionpay.messages import Txn
from core.links.unionpay.sandbox_book import Trade
from core.links.unionpay.sandbox_gateway import Gateway
from core.links.unionpay.signing import BadSignature

log = structlog.get_logger()

EVERY_S = 0.5
GATEWAY_KEY = web.AppKey("GATEWAY", Gateway)


@asynccontextmanager
async def serving(gateway: Gateway, host: str, port: int = 0) -> AsyncIterator[str]:
    """Serve the sandbox; yields its address. port: 0 takes a free one."""
    runner = web.AppRunner(sandbox_app(gateway), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield f"http://{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def sandbox_app(gateway: Gateway, *, delivers: bool = True) -> web.Application:
    """The gateway as a server of its own. delivers: it sends its notices by itself."""
    app = web.Application(client_max_size=64 * 1024)
    app[GATEWAY_KEY] = gateway
    app.add_routes(routes)
    if delivers:
        app.cleanup_ctx.append(_delivering)
    return app


async def _delivering(app: web.Application) -> AsyncIterator[None]:
    async def run() -> None:
        async with ClientSession() as http:
            while True:
                try:
                    if await app[GATEWAY_KEY].deliver(http):
                        await app[GATEWAY_KEY].keep()
                except Exception:  # a border: one broken notice must not silence the gateway
                    log.exception("sandbox cannot deliver")
                await asyncio.sleep(EVERY_S)

    task = asyncio.create_task(run(), name="unionpay sandbox")
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


# --- what merchants call --------------------------------------------------------------------------------


async def _believed(request: web.Request) -> tuple[Gateway, dict[str, str]]:
    """The fields that a merchant has signed. Raises HTTPBadRequest for anybody else's."""
    gateway = request.app[GATEWAY_KEY]
    form = await request.post()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    try:
        gateway.believe(fields)
    except BadSignature:
        raise web.HTTPBadRequest from None
    return gateway, fields


def _answer(gateway: Gateway, fields: Mapping[str, str]) -> web.Response:
    return web.Response(text=gateway.answer(fields), content_type="text/html")


def _code(fields: Mapping[str, str], code: str) -> dict[str, str]:
    echoed = ("version", "encoding", "signMethod", "txnType", "txnSubType", "bizType", "accessType")
    named = ("merId", "orderId", "txnTime", "txnAmt", "settleDate")
    kept = {name: fields[name] for name in (*echoed, *named) if name in fields}
    return kept | {"respCode": code, "respMsg": "成功[0000000]" if code == "00" else f"失败[{code}]"}


async def query(request: web.Request) -> web.Response:
    gateway, fields = await _believed(request)
    gateway.book.tick()
    trade = gateway.book.find(fields["merId"], fields["orderId"], fields["txnTime"])
    if trade is None or not trade.code:
        return _answer(gateway, _code(fields, "34"))
    trade.queries += 1
    unclear = trade.queries <= gateway.book.scripts[trade.script].unknown
    ended = {"origRespCode": "05" if unclear else trade.code, "origRespMsg": "-"}
    return _answer(gateway, _code(fields, "00") | gateway.book.said(trade) | {"txnType": Txn.QUERY} | ended)


async def give_back(request: web.Request) -> web.Response:
    gateway, fields = await _believed(request)
    code = gateway.book.give_back(fields)
    await gateway.keep()
    trade = gateway.book.find(fields["merId"], fields["orderId"])
    taken_on = {"queryId": trade.query_id} if trade and code == "00" else {}
    return _answer(gateway, _code(fields, code) | taken_on)


async def files(request: web.Request) -> web.Response:
    gateway, fields = await _believed(request)
    content = await asyncio.to_thread(gateway.book.statement, fields["merId"], fields["settleDate"])
    if content is None:
        return _answer(gateway, _code(fields, "98"))
    return _answer(gateway, _code(fields, "00") | {"fileName": "statement.zip", "fileContent": content})


# --- what patients see ----------------------------------------------------------------------------------


async def pay_page(request: web.Request) -> web.Response:
    try:
        gateway, fields = await _believed(request)
        trade = gateway.book.ordered(fields)
    except (web.HTTPBadRequest, KeyError, ValueError):
        trade = None
    if trade is None:
        return _page("<p>这个订单有问题，不能支付。</p>", status=400)
    if gateway.book.too_late(trade):
        return _page("<p>订单已经过了支付时间。</p>")
    if trade.code in ("00", "05"):
        return _page(f"<p>这个订单已经支付过了。</p>{_way_back(gateway, trade)}")
    choices = "".join(
        f'<option value="{escape(name)}">{escape(script.words)}</option>'
        for name, script in gateway.book.scripts.items()
    )
    return _page(
        f"""<p>订单 {escape(trade.order)}</p><p>应付 <strong>{trade.asked_fen / 100:.2f} 元</strong></p>
<form method="post" action="pay">
<input type="hidden" name="merchant" value="{escape(trade.merchant)}">
<input type="hidden" name="order" value="{escape(trade.order)}">
<p><label>网关的表现 <select name="script">{choices}</select></label></p>
<p><button name="how" value="paid">支付成功</button> <button name="how" value="failed">支付失败</button>
<button name="how" value="later">稍后才有结果</button></p></form>"""
    )


async def pay(request: web.Request) -> web.Response:
    """A button was pressed. Whoever sees the sandbox may press it: its money is not money."""
    gateway = request.app[GATEWAY_KEY]
    form = await request.post()
    trade = gateway.book.find(str(form.get("merchant", "")), str(form.get("order", "")))
    if trade is None or trade.kind != Txn.CONSUME:
        return _page("<p>没有这个订单。</p>", status=404)
    if not gateway.book.too_late(trade):
        gateway.book.pay(trade, str(form.get("how", "")), str(form.get("script", "")))
        await gateway.keep()
    words = {"00": "支付成功。", "05": "正在处理，稍后才有结果。"}.get(trade.code, "支付没有成功。")
    return _page(f"<p>{words}</p>{_way_back(gateway, trade)}")


def _way_back(gateway: Gateway, trade: Trade) -> str:
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in gateway.front(trade).items()
    )
    return f'<form method="post" action="{escape(trade.front_url)}">{fields}<button>返回商户</button></form>'


def _page(body: str, status: int = 200) -> web.Response:
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    text = (
        f'<!doctype html><html lang="zh-CN"><head>{head}<title>银联支付（沙箱）</title></head>'
        f"<body><main><h1>银联支付（沙箱）</h1><p>这是演示，不会扣钱。</p>{body}</main></body></html>"
    )
    return web.Response(text=text, content_type="text/html", status=status)


routes = [
    web.post("/gateway/api/frontTransReq.do", pay_page),
    web.post("/gateway/api/pay", pay),
    web.post("/gateway/api/queryTrans.do", query),
    web.post("/gateway/api/backTransReq.do", give_back),
    web.post("/", files),
]
