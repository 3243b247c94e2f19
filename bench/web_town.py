"""Doctors with room, and patients who are logged in: what the web bench asks for."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from core.accounts import sessions
from core.chance import SystemChance, SystemClock
from core.database import open_database
from core.http.forms import FIELD, PURPOSE
from core.migrations import upgrade
from core.sealing import AesSealer
from core.values import day_of
from core.work import Hotline
from hotline import schema  # noqa: F401 every table must be known before one is made
from tests import patients
from tests.builders import SEED, Clinic, clinic

MASTER = "a secret of the benches, 32 bytes"
PATIENTS, SLOTS = 600, 120


@dataclass(frozen=True)
class Booker:
    """A patient in a browser, and the number they want."""

    cookie: str
    form_token: str
    person_id: int
    session_id: int
    period_id: int
    key: str

    def choice(self) -> str:
        return urlencode({FIELD: self.form_token, "period": self.period_id, "key": self.key})

    def agreement(self) -> str:
        return urlencode({FIELD: self.form_token, "person": self.person_id})


@dataclass(frozen=True)
class Town:
    """pages: what everybody looks at, by name."""

    pages: dict[str, str]
    bookers: list[Booker]


async def town(url: str) -> Town:
    """Written by the real engine into a fresh database, at the newest schema."""
    database = open_database(url)
    try:
        await upgrade(database)
        hotline = Hotline(database, SystemClock(), SystemChance(), AesSealer(MASTER.encode()))
        made = await clinic(hotline)
        places = await _places(made)
        bookers = []
        for number in range(PATIENTS):
            person_id = await made.person(f"患者{number}")
            account_id = await patients.account(hotline, person_id, f"1391{number:07d}")
            async with hotline.work(SEED) as work:
                token = (await sessions.begin(work, account_id, kind=sessions.WEB)).token
            session_id, period_id = places[number % len(places)]
            bookers.append(
                Booker(
                    f"hotline-account={token}",
                    hotline.sealer.fingerprint(token, PURPOSE),
                    person_id,
                    session_id,
                    period_id,
                    f"form-{number}",
                )
            )
    finally:
        await database.close()
    return Town(
        {
            "home": "/home",
            "department": f"/departments/{made.department_id}",
            "doctor": f"/doctors/{made.doctors['chen']}",
        },
        bookers,
    )


async def _places(made: Clinic) -> list[tuple[int, int]]:
    """Sessions of three doctors on five days, opened days ago; each of their periods."""
    today = day_of(made.hotline.clock.now())
    found = []
    for ahead in range(2, 7):
        for post in ("chen", "wu", "kid"):
            session_id = await made.session(post, day=today + timedelta(days=ahead), slots=SLOTS)
            found += [(session_id, period_id) for period_id in await made.periods(session_id)]
    return found
