"""The words of the query screen and of its file; pure."""

from collections.abc import Mapping

from core.booking.query import Filters, Line
from core.http import words
from core.http.pages import clock, grouped, moment, spoken_day

HEAD = (
    "预约流水号", "患者", "证件号（隐去）", "电话（隐去）", "医院", "科室", "医生", "职称", "号别",
    "就诊日期", "就诊时间", "序号", "挂号费（元）", "支付方式", "渠道", "状态", "预约时间",
)  # fmt: skip
KINDS = {"ordinary": "普通", "expert": "专家", "disease": "专病", "special": "特需"}
PAY = {"at-hospital": "到院付", "online": "在线支付", "card": "就诊卡"}


def file_row(line: Line) -> list[str | int | float]:
    made = line.made
    return [
        grouped(made.serial),
        made.person,
        line.identity_masked,
        line.phone_masked,
        made.hospital_short,
        made.department,
        made.doctor or "",
        made.title or "",
        KINDS.get(made.number_kind, made.number_kind),
        made.day.isoformat(),
        f"{clock(made.starts_at)}-{clock(made.ends_at)}",
        made.sequence,
        made.fee_fen / 100,
        PAY.get(made.pay_mode, made.pay_mode),
        words.CHANNEL.get(made.channel, made.channel),
        words.APPOINTMENT[made.state.value][0],
        moment(made.booked_at),
    ]


def filter_words(filters: Filters, names: Mapping[str, Mapping[int, str]]) -> str:
    """What was asked for, in one line: over a printout and in a file."""
    parts = [f"就诊日 {spoken_day(filters.day)}" if filters.day else "全部就诊日"]
    if filters.channel:
        parts.append(f"渠道 {words.CHANNEL[filters.channel]}")
    for kind, value in (
        ("hospital", filters.hospital_id),
        ("department", filters.department_id),
        ("doctor", filters.doctor_id),
    ):
        if value is not None:
            parts.append(names[kind].get(value, f"编号 {value}"))
    if filters.state:
        parts.append(f"状态 {words.APPOINTMENT[filters.state][0]}")
    if filters.booked_from:
        parts.append(f"{moment(filters.booked_from)} 起预约")
    if filters.booked_until:
        parts.append(f"{moment(filters.booked_until)} 前预约")
    if filters.words:
        parts.append(f"查找 {_safe(filters.words)}")
    return "，".join(parts)


def _safe(typed: str) -> str:
    """A phone number somebody searched for stands in no printout and no audit."""
    return " ".join(
        f"尾号{word[-4:]}" if word.isdigit() and len(word) > 8 else word for word in typed.split()
    )
