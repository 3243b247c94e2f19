"""What the steps after the hold show: for whom it may be, how it is paid, what must be known first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.accounts import booking, people
from core.accounts.booking import Held
from core.accounts.people import SELF, AttendeeView
from core.booking.draft_pay import Paying, paying
from core.booking.loading import Asked, asked_of
from core.errors import Refusal
from core.http.patients import Patient
from core.http.refusals import sentence
from core.money.accounts import pays_online
from core.values import Channel
from web.booking.moving import Moving
from web.booking.offer import Offer, offer
from web.booking.read_back import RELATIONS, lacking
from web.house import WebHouse
from web.paying import PROVIDER


@dataclass(frozen=True)
class Obstacle:
    """Why somebody is, or would be, refused. lacks: what of their papers must be there first; path: where it
    is given."""

    words: str
    code: str
    lacks: str = ""
    path: str = ""


@dataclass(frozen=True)
class Candidate:
    """Somebody an account books for, and what stands in their way with this number."""

    it: AttendeeView
    relation: str
    obstacles: Sequence[Obstacle]


@dataclass(frozen=True)
class Deciding:
    """A held number with all that is needed to agree to it. offer: its session."""

    held: Held
    offer: Offer
    asked: Asked
    now: datetime
    captcha: bool

    @property
    def live(self) -> bool:
        return self.held.live(self.now)

    @property
    def left_s(self) -> int:
        """Seconds that the number is still kept."""
        return max(0, int((self.held.until - self.now).total_seconds()))


async def deciding(db: AsyncSession, who: Patient, hold: Held, now: datetime) -> Deciding:
    """Raises NotFound when its session is no longer shown."""
    wanted = await asked_of(db, session_id=hold.session_id, period_id=hold.period_id)
    captcha = await booking.captcha_asked(db, who.account_id, wanted, now)
    return Deciding(hold, await offer(db, hold.session_id, now), wanted, now, captcha)


async def candidates(db: AsyncSession, house: WebHouse, who: Patient, it: Deciding) -> list[Candidate]:
    """The owner first; each with what would refuse them."""
    sealer = house.hotline.sealer
    number = await people.phone_of(db, sealer, who.account_id)
    found = []
    for one in await people.attendees(db, sealer, who.account_id):
        against = await booking.obstacles(
            db, it.asked, person_id=one.person_id, contact_print=sealer.fingerprint(number.digits, "phone"),
            now=it.now,
        )  # fmt: skip
        told = [obstacle(why, one.relation == SELF) for why in against]
        found.append(Candidate(one, RELATIONS.get(one.relation, one.relation), told))
    return found


async def obstacles_of_change(db: AsyncSession, it: Deciding, moved: Moving) -> list[Obstacle]:
    """What would refuse the patient of an appointment that moves here."""
    assert moved.made is not None
    against = await booking.obstacles(
        db, it.asked, person_id=moved.made.person_id, contact_print=moved.made.contact_print,
        now=it.now, replacing=moved.made.appointment_id,
    )  # fmt: skip
    return [obstacle(why, own=False) for why in against]


def obstacle(why: Refusal, own: bool) -> Obstacle:
    """own: it is the owner of the account, whose papers stand on another page than the others'."""
    lacks = lacking(why)
    return Obstacle(
        sentence(why), why.code, lacks, ("/account/info" if own else "/account/people") if lacks else ""
    )


async def ways_to_pay(
    db: AsyncSession, house: WebHouse, it: Deciding, *, wish: str, moved: Moving | None
) -> Paying:
    """As the hospital's rules say; where it leaves the choice and has no cashier, there is none."""
    slot = it.asked.slot
    before = moved.before(slot.hospital_id) if moved else None
    chosen = paying(
        it.asked.book, slot, channel=Channel.WEB, now=it.now, wish=wish, has_card=False, before=before
    )
    if len(chosen.codes) == 1 or (
        house.pay is not None and await pays_online(db, slot.hospital_id, PROVIDER)
    ):
        return chosen
    there = paying(it.asked.book, slot, channel=Channel.WEB, now=it.now, wish=None, has_card=False)
    return replace(there, codes=(there.way,))
