"""How long to wait before the next try: longer each time, with chance, so that nobody knocks in step."""

from core.ports import Chance


class Backoff:
    """Waits that double from first_s up to most_s, each shortened by up to a half by chance."""

    def __init__(self, chance: Chance, *, first_s: float, most_s: float) -> None:
        self._chance = chance
        self._first_s = first_s
        self._most_s = most_s
        self._tries = 0

    def next_s(self) -> float:
        whole: float = min(self._most_s, self._first_s * 2 ** min(self._tries, 30))
        self._tries += 1
        return whole * self._chance.number(500, 1000) / 1000

    def reset(self) -> None:
        """All is well again: the next failure is a first one."""
        self._tries = 0
