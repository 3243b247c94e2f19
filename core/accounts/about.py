"""What somebody writes of a person in a form: read, and checked against their papers; pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from core.errors import WrongInput
from core.people.rules import agrees
from core.values import Identity, IdentityKind, identity

# The cards of R-176, in the order of the forms.
CARDS = ("health", "insurance", "citizen")
CARD = re.compile(r"[A-Z0-9]{6,30}")
LONGEST_NAME, LONGEST_ADDRESS = 40, 100
# PIPL art. 31: below this age a guardian agrees, and so a guardian has the account.
OWN_ACCOUNT_YEARS = 14


@dataclass(frozen=True)
class About:
    """A person as a form tells of them. identity: None for somebody whose papers are not at hand."""

    name: str
    identity: Identity | None = field(repr=False)
    sex: str | None
    birth_date: date | None


def read(
    *, name: str, kind: str, number: str, sex: str, birth_date: str, today: date, demo: bool = False
) -> About:
    """The fields of a form. An empty number is no papers; sex and birth date may stand in the number.

    birth_date: as ISO 8601 writes it. Raises WrongInput, naming the field; IdentityInvalid also when sex
    or birth date are not those that the number carries.
    """
    said = " ".join(name.split())
    if not 1 <= len(said) <= LONGEST_NAME or not said.isprintable():
        raise WrongInput(facts={"field": "name", "why": "long" if said else "empty"})
    papers = None
    if number.strip():
        if kind not in {one.value for one in IdentityKind}:
            raise WrongInput(facts={"field": "identity_kind", "why": "unknown"})
        papers = identity(IdentityKind(kind), number, demo=demo)
    born, which = _day(birth_date, today), sex if sex in ("male", "female") else None
    if papers is not None:
        agrees(papers, sex=which, birth_date=born)
        born, which = born or papers.birth_date, which or papers.sex
    if born is None:
        raise WrongInput(facts={"field": "birth_date", "why": "empty"})
    if which is None:
        raise WrongInput(facts={"field": "sex", "why": "empty"})
    return About(said, papers, which, born)


def _day(typed: str, today: date) -> date | None:
    if not typed.strip():
        return None
    try:
        day = date.fromisoformat(typed.strip())
    except ValueError:
        raise WrongInput(facts={"field": "birth_date", "why": "shape"}) from None
    if not date(1890, 1, 1) <= day <= today:
        raise WrongInput(facts={"field": "birth_date", "why": "shape"})
    return day


def own_account(about: About, today: date) -> Identity:
    """The papers of somebody who may have an account. Raises WrongInput."""
    if about.identity is None:
        raise WrongInput(facts={"field": "identity", "why": "empty"})
    if about.identity.kind is IdentityKind.HOUSEHOLD:
        raise WrongInput(facts={"field": "identity_kind", "why": "household"})
    if about.birth_date is None or years(about.birth_date, today) < OWN_ACCOUNT_YEARS:
        raise WrongInput(facts={"field": "birth_date", "why": "child"})
    return about.identity


def years(born: date, day: date) -> int:
    """Full years of age on a day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def cards(typed: Mapping[str, str]) -> dict[str, str]:
    """Card numbers by kind, as they are kept; what was left empty is not there. Raises WrongInput."""
    read_cards: dict[str, str] = {}
    for kind in CARDS:
        number = re.sub(r"[\s-]", "", typed.get(kind, "")).upper()
        if number and not CARD.fullmatch(number):
            raise WrongInput(facts={"field": "card", "why": "shape"})
        if number:
            read_cards[kind] = number
    return read_cards


def address(typed: str) -> str:
    """One line. Raises WrongInput."""
    line = " ".join(typed.split())
    if len(line) > LONGEST_ADDRESS or not line.isprintable():
        raise WrongInput(facts={"field": "address", "why": "long"})
    return line
