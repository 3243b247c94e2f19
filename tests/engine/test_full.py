"""What memory keeps of a refusal is its words, and nothing of the moment in which it was said."""

from datetime import UTC, datetime

import pytest

from core.booking.commands import Hold
from core.booking.group.full import Full, asked_of
from core.errors import SlotFull
from core.values import Actor, ActorKind, Channel

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
CALLER = Actor(ActorKind.PATIENT, "ivr", Channel.PHONE)


def test_a_refusal_that_is_remembered_holds_nothing_of_its_moment() -> None:
    wanted, full = Hold(session_id=1, owner="call:1"), Full()
    with pytest.raises(SlotFull) as raised:
        raise SlotFull(facts={"session_id": 1})
    full.learn(wanted, CALLER, NOW, raised.value, full.mark)
    kept = full.says(asked_of(wanted, Channel.PHONE), NOW)
    assert isinstance(kept, SlotFull)
    assert (kept.rule, kept.facts) == (raised.value.rule, raised.value.facts)
    assert raised.value.__traceback__ is not None
    assert kept.__traceback__ is None
