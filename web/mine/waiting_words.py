"""How a place on the waiting list is said."""

from dataclasses import dataclass
from datetime import datetime

from core.accounts.waiting import Place
from core.http.pages import surname
from core.offers.view import OfferView
from core.waiting.rules import State, Want
from core.waiting.view import EntryView
from web.public.words import HALVES, fee, number, short_day

ANYBODY = "哪位医生都可以"


@dataclass(frozen=True)
class Row:
    """whose: the name of the patient, as far as the account may read it. offer: what is kept now."""

    it: EntryView
    who: str
    days: str
    whose: str
    state: str
    tone: str
    place: str
    offer: OfferView | None
    fee: str


def row(one: Place, now: datetime) -> Row:
    it = one.it
    offer = one.offer if one.offer and one.offer.open(now) else None
    state, tone = _state(it, offer)
    return Row(
        it,
        wish(it),
        days(it.want),
        it.person if one.of_ours else surname(it.person),
        state,
        tone,
        _place(it, offer),
        offer,
        "" if offer is None else fee(offer.fee_fen),
    )


def wish(it: EntryView) -> str:
    """Whom they wait for: a doctor with title, or anybody."""
    said = f"{it.doctor} {it.title or ''}".strip() if it.doctor else ANYBODY
    return f"{said}，{number(it.number_kind)}" if it.number_kind else said


def days(want: Want) -> str:
    """11月26日 上午; 11月24日到12月3日，上午下午都可以."""
    half = HALVES.get(want.half or "", "")
    if want.first_day == want.last_day:
        return f"{short_day(want.first_day)} {half or '全天'}"
    return f"{short_day(want.first_day)}到{short_day(want.last_day)}，{half or '上午下午都可以'}"


def _state(it: EntryView, offer: OfferView | None) -> tuple[str, str]:
    if offer is not None:
        return "有号了，等您答复", "good"
    if it.state is State.PAUSED:
        return "已暂停", "warn"
    return "候补中", "quiet"


def _place(it: EntryView, offer: OfferView | None) -> str:
    """The honest number: of those who would take the same slots and came before."""
    if offer is not None:
        return ""
    if it.state is State.PAUSED:
        return f"有号时 {it.misses} 次没有等到您的答复，先暂停了。点“继续候补”从最后一位排起。"
    return f"前面还有 {it.ahead} 人。" if it.ahead else "您排在第一位。"
