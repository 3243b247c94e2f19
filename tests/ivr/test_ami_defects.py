"""Each known defect of panoramisk's AMI, shown on the bare library and absent in ours."""

import asyncio
import copy
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from panoramisk import Manager

import ivr.ami
from ivr.ami import Ami, AmiDown, AmiSilent, AmiState
from ivr.backoff import Backoff
from ivr.switch_events import AgentState, ChannelClosed, Lost, OriginateEnded, Resynced, SwitchEvent
from tests.clocks import FrozenClock, SeededChance
from tests.fake_asterisk import Answer, FakeAmi, Fields, block, success
from tests.waiting import until


@asynccontextmanager
async def bare(fake: FakeAmi, **config: Any) -> AsyncIterator[Manager]:
    """The library as it comes, logged in, trying again at once."""
    settings = {"username": "hotline", "secret": "s", "reconnect_timeout": 0, "ping_delay": 600}
    manager = Manager(host="127.0.0.1", port=fake.port, loop=asyncio.get_running_loop(), **settings | config)
    manager.connect()
    await until(lambda: manager.authenticated)
    try:
        yield manager
    finally:
        manager.connect = lambda: None
        manager.close()


def line_to(fake: FakeAmi, **more: Any) -> Ami:
    chance = SeededChance(1)
    quick = Backoff(chance, first_s=0.01, most_s=0.02)
    given = {"answer_s": 5.0, "backoff": quick} | more
    return Ami(fake.port, "hotline", "s", clock=FrozenClock.at("2026-11-23 10:00"), chance=chance, **given)


@asynccontextmanager
async def ours(fake: FakeAmi, **more: Any) -> AsyncIterator[Ami]:
    ami = line_to(fake, **more)
    await ami.start()
    await ami.until_up()
    assert isinstance(await ami.events.get(), Resynced)
    try:
        yield ami
    finally:
        await ami.stop()


def saying(message: str) -> Answer:
    return lambda fields: success(fields, message)


def hangup(number: int) -> str:
    return block(
        Event="Hangup", Channel=f"PJSIP/{number}", Uniqueid=str(number), Linkedid=str(number), Cause="16"
    )


def paused(reason: str) -> bytes:
    told = block(
        Event="QueueMemberPause", Queue="hotline", MemberName="8001", Paused="1", PausedReason=reason
    )
    return told.encode()


def quietly() -> None:
    """The bare library breaks inside the loop, which says so aloud."""
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)


async def of_kind(ami: Ami, kind: type[SwitchEvent]) -> Any:
    async with asyncio.timeout(10):
        while not isinstance(event := await ami.events.get(), kind):
            pass
    return event


async def test_a1_adding_to_a_queue_is_answered() -> None:
    async with FakeAmi(queueadd=saying("Added interface to queue")) as fake:
        async with bare(fake) as manager:
            added = manager.send_action({"Action": "QueueAdd", "Queue": "hotline", "Interface": "PJSIP/8001"})
            await manager.send_action({"Action": "Ping"})  # by now the answer to the first is here too
            assert not added.done()
        async with ours(fake) as ami:
            answer = await ami.act("QueueAdd", Queue="hotline", Interface="PJSIP/8001")
            assert answer["message"] == "Added interface to queue"


async def test_a2_a_transfer_does_not_cost_the_line() -> None:
    quietly()
    async with FakeAmi(atxfer=saying("Atxfer successfully queued")) as fake:
        async with bare(fake) as manager:
            asked = manager.send_action({"Action": "Atxfer", "Channel": "PJSIP/1", "Exten": "8002"})
            await until(lambda: fake.connections == 2)
            assert not asked.done()
        connections = fake.connections
        async with ours(fake) as ami:
            await ami.act("Atxfer", Channel="PJSIP/1", Exten="8002")
            await ami.act("Ping")
        assert fake.connections == connections + 1


