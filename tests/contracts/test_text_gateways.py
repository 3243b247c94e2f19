"""What every way out for texts must do; each gateway brings a bench that can look behind it."""

from dataclasses import dataclass, field
from typing import Protocol

import pytest

from core.ports import OutgoingText, OutsideError, TextGateway
from sms.gateways.console import MOST_SEGMENTS, ConsoleGateway

NUMBER = "13812345678"
WORDS = "【12320】已预约青石市第一人民医院心血管内科王建国"


class Bench(Protocol):
    """A gateway, and the far side as the test sees it."""

    gateway: TextGateway

    def arrived(self) -> list[str]:
        """One entry for each text that the far side would deliver."""

    def break_line(self) -> None:
        """Let every further try fail for now."""


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

    def arrived(self) -> list[str]:
        return list(self.lines)

    def break_line(self) -> None:
        self.broken = True


@pytest.fixture(params=[ConsoleBench], ids=["console"])
def bench(request: pytest.FixtureRequest) -> Bench:
    made: Bench = request.param()
    return made


def text(key: str = "appointment/1/1/booked", to: str = NUMBER, body: str = WORDS) -> OutgoingText:
    return OutgoingText(key, to, body, "booked")


async def test_a_text_arrives_and_has_an_id(bench: Bench) -> None:
    assert 0 < len(await bench.gateway.send(text())) <= 80
    assert len(bench.arrived()) == 1


async def test_the_same_key_twice_is_one_text_with_one_id(bench: Bench) -> None:
    first, second = await bench.gateway.send(text()), await bench.gateway.send(text())
    assert first == second
    assert len(bench.arrived()) == 1


async def test_two_keys_are_two_texts_with_two_ids(bench: Bench) -> None:
    first, second = await bench.gateway.send(text("a")), await bench.gateway.send(text("b"))
    assert first != second
    assert len(bench.arrived()) == 2


@pytest.mark.parametrize("body", ["您" * 134, "您" * 67 * MOST_SEGMENTS, "a" * 160, "😀" * 35, "{}[]€"])
async def test_long_and_unusual_texts_arrive(bench: Bench, body: str) -> None:
    await bench.gateway.send(text(body=body))
    assert len(bench.arrived()) == 1


@pytest.mark.parametrize(
    "refused",
    [
        text(to="not a number"),
        text(body=""),
        text(body="您" * (67 * MOST_SEGMENTS + 1)),
        text(body="😀" * 400),
    ],
    ids=["number", "empty", "too-long", "too-long-emoji"],
)
async def test_what_can_never_go_is_refused_for_good(bench: Bench, refused: OutgoingText) -> None:
    with pytest.raises(OutsideError) as failure:
        await bench.gateway.send(refused)
    assert failure.value.permanent
    assert bench.arrived() == []


async def test_a_broken_line_is_a_failure_for_now(bench: Bench) -> None:
    bench.break_line()
    with pytest.raises(OutsideError) as failure:
        await bench.gateway.send(text())
    assert not failure.value.permanent


async def test_a_failure_quotes_neither_number_nor_words(bench: Bench) -> None:
    bench.break_line()
    for outgoing in (text(), text("b", to=NUMBER + "x")):
        with pytest.raises(OutsideError) as failure:
            await bench.gateway.send(outgoing)
        assert NUMBER not in str(failure.value)
        assert "王建国" not in str(failure.value)


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
