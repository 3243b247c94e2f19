"""Rules that histories are given: every rule that the hot path looks at, with values that bite; pure."""

from random import Random

from tests.stores.town import RuleLine

# One of these sets is in each history, in turn: what it makes likely is met often enough.
FOCUSES: tuple[tuple[tuple[str, str], ...], ...] = (
    (("limit.phone-persons", "1"),),
    (("pay.mode", "online"), ("pay.minutes", "5")),
    (("pay.mode", "online"), ("cancel.deadline", "start-30m"), ("change.deadline", "start-30m"), ("refund.web", "no")),
    (("pay.mode", "either"), ("rerelease.delay", "5-45")),
    (("identity.needed", "yes"),),
    (("identity.first-visit", "resident,household"),),
    (("age.min", "14"), ("age.max", "60")),
    (("sex.only", "female"),),
    (("limit.department-day", "3"), ("limit.doctor-day", "1")),
    (("limit.department-day", "3"), ("limit.doctor-day", "3"), ("overlap.minutes", "0")),
    (("limit.department-day", "4"), ("limit.doctor-day", "4"), ("limit.session", "4"), ("limit.day", "1")),
    (("limit.live", "1"),),
    (("limit.period", "1"), ("limit.phone-persons", "1")),
    (("limit.doctor-period", "1"), ("limit.department-period", "2")),
    (("limit.phone-persons", "1"),),
    (("overlap.minutes", "120"), ("limit.department-day", "4"), ("limit.doctor-day", "4"), ("limit.session", "4")),
    (("rebook.pause-minutes", "60"), ("cancel.deadline", "never")),
    (("cancel.deadline", "day-3 12:00"), ("change.deadline", "workday-2 17:00")),
    (("change.max", "0"), ("change.deadline", "never")),
    (("change.max", "1"), ("change.deadline", "never"), ("hold.minutes", "120")),
    (("block.cancel", "1 -> 7d"), ("cancel.deadline", "never")),
    (("block.booked", "1 -> 3d"),),
    (("block.no-show", "1 -> 3m"),),
    (("block.same-day-cancel", "1 -> 1m"), ("window.first-day", "0"), ("book.stop", "never"), ("cancel.deadline", "never")),
    (("channel.open@channel=sms", "no"), ("channel.open@channel=web", "no")),
    (("booking.hours", "08:00-10:30"),),
    (("booking.hours@channel=phone", "11:00-17:00"),),
    (("recycle.time", "day-2 10:01"),),
    (("window.last-day", "1"),),
    (("release.day", "weekly-2"),),
    (("release.time", "10:02"), ("window.last-day", "3"), ("release.room", "no")),
    (("book.stop", "start-24h"), ("window.first-day", "0")),
    (("window.first-day", "3"),),
    (("waiting.first-minutes", "10"), ("rerelease.delay", "15-15"), ("cancel.deadline", "never")),
    (("waiting.only", "yes"), ("release.room", "no"), ("change.deadline", "never")),
    (("pay.mode", "online"), ("pay.minutes", "30"), ("change.deadline", "never"), ("hold.minutes", "30")),
)  # fmt: skip

MORE: tuple[tuple[str, str], ...] = (
    ("pay.mode", "online"), ("pay.mode", "either"), ("pay.mode@channel=web", "online"), ("pay.minutes", "3"),
    ("hold.minutes", "1"), ("hold.minutes@kind=expert", "10"), ("hold.minutes@channel=web", "2"),
    ("cancel.deadline@kind=expert", "day-2 10:00"), ("cancel.deadline@channel=web", "start-4h"),
    ("change.deadline@department=07", "start-1h"), ("cancel.deadline", "never"), ("change.deadline", "never"),
    ("age.min@department=07", "18"), ("sex.only@kind=expert", "male"), ("identity.needed@channel=phone", "yes"),
    ("limit.day@half=am", "1"), ("limit.live@channel=web", "1"), ("limit.department-day", "2"),
    ("limit.doctor-day", "2"), ("limit.session", "2"), ("limit.phone-persons", "1"), ("limit.day", "1"),
    ("limit.department-day@clock=08:00-10:05", "0"), ("channel.open@clock=10:03-12:00", "no"),
    ("rerelease.delay", "0-30"), ("rerelease.delay@kind=ordinary", "10-10"), ("block.cancel", "2 -> 3m"),
    ("block.booked", "3 -> 1d"), ("recycle.time@kind=expert", "day-1 08:00"), ("waiting.first-minutes", "0"),
    ("waiting.first-minutes@half=pm", "20"), ("rules.resolution", "whole-set"), ("refund.web", "no"),
    ("change.max", "1"), ("identity.first-visit@department=03", "resident"), ("window.last-day", "10"),
)  # fmt: skip
PERIODS = {"limit.period": ("days", 7), "block.cancel": ("month", 1)}
COMMON_ONLY = frozenset({"rules.resolution"})


def rules_of_history(chance: Random, number: int) -> tuple[RuleLine, ...]:
    """Rows of the rule table: one focus in turn, and some more; of one hospital, of both, or common."""
    paid = [("pay.mode", "online")] if chance.random() < 0.25 else []
    rows = [*paid, *FOCUSES[number % len(FOCUSES)], *chance.sample(MORE, chance.randint(0, 3))]
    found: dict[tuple[str, int | None], RuleLine] = {}
    for key, value in rows:
        where = chance.choices((None, 1, 2), (4, 4, 1))[0]
        name = key.partition("@")[0]
        period = PERIODS.get(name) if chance.random() < 0.5 else None
        if name in COMMON_ONLY and where is not None:
            where = 1
        found[key, where] = RuleLine(key, value, where, period)
    return tuple(found.values())
