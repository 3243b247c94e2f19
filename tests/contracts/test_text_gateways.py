"""What every gateway for texts must do; each brings a bench that can look behind it."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest
from aiohttp import ClientSession

from core.ports import OutgoingText, OutsideError, TextGateway
from sms.gateways import http_signed, twilio
from sms.gateways.console import ConsoleGateway
from sms.gateways.http_signed import open_http_signed
from sms.gateways.limits import MOST_SEGMENTS
from sms.gateways.twilio import open_twilio
from tests.clocks import FrozenClock, SeededChance
from tests.sms import aggregator, twilio_server
from tests.sms.aggregator import Carrier
from tests.sms.boxes import Box, pages
from tests.sms.smpp_house import bound
from tests.sms.smsc import Smsc, centre
from tests.sms.twilio_server import TwilioServer
from tests.waiting import until

NUMBER = "13812345678"
WORDS = "【12320】已预约青石市第一人民医院心血管内科王建国"


class Bench(Protocol):
    """A gateway, and the far side as the test sees it."""

    gateway: TextGateway

    async def arrived(self) -> list[str]:
        """One entry for each text that the far side would deliver."""

    async def break_line(self) -> None:
        """Let every further try fail for now."""


class WayBack(Bench, Protocol):
    """A gateway that also brings what comes in."""

    box: Box

    async def reports(self, part_id: str, *, delivered: bool) -> None:
        """Tell what became of a part."""

    def writes(self, sender: str, body: str, *, again: bool = False) -> Any:
        """Bring a text; again: the same one as before. Awaited, it tells whether we have thanked for it."""


# --- the benches --------------------------------------------------------------------------------------


@dataclass
class ConsoleBench:
    lines: list[str] = field(default_factory=list)
    broken: bool = False

    def __post_init__(self) -> None:
        self.gateway: TextGateway = ConsoleGateway(self._write)

    def _write(self, line: str) -> None:
        if self.broken:
            raise BrokenPipeError
        self.lines.append(line)

    async def arrived(self) -> list[str]:
        return list(self.lines)

    async def break_line(self) -> None:
        self.broken = True


@dataclass
class TwilioBench:
    gateway: TextGateway
    far: TwilioServer
    hooks: twilio_server.Webhooks
    box: Box
    written: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    last: str = ""

    async def arrived(self) -> list[str]:
        return [message["body"] for message in self.far.messages]

    async def break_line(self) -> None:
        await self.far.server.close()

    async def reports(self, part_id: str, *, delivered: bool) -> None:
        for state in ("queued", "sent"):
            await self.hooks.status(part_id, state)
        status, _ = await self.hooks.status(part_id, "delivered" if delivered else "undelivered", "30003")
        assert status == 200

    async def writes(self, sender: str, body: str, *, again: bool = False) -> bool:
        self.last = self.last if again else f"SM-in-{next(self.written)}"
        return (await self.hooks.incoming(self.last, f"+86{sender}", body))[0] == 200


@dataclass
class HttpBench:
    gateway: TextGateway
    far: Carrier
    hooks: aggregator.Webhooks
    box: Box
    written: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    last: str = ""

    async def arrived(self) -> list[str]:
        return [text["body"] for text in self.far.texts.values()]

    async def break_line(self) -> None:
        await self.far.server.close()

    async def reports(self, part_id: str, *, delivered: bool) -> None:
        state = "delivered" if delivered else "failed"
        assert (await self.hooks.receipt(part_id, state, "" if delivered else "no-coverage"))[0] == 200

    async def writes(self, sender: str, body: str, *, again: bool = False) -> bool:
        self.last = self.last if again else f"in-{next(self.written)}"
        return (await self.hooks.incoming(self.last, f"+86{sender}", body))[0] == 200


@dataclass
class SmppBench:
    gateway: TextGateway
    far: Smsc
    box: Box

    async def arrived(self) -> list[str]:
        return await self.far.arrived()

    async def break_line(self) -> None:
        await self.far.kill()

    async def reports(self, part_id: str, *, delivered: bool) -> None:
        self.far.receipt(part_id, "ENROUTE")
        tag = self.far.receipt(part_id, "DELIVRD" if delivered else "UNDELIV")
        assert await self.far.answer(tag) == "ESME_ROK"

    async def writes(self, sender: str, body: str, *, again: bool = False) -> bool:
        return await self.far.answer(self.far.write(f"+86{sender}", body)) == "ESME_ROK"


@asynccontextmanager
async def console() -> AsyncIterator[Bench]:
    yield ConsoleBench()


@asynccontextmanager
async def over_twilio() -> AsyncIterator[WayBack]:
    clock, box = FrozenClock.at("2026-11-23 10:00"), Box()
    far = TwilioServer(clock)
    async with far.server, ClientSession() as session:
        house = pages(twilio.routes(far.account, box))
        async with house, open_twilio(far.account, clock) as gateway:
            yield TwilioBench(gateway, far, twilio_server.Webhooks(house, session), box)


@asynccontextmanager
async def over_http() -> AsyncIterator[WayBack]:
    clock, box = FrozenClock.at("2026-11-23 10:00"), Box()
    far = Carrier(clock)
    async with far.server, ClientSession() as session:
        house = pages(http_signed.routes(far.aggregator, box, clock))
        async with house, open_http_signed(far.aggregator, clock, SeededChance(1)) as gateway:
            yield HttpBench(gateway, far, aggregator.Webhooks(house, session, clock), box)


@asynccontextmanager
async def over_smpp() -> AsyncIterator[WayBack]:
    box = Box()
    async with centre() as far, bound(far, box) as gateway:
        yield SmppBench(gateway, far, box)


WAYS_BACK = [
    pytest.param(over_twilio, id="twilio"),
    pytest.param(over_smpp, id="smpp"),
    pytest.param(over_http, id="http-signed"),
]


@pytest.fixture(params=[pytest.param(console, id="console"), *WAYS_BACK])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with request.param() as made:
        yield made


@pytest.fixture(params=WAYS_BACK)
async def way_back(request: pytest.FixtureRequest) -> AsyncIterator[WayBack]:
    async with request.param() as made:
        yield made


def text(key: str = "appointment/1/1/booked", to: str = NUMBER, body: str = WORDS) -> OutgoingText:
    return OutgoingText(key, to, body, "booked")


# --- out ----------------------------------------------------------------------------------------------


async def test_a_text_arrives_and_each_part_has_an_id(bench: Bench) -> None:
    ids = await bench.gateway.send(text())
    assert ids
    assert all(0 < len(one) <= 80 for one in ids)
    assert len(await bench.arrived()) == 1


async def test_the_same_key_twice_is_one_text_with_the_same_ids(bench: Bench) -> None:
    first, second = await bench.gateway.send(text()), await bench.gateway.send(text())
    assert first == second
    assert len(await bench.arrived()) == 1


async def test_two_keys_are_two_texts_with_other_ids(bench: Bench) -> None:
    first, second = await bench.gateway.send(text("a")), await bench.gateway.send(text("b"))
    assert not set(first) & set(second)
    assert len(await bench.arrived()) == 2


@pytest.mark.parametrize("body", ["您" * 134, "您" * 67 * MOST_SEGMENTS, "a" * 160, "😀" * 35, "{}[]€"])
async def test_long_and_unusual_texts_arrive(bench: Bench, body: str) -> None:
    ids = await bench.gateway.send(text(body=body))
    assert len(set(ids)) == len(ids)
    assert len(await bench.arrived()) == 1


@pytest.mark.parametrize("body", [WORDS, "您" * 134, "天气😀" * 40, "您" * 66 + "😀" + "好" * 66])
async def test_the_words_arrive_as_they_were_written(way_back: WayBack, body: str) -> None:
    await way_back.gateway.send(text(body=body))
    assert await way_back.arrived() == [body]


@pytest.mark.parametrize(
    "refused",
    [
        text(to="not a number"),
        text(to="１３８１２３４５６７８"),
        text(to="1" * 16),
        text(body=""),
        text(body="您" * (67 * MOST_SEGMENTS + 1)),
        text(body="😀" * 400),
    ],
    ids=["number", "wide", "too-many-digits", "empty", "too-long", "too-long-emoji"],
)
async def test_what_can_never_go_is_refused_for_good(bench: Bench, refused: OutgoingText) -> None:
    with pytest.raises(OutsideError) as failure:
        await bench.gateway.send(refused)
    assert failure.value.permanent
    assert not failure.value.unsure
    assert await bench.arrived() == []


async def test_a_broken_line_is_a_failure_for_now(bench: Bench) -> None:
    await bench.break_line()
    with pytest.raises(OutsideError) as failure:
        await bench.gateway.send(text())
    assert not failure.value.permanent


async def test_a_failure_quotes_neither_number_nor_words(bench: Bench) -> None:
    await bench.break_line()
    for outgoing in (text(), text("b", to=NUMBER + "x")):
        with pytest.raises(OutsideError) as failure:
            await bench.gateway.send(outgoing)
        assert NUMBER not in str(failure.value)
        assert "王建国" not in str(failure.value)


# --- back ---------------------------------------------------------------------------------------------


async def test_each_part_is_reported_by_the_id_that_sending_gave_it(way_back: WayBack) -> None:
    ids = await way_back.gateway.send(text(body="您" * 134))
    for one in reversed(ids):
        await way_back.reports(one, delivered=True)
    receipts = await way_back.box.knows(len(ids))
    assert {(one.gateway, one.part_id, one.delivered) for one in receipts} == {
        (way_back.gateway.name, one, True) for one in ids
    }


async def test_what_was_not_delivered_is_reported_with_a_reason(way_back: WayBack) -> None:
    (part_id,) = await way_back.gateway.send(text())
    await way_back.reports(part_id, delivered=False)
    (receipt,) = await way_back.box.knows(1)
    assert (receipt.part_id, receipt.delivered) == (part_id, False)
    assert receipt.why


async def test_a_receipt_may_come_twice(way_back: WayBack) -> None:
    (part_id,) = await way_back.gateway.send(text())
    for _ in range(2):
        await way_back.reports(part_id, delivered=True)
    assert {one.part_id for one in await way_back.box.knows(2)} == {part_id}


@pytest.mark.parametrize("body", ["预约 心内科", "1", "😀好", "YY {18}"])
async def test_a_text_from_a_patient_comes_in_whole(way_back: WayBack, body: str) -> None:
    assert await way_back.writes(NUMBER, body)
    (came,) = way_back.box.texts
    assert (came.gateway, came.body) == (way_back.gateway.name, body)
    assert came.sender.endswith(NUMBER)
    assert came.to.endswith("12320")
    assert 0 < len(came.gateway_id) <= 80


async def test_nobody_is_thanked_before_the_inbox_has_it(way_back: WayBack) -> None:
    way_back.box.open.clear()
    thanked = asyncio.ensure_future(way_back.writes(NUMBER, "取消"))
    await until(lambda: bool(way_back.box.tried))
    assert not thanked.done()
    way_back.box.open.set()
    assert await thanked


async def test_what_the_inbox_could_not_keep_comes_again_under_its_name(way_back: WayBack) -> None:
    way_back.box.broken = True
    assert not await way_back.writes(NUMBER, "取消")
    way_back.box.broken = False
    assert await way_back.writes(NUMBER, "取消", again=True)
    first, second = way_back.box.tried
    assert first == second
    assert len(way_back.box.texts) == 1


async def test_the_same_words_twice_are_two_texts(way_back: WayBack) -> None:
    for _ in range(2):
        assert await way_back.writes(NUMBER, "1")
    assert len({one.gateway_id for one in way_back.box.texts}) == 2


async def test_no_log_line_has_a_number_or_words(
    way_back: WayBack, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    await way_back.gateway.send(text(body="您" * 134))
    await way_back.writes(NUMBER, "我叫王建国")
    way_back.box.broken = True
    await way_back.writes(NUMBER, "我叫王建国")
    await way_back.break_line()
    with pytest.raises(OutsideError):
        await way_back.gateway.send(text("b"))
    written = caplog.text + "".join(capfd.readouterr())
    assert NUMBER not in written
    assert "王建国" not in written


# --- the console alone --------------------------------------------------------------------------------


async def test_the_console_shows_a_masked_number_and_no_words() -> None:
    bench = ConsoleBench()
    await bench.gateway.send(text())
    assert bench.lines == ["text booked to 138****5678, 1 segment"]


async def test_the_console_forgets_the_oldest_keys_and_nothing_else() -> None:
    lines: list[str] = []
    gateway = ConsoleGateway(lines.append, remembers=2)
    for key in ("a", "b", "c", "c", "b", "a"):
        await gateway.send(text(key))
    assert len(lines) == 4
