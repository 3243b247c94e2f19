"""The star and the release reminders on the page of a hospital or a doctor: what stands there for whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts import favourites, reminders
from core.accounts.favourites import DOCTOR
from core.accounts.reminders import PostKept
from core.http.patients import LOGIN, Patient
from web.public import frame
from web.public.words import number


@dataclass(frozen=True)
class Reminder:
    """A button for one post. name: which, where a doctor has several."""

    post_id: int
    name: str
    waiting: bool


@dataclass(frozen=True)
class Keeping:
    """token: of the forms; '' for whoever is not logged in, who is sent to `login` and comes back."""

    what: str
    what_id: int
    token: str
    login: str
    kept: bool
    reminders: Sequence[Reminder]


async def keeping(
    request: web.Request, db: AsyncSession, who: Patient | None, what: str, what_id: int
) -> Keeping:
    """Nothing is asked of the database for a visitor who is not logged in."""
    base = frame.base(request)
    login = f"{base}{LOGIN}?next={quote(f'{base}/{what}s/{what_id}')}"
    if who is None:
        return Keeping(what, what_id, "", login, False, ())
    kept = await favourites.has(db, who.account_id, what, what_id)
    posts = await reminders.of_doctor(db, who.account_id, what_id) if what == DOCTOR else ()
    return Keeping(what, what_id, who.form_token, login, kept, buttons(posts))


def buttons(posts: Sequence[PostKept]) -> list[Reminder]:
    several = len(posts) > 1
    return [
        Reminder(one.post_id, f"{one.department} {number(one.kind)}" if several else "", one.waiting)
        for one in posts
    ]
