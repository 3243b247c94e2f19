"""Refusals: how the engine says no, each with a code that never changes."""

# ruff: noqa: F403 the rooms of one house: whoever names a refusal need not know in which it lives
from core.errors.base import *
from core.errors.base import Coded, DeskRefusal, PageRefusal, Refusal
from core.errors.booking import *
from core.errors.keeping import *
from core.errors.patients import *
from core.errors.staff import *
from core.errors.storage import *
from core.errors.storage import StorageAway


def all_refusals() -> list[type[Coded]]:
    """Every kind of refusal there is, and what is none but is told in the same way."""
    kinds = [kind for kind in Refusal.__subclasses__() if kind.code]
    return [*kinds, StorageAway, *PageRefusal.__subclasses__(), *DeskRefusal.__subclasses__()]


def all_codes() -> list[str]:
    """Every code that may reach a patient by any way: a face must have words for it."""
    return [kind.code for kind in all_refusals() if not issubclass(kind, DeskRefusal | PageRefusal)]
