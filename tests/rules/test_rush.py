"""When a booking on the web asks for a captcha."""

from datetime import UTC, datetime, timedelta

import pytest

from core.booking.rush import captcha_due

RELEASE = datetime(2026, 11, 23, 23, tzinfo=UTC)


@pytest.mark.req("I-008")
@pytest.mark.parametrize(
    ("mode", "minutes", "recent", "due"),
    [
        ("rush", 0, 0, True),
        ("rush", 29.9, 0, True),
        ("rush", 30, 0, False),
        ("rush", 600, 2, False),
        ("rush", 600, 3, True),
        ("always", 600, 0, True),
        ("off", 0, 9, False),
    ],
)
def test_a_captcha_is_asked_in_the_rush_and_of_who_books_and_books(
    mode: str, minutes: float, recent: int, due: bool
) -> None:
    now = RELEASE + timedelta(minutes=minutes)
    assert captcha_due(mode, release_at=RELEASE, now=now, recent=recent) == due
