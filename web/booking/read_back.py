"""What is read back before a booking is agreed, and what somebody lacks who is refused; pure."""

from core.booking.draft_pay import Paying, fee_words
from core.booking.rules import State
from core.errors import Refusal
from core.schedule.facts import SlotFacts
from web.booking.times import clock_words, day_words

RELATIONS = {
    "self": "本人",
    "spouse": "配偶",
    "child": "子女",
    "parent": "父母",
    "grandparent": "祖父母",
    "sibling": "兄弟姐妹",
    "other": "其他",
}
PAYING = {"at-hospital": "就诊当天到医院付", "online": "网上支付"}

# Refusals that another number of another session may cure, by what is to be changed.
OTHER_TIME = frozenset(
    {
        "slot-full", "share-used-up", "slot-taken", "hold-lapsed", "hold-unknown", "session-stopped",
        "too-late-to-book", "outside-window", "not-released", "overlapping-visit", "rebook-too-soon",
        "limit-department-day", "limit-doctor-day", "limit-session", "limit-day",
    }
)  # fmt: skip
OTHER_PERSON = frozenset(
    {
        "blacklisted", "identity-needed", "identity-kind-refused", "too-young", "too-old", "wrong-sex",
        "limit-live", "limit-period", "limit-phone", "overlapping-visit", "rebook-too-soon",
        "limit-department-day", "limit-doctor-day", "limit-session", "limit-day",
    }
)  # fmt: skip


def sentence(slot: SlotFacts, *, patient: str, who: str, where: str, number: int, pay: Paying) -> str:
    """For whom, with whom, where, when, which number, and the money: one sentence to agree to.

    who: the doctor with title, or the department's own number; where: hospital and department.
    """
    when = f"{day_words(slot.day)} {clock_words(slot.starts_at)}–{clock_words(slot.ends_at)}"
    return f"为 {patient} 预约 {where} {who}，{when}，第 {number} 号；{fee_words(pay)}。"


def lacking(refusal: Refusal) -> str:
    """What of somebody's papers must be there first; '' where it is not their papers."""
    if refusal.code == "identity-kind-refused":
        return "证件"
    if refusal.code != "identity-needed":
        return ""
    by_age = refusal.rule is not None and refusal.rule.key.startswith("age.")
    return "出生日期" if by_age else "证件号码"


# What stands over an appointment that was just made, or is looked at again.
HEADINGS = {
    State.BOOKED: "预约成功",
    State.UNPAID: "号已为您留好，请支付",
    State.PROVISIONAL: "已预约，待补登证件",
    State.CHECKED_IN: "已取号",
    State.ATTENDED: "已就诊",
    State.CANCELLED: "这个预约已取消",
    State.EXPIRED: "没有按时支付，这个预约已失效",
    State.REPLACED: "这个预约已改约",
    State.STOPPED: "医生停诊，请改约或取消",
    State.NO_SHOW: "没有就诊，已记爽约",
}
