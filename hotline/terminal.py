"""hotline call: dial 12320 in the terminal, with the same dialogues, engine and texts."""

import sys
from datetime import timedelta

from core.contact import view as contact_view
from core.contact.rules import DISPOSITION_WORDS
from core.outbox import Outbox
from core.settings import Settings
from core.work import Hotline
from hotline import demo
from hotline.foundation import foundation
from ivr.line import Manners
from ivr.prompts import catalogue
from ivr.reception import Desk
from ivr.simulator import Simulator, Typing
from sms import kept
from sms.gateways.console import ConsoleGateway
from sms.gateways.pool import Member, Pool
from sms.outbound import CARRIER
from sms.texter import Texter


async def call(settings: Settings, *, ani: str | None) -> int:
    """One call from its greeting to its end; returns the exit code."""
    async with foundation(settings) as ground:
        if ani is None and settings.demo:
            ani = demo.CAST[0].number
        typing = Typing(sys.stdin)
        caller = Simulator(
            typing,
            catalogue(),
            print,
            call_id=f"terminal-{ground.hotline.chance.token()}",
            ani=ani,
            dnis=settings.numbers[0],
        )
        manners = Manners(
            hold_grace=timedelta(minutes=settings.hold_grace_minutes),
            callback_within=timedelta(hours=settings.callback_hours),
        )
        desk = Desk(ground.hotline, ground.store, manners)
        print(f"☎️  {ani or '隐藏号码'} → {settings.numbers[0]}（按 0-9 * #，q 挂机）")
        before = await _newest_text(ground.hotline)
        with typing.listening():
            ended = await desk.receive(caller)
            if caller.given_away:  # nobody sits behind a terminal: as on the telephone, a message is taken
                ended = await desk.wait(caller)
        print(f"—— {DISPOSITION_WORDS[ended]}")
        silent = Pool([Member(ConsoleGateway(lambda _line: None), rate=1000)], ground.hotline.clock)
        texter = Texter(ground.hotline, silent, callbacks=contact_view.callback)
        await _show_texts(
            ground.hotline, Outbox(ground.hotline, {CARRIER: texter.route()}, ground.wake), before
        )
    return 0


async def _newest_text(hotline: Hotline) -> int:
    async with hotline.read() as db:
        return max((text.text_id for text in await kept.recent(db, hotline.sealer, 1)), default=0)


async def _show_texts(hotline: Hotline, outbox: Outbox, before: int) -> None:
    """Send what this call owes, unless a running hotline has done it already, and print it."""
    while await outbox.carry_due():
        pass
    async with hotline.read() as db:
        texts = await kept.recent(db, hotline.sealer, 5)
    for text in reversed([text for text in texts if text.text_id > before and text.body]):
        print(f"📱 {text.phone_masked}：{text.body}")
