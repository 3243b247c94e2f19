"""What a caller pressed: the rules of an entry, and the keys that wait for the next one. Pure."""

from collections import deque

from ivr.call import END, PERSON, REPEAT


class Entry:
    """One answer being pressed, key by key. The rules are those of `Call.ask`."""

    def __init__(self, digits: int, *, star: bool = False) -> None:
        self.answer = ""
        self.complete = False
        self._digits = digits
        self._star_counts = star or digits == 1

    @property
    def full(self) -> bool:
        return len(self.answer) == self._digits

    def press(self, key: str) -> None:
        if key == END:
            self.complete = True
        elif key == REPEAT and not self._star_counts:
            # First it asks for the question again; in the middle of a number it is a slip.
            if not self.answer:
                self.answer, self.complete = REPEAT, True
        else:
            self.answer += key
            self.complete = self.full or self.answer == PERSON


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
