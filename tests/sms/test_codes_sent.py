"""Codes by text: at once, at any hour, to anybody who asked; and nowhere else."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.accounts import codes
from core.accounts.codes import Purpose
from core.outbox_table import OutboxRow
from core.ports import OutsideError
from core.values import Phone
from core.work import Hotline
from sms import kept
from sms.segments import segments
from sms.tables import TextStop
from tests.builders import SEED, SURFER
from tests.clocks import FrozenClock
from tests.sms.test_outbound import Post, post

__all__ = ["post"]
PHONE = Phone("10712345678")


async def ask(hotline: Hotline, purpose: Purpose = Purpose.REGISTER) -> None:
    async with hotline.work(SURFER) as work:
        await codes.ask(work, PHONE, purpose)


async def proves(hotline: Hotline, body: str, purpose: Purpose = Purpose.REGISTER) -> None:
    code = re.search(r"验证码(\d{6})", body)
    assert code
    await codes.prove(hotline, SURFER, PHONE, purpose, code[1])


@pytest.mark.req("R-177")
@pytest.mark.parametrize(
    ("purpose", "what"),
    [
        (Purpose.REGISTER, "注册账号"),
        (Purpose.RESET, "重置密码"),
        (Purpose.PHONE, "更换手机号"),
    ],
)
async def test_a_code_says_what_it_is_for_and_that_nobody_else_may_have_it(
    post: Post, purpose: Purpose, what: str
) -> None:
    await ask(post.town.hotline, purpose)
    await post.deliver()
    (text,) = post.handset.got.values()
    assert text.to == PHONE.digits
    assert text.body.startswith(f"【12320】您正在{what},验证码")
    for said in ("10分钟内有效", "不要告诉任何人", "如非本人操作"):
        assert said in text.body
    assert segments(text.body) == 1
    await proves(post.town.hotline, text.body, purpose)


async def test_a_code_goes_out_at_night_and_to_who_wants_no_reminders(post: Post, clock: FrozenClock) -> None:
    hotline = post.town.hotline
    async with hotline.work(SEED) as work:
        work.db.add(TextStop(phone_print=work.sealer.fingerprint(PHONE.digits, "phone"), at=work.now))
    clock.set("2026-11-23 23:50")
    await ask(hotline)
    await post.deliver()
    assert post.handset.kinds == ["code"]


async def test_a_code_that_is_late_or_void_or_used_is_not_sent(post: Post, clock: FrozenClock) -> None:
    hotline = post.town.hotline
    post.handset.script = [OutsideError("away")]
    await ask(hotline)
    await post.deliver()
    clock.advance(minutes=1)
    await ask(hotline)
    await post.deliver()
    assert len(post.handset.got) == 1, "the newest alone"
    await proves(hotline, post.handset.last)
    clock.advance(minutes=1)
    post.handset.script = [OutsideError("away")]
    await ask(hotline)
    await post.deliver()
    clock.advance(minutes=11)
    await post.deliver()
    assert len(post.handset.got) == 1
    assert [state for _, state in await post.states()] == ["dropped", "sent", "dropped"]
    async with hotline.read() as db:
        whys = [one.why for one in reversed(await kept.recent(db, hotline.sealer))]
    assert whys == ["overtaken", None, "too late"]


async def test_our_books_keep_the_text_without_its_code_but_in_the_demo(
    post: Post, clock: FrozenClock
) -> None:
    hotline = post.town.hotline
    for demo in (True, False):
        hotline.demo = demo
        await ask(hotline)
        await post.deliver()
        async with hotline.read() as db:
            (newest, *_) = await kept.recent(db, hotline.sealer)
        assert newest.body
        assert (newest.body == post.handset.last) is demo
        if not demo:
            assert "验证码******,10分钟" in newest.body
        clock.instant += timedelta(minutes=1)


async def test_nothing_on_the_way_out_names_the_code_or_the_number(post: Post) -> None:
    await ask(post.town.hotline)
    async with post.town.hotline.read() as db:
        (row,) = (await db.execute(select(OutboxRow))).scalars()
    said = str({column.name: getattr(row, column.name) for column in OutboxRow.__table__.columns})
    await post.deliver()
    code = re.search(r"验证码(\d{6})", post.handset.last)
    assert code
    assert code[1] not in said
    assert PHONE.digits not in said
