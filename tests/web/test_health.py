"""Each part says how it is; the house is down only when nobody can be served."""

import asyncio
from pathlib import Path

import pytest

from core.database import open_database
from core.health import Health, Part, Report, State, Told, database, overall
from core.work import Hotline
from tests.clocks import FrozenClock
from tests.pages import Open

UP, DEGRADED, DOWN, STARTING, ABSENT = State


@pytest.mark.parametrize(
    ("the_database", "the_switch", "house"),
    [
        (UP, UP, UP),
        (UP, ABSENT, UP),
        (UP, DOWN, DEGRADED),
        (UP, STARTING, DEGRADED),
        (DEGRADED, UP, DEGRADED),
        (STARTING, UP, STARTING),
        (DOWN, UP, DOWN),
        (DOWN, DOWN, DOWN),
    ],
)
def test_the_house_in_one_word(
    clock: FrozenClock, the_database: State, the_switch: State, house: State
) -> None:
    parts = {"database": the_database, "switch": the_switch}
    assert overall([Part(name, state, "", clock.now()) for name, state in parts.items()]) == house


async def test_a_stopped_switch_is_said_and_its_return_too(
    open_pages: Open, switch: Told, clock: FrozenClock
) -> None:
    pages = await open_pages()
    switch.say(State.DOWN, "电话交换机停了")
    answer = await pages.get("/healthz")
    told = await answer.json()
    assert (answer.status, told["status"]) == (200, "degraded")
    assert told["parts"]["switch"]["state"] == "down"
    assert told["parts"]["switch"]["words"] == "电话交换机停了"
    assert told["parts"]["switch"]["since"] == "2026-11-23T10:00:00+08:00"

    clock.advance(minutes=5)
    assert (await (await pages.get("/healthz")).json())["parts"]["switch"]["since"].startswith(
        "2026-11-23T10:00"
    )
    switch.say(State.UP)
    told = await (await pages.get("/healthz")).json()
    assert told["status"] == "up"
    assert told["parts"]["switch"] == {"state": "up", "since": "2026-11-23T10:05:00+08:00"}


async def test_a_database_that_cannot_be_asked_is_503(
    open_pages: Open, hotline: Hotline, clock: FrozenClock, tmp_path: Path
) -> None:
    away = open_database(f"sqlite+aiosqlite:///{tmp_path / 'no-such-folder' / 'x.db'}")
    elsewhere = Hotline(away, clock, hotline.chance, hotline.sealer)
    pages = await open_pages(health=Health(clock, {"database": database(elsewhere)}, fresh_s=0))
    answer = await pages.get("/healthz")
    assert answer.status == 503
    assert (await answer.json())["parts"]["database"]["state"] == "down"
    await away.close()


async def test_a_probe_that_never_answers_holds_up_nobody(clock: FrozenClock) -> None:
    async def never() -> Report:
        await asyncio.Event().wait()
        raise AssertionError

    async def broken() -> Report:
        raise OSError

    health = Health(clock, {"agi": never, "voice": broken, "texts": Told(State.UP)}, within_s=0.01)
    assert [part.state for part in await health.parts()] == [DOWN, DOWN, UP]


async def test_many_who_ask_at_once_make_one_check(clock: FrozenClock) -> None:
    asked = 0

    async def count() -> Report:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return Report(State.UP)

    health = Health(clock, {"database": count}, fresh_s=60)
    await asyncio.gather(*(health.parts() for _ in range(50)))
    assert asked == 1


async def test_metrics_tell_the_parts_and_nothing_personal(open_pages: Open, switch: Told) -> None:
    switch.say(State.DOWN)
    answer = await (await open_pages()).get("/metrics")
    figures = await answer.text()
    assert answer.content_type == "text/plain"
    assert 'hotline_part_up{part="switch"} 0.0' in figures
    assert 'hotline_part_up{part="database"} 1.0' in figures
