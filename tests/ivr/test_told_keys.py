"""Keys that the switch tells of twice count once, whatever it throws away, stretches or puts off."""

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.told_keys import ToldKeys


def test_a_key_that_was_put_off_and_given_back_counts_once() -> None:
    told = ToldKeys()
    assert told.took("5") == "5"
    assert told.more("52") == "2"
    assert told.unsure
    assert told.gave("2", "522", settling=True) == ""
    assert (told.owed, told.unsure, told.seen) == ("", False, 3)


def test_the_same_key_pressed_again_after_one_that_was_thrown_away_counts_twice() -> None:
    told = ToldKeys()
    assert told.more("1") == "1"
    told.settled()
    assert told.gave("1", "11") == "1"
    assert told.owed == ""


def test_the_same_key_after_one_that_a_command_returned_counts_by_itself() -> None:
    told = ToldKeys()
    assert told.more("2") == "2"
    told.settled()
    assert told.gave("1", "211") == "11"
    assert told.owed == "1"


def test_a_key_that_is_stretched_for_long_answers_nothing_when_it_is_returned() -> None:
    told = ToldKeys()
    assert told.more("5") == "5"
    told.settled()
    assert told.gave("5", "5") == ""
    assert not told.owed


def test_a_fresh_key_may_pass_one_that_was_put_off() -> None:
    told = ToldKeys()
    told.took("5")
    assert told.more("52") == "2"
    assert told.gave("1", "521", settling=True) == "1"
    assert told.unsure
    assert told.gave("2", "5212", settling=True) == ""
    assert not told.unsure


def test_a_key_that_came_and_was_put_off_and_given_back_since_we_looked_counts_once() -> None:
    told = ToldKeys()
    assert told.more("4") == "4"
    assert told.gave("9", "499", settling=True) == "9"
    assert told.gave("4", "499", settling=True) == ""
    assert not told.unsure


@pytest.mark.parametrize(
    ("digits", "ended", "appended", "keys"),
    [
        ("412", False, "1412", "412"),
        ("41", True, "141#", "41#"),
        ("", True, "1#", "#"),
        ("", False, "1", ""),
        ("412", False, "14121", "4121"),  # one more, before we asked
    ],
)
def test_what_was_collected_by_one_command(digits: str, ended: bool, appended: str, keys: str) -> None:
    told = ToldKeys()
    told.took("1")
    assert told.read(digits, appended, ended=ended) == keys
    assert told.seen == len(appended)


def test_a_stretched_key_that_a_collection_begins_with_was_used_already() -> None:
    told = ToldKeys()
    assert told.more("1") == "1"
    told.settled()
    assert told.read("141", "141", ended=False) == "41"


@pytest.mark.parametrize(
    ("appended", "keys"), [("1233", "123"), ("123123", "123"), ("1212", "12"), ("11", "1"), ("1213", "123")]
)
def test_what_repeats_while_nobody_listens_counts_once(appended: str, keys: str) -> None:
    assert ToldKeys().more(appended) == keys


def test_what_repeats_while_a_command_listens_was_pressed_so_often() -> None:
    told = ToldKeys()
    assert told.more("11", listened=True) == "11"
    assert not told.unsure


@dataclass
class Switch:
    """What 22.10 makes of keys, by its own rules: one instant after the other, a command listening or not."""

    appended: str = ""
    returned: list[str] = field(default_factory=list)
    put_off: list[str] = field(default_factory=list)
    stretched: str = ""

    def end(self, key: str, *, listening: bool, close: bool, begun: bool) -> None:
        """A tone ends. close: within 45 ms of the one before. begun: it began while a command listened."""
        self.appended += key
        if self.stretched or (close and not listening):
            self.put_off.append(key)
        elif listening:
            self.returned.append(key)
        elif begun:
            self.stretched = key

    def idle(self) -> None:
        """A tenth of a second in which no command listens."""
        if self.stretched:
            self.stretched = ""  # thrown away when it ends
        elif self.put_off:
            self.stretched = self.put_off.pop(0)
            self.appended += self.stretched

    def listen(self) -> str:
        """A command listens until a key is returned or nothing more comes."""
        if not self.returned and self.stretched:
            self.returned.append(self.stretched)
            self.stretched = ""
        elif not self.returned and self.put_off:
            self.appended += self.put_off[0]
            self.returned.append(self.put_off.pop(0))
        return self.returned.pop(0) if self.returned else ""


# Who presses the same key twice while nobody listens is heard once, so nobody does here.
MOMENT = st.tuples(st.sampled_from("0123456789*#"), st.booleans(), st.booleans(), st.booleans())
ROUND = st.tuples(st.lists(MOMENT, max_size=3, unique_by=lambda moment: moment[0]), st.integers(0, 9))
SOON = 2  # so many keys come before we ask, the others while we hear what is given back


@given(st.lists(ROUND, max_size=12))
def test_no_key_counts_too_often_and_none_is_lost_whatever_the_switch_makes_of_it(
    rounds: list[tuple[list[tuple[str, bool, bool, bool]], int]],
) -> None:
    """In each round keys are pressed between two commands, the first perhaps while one listens; then we ask."""
    switch, told, pressed, heard = Switch(), ToldKeys(), "", ""
    for keys, idle in rounds:
        for place, (key, listening, close, begun) in enumerate(keys[:SOON]):
            listens = listening and place == 0 and not switch.stretched
            switch.end(key, listening=listens, close=close and place > 0, begun=begun and place == 0)
            pressed += key
        for _ in range(idle):
            switch.idle()
        returned = switch.returned.pop(0) if switch.returned else ""
        if returned and not told.owed:
            heard += told.took(returned)
        elif returned:
            heard += told.gave(returned, switch.appended[: told.seen + 1])
        if told.seen < len(switch.appended):
            heard += told.more(switch.appended)
        later = keys[SOON:]
        while told.unsure:
            if later:
                key, _, close, begun = later.pop()
                switch.end(key, listening=False, close=close, begun=begun)
                pressed += key
                for _ in range(idle % 3):
                    switch.idle()
            back = switch.listen()
            if back:
                heard += told.gave(back, switch.appended, settling=True)
            elif new := told.more(switch.appended):
                heard += new
            else:
                told.settled()
    assert Counter(heard) <= Counter(pressed)
    assert set(heard) == set(pressed)
