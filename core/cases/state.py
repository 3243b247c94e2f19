"""The state of a case: things by kind and id, each with what is told of it; its JSON, its hash; pure.

Only what was told is there: a thing whose beginning the log does not have shows what happened to it later
and nothing else. So two states are compared field by field, over the fields that the log knows.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# kind, id, field
Things = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Difference:
    """One field on which log and tables do not agree; None: there is no such thing there."""

    what: str
    id: str
    field: str
    told: Any
    live: Any


def canonical(things: Things) -> str:
    """The one way to write a state: keys sorted, nothing empty, no spaces."""
    kept = {
        what: {id_: dict(fields) for id_, fields in known.items() if fields} for what, known in things.items()
    }
    return json.dumps(
        {what: known for what, known in kept.items() if known},
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )


def state_hash(things: Things) -> str:
    """BLAKE2b of the canonical JSON, 32 hexadecimal digits: the same in every process, on both databases."""
    return hashlib.blake2b(canonical(things).encode(), digest_size=16).hexdigest()


def fields_of(things: Things) -> Iterator[tuple[str, str, str]]:
    """Every field there is: what, id, name; in order."""
    for what in sorted(things):
        for id_ in sorted(things[what]):
            for field in sorted(things[what][id_]):
                yield what, id_, field


def narrowed(things: Things, to: Things) -> dict[str, dict[str, dict[str, Any]]]:
    """Of `things` only the fields that `to` has: what the tables must say of what a log knows."""
    kept: dict[str, dict[str, dict[str, Any]]] = {}
    for what, id_, field in fields_of(to):
        known = things.get(what, {}).get(id_)
        if known is not None and field in known:
            kept.setdefault(what, {}).setdefault(id_, {})[field] = known[field]
    return kept


def differences(told: Things, live: Things) -> list[Difference]:
    """Where a folded log and the tables disagree, over the fields that the log knows."""
    found = []
    for what, id_, field in fields_of(told):
        here = live.get(what, {}).get(id_, {}).get(field)
        if here != told[what][id_][field]:
            found.append(Difference(what, id_, field, told[what][id_][field], here))
    return found
