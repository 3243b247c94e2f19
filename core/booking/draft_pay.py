"""How the fee of a draft may be paid, how it will be, and what is said of it before it is agreed; pure."""

from dataclasses import dataclass
from datetime import datetime

from core.booking.draft_rules import spoken_yuan
from core.booking.facts import SlotFacts
from core.booking.may import pay_terms, ruled
from core.credit.book import RuleBook
from core.money.rules import after_change
from core.values import Channel


@dataclass(frozen=True)
class Before:
    """The money of an appointment that is changed. moved: to another hospital, which has another account."""

    pay_mode: str
    paid_fen: int
    moved: bool


@dataclass(frozen=True)
class Paying:
    """codes: the ways there are. way: the one it will be. card_off: the card was chosen and is not one.

    due_fen: still to be paid; carried_fen: paid already; back_fen: what is given back, by_card: to the
    card. pay_in: minutes to pay online; None: until the visit begins.
    """

    codes: tuple[str, ...]
    way: str
    card_off: bool
    fee_fen: int
    due_fen: int
    carried_fen: int = 0
    back_fen: int = 0
    by_card: bool = False
    moved: bool = False
    pay_in: int | None = None


def paying(
    book: RuleBook,
    slot: SlotFacts,
    *,
    channel: Channel,
    now: datetime,
    wish: str | None,
    has_card: bool,
    before: Before | None = None,
) -> Paying:
    """What book, change and charge_card will do with this wish, by the same rules.

    A wish that the hospital does not allow falls to its own way; only a card is refused instead.
    """
    moved, paid_fen = (before.moved, before.paid_fen) if before else (False, 0)
    carried_fen = 0 if moved else paid_fen
    due_fen, back_fen = after_change(carried_fen, slot.fee_fen)
    # A change goes on as its appointment was paid: there is nothing to choose between.
    online = before.pay_mode == "online" if before else wish == "online"
    terms = pay_terms(book, slot, channel=channel, now=now, online=online)
    either = before is None and ruled(book, slot, "pay.mode", channel=channel, now=now).value == "either"
    codes = ["at-hospital", "online"] if either else [terms.mode]
    if has_card and ruled(book, slot, "card.charge", channel=channel, now=now).value:
        codes.append("card")
    lasts = terms.pay_by is not None and terms.pay_by < slot.starts_at
    return Paying(
        codes=tuple(codes),
        way="card" if wish == "card" else terms.mode,
        card_off=wish == "card" and "card" not in codes,
        fee_fen=slot.fee_fen,
        due_fen=due_fen,
        carried_fen=carried_fen,
        back_fen=paid_fen if moved else back_fen,
        by_card=before is not None and before.pay_mode == "card",
        moved=moved,
        pay_in=round((terms.pay_by - now).total_seconds() / 60) if terms.pay_by and lasts else None,
    )


def fee_words(one: Paying) -> str:
    """The fee, what of it is paid, how the rest is, and what comes back; '' while the way is refused."""
    if one.card_off:
        return ""
    fee = f"挂号费{spoken_yuan(one.fee_fen)}" if one.fee_fen else "不收挂号费"
    if one.carried_fen:
        fee += f"，已经付了{spoken_yuan(one.carried_fen)}"
        if one.due_fen:
            fee += f"，还差{spoken_yuan(one.due_fen)}"
    if one.due_fen:
        fee += f"，{_way(one)}"
    if not one.back_fen:
        return fee
    way = "退回就诊卡" if one.by_card else "原路退回"
    if one.moved:
        return f"原来付的{spoken_yuan(one.back_fen)}{way}，新的{fee}"
    return f"{fee}，多付的{spoken_yuan(one.back_fen)}{way}"


def _way(one: Paying) -> str:
    if one.way == "card":
        return "从就诊卡直接扣费"
    if one.way == "at-hospital":
        return "就诊当天到医院付"
    # The minutes run from the booking, so no clock time would still be true when it is made.
    until = f"预约后{one.pay_in}分钟内" if one.pay_in else "就诊开始前"
    return f"在线支付，{until}付清，过时号就放出去了"
