"""Refusals: how the engine says no, each with a code that never changes.

A refusal carries the row of the rule that said no (when a rule did) and the facts its words need.
Every face has words for every code; a test walks over `all_codes()` and asks each face.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class RuleRef:
    """The rule row that decided: what an operator can quote and a supervisor can look up."""

    key: str
    value: str
    hospital_id: int | None  # None: the common rule
    row_id: int | None  # None: the default that applies where no row exists


@dataclass(eq=False)
class Coded(Exception):
    """What every face has words for. `facts` are plain values without personal data, for those words."""

    code: ClassVar[str] = ""
    rule: RuleRef | None = None
    facts: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code} {dict(self.facts)}" + (
            f" by {self.rule.key}={self.rule.value}" if self.rule else ""
        )


class Refusal(Coded):
    """The engine's no."""


class DeskRefusal(Refusal):
    """A no that only staff can meet: pages have words for it, the voice and the texts never say it."""


class PageRefusal(Refusal):
    """A no that only somebody before a page can meet: the voice and the texts never say it."""
