"""The composition root: everything is built here, started in order, and stopped the other way round."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial

import structlog
from aiohttp import web

from agent_desk.app import mount
from agent_desk.house import AgentHouse, DeskManners
from core import health, precedence
from core.contact.watch import Watch
from core.feed import Feed
from core.health import Health
from core.http.sessions import SessionManners
from core.money.link import pay_path
from core.observing import set_up_logs
from core.outbox import Outbox
from core.recordings.auditing import Auditor
from core.recordings.keeping import Keeper
from core.sealing import Sealer
from core.settings import Settings
from core.staff.login import SecondFactor
from core.staff.sessions import Lives
from core.timers import Timers
from hotline import aftermath, demo, demo_accounts, demo_staff, garbage
from hotline.booking_writer import writer_probe
from hotline.desk_phones import DeskPhones
from hotline.foundation import Foundation, alone, foundation
from hotline.jobs import jobs
from hotline.keeping import recordings_probe
from hotline.listening import Listening
from hotline.paying import Paying, open_paying
from hotline.speaking import Speaking
from hotline.staff_verbs import first_administrator
from hotline.telephone import Telephone, distribution
from hotline.texting import Texting, open_texting
from hotline.wording import SpokenWording
from ivr.prompts import PromptError, catalogue
from ivr.voices import open_voice
from sms import kept
from sms.kept import KeptText
from sms.managing import TextRoom
from web.app import make_app
from web.house import WebHouse

log = structlog.get_logger()

STOP_WEB_S = 3.0


async def serve(settings: Settings) -> int:
    """Run the house until Ctrl-C or SIGTERM; print one line `ready {…}` when all of it is up."""
    set_up_logs(sys.stderr, level=getattr(logging, settings.log_level))
    log.info("the house goes first" if precedence.take() else "the house has no precedence on this machine")
    stopping = asyncio.Event()
    us = asyncio.current_task()
    assert us
    up = False

    def stop() -> None:
        stopping.set()
        if not up:  # still starting: whatever is waited for, wait no longer
            us.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        with alone(settings):
            async with standing(settings, stop) as ready:
                up = True
                garbage.settled()
                print(f"ready {json.dumps(ready)}", flush=True)
                await stopping.wait()
                print("stopping", file=sys.stderr, flush=True)
    except asyncio.CancelledError:
        if not stopping.is_set():
            raise
    return 0


@asynccontextmanager
async def standing(settings: Settings, fall: Callable[[], None]) -> AsyncIterator[dict[str, str | None]]:
    """The whole house, up; yields what `ready` tells: web, sip and data.

    fall: called when a part that should run for ever has ended. Raises ValueError for settings that
    cannot work, such as a port that is taken.
    """
    async with AsyncExitStack() as stack:
        ground = await stack.enter_async_context(foundation(settings))
        if not settings.demo and (told := await first_administrator(ground.hotline)):
            print(told, file=sys.stderr, flush=True)
        texting = await stack.enter_async_context(open_texting(ground))
        paying = await stack.enter_async_context(
            open_paying(ground, partial(_paid_page, ground.hotline.sealer))
        )
        carriers = {**texting.carriers(), **paying.carriers(), **aftermath.carriers(ground.hotline)}
        outbox = Outbox(ground.hotline, carriers, ground.wake, metrics=ground.metrics)
        feed = Feed(ground.hotline, ground.wake, metrics=ground.metrics)
        timers = Timers(ground.hotline, jobs(), metrics=ground.metrics)
        speaking = Speaking(ground.hotline, feed, await open_voice(settings))
        telephone = Telephone(ground, speaking)
        kept = settings.data.resolve()
        keeper = Keeper(ground.hotline, kept / "switch" / "recordings", kept / "recordings")
        probes = {
            "database": health.database(ground.hotline),
            "booking": writer_probe(ground.store),
            **telephone.probes,
            "outbox": health.outbox(ground.hotline, outbox),
            "texts": texting.probe,
            "cashiers": paying.probe,
            "timers": health.timers(timers),
            "disk": health.disk(settings.data),
            "recordings": recordings_probe(keeper, recording=settings.recording),
        }
        parts = Health(ground.hotline.clock, probes, metrics=ground.metrics)
        running = {
            "feed": feed.run(),
            "outbox": outbox.run(),
            "timers": timers.run(),
            "loop lag": ground.metrics.sample_loop(),
            "watch": Watch(ground.hotline, policy=distribution(settings)).run(),
            "recordings": keeper.run(),
            "recordings verified": Auditor(ground.hotline, keeper.kept).run(),
            **texting.running,
            **paying.running,
        }
        if ground.neighbours:
            running["neighbours"] = ground.neighbours.run()
        await stack.enter_async_context(_for_ever(running, fall))
        stack.push_async_callback(telephone.stop)
        address = await stack.enter_async_context(
            _pages(
                _web_house(ground, feed, parts, telephone, speaking, texting, paying),
                _agent_house(ground, feed, parts, telephone),
                settings,
                [*texting.routes, *paying.routes],
            )
        )
        paying.address = address.rstrip("/")
        if settings.demo:
            texting.address = paying.address
        await telephone.start()
        yield {"web": address, "sip": telephone.sip, "data": str(settings.data.resolve())}


def _web_house(
    ground: Foundation,
    feed: Feed,
    parts: Health,
    telephone: Telephone,
    speaking: Speaking,
    texting: Texting,
    paying: Paying,
) -> WebHouse:
    async def texts(limit: int) -> list[KeptText]:
        async with ground.hotline.read() as db:
            return list(await kept.recent(db, ground.hotline.sealer, limit))

    return WebHouse(
        ground.hotline,
        feed,
        parts,
        ground.metrics,
        texts,
        telephone.phone,
        cast=demo.CAST if ground.settings.demo else (),
        switch_words=lambda: telephone.words,
        sentence=_sentence,
        demo=ground.settings.demo,
        people=demo_staff.PEOPLE if ground.settings.demo else (),
        patients=demo_accounts.PEOPLE if ground.settings.demo else (),
        write_text=texting.write if ground.settings.demo else None,
        sms_number=_text_number(ground.settings),
        pay=paying.counter.till.begin,
        lists=paying.lists,
        text_room=TextRoom(texting.gateways),
        pay_origin=paying.form_origin,
        sessions=SessionManners(
            Lives(
                timedelta(minutes=ground.settings.session_idle_minutes),
                timedelta(hours=ground.settings.session_hours),
            ),
            ground.settings.https,
            ground.settings.proxies,
        ),
        second_factor=(
            SecondFactor.OPTIONAL if ground.settings.demo else SecondFactor(ground.settings.second_factor)
        ),
        wording=SpokenWording(
            speaking.voice, speaking.progress, Listening(speaking.voice, ground.hotline.clock)
        ),
    )


def _paid_page(sealer: Sealer, appointment_id: int | None) -> str:
    """Where a patient comes back to from the cashier."""
    return "/" if appointment_id is None else pay_path(sealer, appointment_id)


def _text_number(settings: Settings) -> str:
    """Where patients send their texts; in the demo the form of the start page plays the telephone."""
    return settings.text_number or (settings.numbers[0] if settings.demo else "")


def _agent_house(ground: Foundation, feed: Feed, parts: Health, telephone: Telephone) -> AgentHouse:
    return AgentHouse(
        ground.hotline,
        ground.store,
        feed,
        parts,
        ground.metrics,
        calls=telephone.switchboard,
        phones=DeskPhones(lambda: telephone.reached, ground.settings.phone_numbers),
        recordings=ground.settings.data.resolve() / "recordings",
        recording=ground.settings.recording,
        nudge=lambda: telephone.switchboard.woken(),
        manners=DeskManners(left_s=ground.settings.hold_grace_minutes * 60),
        distribution=distribution(ground.settings),
        sentence=_sentence,
    )


def _sentence(name: str) -> str:
    try:
        return catalogue().sentence(name).text
    except PromptError:
        return name  # a story of long ago may name a sentence that is no more


@asynccontextmanager
async def _for_ever(
    running: Mapping[str, Coroutine[object, object, None]], fall: Callable[[], None]
) -> AsyncIterator[None]:
    """Run these beside us. One that ends takes the house down: a supervisor starts it whole again."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            log.error("a part of the house has ended", part=task.get_name(), exc_info=task.exception())
            fall()

    tasks = [asyncio.create_task(one, name=name) for name, one in running.items()]
    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def _pages(
    house: WebHouse, desks: AgentHouse, settings: Settings, webhooks: Sequence[web.RouteDef]
) -> AsyncIterator[str]:
    """Serve the pages of the public and of operators, and what gateways call; yields their address."""
    app = make_app(house)
    app.add_routes(webhooks)
    mount(app, desks)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_WEB_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        try:
            await site.start()
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise ValueError(f"port {settings.port} of {settings.host}: {why}; set HOTLINE_PORT") from None
        port = runner.addresses[0][1]
        yield f"http://{settings.host}:{port}/"
    finally:
        with contextlib.suppress(Exception):
            await runner.cleanup()
