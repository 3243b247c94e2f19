"""Texts that the outbox gave up, as it leaves them."""

from sqlalchemy import select

from core.events import TextReceived, TextReplied
from core.journal import JournalRow
from core.outbox_table import DEAD, OutboxRow
from core.work import Hotline
from sms.inbound import CARRIER as IN
from sms.outbound import CARRIER as OUT
from sms.tables import TextMessage
from tests.builders import SEED

WORDS = "【12320】您已预约<b>心血管内科</b>11月26日上午。"


async def given_up(
    hotline: Hotline, *, incoming: bool = False, state: str = "failed", name: str = "1"
) -> int:
    """An answer that did not go, or a text that was not answered; returns its outbox row."""
    async with hotline.work(SEED) as work:
        text = TextMessage(
            direction="in" if incoming else "out", kind="from-patient" if incoming else "reply",
            subject=f"text/{name}", version=1, phone_print="p",
            phone_sealed=work.sealer.seal("10712345678", "phone"), phone_masked="107****5678",
            body_sealed=work.sealer.seal(WORDS, "text"), segments=1, state=state, why="number unknown",
            created_at=work.now,
        )  # fmt: skip
        work.db.add(text)
        await work.db.flush()
        text_id = text.id
        work.record(TextReceived(text_id=text_id) if incoming else TextReplied(text_id=text_id))
    async with hotline.work(SEED) as work:
        journal_id = (
            await work.db.execute(select(JournalRow.id).order_by(JournalRow.id.desc()).limit(1))
        ).scalar_one()
        row = OutboxRow(
            carrier=IN if incoming else OUT, journal_id=journal_id, state=DEAD, due_at=work.now,
            created_at=work.now, attempts=40, last_error="number unknown",
        )  # fmt: skip
        work.db.add(row)
        await work.db.flush()
        return row.id
