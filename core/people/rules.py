"""Who is an elder, whether papers agree with what was said; pure."""

import re
from datetime import date

from core.errors import IdentityInvalid
from core.values import Identity

ELDER_YEARS = 65


def agrees(identity: Identity, *, sex: str | None, birth_date: date | None) -> None:
    """Sex and birth date must be those the number carries. Raises IdentityInvalid."""
    if identity.birth_date and birth_date and identity.birth_date != birth_date:
        raise IdentityInvalid(facts={"field": "birth_date"})
    if identity.sex and sex and identity.sex != sex:
        raise IdentityInvalid(facts={"field": "sex"})


def same_name(one: str, other: str) -> bool:
    """Names are compared without spaces and the dots of names from other languages."""
    return re.sub(r"[\s·•.]", "", one) == re.sub(r"[\s·•.]", "", other)


def is_elder(birth_date: date | None, marked: bool, day: date) -> bool:
    """65 or older on that day, or marked as wanting a person at once."""
    if marked or birth_date is None:
        return marked
    years = day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))
    return years >= ELDER_YEARS
