"""短信三分钟回复率: what was answered in time, what was not, and what may still be."""

from datetime import timedelta

from core.contact.answered import Answered, answered
from core.events import Event, TextHandled, TextReceived
from core.values import system
from core.work import Hotline
from tests.clocks import FrozenClock


async def happen(hotline: Hotline, event: Event) -> None:
    async with hotline.work(system("test")) as work:
        work.record(event)


async def test_a_text_counts_when_it_is_answered_or_too_late(hotline: Hotline, clock: FrozenClock) -> None:
    since = clock.now()

    async def told() -> Answered:
        async with hotline.read() as db:
            return await answered(db, since, clock.now())

    await happen(hotline, TextReceived(text_id=1))
    await happen(hotline, TextReceived(text_id=2))
    assert await told() == Answered(0, 0)
    clock.advance(minutes=1)
    await happen(hotline, TextHandled(text_id=1, verb="help", outcome="helped"))
    assert await told() == Answered(1, 1)
    clock.advance(minutes=3)
    assert await told() == Answered(2, 1)
    await happen(hotline, TextHandled(text_id=2, verb="help", outcome="helped"))
    assert await told() == Answered(2, 1)
    async with hotline.read() as db:
        assert await answered(db, clock.now() - timedelta(seconds=1), clock.now()) == Answered(0, 0)
