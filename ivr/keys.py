"""What a caller pressed: the rules of an entry, and the keys that wait for the next one. Pure."""

from collections import deque

from ivr.call import END, PERSON, REPEAT


class Entry:
    """One answer being pressed, key by key. The rules are those of `Call.ask`."""

    def __init__(self, digits: int, *, star: bool = False, leading_zero: bool = False) -> None:
        self.answer = ""
        self.complete = False
        self._digits = digits
        # Keys that say something else than a digit when they come first.
        self._commands = END + ("" if star else REPEAT) + ("" if leading_zero else PERSON)
        self._star = star

    @property
    def full(self) -> bool:
        return len(self.answer) == self._digits

    @property
    def plain(self) -> bool:
        """Whether no key but END ends it before it is full."""
        return self._digits > 1 and self._commands == END

    @property
    def lacks(self) -> int:
        """How many keys at most are still to come."""
        return self._digits - len(self.answer)

    def press(self, key: str) -> None:
        if self._digits == 1 or (not self.answer and key in self._commands):
            self.answer, self.complete = key, True
        elif key == END:
            self.complete = True
        elif key != REPEAT or self._star:  # else a slip in the middle of a number
            self.answer += key
            self.complete = self.full


class Keys:
    """Keys that were pressed and not used yet, in order."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._habit = False

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def press(self, keys: str) -> None:
        for key in keys:
            # Who has just filled a long number often presses # all the same: it is not the next answer.
            if not (self._habit and key == END):
                self._waiting.append(key)
            self._habit = False

    def fill(self, entry: Entry) -> None:
        """Give the entry what it takes; the rest stays."""
        while self._waiting and not entry.complete:
            entry.press(self._waiting.popleft())
        if entry.full and len(entry.answer) > 1:
            if self._waiting and self._waiting[0] == END:
                self._waiting.popleft()
            else:
                self._habit = not self._waiting

    def forget(self) -> None:
        self._waiting.clear()
        self._habit = False
