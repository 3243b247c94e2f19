"""What becomes known of a call while the storage is away is written when it is back."""

import asyncio
from datetime import timedelta

import pytest

from core import journal
from core.booking.call_notes import CallEnd, Note
from core.contact.engine import Arrival
from core.contact.rules import Disposition
from core.contact.tables import Interaction
from core.errors import StorageAway
from core.work import Hotline
from ivr.scribe import Scribe
from tests.clocks import FrozenClock
from tests.faults.storage_server import down
from tests.postgres import Cluster

GONE = CallEnd(Disposition.ABANDONED_MENU, timedelta(minutes=10))


@pytest.fixture
def database_url(own_url: str) -> str:
    return own_url


async def written(scribe: Scribe, call: int) -> None:
    while True:
        try:
            await scribe.settled(call)
            return
        except StorageAway:
            await asyncio.sleep(0.1)


async def test_notes_wait_for_it_and_whoever_asks_is_told(
    hotline: Hotline, own: Cluster, clock: FrozenClock
) -> None:
    scribe = Scribe(hotline)
    call = (await scribe.open(Arrival("c1", "12320", None))).interaction_id
    async with down(own):
        scribe.put(Note(call, steps=({"keys": "1"},), times=(clock.now(),), stage="main"))
        with pytest.raises(StorageAway):
            await scribe.settled(call)
        with pytest.raises(StorageAway):
            await scribe.open(Arrival("c2", "12320", None))
        scribe.put(Note(call, steps=({"keys": "2"},), times=(clock.now(),), end=GONE))
    await written(scribe, call)
    async with hotline.read() as db:
        row = await db.get_one(Interaction, call)
        entries = await journal.entries(db, journal.START)
    assert (row.reached, row.disposition) == ("main", Disposition.ABANDONED_MENU)
    assert [line["keys"] for one in entries for line in getattr(one.event, "steps", ())] == ["1", "2"]
