"""What pages call the states of things, in Chinese."""

from core.health import State as Health

# Tones choose a colour beside the word; the word alone must say it.
GOOD, WAIT, BAD, QUIET = "good", "wait", "bad", "quiet"

PARTS = {
    "database": "数据库",
    "switch": "电话交换机",
    "switch-line": "交换机连线",
    "outbound": "自动外呼",
    "voice": "语音",
    "better-voice": "清晰语音",
    "outbox": "发件箱",
    "timers": "定时任务",
    "texts": "短信",
    "booking": "预约写入",
    "cashiers": "支付",
    "recordings": "录音",
}
HEALTH = {
    Health.UP: ("正常", GOOD),
    Health.DEGRADED: ("不稳定", WAIT),
    Health.DOWN: ("已停止", BAD),
    Health.STARTING: ("正在启动", WAIT),
    Health.ABSENT: ("没有安装", QUIET),
}

APPOINTMENT = {
    "provisional": ("待确认", WAIT),
    "unpaid": ("待支付", WAIT),
    "booked": ("预约成功", GOOD),
    "checked_in": ("已取号", GOOD),
    "attended": ("已就诊", QUIET),
    "cancelled": ("已取消", QUIET),
    "expired": ("已失效", QUIET),
    "replaced": ("已改约", QUIET),
    "stopped": ("停诊待处理", BAD),
    "no_show": ("爽约", BAD),
}
CHANNEL = {
    "web": "网站",
    "phone": "电话",
    "sms": "短信",
    "window": "窗口",
    "kiosk": "自助机",
    "clinic": "诊室",
    "community": "社区",
}
TEXT = {
    "queued": ("待发送", WAIT),
    "sent": ("已发出", GOOD),
    "delivered": ("已送达", GOOD),
    "failed": ("发送失败", BAD),
    "unknown": ("结果不明", WAIT),
    "dropped": ("未发（已过时）", QUIET),
    "received": ("待处理", WAIT),
    "handled": ("已处理", QUIET),
}
