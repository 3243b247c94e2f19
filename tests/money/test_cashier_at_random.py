"""Patients, clocks and a gateway that misbehaves, at random: whatever happens, it ends balanced."""

import random

import pytest

from core.booking.commands import Booked
from core.errors import Refusal
from core.links.unionpay.sandbox_scripts import SCRIPTS
from tests.money.shop import Shop

STEPS = 30


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_in_whatever_order_it_ends_balanced(shop: Shop, seed: int) -> None:
    dice = random.Random(seed)
    made: list[Booked] = []
    for _ in range(STEPS):
        what = dice.choice(("book", "pay", "pay", "pay", "cancel", "wait", "notices", "wait"))
        shop.looking = dice.random() < 0.7
        try:
            if what == "book" or not made:
                made.append(await shop.appointment(f"患者{len(made)}"))
            elif what == "pay":
                script = dice.choice(sorted(SCRIPTS))
                how = dice.choice(("paid", "paid", "failed", "later", "away"))
                trade = await shop.go(dice.choice(made))
                if how != "away":
                    await shop.press(trade, how, script)
            elif what == "cancel":
                await shop.cancel(dice.choice(made))
            elif what == "notices":
                await shop.notices()
            else:
                await shop.passes(dice.choice((5, 20, 40)))
        except Refusal:
            continue  # nothing to pay, too late, full: then nothing happens
    shop.looking = True
    await shop.passes(300)
    await shop.balanced()
