"""The functions that roles allow, each with its meaning and its Chinese label; pure."""

FUNCTIONS: dict[str, tuple[str, str]] = {
    "desk": ("Answer calls at the desk", "坐席接听"),
    "book": ("Book, change and cancel for callers", "预约办理"),
    "query": ("Look up appointments and patients", "预约与患者查询"),
    "reveal": ("See a masked number in full, with a reason", "查看完整证件号"),
    "override-deadline": ("Cancel after the deadline, with a reason", "超时退约"),
    "leave": ("Enter a doctor's leave, move or cancel its patients, withdraw it", "停诊处理"),
    "leave-approve": ("Approve or return a doctor's leave", "停诊审核"),
    "rules": ("Change booking rules", "预约规则维护"),
    "appeals": ("Decide appeals", "申诉处理"),
    "catalogue": ("Change hospitals, departments and doctors", "基础数据维护"),
    "schedule": ("Publish and amend sessions", "排班维护"),
    "staff": ("Create accounts and give roles", "人员与权限"),
    "reports": ("See reports", "统计报表"),
    "export": ("Take lists away as files", "数据导出"),
    "wall": ("See the wall", "话务大屏"),
    "supervise": ("Listen, move agents, change greetings", "班长席"),
    "recordings": ("Find and hear recordings", "调听录音"),
    "quality": ("Score conversations", "质检评分"),
    "announcements": ("Write and publish announcements", "公告发布"),
    "settlement": ("Reconcile, and settle refunds that are stuck", "对账与退款"),
    "texts": ("Look after texts that did not go", "短信管理"),
}
EVERY_FUNCTION = frozenset(FUNCTIONS)
