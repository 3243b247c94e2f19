"""The functions that roles allow, each with its meaning and its Chinese label; pure."""

FUNCTIONS: dict[str, tuple[str, str]] = {
    "book": ("Book, change and cancel for callers", "预约办理"),
    "reveal": ("See a masked number in full, with a reason", "查看完整证件号"),
    "override-deadline": ("Cancel after the deadline, with a reason", "超时退约"),
    "leave": ("Stop and resume a doctor's sessions", "停诊处理"),
    "rules": ("Change booking rules", "预约规则维护"),
    "appeals": ("Decide appeals", "申诉处理"),
    "catalogue": ("Change hospitals, departments and doctors", "基础数据维护"),
    "schedule": ("Publish and amend sessions", "排班维护"),
    "staff": ("Create accounts and give roles", "人员与权限"),
    "reports": ("See reports", "统计报表"),
    "supervise": ("Listen, move agents, change greetings", "班长席"),
}
