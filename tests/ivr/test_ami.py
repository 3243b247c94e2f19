"""The line to the switch: what it tells, in which order, and what it says after a loss."""

import re
from datetime import datetime

import pytest

from ivr.ami import AmiSaidNo, AmiState
from ivr.dialplan import templates
from ivr.switch_events import (
    READ,
    AgentState,
    ChannelClosed,
    ChannelOpened,
    Lost,
    Resynced,
    Snapshot,
    Waiting,
)
from tests.clocks import FrozenClock
from tests.fake_asterisk import Answer, FakeAmi, Fields, block
from tests.ivr.test_ami_defects import hangup, line_to, of_kind, ours
from tests.waiting import until

CALL = {"Channel": "PJSIP/trunk-1", "Uniqueid": "1.1", "Linkedid": "1.1", "CallerIDNum": "10712345678"}
STANDS = Snapshot(
    channels=(ChannelOpened("PJSIP/trunk-1", "1.1", "1.1", "10712345678", "12320"),),
    waiting=(Waiting("hotline", "1.1", "10712345678", 1, 7),),
    agents=(AgentState("hotline", "8001", 1, paused=True, reason="午饭"),),
)


def listing(name: str, *items: dict[str, str], then: str = "") -> Answer:
    """A list as Asterisk gives it; then: what happens before its end."""

    def answer(fields: Fields) -> str:
        mine = {"ActionID": fields["ActionID"]}
        start = block(Response="Success", EventList="start", Message="will follow", **mine)
        end = block(Event=f"{name}Complete", EventList="Complete", ListItems=str(len(items)), **mine)
        return start + "".join(block(**item, **mine) for item in items) + then + end

    return answer


def standing(then: str = "") -> FakeAmi:
    return FakeAmi(
        coreshowchannels=listing("CoreShowChannels", {"Event": "CoreShowChannel", "Exten": "12320", **CALL}),
        queuestatus=listing(
            "QueueStatus",
            {"Event": "QueueMember", "Queue": "hotline", "Name": "8001", "Status": "1", "Paused": "1",
             "PausedReason": "午饭"},
            {"Event": "QueueEntry", "Queue": "hotline", "Position": "1", "Wait": "7", **CALL},
            then=then,
        ),
    )  # fmt: skip


async def test_a_line_begins_with_how_things_stand() -> None:
    async with standing() as fake:
        ami = line_to(fake)
        await ami.start()
        assert await of_kind(ami, Resynced) == Resynced(STANDS, None)
        await ami.stop()


async def test_what_happens_while_the_snapshot_is_taken_comes_after_it() -> None:
    async with standing(then=hangup(5)) as fake:
        ami = line_to(fake)
        await ami.start()
        await ami.until_up()
        assert isinstance(ami.events.get_nowait(), Resynced)
        closed = ami.events.get_nowait()
        assert isinstance(closed, ChannelClosed)
        assert closed.uniqueid == "5"
        await ami.stop()


@pytest.mark.req("I-014")
async def test_after_a_loss_the_unknown_time_is_told_and_all_begins_anew() -> None:
    told: list[tuple[datetime, datetime]] = []

    async def on_unknown(since: datetime, until_: datetime) -> None:
        told.append((since, until_))
        raise RuntimeError("the journal cannot be written")  # and the line is there all the same

    async with standing() as fake, ours(fake, on_unknown=on_unknown) as ami:
        clock = ami._clock
        assert isinstance(clock, FrozenClock)
        last_sign = clock.instant
        clock.advance(seconds=90)
        fake.drop()
        assert await of_kind(ami, Lost) == Lost(last_sign)
        back = await of_kind(ami, Resynced)
        assert back == Resynced(STANDS, (last_sign, clock.instant))
        assert told == [back.unknown]
        await ami.act("Ping")


async def test_events_that_nobody_reads_become_a_loss_and_not_a_leak() -> None:
    async with standing() as fake, ours(fake, room=50) as ami:
        fake.send("".join(hangup(number) for number in range(500)))
        await until(lambda: fake.connections == 2)
        await ami.until_up()
        assert ami.events.qsize() < 50
        await of_kind(ami, Lost)
        assert (await of_kind(ami, Resynced)).unknown is not None


async def test_a_listener_to_the_state_may_break() -> None:
    def told(_state: AmiState) -> None:
        raise RuntimeError("a bug of a listener")

    async with standing() as fake, ours(fake, told=told) as ami:
        await ami.act("Ping")


async def test_no_is_no_and_not_for_later() -> None:
    def no(fields: Fields) -> str:
        return block(Response="Error", ActionID=fields["ActionID"], Message="Interface not found")

    async with FakeAmi(queuepause=no) as fake, ours(fake) as ami:
        with pytest.raises(AmiSaidNo, match="Interface not found") as raised:
            await ami.act("QueuePause", Interface="PJSIP/9")
        assert raised.value.permanent
        assert fake.names().count("QueuePause") == 1


def test_the_switch_is_asked_to_tell_exactly_what_is_read() -> None:
    included = re.compile(r"^eventfilter\(action\(include\),name\((\w+)\)\) =$", re.MULTILINE)
    told = {name.lower() for name in included.findall(templates()["manager.conf"])}
    assert told == {*READ, "fullybooted", "shutdown"}
