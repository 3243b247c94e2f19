"""A text's life as a table; pure."""

from enum import StrEnum


class TextState(StrEnum):
    QUEUED = "queued"  # 待发送
    SENT = "sent"  # 已发送: the gateway has it
    DELIVERED = "delivered"  # 已送达: the phone has it
    FAILED = "failed"  # 发送失败
    UNKNOWN = "unknown"  # 结果不明: it may have gone; never sent again by itself
    DROPPED = "dropped"  # 不再发送: overtaken before it left
    RECEIVED = "received"  # 已收到: from a patient, not looked at yet
    HANDLED = "handled"  # 已处理: understood or not, and answered where an answer was due


NEXT: dict[TextState, frozenset[TextState]] = {
    TextState.QUEUED: frozenset({TextState.SENT, TextState.FAILED, TextState.UNKNOWN, TextState.DROPPED}),
    TextState.SENT: frozenset({TextState.DELIVERED, TextState.FAILED, TextState.UNKNOWN}),
    # A supervisor revives what failed; nothing else does.
    TextState.FAILED: frozenset({TextState.QUEUED, TextState.DELIVERED, TextState.DROPPED}),
    TextState.UNKNOWN: frozenset({TextState.DELIVERED, TextState.FAILED}),
    TextState.DELIVERED: frozenset(),
    TextState.DROPPED: frozenset(),
    TextState.RECEIVED: frozenset({TextState.HANDLED, TextState.FAILED}),
    TextState.HANDLED: frozenset(),
}


def before(to: TextState) -> list[str]:
    """The states from which a text may come into `to`: the guard of its UPDATE."""
    return [state.value for state, after in NEXT.items() if to in after]
