"""What outlives every process: the commands that were sent, what was answered, what the outside world got.

Each line is one write to a file opened for appending: it is there whole, or not at all, also when the process
is killed right after.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.booking.commands import Book, Cancel, Change, Command, Hold, Outcome, packed, unpacked
from core.values import Phone

VERBS: dict[str, type[Command]] = {one.__name__: one for one in (Hold, Book, Change, Cancel)}


@dataclass(frozen=True)
class Answer:
    """An outcome, or the code of a refusal."""

    outcome: Outcome | None
    refused: str | None = None


class Ledger:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _append(self, name: str, line: dict[str, Any]) -> None:
        handle = os.open(self._folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, json.dumps(line).encode() + b"\n")
        finally:
            os.close(handle)

    def _lines(self, name: str) -> list[dict[str, Any]]:
        path = self._folder / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    # --- the bookers': written before a command goes out, and before its sender goes on

    def sent(self, command: Command) -> None:
        words = {
            name: value.digits if isinstance(value, Phone) else value for name, value in vars(command).items()
        }
        self._append("sent", {"verb": type(command).__name__, **words})

    def answered(self, key: str, answer: Answer) -> None:
        outcome = packed(answer.outcome) if answer.outcome else None
        self._append("answered", {"key": key, "outcome": outcome, "refused": answer.refused})

    def commands(self) -> dict[str, Command]:
        """All that were ever sent, by key."""
        found = {}
        for line in self._lines("sent"):
            kind = VERBS[line.pop("verb")]
            if line.get("contact"):
                line["contact"] = Phone(line["contact"])
            found[line["key"]] = kind(**line)
        return found

    def answers(self) -> dict[str, list[Answer]]:
        """All that a caller ever heard, by key: a repeat was answered again."""
        found: dict[str, list[Answer]] = {}
        for line in self._lines("answered"):
            outcome = unpacked(line["outcome"]) if line["outcome"] else None
            found.setdefault(line["key"], []).append(Answer(outcome, line["refused"]))
        return found

    # --- the outside world's

    def texted(self, parcel: str, key: str) -> None:
        """A gateway has this text. parcel: of which delivery; key: what it would drop a repeat by."""
        self._append("texted", {"parcel": parcel, "key": key})

    def texts(self) -> list[tuple[str, str]]:
        return [(line["parcel"], line["key"]) for line in self._lines("texted")]

    # --- the reaper's, and what must not be

    def died(self, point: str) -> None:
        self._append("deaths", {"point": point})

    def deaths(self) -> list[str]:
        return [line["point"] for line in self._lines("deaths")]

    def wrong(self, what: str) -> None:
        self._append("wrong", {"what": what})

    def wrongs(self) -> list[str]:
        return [line["what"] for line in self._lines("wrong")]
