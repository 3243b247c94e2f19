"""The newest contacts: those on the line first."""

from core.contact import engine as contact
from core.contact import view
from core.contact.rules import Disposition
from core.values import system
from core.work import Hotline
from tests.clocks import FrozenClock


async def test_who_is_on_the_line_comes_first_then_the_newest(hotline: Hotline, clock: FrozenClock) -> None:
    opened = []
    for name in ("old-open", "old-over", "new-open", "new-over"):
        async with hotline.work(system("test")) as work:
            call = await contact.open_interaction(work, linked_id=name, dnis="12320", ani=None)
            if name.endswith("over"):
                await contact.close(work, call.interaction_id, Disposition.NOTHING)
        opened.append(call.interaction_id)
        clock.advance(minutes=1)
    async with hotline.read() as db:
        assert [seen.linked_id for seen in await view.recent(db)] == [
            "new-open", "old-open", "new-over", "old-over",
        ]  # fmt: skip
        assert [seen.linked_id for seen in await view.recent(db, limit=1)] == ["new-open"]
        assert (await view.load(db, opened[1])).disposition == "nothing"