async def test_a3_a_broken_listener_loses_neither_events_nor_the_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quietly()
    heard: list[str] = []

    def breaks(_manager: Any, event: Any) -> None:
        heard.append(event.uniqueid)
        if event.uniqueid == "3":
            raise RuntimeError("a bug of a listener")

    ten = "".join(hangup(number) for number in range(10))
    async with FakeAmi() as fake:
        async with bare(fake) as manager:
            manager.register_event("Hangup", breaks)
            fake.send(ten)
            await until(lambda: fake.connections == 2)
            assert heard == ["0", "1", "2", "3"]

        read = ivr.ami.read_event

        def breaks_too(name: str, fields: Fields) -> Any:
            if fields.get("uniqueid") == "3":
                raise RuntimeError("a bug of ours")
            return read(name, fields)

        monkeypatch.setattr(ivr.ami, "read_event", breaks_too)
        async with ours(fake) as ami:
            fake.send(ten)
            got = [await of_kind(ami, ChannelClosed) for _ in range(9)]
            assert [event.uniqueid for event in got] == list("012456789")
            assert ami.state is AmiState.UP


async def test_a4_a_character_cut_in_two_is_whole_and_a_strange_one_leaves_a_mark() -> None:
    sent = paused("会议")
    cut = sent.index("会".encode()) + 1
    strange = paused("x").replace(b" x\r\n", b" \xbb\xe1\r\n")  # GBK
    reasons: list[str] = []
    async with FakeAmi() as fake:
        async with bare(fake) as manager:
            manager.register_event("QueueMemberPause", lambda _m, event: reasons.append(event.pausedreason))
            for part in (sent[:cut], sent[cut:], strange):
                manager.protocol.data_received(part)
            assert reasons == ["议", ""]
        async with ours(fake) as ami:
            assert ami._line
            for part in (sent[:cut], sent[cut:], strange):
                ami._line.protocol.data_received(part)
            assert (await of_kind(ami, AgentState)).reason == "会议"
            assert (await of_kind(ami, AgentState)).reason.startswith("\N{REPLACEMENT CHARACTER}")


async def test_a5_nothing_is_waited_for_without_end() -> None:
    with pytest.raises(AttributeError):
        Manager().send_action({"Action": "Ping"})
    async with FakeAmi(corestatus=lambda _fields: None) as fake:
        ami = line_to(fake)
        with pytest.raises(AmiDown):  # not connected yet
            await ami.act("Ping")
        async with bare(fake) as manager:
            asked = manager.send_action({"Action": "CoreStatus"})
            await manager.send_action({"Action": "Ping"})
            assert not asked.done()
        async with ours(fake, answer_s=0.1) as ami:
            with pytest.raises(AmiSilent):
                await ami.act("CoreStatus")
            await ami.act("Ping")  # and the line is as good as before


async def test_a6_what_was_asked_of_a_lost_line_is_never_done_later() -> None:
    async with FakeAmi(originate=lambda _fields: None) as fake:
        async with bare(fake) as manager:
            manager.send_action({"Action": "Originate", "Channel": "PJSIP/8001"})
            await until(lambda: "Originate" in fake.names())
            fake.drop()
            await until(lambda: fake.names().count("Originate") == 2)
        fake.actions.clear()
        async with ours(fake) as ami:
            asked = asyncio.create_task(ami.act("Originate", Channel="PJSIP/8001"))
            await until(lambda: "Originate" in fake.names())
            fake.drop()
            with pytest.raises(AmiDown):
                await asked
            await of_kind(ami, Resynced)
            await ami.act("Ping")
        assert fake.names().count("Originate") == 1


async def test_a6_a_lost_line_says_that_it_is_lost() -> None:
    async with FakeAmi() as fake, bare(fake, reconnect_timeout=600) as manager:
        lost = asyncio.Event()
        manager.on_disconnect = lambda *_: lost.set()
        fake.drop()
        await lost.wait()
        assert manager.authenticated  # it says so, and it is not true
    states: list[AmiState] = []
    async with FakeAmi() as fake, ours(fake, told=states.append) as ami:
        fake.drop()
        await of_kind(ami, Lost)
        await of_kind(ami, Resynced)
        assert states == [AmiState.UP, AmiState.DOWN, AmiState.UP]


