"""What a stranger can reach over the trunk: the hotline's numbers, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest

from ivr.agi_call import AgiCall
from ivr.call import Prompt
from ivr.switch_events import AgentConnected, QueueJoined
from tests.ivr.town import LI, STRANGER
from tests.phones import Phone, phone
from tests.switch.conftest import NUMBERS, Exchange
from tests.switch.lines import event, line_to
from tests.waiting import until

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="session")]

# What sends a call on, picks one up or records it in switches that are set up so.
WAYS_OUT = ("#8002", "*28002", "*8", "##")
MADE_UP_ITS_MIND_S = 1.2
WITHIN_S = 30.0
AT_ONCE = 8
NOT_OURS = (
    "8001", "8004", "s", "h", "i", "t", "o", "0", "110", "013800000000", "9013800000000", "+8613800000000",
    "1232", "123200", "12320%26PJSIP/8001", "12320%40agents", "hotline", "message", "agents", "web-caller",
    "trunk", "*8", "*97", "%238001", "PJSIP/8001", "Local/8001%40agents",
)  # fmt: skip


@asynccontextmanager
async def an_operator(exchange: Exchange) -> AsyncIterator[Phone]:
    agent = exchange.at.agents[0]
    async with phone(exchange.sip_port, agent.number, agent.password) as operator:
        assert (await operator.until("registered", "not-registered"))["event"] == "registered"
        yield operator


async def greet(call: AgiCall) -> None:
    await call.say(Prompt("greeting"))


async def dial(exchange: Exchange, numbers: Iterable[str], name: str = STRANGER) -> dict[str, object]:
    """Call each number from a telephone of its own, a few at once: 'answered', or the code of the refusal."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(number: str) -> object:
        async with room, phone(exchange.sip_port, name) as caller:
            told = await caller.call(number)
            return told.get("code", told["event"])

    numbers = list(numbers)
    return dict(zip(numbers, await asyncio.gather(*map(one, numbers)), strict=True))


async def test_every_number_of_the_hotline_is_answered(exchange: Exchange) -> None:
    numbers = NUMBERS[0], NUMBERS[1], NUMBERS[-1]
    exchange.answers.update(dict.fromkeys(numbers, greet))
    assert await dial(exchange, numbers) == dict.fromkeys(numbers, "answered")


async def test_nothing_else_can_be_dialled(exchange: Exchange) -> None:
    """Also while an operator is there to be rung. 484: the beginning of a number that exists."""
    async with an_operator(exchange) as operator:
        refused = await dial(exchange, NOT_OURS)
        assert {number: code for number, code in refused.items() if code not in (404, 484)} == {}
        assert [one for one in operator.told if one["event"] == "ringing"] == []


@pytest.mark.parametrize("name", ["8001", "8004", "web-caller"])
async def test_nobody_calls_under_an_inside_name_without_its_password(name: str, exchange: Exchange) -> None:
    assert await dial(exchange, ["8002", NUMBERS[0]], name) == {"8002": 401, NUMBERS[0]: 401}


async def test_nobody_registers_without_the_right_password(exchange: Exchange) -> None:
    async def register(name: str, password: str) -> tuple[str, bool]:
        async with phone(exchange.sip_port, name, password) as stranger:
            told = await stranger.until("registered", "not-registered")
            return told["event"], 400 <= told["code"] < 500

    tries = [
        (name, password) for name in ("8001", "web-caller", "trunk", "nobody") for password in ("", "wrong")
    ]
    told = await asyncio.gather(*(register(*one) for one in tries))
    assert told == [("not-registered", True)] * len(tries)


async def test_an_operator_reaches_colleagues_and_the_hotline_and_no_outside_number(
    exchange: Exchange,
) -> None:
    agent = exchange.at.agents[1]
    async with phone(exchange.sip_port, agent.number, agent.password) as colleague:
        await colleague.until("registered")
        assert (await colleague.call("013800000000"))["code"] == 404
    exchange.answers[NUMBERS[0]] = greet
    async with phone(exchange.sip_port, agent.number, agent.password) as colleague:
        await colleague.until("registered")
        assert (await colleague.call(NUMBERS[0]))["event"] == "answered"


