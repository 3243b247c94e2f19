"""Receipts come by part, late, early, twice and in any order; a text ends as its parts do."""

import random

import pytest
from sqlalchemy import select

from core.events import TextDelivered, TextFailed
from core.ports import OutgoingText, Receipt
from core.work import Hotline
from sms.tables import TextMessage
from tests.sms.test_outbound import Handset
from tests.sms.texting import Texting, texting


class InParts(Handset):
    """Sends each text in three parts."""

    async def send(self, text: OutgoingText) -> tuple[str, ...]:
        (name,) = await super().send(text)
        return tuple(f"{name}/{part}" for part in range(3))


@pytest.fixture
async def post(hotline: Hotline) -> Texting:
    return await texting(hotline, InParts())


async def state(post: Texting) -> str:
    async with post.hotline.read() as db:
        found = await db.execute(select(TextMessage.state).where(TextMessage.kind == "reply"))
        return found.scalar_one()


def receipt(part: int, *, delivered: bool = True) -> Receipt:
    return Receipt("handset", f"id of text/1/1/reply/{part}", delivered, "" if delivered else "EXPIRED")


async def test_a_text_is_delivered_when_each_of_its_parts_is(post: Texting) -> None:
    await post.says("帮助")
    assert await state(post) == "sent"
    for part in (2, 0, 0):
        await post.inbox.reported(receipt(part))
        assert await state(post) == "sent"
    await post.inbox.reported(receipt(1))
    assert await state(post) == "delivered"
    assert len(await post.told(TextDelivered)) == 1


async def test_receipts_before_the_answer_of_the_gateway_count(post: Texting) -> None:
    for part in range(3):
        await post.inbox.reported(receipt(part))
    await post.says("帮助")
    assert await state(post) == "delivered"


async def test_a_part_that_did_not_arrive_fails_the_text_when_all_have_answered(post: Texting) -> None:
    await post.says("帮助")
    await post.inbox.reported(receipt(1, delivered=False))
    assert await state(post) == "sent"
    await post.inbox.reported(receipt(0))
    await post.inbox.reported(receipt(2))
    assert await state(post) == "failed"
    assert len(await post.told(TextFailed)) == 1
    await post.inbox.reported(receipt(1))  # the telephone was switched on again
    assert await state(post) == "delivered"


async def test_what_was_delivered_stays_so(post: Texting) -> None:
    await post.says("帮助")
    for part in range(3):
        await post.inbox.reported(receipt(part))
    await post.inbox.reported(receipt(1, delivered=False))
    assert await state(post) == "delivered"


async def test_a_receipt_of_no_text_of_ours_is_kept_and_harms_nothing(post: Texting) -> None:
    await post.inbox.reported(Receipt("handset", "nobody's", True))
    await post.says("帮助")
    assert await state(post) == "sent"


@pytest.mark.parametrize("seed", range(20))
async def test_any_order_and_any_repeats_end_the_same(post: Texting, seed: int) -> None:
    dice = random.Random(seed)
    receipts = [receipt(part) for part in (0, 1, 2, 2, 1)]
    dice.shuffle(receipts)
    early = dice.randrange(len(receipts) + 1)
    for one in receipts[:early]:
        await post.inbox.reported(one)
    await post.says("帮助")
    for one in receipts[early:]:
        await post.inbox.reported(one)
    assert await state(post) == "delivered"
    assert len(await post.told(TextDelivered)) == 1
