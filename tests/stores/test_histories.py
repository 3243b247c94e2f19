"""The fast store makes of every history what the plain one makes: rows, answers, journal (issue 7, show 6).

HOTLINE_HISTORIES=10000 runs that many, most of them on SQLite; else a few of each kind.
"""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from core.booking.commands import Outcome
from core.database import open_database
from core.errors import Refusal
from tests.postgres import Cluster
from tests.stores.checking import STORES, Pair, side
from tests.stores.histories import history
from tests.stores.playing import Side, play
from tests.stores.steps import Ask, BookAsk, CancelAsk, History, HoldAsk, Pass, Together
from tests.stores.town import PHONES, POSTS, SessionLine, Town

ALL = int(os.environ.get("HOTLINE_HISTORIES", "0"))
# Shares of ALL, and how many where nobody asks for more: by database, one at a time and many at once.
SHARES = {("sqlite", False): (0.65, 70), ("sqlite", True): (0.3, 40), ("postgresql", False): (0.03, 25),
          ("postgresql", True): (0.02, 25)}  # fmt: skip
WITH_ITSELF = 12
FOR_OUTCOMES = 400

# What the four commands can come to.
OUTCOMES = frozenset(
    {
        "HeldSlot", "Booked", "Cancelled",
        "appointment-unknown", "blacklisted", "channel-closed", "hold-lapsed", "hold-unknown",
        "hospital-not-live", "idempotency-key-reused", "identity-kind-refused", "identity-needed",
        "limit-day", "limit-department-day", "limit-doctor-day", "limit-live", "limit-period", "limit-phone",
        "limit-session", "not-allowed", "not-found", "not-open-for-booking", "not-released",
        "outside-booking-hours", "outside-window", "overlapping-visit", "person-unknown", "rebook-too-soon",
        "session-stopped", "share-used-up", "slot-full", "slot-taken", "too-late-to-book",
        "too-late-to-cancel", "too-late-to-change", "too-many-changes", "too-old", "too-young",
        "web-refund-not-allowed", "wrong-sex", "wrong-state",
    }
)  # fmt: skip
# What they leave besides.
LEFT = frozenset(
    {
        "hold.released", "person.blacklisted", "refund.owed", "payment.received", "appointment.stopped",
        "appointment.substituted", "appointment.expired", "appointment.confirmed", "credit.noted",
    }
)  # fmt: skip
LEFT_ROWS = ("freed_slot", "refund", "blacklist_entry", "payment", "outbox", "command_key")


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def urls(request: pytest.FixtureRequest, kind: str) -> Iterator[list[str]]:
    """Two empty databases of one kind."""
    if kind == "sqlite":
        folder: Path = request.getfixturevalue("in_memory")
        for name in ("ours", "reference"):
            shutil.copy(request.getfixturevalue("sqlite_model"), folder / f"{name}.db")
        yield [f"sqlite+aiosqlite:///{folder}/{name}.db" for name in ("ours", "reference")]
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    with ExitStack() as stack:
        yield [stack.enter_context(cluster.database()) for _ in range(2)]


async def opened(url: str, store: str) -> Side:
    return await side(open_database(url), STORES[store])


async def closed(*sides: Side) -> None:
    for one in sides:
        await one.tables.close()
        await one.hotline.database.close()


@pytest.fixture(params=list(STORES))
async def pair(request: pytest.FixtureRequest, urls: list[str]) -> AsyncIterator[Pair]:
    """A store, and the plain one beside it."""
    ours, reference = await opened(urls[0], request.param), await opened(urls[1], "plain")
    yield Pair(ours, reference)
    await closed(ours, reference)


def how_many(request: pytest.FixtureRequest, kind: str, *, together: bool) -> int:
    if request.node.callspec.params["pair"] == "plain":
        return WITH_ITSELF
    share, usual = SHARES[kind, together]
    return max(round(ALL * share), usual)


@pytest.mark.parametrize("together", [False, True], ids=["one at a time", "many at once"])
async def test_a_store_makes_of_each_history_what_the_plain_one_makes(
    request: pytest.FixtureRequest, pair: Pair, kind: str, together: bool
) -> None:
    if together and request.node.callspec.params["pair"] == "plain":
        pytest.skip("in which order plain commands were decided at once cannot be seen afterwards")
    for number in range(how_many(request, kind, together=together)):
        await pair.must_agree(history(number, together=together))


WARD = POSTS[1]
# Each was told apart once, of commands that came together.
TOLD_APART = {
    "the last slot of another channel's share goes in the same batch": History(
        0,
        Town((), (SessionLine(WARD, 2, "am", 1, 60, (("web", 1),)),)),
        (
            Together(
                (
                    Ask(1, HoldAsk(1, "a", person=5), "surfer", 1),
                    Ask(2, HoldAsk(1, "b", person=6), "texter", 2),
                )
            ),
        ),
    ),
    "a visit is cancelled beside one who holds the next slot": History(
        2,
        Town((), (SessionLine(WARD, 2, "pm", 4, 60),)),
        (
            Ask(1, HoldAsk(1, "a", person=4), "surfer"),
            Ask(2, BookAsk(1, 4, PHONES[0]), "surfer"),
            Together(
                (
                    Ask(3, CancelAsk(2, "patient", override="a reason"), "supervisor", 1),
                    Ask(4, HoldAsk(1, "b", person=8), "caller", 2),
                )
            ),
        ),
    ),
    "a lapsed hold is booked beside one who takes the next slot": History(
        1,
        Town((), (SessionLine(WARD, 2, "am", 2, 60),)),
        (
            Ask(1, HoldAsk(1, "a"), "caller"),
            Pass(10),
            Together(
                (
                    Ask(2, BookAsk(1, 1, PHONES[0]), "caller", 1),
                    Ask(3, HoldAsk(1, "b", person=2), "caller", 2),
                )
            ),
        ),
    ),
}


@pytest.mark.parametrize("name", TOLD_APART)
async def test_what_was_told_apart_once_is_the_same(pair: Pair, name: str) -> None:
    if pair.ours.open is STORES["plain"]:
        pytest.skip("in which order plain commands were decided at once cannot be seen afterwards")
    await pair.must_agree(TOLD_APART[name])


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
async def test_the_histories_come_to_everything_that_commands_can_come_to(urls: list[str]) -> None:
    alone = await opened(urls[0], "group")
    met: set[str] = set()
    for number in range(FOR_OUTCOMES):
        told = await play(history(number), alone)
        for _, answer in told.answers:
            if isinstance(answer, Refusal):
                met.add(answer.code)
            elif isinstance(answer, Outcome):
                met.add(type(answer).__name__)
        met |= {row["kind"] for row in told.rows["journal"]}
        met |= {table for table in LEFT_ROWS if told.rows[table]}
    await closed(alone)
    assert sorted((OUTCOMES | LEFT | set(LEFT_ROWS)) - met) == []
