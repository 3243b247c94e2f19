"""How the sandbox behaves: honest, or one of the ways in which a gateway may not be; pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Script:
    """How the gateway behaves with one order and its refunds. Honest as it stands.

    notice_after_s: None loses the notice. notices: how many of each. notice_off, takes_off: in fen, by how
    much the notice lies, and by how much another sum is really taken. unknown: so many queries get no
    verdict. stale: a notice of failure follows that of success. forged: a stranger's notice comes first.
    refuses: so many refunds fail after they were taken on. no_void: voids are refused.
    """

    words: str = "正常"
    notice_after_s: float | None = 0.0
    notices: int = 1
    notice_off: int = 0
    takes_off: int = 0
    unknown: int = 0
    stale: bool = False
    forged: bool = False
    refuses: int = 0
    no_void: bool = False


SCRIPTS: dict[str, Script] = {
    "honest": Script(),
    "late": Script("通知迟到", notice_after_s=40 * 60),
    "repeated": Script("通知重复三次", notices=3),
    "lost": Script("通知丢失", notice_after_s=None),
    "stale": Script("成功之后又来一条失败通知", stale=True),
    "forged": Script("先来一条伪造通知", forged=True),
    "wrong-notice": Script("通知金额写错", notice_off=-1),
    "wrong-amount": Script("实扣金额不对", takes_off=-100),
    "unknown": Script("通知丢失，前两次查询也没有结果", notice_after_s=None, unknown=2),
    "refund-fails": Script("退款失败两次", refuses=2),
    "refund-twice": Script("退款通知重复", notices=2),
    "no-void": Script("当日撤销被拒", no_void=True),
}