@pytest.mark.parametrize(
    ("name", "ani"), [(STRANGER, STRANGER), ("anonymous", None), ("8001%22%20hangup", None)]
)
async def test_nobody_chooses_whose_call_it_is_taken_for(
    name: str, ani: str | None, exchange: Exchange
) -> None:
    """The trunk says who calls; a name within the call is not believed, and one that is no number is none."""
    told: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    async def ask(call: AgiCall) -> None:
        told.set_result(call.ani)

    exchange.answers[NUMBERS[0]] = ask
    claims = {
        "X-Demo-Caller": LI,
        "P-Asserted-Identity": f"<sip:{LI}@127.0.0.1>",
        "Remote-Party-ID": f"<sip:{LI}@127.0.0.1>;party=calling",
    }
    async with phone(exchange.sip_port, name) as caller:
        await caller.call(NUMBERS[0], headers=claims)
        assert await told == ani


class _Answers(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.codes: asyncio.Queue[int] = asyncio.Queue()

    def datagram_received(self, data: bytes, _from: object) -> None:
        first = data.split(b"\r\n", 1)[0].split()
        if first[0] == b"SIP/2.0" and int(first[1]) >= 200:
            self.codes.put_nowait(int(first[1]))


async def answer_to(sip_port: int, method: str, to: str, *headers: str) -> int:
    """The final answer to one request that no dialog is open for."""
    loop = asyncio.get_running_loop()
    transport, answers = await loop.create_datagram_endpoint(_Answers, local_addr=("127.0.0.1", 0))
    here = "{}:{}".format(*transport.get_extra_info("sockname"))
    try:
        lines = [
            f"{method} sip:{to}@127.0.0.1:{sip_port} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};rport;branch=z9hG4bK{method}{to}",
            "Max-Forwards: 70",
            f"From: <sip:{STRANGER}@{here}>;tag=stranger",
            f"To: <sip:{to}@127.0.0.1>",
            f"Call-ID: {method}-{to}-{here}",
            f"CSeq: 1 {method}",
            f"Contact: <sip:{STRANGER}@{here}>",
            *headers,
            "Content-Length: 0",
        ]
        transport.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), ("127.0.0.1", sip_port))
        async with asyncio.timeout(WITHIN_S):
            return await answers.codes.get()
    finally:
        transport.close()


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("MESSAGE", ("Content-Type: text/plain",)),
        ("SUBSCRIBE", ("Event: presence", "Expires: 60")),
        ("SUBSCRIBE", ("Event: dialog", "Expires: 60")),
        ("SUBSCRIBE", ("Event: message-summary", "Expires: 60")),
        ("PUBLISH", ("Event: presence", "Expires: 60")),
        ("REFER", ("Refer-To: <sip:8001@127.0.0.1>",)),
        ("NOTIFY", ("Event: message-summary", "Subscription-State: active")),
        ("UPDATE", ()),
        ("INFO", ("Content-Type: application/dtmf-relay",)),
    ],
)
@pytest.mark.parametrize("to", ["8001", NUMBERS[0]])
async def test_no_request_but_a_call_gets_anywhere(
    method: str, headers: tuple[str, ...], to: str, exchange: Exchange
) -> None:
    assert await answer_to(exchange.sip_port, method, to, *headers) >= 400


async def test_no_key_in_the_queue_or_in_a_talk_leads_anywhere(exchange: Exchange) -> None:
    async def to_queue(call: AgiCall) -> None:
        await call.transfer("queue")

    exchange.answers[NUMBERS[0]] = to_queue
    exchange.later.pop(NUMBERS[0], None)  # nobody of ours gives it to an operator: the switch does, alone
    async with (
        line_to(exchange.at) as ami,
        an_operator(exchange) as operator,
        phone(exchange.sip_port, STRANGER) as caller,
    ):
        await caller.call(NUMBERS[0])
        joined = await event(ami, QueueJoined)
        await caller.press("".join(WAYS_OUT))
        await operator.until("ringing")
        await operator.do("answer")
        talking = await event(ami, AgentConnected)
        assert talking.linkedid == joined.linkedid
        for keys in WAYS_OUT:
            await asyncio.gather(caller.press(keys), operator.press(keys))
            # A key takes a fifth of a second on the line.
            await asyncio.sleep(0.2 * len(keys) + MADE_UP_ITS_MIND_S)
        channels = await ami.ask_list("CoreShowChannels")
        assert {one["linkedid"] for one in channels} == {joined.linkedid}
        assert len(channels) == 2
        assert {one["bridgeid"] for one in channels} != {""}
        await caller.hang_up()
        await operator.until("ended")
        await until(lambda: exchange.agi.calls == 0)


async def test_an_operator_needs_the_right_password(exchange: Exchange) -> None:
    async with phone(exchange.sip_port, exchange.at.agents[0].number, "guessed") as telephone:
        refused = await telephone.until("registered", "not-registered")
        assert refused["event"] == "not-registered"
        assert refused["code"] in (401, 403)