async def test_a7_a_peer_that_fell_silent_is_noticed() -> None:
    silent: Answer = lambda _fields: None  # noqa: E731
    async with FakeAmi(ping=silent) as fake:
        async with bare(fake, ping_delay=0, ping_interval=1) as manager:
            await until(lambda: fake.names().count("Ping") == 2)
            assert fake.connections == 1
            assert len(manager.protocol.responses) >= 2
        async with ours(fake, ping_s=0.05, answer_s=0.1) as ami:
            await of_kind(ami, Lost)


async def test_a8_closed_is_closed_also_while_it_waits_to_try_again() -> None:
    async with FakeAmi() as fake:
        async with bare(fake) as manager:
            manager.on_disconnect = lambda manager, _why: manager.close()
            fake.drop()
            await until(lambda: fake.connections == 2)
        chance = SeededChance(1)
        async with ours(fake, backoff=Backoff(chance, first_s=600, most_s=600)) as ami:
            fake.drop()
            await of_kind(ami, Lost)
            await ami.stop()
            assert ami.state is AmiState.CLOSED
            assert "ami" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_a9_a_wrong_password_is_told() -> None:
    def refuses(fields: Fields) -> str:
        return block(Response="Error", ActionID=fields["ActionID"], Message="Authentication failed")

    async with FakeAmi(login=refuses) as fake:
        manager = Manager(
            host="127.0.0.1", port=fake.port, loop=asyncio.get_running_loop(), username="x", secret="y"
        )
        outcome = manager.connect()
        await outcome
        await until(lambda: manager.protocol is not None and manager.authenticated_future is None)
        assert outcome.exception() is None  # nobody is told
        manager.close()

        states: list[AmiState] = []
        ami = line_to(fake, told=states.append)
        await ami.start()
        await until(lambda: AmiState.REFUSED in states)
        await ami.stop()
        assert AmiState.UP not in states


async def test_a10_what_follows_an_action_is_still_an_event() -> None:
    def originate(fields: Fields) -> str:
        ended = block(
            Event="OriginateResponse",
            ActionID=fields["ActionID"],
            Response="Failure",
            Uniqueid="7",
            Reason="3",
        )
        return success(fields, "Originate successfully queued") + ended

    heard: list[str] = []
    async with FakeAmi(originate=originate) as fake:
        async with bare(fake) as manager:
            manager.register_event("OriginateResponse", lambda _manager, event: heard.append(event.uniqueid))
            await manager.send_action({"Action": "Originate", "ActionID": "call-7", "Async": "true"})
            await manager.send_action({"Action": "Ping"})
            assert heard == []
        async with ours(fake) as ami:
            await ami.act("Originate", ActionID="call-7", Async="true")
            assert await of_kind(ami, OriginateEnded) == OriginateEnded("call-7", "7", answered=False)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0"])
async def test_a11_a_value_is_never_another_action(end: str) -> None:
    value = f"x{end}{end}Action: DBPut{end}Family: cidname{end}{end}"
    async with FakeAmi() as fake:
        async with bare(fake) as manager:
            manager.send_action({"Action": "Setvar", "Value": value})
            await manager.send_action({"Action": "Ping"})
            assert ("DBPut" in fake.names()) is (end == "\r\n")  # our peer is strict; Asterisk takes \n too
        fake.actions.clear()
        async with ours(fake) as ami:
            with pytest.raises(ValueError, match="line break in the field Value"):
                await ami.act("Setvar", Value=value)
            with pytest.raises(ValueError, match="line break"):
                await ami.act("Setvar", Values=["good", value])
        assert {"Setvar", "DBPut"}.isdisjoint(fake.names())


async def test_a12_events_are_plain_values_in_the_order_they_came() -> None:
    copied: list[Callable[[], Any]] = []
    many = "".join(hangup(number) for number in range(200))
    async with FakeAmi() as fake:
        async with bare(fake) as manager:
            manager.register_event("Hangup", lambda _manager, event: copied.append(lambda: copy.copy(event)))
            fake.send(hangup(1))
            await until(lambda: bool(copied))
            with pytest.raises(RecursionError):
                copied[0]()
        async with ours(fake) as ami:
            fake.send(many)
            got = [await of_kind(ami, ChannelClosed) for _ in range(200)]
            assert [event.uniqueid for event in got] == [str(number) for number in range(200)]
            assert copy.copy(got[0]) == got[0]
