"""What somebody must know before a visit, and what they bring to it; from the hospital's rules; pure."""

from datetime import date, datetime

from core.booking.facts import SlotFacts
from core.booking.may import age, ruled
from core.credit.book import RuleBook
from core.values import Channel
from web.booking.times import clock_words, moment_words

Note = tuple[str, str]
# Who is younger comes with somebody who answers for them.
GUARDED_UNTIL = 18


def before_visit(book: RuleBook, slot: SlotFacts, *, online: bool) -> list[Note]:
    """When to pick up, until when to give up or to move, what a miss costs. online: it is paid so."""

    def instant(name: str) -> datetime | None:
        deadline = ruled(book, slot, name, channel=Channel.WEB).value
        found: datetime | None = deadline.instant(slot.day, slot.starts_at, book.is_working)
        return found

    notes = [
        ("取号", _pick_up(instant("checkin.from"), instant("checkin.cutoff"), slot.starts_at)),
        ("取消", _until(instant("cancel.deadline"), slot.starts_at)),
        ("改约", _until(instant("change.deadline"), slot.starts_at)),
    ]
    if online and slot.fee_fen:
        web = ruled(book, slot, "refund.web").value
        back = f"{notes[1][1]}取消，挂号费原路全额退回" if web else "付款后网上不能退费，请到医院窗口办理"
        notes.append(("退费", back))
    misses = book.ruling("block.no-show").value
    if misses is not None:
        notes.append(("爽约", f"不来又没有取消算爽约，累计 {misses.count} 次会暂停预约"))
    return notes


def _until(last: datetime | None, starts_at: datetime) -> str:
    return f"{moment_words(min(last or starts_at, starts_at))} 前"


def _pick_up(first: datetime | None, last: datetime | None, starts_at: datetime) -> str:
    begins = f"就诊当天 {clock_words(first)} 起" if first is not None else "就诊当天"
    if first is not None and (clock_words(first) == "00:00" or first > starts_at):
        begins = "就诊当天"
    return f"{begins}，{clock_words(last)} 前" if last is not None else f"{begins}，按预约的时段到"


def to_bring(*, papers: str, birth_date: date | None, day: date, pays_there: bool, fee: str) -> list[str]:
    """papers: what the documents are called that the hospital knows the patient by; '' while none are."""
    things = [
        f"{papers}原件" if papers else "身份证等有效证件原件（预约后请先补登证件号码）",
        "医保卡或就诊卡（如果有）",
    ]
    if birth_date is not None and age(birth_date, day) < GUARDED_UNTIL:
        things.append("监护人陪同，并带监护人的证件")
    if pays_there:
        things.append(f"挂号费 {fee}")
    return [*things, "预约流水号或二维码（手机上给窗口看就行）"]
