"""What the pages of money call things, in Chinese; sums in yuan."""

from collections.abc import Mapping

from core.http.words import BAD, GOOD, QUIET, WAIT
from core.money.cashier import Kind
from core.money.compare import Flag
from core.money.rules import PaymentState

KINDS: Mapping[str, str] = {Kind.PAYMENT: "收费", Kind.REFUND: "退费"}
FLAGS: Mapping[str, tuple[str, str]] = {
    Flag.NONE: ("未对账", QUIET),
    Flag.MATCHED: ("一致", GOOD),
    Flag.PLATFORM_ONLY: ("渠道没有", BAD),
    Flag.PROVIDER_ONLY: ("平台没有", BAD),
    Flag.AMOUNT_DIFF: ("金额不符", BAD),
    Flag.HOSPITAL_MISSING: ("医院没有", BAD),
    Flag.HOSPITAL_ONLY: ("只有医院有", BAD),
    Flag.SETTLED: ("已处理", GOOD),
}
STATES: Mapping[str, tuple[str, str]] = {
    PaymentState.UNKNOWN: ("渠道也不知道", WAIT),
    PaymentState.SUBMITTED: ("没有回音", WAIT),
}
REASONS: Mapping[str, str] = {
    "patient": "患者退约",
    "changed": "改约退差价",
    "doctor-leave": "停诊",
    "not-paid": "没有按时付清",
    "too-late": "超时到账",
    "wrong-amount": "金额不符",
    "twice": "重复支付",
}
CODES: Mapping[str, str] = {
    "no-answer": "渠道一周没有答复",
    "no-cashier": "没有对应的支付渠道",
    "outside": "渠道拒绝了请求",
    "34": "渠道查无原交易",
    "36": "渠道不许撤销",
    "33": "金额超出可退",
}
FAULTS: Mapping[str, str] = {
    "size": "文件超过 2 MB",
    "type": "请选择 CSV 文件（.csv）",
    "none": "请选择文件",
    "encoding": "不是 UTF-8 或 GBK 编码的文字",
    "empty": "文件是空的",
    "header": "第一行要有“类型”“订单号”“金额”，每个只有一次",
    "rows": "超过 50000 行",
    "quotes": "引号不成对",
    "columns": "列数不够",
    "kind": "类型要写“收费”或“退费”",
    "order": "订单号不对",
    "amount": "金额要写成元，带两位小数，例如 30.00",
}


def yuan(fen: int | None) -> str:
    """1,234.50, with a minus before what goes back; — where there is none."""
    return "—" if fen is None else f"{fen / 100:,.2f}"


def fault(line: int, why: str) -> str:
    """What is wrong with a list, and where."""
    words = FAULTS.get(why, "读不出来")
    return f"第 {line} 行：{words}" if line else words


def why(last_error: str | None) -> str:
    """Why a day has not been compared yet."""
    if not last_error:
        return ""
    if last_error == "no list yet":
        return "支付渠道的清单还没有出来，会自己再试。"
    if last_error.startswith("hospital-list:"):
        _, line, code = f"{last_error}:".split(":")[:3]
        where = fault(int(line) if line.isdecimal() else 0, code)
        return f"医院的清单读不了（{where}），改好以后会自己再试。"
    return "支付渠道暂时联系不上，会自己再试。"
