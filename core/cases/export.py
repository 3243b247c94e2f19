"""A case as a file: its log without anything that names a person, and the hash that the log must give; pure.

What staff or patients wrote in their own words is left out, and keys that were pressed are a count, but for
the one or two of a menu.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from core.cases.facts import Fact, Order
from core.cases.fold import fold
from core.cases.state import Things, canonical, state_hash
from core.errors import WrongInput

FORMAT = "hotline-case/1"
# Fields of free words, and of names that only an outside party gave.
_FREE = {
    "seal.opened": ("reason",),
    "supervisor.acted": ("reason",),
    "session.stopped": ("reason",),
    "interaction.moved": ("detail",),
    "interaction.opened": ("linked_id",),
}
_MENU_KEYS = 2


def exported(facts: Sequence[Fact]) -> str:
    """The file's text. Folding what is left out changes no state."""
    told = fold(facts).things
    made = {
        "format": FORMAT,
        "hash": state_hash(told),
        "state": json.loads(canonical(told)),
        "log": [_line(fact) for fact in facts],
    }
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def _line(fact: Fact) -> dict[str, Any]:
    return {
        "order": list(fact.order),
        "at": fact.at.isoformat(),
        "kind": fact.kind,
        "channel": fact.channel,
        "interaction_id": fact.interaction_id,
        "body": _bare(fact),
    }


def _bare(fact: Fact) -> dict[str, Any]:
    free = _FREE.get(fact.kind, ())
    body: dict[str, Any] = {
        name: "" if name in free and value else value for name, value in fact.body.items()
    }
    if "steps" in body:
        body["steps"] = [_step(taken) for taken in body["steps"]]
    return body


def _step(taken: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of a menu stay; a longer number is a count, as it is of a secret field."""
    keys = taken.get("keys")
    if isinstance(keys, str) and len(keys) > _MENU_KEYS:
        return {**{name: value for name, value in taken.items() if name != "keys"}, "keyed": len(keys)}
    return dict(taken)


class Replayed:
    """A file, told again: what it amounts to now, and what it said itself."""

    def __init__(self, facts: Sequence[Fact], said: str) -> None:
        self.facts = facts
        self.said = said
        self.told: Things = fold(facts).things

    @property
    def hash(self) -> str:
        return state_hash(self.told)

    @property
    def same(self) -> bool:
        return self.hash == self.said


def imported(text: str) -> Replayed:
    """Read a file and fold its log. Raises WrongInput (facts: field) for what is no such file."""
    try:
        read = json.loads(text)
        if read["format"] != FORMAT:
            raise WrongInput(facts={"field": "format"})
        facts = [
            Fact(
                Order(*line["order"]),
                datetime.fromisoformat(line["at"]),
                str(line["kind"]),
                line["body"],
                line["channel"],
                line["interaction_id"],
            )
            for line in read["log"]
        ]
        return Replayed(sorted(facts, key=lambda fact: fact.order), str(read["hash"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongInput(facts={"field": "file"}) from error
