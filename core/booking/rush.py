"""Whether a booking on the web asks for a captcha: never, always, or while machines gain by it; pure."""

from datetime import datetime, timedelta

# Numbers of a popular doctor are gone long before.
RUSH = timedelta(minutes=30)
# A family books for two or three in one go; a seller of numbers goes on.
RECENTLY = timedelta(hours=1)
MANY = 3


def captcha_due(mode: str, *, release_at: datetime, now: datetime, recent: int) -> bool:
    """mode: the value of rule captcha.web. release_at: of the session that is booked.

    recent: how many live appointments the account has made on the web within RECENTLY.
    """
    if mode != "rush":
        return mode == "always"
    return now - release_at < RUSH or recent >= MANY
