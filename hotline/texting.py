"""Texts in both directions: the gateways an installation has chosen, what they bring, and the way out."""

import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import structlog
from aiohttp import web

from core.contact import view as contact_view
from core.health import Report, State
from core.outbox import Route
from core.ports import IncomingText, TextGateway
from core.settings import Settings
from core.work import Hotline
from hotline.foundation import Foundation
from sms import inbound, outbound
from sms.gateways import http_signed
from sms.gateways.console import ConsoleGateway
from sms.gateways.http_signed import Aggregator, open_http_signed
from sms.gateways.pool import Member, Pool
from sms.gateways.smpp.gateway import Manners, SmppGateway
from sms.gateways.smpp.pdus import Address
from sms.gateways.smpp.session import Centre
from sms.inbound import Inbox
from sms.texter import Texter

log = structlog.get_logger()

# Texts a second that a gateway may be given where nothing else is set.
RATE = 100.0


@dataclass
class Texting:
    """routes: webhooks. running: what must run for ever. bound: gateways that can say whether they are.
    address: of our pages, set in the demo alone: its links lead to this machine."""

    hotline: Hotline
    inbox: Inbox
    texter: Texter
    pool: Pool
    routes: list[web.RouteDef] = field(default_factory=list)
    running: dict[str, Coroutine[object, object, None]] = field(default_factory=dict)
    bound: dict[str, Callable[[], bool]] = field(default_factory=dict)
    address: str = ""

    def carriers(self) -> Mapping[str, Route]:
        """What the outbox brings to whom."""
        return {outbound.CARRIER: self.texter.route(), inbound.CARRIER: self.inbox.route()}

    async def probe(self) -> Report:
        """Degraded while one gateway is left alone, down while all are."""
        all_of_them = self.gateways()
        away = [name for name, there in all_of_them if not there]
        if not away:
            return Report(State.UP)
        words = f"{'、'.join(away)} 联系不上"
        return Report(State.DOWN if len(away) == len(all_of_them) else State.DEGRADED, words)

    def gateways(self) -> list[tuple[str, bool]]:
        """Each gateway, and whether it can be reached now."""
        lines = self.pool.lines
        return [(one.name, one.rests_until is None and self._there(one.name)) for one in lines]

    def _there(self, name: str) -> bool:
        return self.bound[name]() if name in self.bound else True

    async def write(self, number: str, body: str) -> None:
        """A text as if this number had written it: of the demo's page."""
        name = self.hotline.chance.token()
        await self.inbox.received(IncomingText("demo", name, number, "", body))


@asynccontextmanager
async def open_texting(ground: Foundation) -> AsyncIterator[Texting]:
    """The gateways of the settings, connected as far as they are used. Raises ValueError for a setting that
    is missing."""
    settings = ground.settings
    inbox = Inbox(ground.hotline, ground.store, metrics=ground.metrics)
    async with AsyncExitStack() as stack:
        gateways: list[TextGateway] = []
        routes: list[web.RouteDef] = []
        smpp: SmppGateway | None = None
        for name in settings.texts:
            if name == "console":
                gateways.append(ConsoleGateway(lambda line: log.info("sent", line=line)))
            elif name == "smpp":
                smpp = _smpp(ground, inbox)
                gateways.append(smpp)
            elif name == "http":
                aggregator = _aggregator(settings)
                opened = open_http_signed(aggregator, ground.hotline.clock, ground.hotline.chance)
                gateways.append(await stack.enter_async_context(opened))
                routes += http_signed.routes(aggregator, inbox, ground.hotline.clock)
            else:
                from sms.gateways import twilio  # hundreds of modules, for those who chose it

                _needs_twilio(settings)
                account = twilio.TwilioAccount(
                    settings.twilio_account_sid,
                    settings.twilio_auth_token.get_secret_value(),
                    settings.twilio_sender,
                    settings.public,
                )
                opening = twilio.open_twilio(account, ground.hotline.clock)
                gateways.append(await stack.enter_async_context(opening))
                routes += twilio.routes(account, inbox)
        pool = Pool(
            [Member(one, settings.text_rates.get(one.name, RATE)) for one in gateways], ground.hotline.clock
        )
        made: list[Texting] = []
        texter = Texter(
            ground.hotline,
            pool,
            callbacks=contact_view.callback,
            public=lambda: settings.public or made[0].address,
            answers=bool(settings.text_number) or settings.demo,
            metrics=ground.metrics,
        )
        made.append(Texting(ground.hotline, inbox, texter, pool, routes))
        if smpp is not None:
            made[0].running["smpp"] = smpp.run()
            made[0].bound[smpp.name] = lambda: smpp.bound
        yield made[0]


def _needed(settings: Settings, **named: object) -> None:
    """Raises ValueError, naming what must be set."""
    missing = [f"HOTLINE_{name.upper()}" for name, value in named.items() if not value]
    if missing:
        raise ValueError(f"texts={','.join(settings.texts)} needs {', '.join(missing)}")


def _smpp(ground: Foundation, inbox: Inbox) -> SmppGateway:
    own = ground.settings
    _needed(own, smpp_host=own.smpp_host, smpp_system_id=own.smpp_system_id, text_number=own.text_number)
    centre = Centre(
        "smpp",
        own.smpp_host,
        own.smpp_port,
        own.smpp_system_id,
        own.smpp_password.get_secret_value(),
        Address(own.text_number, 0, 1),
        tls=ssl.create_default_context() if own.smpp_tls else None,
        window=own.smpp_window,
    )
    sealer = ground.hotline.sealer
    return SmppGateway(
        centre,
        inbox,
        ground.hotline.clock,
        ground.hotline.chance,
        lambda words: sealer.fingerprint(words, "smpp"),
        Manners(),
    )


def _aggregator(own: Settings) -> Aggregator:
    secret = own.http_text_secret.get_secret_value()
    _needed(
        own, http_text_address=own.http_text_address, http_text_key=own.http_text_key,
        http_text_secret=secret, http_text_their_keys=own.http_text_their_keys, public=own.public,
    )  # fmt: skip
    their = {key: value.get_secret_value().encode() for key, value in own.http_text_their_keys.items()}
    return Aggregator(
        "http", own.http_text_address, own.text_number, own.http_text_key, secret.encode(), their, own.public
    )


def _needs_twilio(own: Settings) -> None:
    _needed(
        own, twilio_account_sid=own.twilio_account_sid,
        twilio_auth_token=own.twilio_auth_token.get_secret_value(),
        twilio_sender=own.twilio_sender, public=own.public,
    )  # fmt: skip
