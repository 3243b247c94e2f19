"""A call's verbs over a real AGI socket: what is played, which keys arrive, how it ends."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import structlog

from ivr.agi import AgiServer
from ivr.agi_call import AgiCall, Sounds
from ivr.agi_keys import GIVEN_BACK_MS
from ivr.call import SLOW, HungUp, Pace, Prompt, Recording, Track
from ivr.sound import RATE, WHOLE, of
from ivr.together import reached
from tests.fake_asterisk import AgiCaller, hang_up

QUICK = Pace(0.05, 0.05)
WELCOME, MENU = Prompt("welcome"), Prompt("menu")

Talk = Callable[[AgiCall], Awaitable[object]]


async def two_files(prompt: Prompt, track: Track) -> list[str]:
    """Each prompt is two files."""
    folder = f"/zh{'/' + track.language if track.language != 'cmn' else ''}{'/slow' if track.slow else ''}"
    return [f"{folder}/{prompt.name}-1", f"{folder}/{prompt.name}-2"]


async def on_the_line(
    talk: Talk, caller: AgiCaller, sounds: Sounds = two_files, **headers: str
) -> tuple[list[object], list[tuple[str, str]]]:
    """Run a dialogue against this caller; what it gave or raised, and the steps it reported."""
    result: list[object] = []
    steps: list[tuple[str, str]] = []

    async def route(call: AgiCall) -> None:
        call.pace = QUICK
        call.on_step = lambda kind, what: steps.append((kind, what))
        try:
            result.append(await talk(call))
        except Exception as error:
            result.append(error)
            raise

    server = AgiServer(
        "127.0.0.1",
        0,
        {"reception": route},
        sounds=sounds,
        messages=Path("/messages"),
        languages={"12329": "yue"},
    )
    await server.start()
    await caller.call(server.port, **headers)
    await server.stop()
    return result, steps


def one_by_one(keys: str) -> Callable[[], str]:
    waiting: Iterator[str] = iter(keys)
    return lambda: next(waiting, "")


def answers(*times: str) -> Callable[[], str]:
    """Keys one by one each time; '' is a time when none comes."""
    waiting = iter([key for keys in times for key in keys or [""]])
    return lambda: next(waiting, "")


def once(keys: str, after: str) -> Callable[[str], str]:
    """Pressed once, after a command that begins so and before the next one."""
    waiting = iter([keys])
    return lambda command: next(waiting, "") if command.startswith(after) else ""


def waits_ms(caller: AgiCaller) -> list[int]:
    return [int(command.split()[-1]) for command in caller.commands if command.startswith("WAIT")]


def during(stem: str, keys: str) -> Callable[[str], str]:
    return lambda playing: keys if playing == stem else ""


async def test_a_call_knows_who_calls_which_number_and_its_linkedid() -> None:
    async def who(call: AgiCall) -> object:
        return call.id, call.ani, call.dnis

    assert (await on_the_line(who, AgiCaller()))[0] == [("hotline-1.0", "13800000000", "12320")]
    assert (await on_the_line(who, AgiCaller(), agi_callerid="unknown"))[0] == [
        ("hotline-1.0", None, "12320")
    ]


@pytest.mark.parametrize(
    ("pressed", "digits", "star", "answer"),
    [
        ("", 1, False, ""),
        ("1", 1, False, "1"),
        ("*", 1, False, "*"),
        ("#", 1, False, "#"),
        ("#", 8, False, "#"),
        ("123#", 8, False, "123"),
        ("12345678", 8, False, "12345678"),
        ("123", 8, False, "123"),  # and then silence
        ("0", 8, False, "0"),
        ("*", 8, False, "*"),
        ("1*2#", 8, False, "12"),
        ("10*#", 8, True, "10*"),
        ("100", 3, False, "100"),
    ],
)
async def test_an_entry_ends_as_the_call_protocol_says(
    pressed: str, digits: int, star: bool, answer: str
) -> None:
    async def ask(call: AgiCall) -> object:
        return await call.ask(MENU, digits=digits, star=star)

    result, steps = await on_the_line(ask, AgiCaller(while_waiting=one_by_one(pressed)))
    assert result == [answer]
    assert steps == [("said", "menu"), ("keys", answer)]


async def test_the_key_that_interrupts_is_the_first_of_the_answer() -> None:
    caller = AgiCaller(while_playing=during("/zh/menu-1", "4"), while_waiting=one_by_one("82"))
    result, _ = await on_the_line(lambda call: call.ask(MENU, digits=3), caller)
    assert result == ["482"]
    assert caller.played == ["/zh/menu-1"]


@pytest.mark.parametrize(
    ("playing", "waiting", "answer"),
    [
        ("", "412*", "412*"),
        ("4", "12*", "412*"),
        ("412*", "", "412*"),
        ("4", "1#", "41"),
        ("#", "", "#"),
        ("0", "", "0"),
        ("", "", ""),
        ("4", "", "4"),
    ],
)
async def test_the_last_four_are_asked_for_and_collected_by_one_command(
    playing: str, waiting: str, answer: str
) -> None:
    caller = AgiCaller(while_playing=during("/zh/menu-1", playing), while_waiting=one_by_one(waiting))
    result, steps = await on_the_line(
        lambda call: call.ask(MENU, digits=4, secret=True, star=True, leading_zero=True), caller
    )
    assert result == [answer]
    assert steps == [("said", "menu"), ("keys", f"{len(answer)} keys")]
    assert not [command for command in caller.commands if command.startswith(("WAIT", "STREAM"))]
    assert caller.played == ["/zh/menu-1", *["/zh/menu-2"] * (not playing)]
    assert caller.variables["TIMEOUT(response)"] == "0.05"


async def test_a_question_of_many_files_is_one_command() -> None:
    caller = AgiCaller(while_waiting=one_by_one("4"))
    result, _ = await on_the_line(lambda call: call.ask(WELCOME, MENU), caller)
    assert result == ["4"]
    assert caller.played == ["/zh/welcome-1", "/zh/welcome-2", "/zh/menu-1", "/zh/menu-2"]
    assert sum("zh/" in command for command in caller.commands) == 1


async def test_a_key_between_two_commands_is_not_lost() -> None:
    caller = AgiCaller(between=lambda command: "7" if "menu-1" in command else "")
    result, _ = await on_the_line(lambda call: call.ask(MENU), caller)
    assert result == ["7"]
    assert waits_ms(caller) == [GIVEN_BACK_MS]


async def test_no_command_is_longer_than_the_switch_reads_and_odd_paths_are_played_alone() -> None:
    folder = "/zh/" + "x" * 180

    async def many(prompt: Prompt, _track: Track) -> list[str]:
        return [f"{folder}/{prompt.name}-{place}" for place in range(30)] + ["/a,b&c/d", "/zh/last"]

    caller = AgiCaller()
    await on_the_line(lambda call: call.say(MENU), caller, many)
    assert caller.played == await many(MENU, Track())
    assert max(len(command) for command in caller.commands) < 2048
    assert 'STREAM FILE "/a,b&c/d" "0123456789*#" 0' in caller.commands


@pytest.mark.parametrize(
    ("heard_s", "where"),
    [(0.0, (0, 0)), (0.5, (0, 4000)), (1.0, (1, 0)), (2.75, (1, 14000)), (3.5, (2, 4000)), (99.0, (3, 0))],
)
def test_sounds_that_were_stopped_together_go_on_where_they_were(
    heard_s: float, where: tuple[int, int], tmp_path: Path
) -> None:
    stems = [str(tmp_path / name) for name in "abc"]
    for stem, lasts_s in zip(stems, (1, 2, 3), strict=True):
        of(Path(stem), WHOLE).write_bytes(b"\0" * (lasts_s * RATE * 2))
    assert reached(stems, heard_s) == where


def test_where_a_length_is_not_known_any_more_nothing_is_left_out(tmp_path: Path) -> None:
    assert reached([str(tmp_path / "gone"), str(tmp_path / "too")], 5.0) == (0, 0)


async def test_keys_pressed_while_we_think_answer_the_next_question() -> None:
    async def twice(call: AgiCall) -> object:
        return await call.ask(WELCOME), await call.ask(MENU)

    caller = AgiCaller(while_waiting=one_by_one("1"), between=once("5", "WAIT"))
    result, _ = await on_the_line(twice, caller)
    assert result == [("1", "5")]
    assert "/zh/menu-1" not in caller.played  # who knows the way need not hear it


async def test_a_key_that_comes_just_before_a_sound_answers_it_unheard() -> None:
    async def twice(call: AgiCall) -> object:
        return await call.ask(WELCOME), await call.ask(MENU)

    caller = AgiCaller(while_waiting=one_by_one("1"), between=once("5", "WAIT"))
    result, _ = await on_the_line(twice, caller)
    assert result == [("1", "5")]
    assert caller.played == ["/zh/welcome-1", "/zh/welcome-2"]


async def test_a_habitual_hash_just_before_a_sound_does_not_cost_it() -> None:
    async def twice(call: AgiCall) -> object:
        return await call.ask(digits=4), await call.ask(MENU)

    caller = AgiCaller(while_waiting=answers("1234", "", "1"), between=once("#", "GET FULL"))
    result, _ = await on_the_line(twice, caller)
    assert caller.variables["HOTLINE_KEYS"] == "1234#1"
    assert result == [("1234", "1")]
    assert caller.played == ["/zh/menu-1", "/zh/menu-2"]


async def test_a_key_that_is_returned_once_more_after_it_was_used_answers_nothing() -> None:
    """A busy switch stretches a short tone: it has told of the key long before a command returns it."""

    class Busy(AgiCaller):
        late = iter("5")

        def _background(self, sounds: str) -> str:
            if "menu" in sounds and (key := next(self.late, "")):
                self.played += sounds.split("&")[:1]
                return f"200 result={ord(key)}"
            return super()._background(sounds)

    async def thrice(call: AgiCall) -> object:
        return await call.ask(WELCOME), await call.ask(WELCOME), await call.ask(MENU)

    caller = Busy(while_waiting=answers("1", "", "7"), between=once("5", "WAIT"))
    result, _ = await on_the_line(thrice, caller)
    assert result == [("1", "5", "7")]
    assert caller.played == ["/zh/welcome-1", "/zh/welcome-2", "/zh/menu-1", "/zh/menu-1", "/zh/menu-2"]


async def test_a_key_during_say_is_kept_for_the_next_ask() -> None:
    async def talk(call: AgiCall) -> object:
        await call.say(WELCOME)
        return await call.ask(MENU)

    result, steps = await on_the_line(talk, AgiCaller(while_playing=during("/zh/welcome-2", "3")))
    assert result == ["3"]
    assert [what for kind, what in steps if kind == "said"] == ["welcome"]


async def test_what_must_be_heard_is_heard_and_the_keys_are_kept() -> None:
    async def talk(call: AgiCall) -> object:
        await call.say(WELCOME, barge=False)
        return await call.ask(MENU)

    caller = AgiCaller(while_playing=during("/zh/welcome-1", "2"))
    result, _ = await on_the_line(talk, caller)
    assert result == ["2"]
    assert caller.played == ["/zh/welcome-1", "/zh/welcome-2"]


async def one_file(prompt: Prompt, _track: Track) -> list[str]:
    """Of a name that is played by itself."""
    return [f"/zh/a {prompt.name}"]


@pytest.mark.parametrize(
    ("sounds", "playing", "goes_on"),
    [(one_file, "/zh/a menu", 'STREAM FILE "/zh/a menu" "0123456789*#" 4000'), (two_files, "/zh/menu-1", "")],
)
async def test_a_habitual_hash_after_a_full_number_answers_nothing(
    sounds: Sounds, playing: str, goes_on: str
) -> None:
    async def talk(call: AgiCall) -> object:
        return await call.ask(digits=4), await call.ask(MENU)

    habit = iter("#")  # once: not again when the sound goes on
    caller = AgiCaller(
        while_playing=lambda stem: next(habit, "") if stem == playing else "",
        while_waiting=one_by_one("12341"),
    )
    result, _ = await on_the_line(talk, caller, sounds)
    assert result == [("1234", "1")]
    assert caller.played.count(playing) == 2
    assert caller.played[-1] == (await sounds(MENU, Track()))[-1]
    assert not goes_on or goes_on in caller.commands


async def test_the_pace_of_the_call_is_kept() -> None:
    async def talk(call: AgiCall) -> object:
        call.pace = SLOW
        return await call.ask(digits=2)

    caller = AgiCaller(while_waiting=one_by_one("12"))
    await on_the_line(talk, caller)
    assert [round(wait, -3) for wait in waits_ms(caller)] == [8000]
    assert [command for command in caller.commands if "Read(HOTLINE_READ,,1,,1,5)" in command]


async def test_whoever_asked_for_the_slow_track_hears_it_and_a_number_of_a_dialect_its_own() -> None:
    async def talk(call: AgiCall) -> object:
        await call.say(WELCOME)
        call.pace = SLOW
        return await call.say(MENU)

    caller = AgiCaller()
    await on_the_line(talk, caller)
    assert [stem.rpartition("-")[0] for stem in caller.played][::2] == ["/zh/welcome", "/zh/slow/menu"]
    cantonese = AgiCaller()
    await on_the_line(talk, cantonese, agi_arg_2="12329")
    assert [stem.rpartition("-")[0] for stem in cantonese.played][::2] == [
        "/zh/yue/welcome",
        "/zh/yue/slow/menu",
    ]


async def test_secret_keys_are_counted_and_never_told(capsys: pytest.CaptureFixture[str]) -> None:
    async def talk(call: AgiCall) -> object:
        await call.ask(MENU, digits=4, secret=True)
        raise RuntimeError("our bug")

    _result, steps = await on_the_line(talk, AgiCaller(while_waiting=one_by_one("7391")))
    assert steps[-2:] == [("keys", "4 keys"), ("given", "queue")]
    assert "7391" not in capsys.readouterr().out


@pytest.mark.parametrize("where", ["/zh/welcome-1", "/zh/welcome-2", "/zh/menu-1"])
async def test_a_hangup_at_any_sound_is_hung_up_and_nothing_else(where: str) -> None:
    async def talk(call: AgiCall) -> object:
        await call.say(WELCOME)
        return await call.ask(MENU)

    caller = AgiCaller(while_playing=lambda stem: hang_up() if stem == where else "")
    with structlog.testing.capture_logs() as logs:
        result, _ = await on_the_line(talk, caller)
    assert [type(one) for one in result] == [HungUp]
    assert [entry for entry in logs if entry["log_level"] in ("error", "critical")] == []


async def test_a_hangup_while_we_wait_for_a_key() -> None:
    result, _ = await on_the_line(lambda call: call.ask(MENU), AgiCaller(while_waiting=hang_up))
    assert [type(one) for one in result] == [HungUp]


async def test_a_dialogue_that_ends_lets_the_dialplan_end_the_call() -> None:
    caller = AgiCaller()
    await on_the_line(lambda call: call.say(WELCOME), caller)
    assert caller.variables["HOTLINE_NEXT"] == ""


@pytest.mark.parametrize("target", ["queue", "room"])
async def test_a_call_that_is_given_away_says_where_to(target: str) -> None:
    caller = AgiCaller()
    await on_the_line(lambda call: call.transfer(target), caller)
    assert caller.variables["HOTLINE_NEXT"] == target


async def test_hanging_up_from_our_side() -> None:
    caller = AgiCaller()
    await on_the_line(lambda call: call.hang_up(), caller)
    assert caller.hung
    assert caller.variables["HOTLINE_NEXT"] == ""


async def test_a_missing_sound_is_our_bug_and_the_caller_gets_a_person() -> None:
    caller = AgiCaller(missing=frozenset({"/zh/welcome-2"}))
    with structlog.testing.capture_logs() as logs:
        await on_the_line(lambda call: call.say(WELCOME), caller)
    assert caller.variables["HOTLINE_NEXT"] == "queue"
    assert [entry["event"] for entry in logs] == ["a dialogue failed; its caller goes to the queue"]


async def test_an_exception_of_ours_costs_the_caller_nothing() -> None:
    async def broken(call: AgiCall) -> object:
        await call.say(WELCOME)
        raise ZeroDivisionError

    caller = AgiCaller()
    await on_the_line(broken, caller)
    assert caller.variables["HOTLINE_NEXT"] == "queue"


async def test_stopping_the_server_leaves_the_call_to_the_dialplan() -> None:
    talking = asyncio.Event()

    async def talk(call: AgiCall) -> None:
        talking.set()
        await asyncio.Event().wait()

    server = AgiServer("127.0.0.1", 0, {"reception": talk}, sounds=two_files, messages=Path("/messages"))
    await server.start()
    caller = AgiCaller()
    calling = asyncio.create_task(caller.call(server.port))
    await talking.wait()
    await server.stop()
    await calling
    assert caller.variables["HOTLINE_NEXT"] == "fallback"


async def test_a_message_is_recorded_into_the_message_folder() -> None:
    caller = AgiCaller()
    result, _ = await on_the_line(lambda call: call.record("message-7", seconds=60), caller)
    assert result == [Recording("message-7.wav", 2.0)]
    assert 'RECORD FILE "/messages/message-7" wav "#" 60000 BEEP s=3' in caller.commands


async def test_a_message_outside_its_folder_is_refused() -> None:
    result, _ = await on_the_line(lambda call: call.record("../../etc/x", seconds=60), AgiCaller())
    assert [type(one) for one in result] == [ValueError]
