"""Whether two stores made the same of a history: all rows, all answers, but for ids and tokens; pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.booking.commands import Outcome
from core.errors import Refusal
from core.sealing import Sealer
from tests.stores.playing import Told
from tests.stores.steps import History, said
from tests.stores.tables import WRITTEN, Row

# Which names hold an id of what.
_OF = {
    "appointment_id": "appointment", "replaces": "appointment", "replaced_by": "appointment",
    "replaces_id": "appointment", "replaced_by_id": "appointment", "made_id": "appointment",
    "hold_id": "hold", "payment_id": "payment", "refund_id": "refund", "journal_id": "journal",
    "rule_row_id": "booking_rule", "row_id": "booking_rule",
}  # fmt: skip
_NUMBERED = (
    "appointment",
    "payment",
    "refund",
    "journal",
    "booking_rule",
    "credit_event",
    "blacklist_entry",
    "outbox",
)


@dataclass
class Picture:
    """All that a history left, without what may differ between two runs of it."""

    answers: list[str] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=dict)


def picture(told: Told, sealer: Sealer) -> Picture:
    """Ids are places in the order of making; tokens, serials and fingerprints are names; seals are opened."""
    namer = _Namer(told, sealer)
    found = Picture([f"{said(step)} -> {namer.answer(answer)}" for step, answer in told.answers])
    for table in WRITTEN:
        rows = [namer.row(table, row) for row in told.rows[table]]
        found.rows[table] = sorted(rows, key=_place)
    return found


def _place(row: Row) -> str:
    place = row.get("id", row.get("key", row.get("slot_id", "")))
    return f"{place:09}" if isinstance(place, int) else json.dumps(row, default=str, sort_keys=True)


class _Namer:
    def __init__(self, told: Told, sealer: Sealer) -> None:
        self._sealer, self._fingerprints = sealer, told.fingerprints
        self._names: dict[str, dict[Any, Any]] = {
            table: {one: place for place, one in enumerate(sorted(row["id"] for row in told.rows[table]), 1)}
            for table in _NUMBERED
        }
        journal = sorted(told.rows["journal"], key=lambda row: int(row["id"]))
        held = [json.loads(row["body"])["hold_id"] for row in journal if row["kind"] == "slot.held"]
        self._names["hold"] = {one: f"hold {place}" for place, one in enumerate(held, 1)}
        appointments = self._names["appointment"]
        self._serials = {
            row["serial"]: f"serial {appointments[row['id']]}" for row in told.rows["appointment"]
        }

    def row(self, table: str, row: Row) -> Row:
        named = self._named(row)
        if "id" in row:
            named["id"] = self._names.get(table, {}).get(row["id"], row["id"])
        named.pop("transaction", None)
        return named

    def answer(self, answer: Any) -> str:
        if isinstance(answer, Refusal):
            rule = self._named(vars(answer.rule)) if answer.rule else None
            return f"{answer.code} by {rule} {self._named(answer.facts)}"
        if isinstance(answer, Exception):
            return f"failed: {type(answer).__name__} {answer}"
        if isinstance(answer, Outcome):
            return f"{type(answer).__name__} {self._named(vars(answer))}"
        return str(answer)

    def _named(self, words: Mapping[str, Any]) -> Row:
        return {name: self._value(name, value) for name, value in words.items()}

    def _value(self, name: str, value: Any) -> Any:
        if name in _OF and value is not None:
            return self._names[_OF[name]].get(value, value)
        if name == "serial":
            return self._serials.get(value, value)
        if name == "fingerprint":
            return f"of {self._fingerprints.get(value, value)}"
        if name == "contact_sealed":
            return self._sealer.open(bytes(value), "phone")
        if name in ("body", "outcome", "promised"):
            value = json.loads(value) if isinstance(value, str) else value
            return self._named(value)
        return value


def differences(one: Picture, other: Picture) -> list[str]:
    """What is not the same, a line for each; empty: nothing."""
    found = list(_between("answers", one.answers, other.answers))
    for table in WRITTEN:
        found += _between(table, one.rows[table], other.rows[table])
    return found


def _between(of: str, one: list[Any], other: list[Any]) -> Iterable[str]:
    if len(one) != len(other):
        yield f"{of}: {len(one)} against {len(other)}"
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left == right:
            continue
        if isinstance(left, dict):
            differing = {name: (left[name], right[name]) for name in left if left[name] != right.get(name)}
            yield f"{of} {place + 1}: {differing}"
        else:
            yield f"{of} {place + 1}:\n      {left}\n      {right}"


def failures(told: Told) -> list[str]:
    """What no store may do: answer neither with an outcome nor with a refusal, log an error."""
    return [f"logged: {line}" for line in told.complaints] + [
        f"{said(step)} -> {type(answer).__name__}: {answer}"
        for step, answer in told.answers
        if isinstance(answer, Exception) and not isinstance(answer, Refusal)
    ]


def shorter(history: History) -> Iterable[History]:
    """The same history with something left out, what is most first."""
    steps = history.steps
    for size in (len(steps) // 2, 1):
        for first in range(0, len(steps) - size + 1, max(size, 1)):
            if size:
                yield replace(history, steps=steps[:first] + steps[first + size :])
    for place in range(len(history.town.rules)):
        rules = history.town.rules[:place] + history.town.rules[place + 1 :]
        yield replace(history, town=replace(history.town, rules=rules))
