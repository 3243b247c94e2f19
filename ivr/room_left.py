"""Counts on from what was last told to be left: the last number that goes and the first to come are news."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.schedule.view import OpenSession

MOST = 20_000


@dataclass(frozen=True)
class News:
    """session: it has become full, or is so no more. department: so have all its sessions."""

    session: bool = False
    department: bool = False
    department_id: int = 0
    hospital_id: int = 0


NO_NEWS = News()


class RoomLeft:
    """What is sold by others it does not hear of: it counts between two looks, a few seconds apart."""

    def __init__(self) -> None:
        self._where: dict[int, tuple[int, int]] = {}  # session: its hospital and department
        self._left: dict[int, dict[int, int]] = {}  # department: how many each session has

    def told(self, department_id: int, sessions: Sequence[OpenSession]) -> None:
        """All that a department has left; of sessions that are not among them, nothing."""
        if len(self._where) > MOST:
            self._where.clear()
            self._left.clear()
        left = self._left.setdefault(department_id, {})
        left.update(dict.fromkeys(left, 0))
        for one in sessions:
            left[one.session_id] = one.left
            self._where[one.session_id] = (one.hospital_id, department_id)

    def count(self, session_id: int, by: int) -> News:
        """by: -1 for a number that was taken, 1 for one that was given back."""
        if session_id not in self._where:
            return NO_NEWS
        hospital_id, department_id = self._where[session_id]
        left = self._left[department_id]
        before, after = left[session_id], max(0, left[session_id] + by)
        left[session_id] = after
        session = (before > 0) is not (after > 0)
        alone = not any(number for other, number in left.items() if other != session_id)
        return News(session, session and alone, department_id, hospital_id)
