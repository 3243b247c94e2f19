"""The state of a case as its log tells it: one step for each kind of event; pure.

`fold` reads what each event says of each thing, and nothing else: no clock, no table, no rule of the trade
that may be another one tomorrow.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from core.cases.facts import Fact
from core.cases.fold_care import CARE
from core.cases.fold_contacts import CONTACTS
from core.cases.fold_money import MONEY
from core.cases.fold_visits import VISITS
from core.cases.folding import Folding

Step = Callable[[Folding, Fact], None]
STEPS: Mapping[str, Step] = {**VISITS, **MONEY, **CONTACTS, **CARE}


def fold(facts: Iterable[Fact]) -> Folding:
    """What a log amounts to. An event that is not in STEPS changes no state of ours."""
    state = Folding()
    for fact in facts:
        taken(state, fact)
    return state


def folds(facts: Iterable[Fact]) -> Iterator[Folding]:
    """The state after each fact; the same object each time, further on."""
    state = Folding()
    for fact in facts:
        taken(state, fact)
        yield state


def taken(state: Folding, fact: Fact) -> None:
    """One fact further."""
    if (step := STEPS.get(fact.kind)) is not None:
        step(state, fact)
