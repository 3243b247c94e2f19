"""The rule book of one hospital: its own rows over the common ones, and what they say; pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from core.credit.keys import KEYS, Named, named, parsed
from core.credit.periods import CheckPeriod
from core.errors import RuleRef
from core.values import local


@dataclass(frozen=True)
class RuleRow:
    """One row: the seven attributes of R-158, and its id."""

    id: int
    key: str
    value: str
    state: str = "on"
    priority: int = 0
    hospital_id: int | None = None
    period_type: str | None = None
    period_value: int | None = None


@dataclass(frozen=True)
class Ruling:
    """What a rule says in a case: the typed value, the row that says so, its check period."""

    value: Any
    ref: RuleRef
    period: CheckPeriod | None = None


@dataclass(frozen=True)
class _Candidate:
    named: Named
    row: RuleRow
    value: Any
    period: CheckPeriod | None


PROMISED = ("cancel.deadline", "change.deadline", "change.max", "checkin.from", "checkin.cutoff")

_read_key = lru_cache(maxsize=4096)(named)


class RuleBook:
    """Answers what each rule is for one hospital.

    A key's own rows override its common rows (R-157); among rows that fit, the one with more
    qualifiers wins, then the larger priority, then the newer. With `rules.resolution` set to
    whole-set, a hospital that has any row of its own uses none of the common ones.
    """

    def __init__(
        self, rows: Iterable[RuleRow], hospital_id: int | None, is_working: Callable[[date], bool]
    ) -> None:
        self.hospital_id = hospital_id
        self.is_working = is_working
        self._rows: dict[str, list[_Candidate]] = {}
        self._asks: dict[str, frozenset[str]] = {}
        # A booking asks some thirty rules twice, and the rows of a book never change.
        self._known: dict[tuple[str | None, ...], Ruling] = {}
        for row in rows:
            if row.state == "on" and row.hospital_id in (None, hospital_id):
                key = _read_key(row.key)
                period = CheckPeriod.parse(row.period_type, row.period_value) if row.period_type else None
                self._rows.setdefault(key.name, []).append(
                    _Candidate(key, row, parsed(key.name, row.value), period)
                )
        if self.ruling("rules.resolution").value == "whole-set":
            own = {
                name: [c for c in found if c.row.hospital_id is not None]
                for name, found in self._rows.items()
            }
            if any(own.values()):
                self._rows = own
                self._known.clear()
        self._asks = self._qualifiers()

    def _qualifiers(self) -> dict[str, frozenset[str]]:
        """What the answer of each rule depends on: the words by which its rows tell cases apart."""
        return {
            name: frozenset(word for candidate in found for word, _ in candidate.named.qualifiers)
            for name, found in self._rows.items()
        }

    def ruling(
        self,
        name: str,
        *,
        kind: str | None = None,
        department: str | None = None,
        half: str | None = None,
        channel: str | None = None,
        now: datetime | None = None,
    ) -> Ruling:
        """What the rule says for a number kind, a department's standard code, a half-day, a channel
        and a moment.

        A department qualifier fits every department whose code begins with it: 07 is all of
        paediatrics. A clock qualifier fits while its hours last.
        """
        asks = self._asks.get(name)
        if not asks:
            return self._answer((name, None, None, None, None, None))
        return self._answer(
            (
                name,
                kind if "kind" in asks else None,
                department if "department" in asks else None,
                half if "half" in asks else None,
                channel if "channel" in asks else None,
                f"{local(now):%H:%M}" if now and "clock" in asks else None,
            )
        )

    def _answer(self, case: tuple[str | None, ...]) -> Ruling:
        known = self._known.get(case)
        if known is None:
            known = self._known[case] = self._find(case)
        return known

    def _find(self, asked: tuple[str | None, ...]) -> Ruling:
        name = str(asked[0])
        case = dict(zip(("kind", "department", "half", "channel", "clock"), asked[1:], strict=True))
        fitting = [c for c in self._rows.get(name, ()) if _fits(c.named, case)]
        own = [c for c in fitting if c.row.hospital_id is not None]
        spec = KEYS[name]
        usual = CheckPeriod(*spec.period) if spec.period else None
        if not fitting:
            return Ruling(parsed(name, spec.default), RuleRef(name, spec.default, None, None), usual)
        best = max(own or fitting, key=lambda c: (len(c.named.qualifiers), c.row.priority, c.row.id))
        ref = RuleRef(best.row.key, best.row.value, best.row.hospital_id, best.row.id)
        return Ruling(best.value, ref, best.period or usual)

    def every(self, name: str) -> list[Any]:
        """Each value the rule may have here, whatever the case: its rows' and the default."""
        return [parsed(name, KEYS[name].default), *(c.value for c in self._rows.get(name, ()))]

    def deadline(
        self,
        name: str,
        day: date,
        starts_at: datetime,
        *,
        kind: str | None = None,
        department: str | None = None,
        half: str | None = None,
    ) -> datetime | None:
        """The instant of a deadline rule for a visit; None: it never comes."""
        ruling = self.ruling(name, kind=kind, department=department, half=half)
        instant: datetime | None = ruling.value.instant(day, starts_at, self.is_working)
        return instant

    def promised(self, *, kind: str, department: str, half: str) -> dict[str, str]:
        """The rules that an appointment is promised when it is made, as they are written now.

        A later, stricter rule does not reach back (lesson: capacity, price and rules drift). What
        is promised to one channel only is kept beside it: 'cancel.deadline@channel=web'.
        """
        kept = {}
        for name in PROMISED:
            said = self.ruling(name, kind=kind, department=department, half=half).ref.value
            kept[name] = said
            for channel in self._singled_out(name) if "channel" in self._asks.get(name, ()) else ():
                own = self.ruling(name, kind=kind, department=department, half=half, channel=channel)
                if own.ref.value != said:
                    kept[f"{name}@channel={channel}"] = own.ref.value
        return kept

    def _singled_out(self, name: str) -> set[str]:
        """The channels that rows of this rule name."""
        return {
            value
            for found in self._rows.get(name, ())
            for qualifier, value in found.named.qualifiers
            if qualifier == "channel"
        }


def _fits(key: Named, case: dict[str, str | None]) -> bool:
    for qualifier, wanted in key.qualifiers:
        given = case[qualifier]
        if given is None:
            return False
        if qualifier == "department":
            fits = given.startswith(wanted)
        elif qualifier == "clock":
            opens, _, closes = wanted.partition("-")
            fits = opens <= given < closes
        else:
            fits = given == wanted
        if not fits:
            return False
    return True
