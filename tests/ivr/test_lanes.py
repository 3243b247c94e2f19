"""Work of different calls goes on side by side, that of one call in order."""

import asyncio

from ivr.lanes import Act, Lanes


def saying(said: list[str], word: str, after: asyncio.Event | None = None) -> Act:
    async def act() -> None:
        if after:
            await after.wait()
        said.append(word)

    return act


async def test_one_call_that_waits_holds_up_no_other_and_keeps_its_order() -> None:
    lanes, said, go_on = Lanes(), list[str](), asyncio.Event()
    lanes.put("slow", saying(said, "first", go_on))
    lanes.put("slow", saying(said, "second"))
    beside = asyncio.Event()

    async def say_beside() -> None:
        said.append("beside")
        beside.set()

    lanes.put("quick", say_beside)
    await beside.wait()
    assert said == ["beside"]
    assert lanes.busy("slow")
    go_on.set()
    await lanes.idle()
    assert said == ["beside", "first", "second"]
    assert not lanes.busy("slow")


async def test_what_fails_stops_none_of_the_next() -> None:
    async def fails() -> None:
        raise ValueError("on purpose")

    lanes, said = Lanes(), list[str]()
    lanes.put("call", fails)
    lanes.put("call", saying(said, "next"))
    await lanes.idle()
    assert said == ["next"]


async def test_what_is_put_by_the_last_of_a_lane_is_done_too() -> None:
    lanes, said = Lanes(), list[str]()

    async def more() -> None:
        lanes.put("call", saying(said, "more"))

    lanes.put("call", more)
    await lanes.idle()
    assert said == ["more"]


async def test_stopping_gives_up_what_is_left() -> None:
    lanes, said = Lanes(), list[str]()
    lanes.put("call", saying(said, "never", asyncio.Event()))
    await asyncio.sleep(0)
    await lanes.stop()
    assert said == []
    assert not lanes.busy("call")
