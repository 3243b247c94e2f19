"""What the acts of the audit are called, in Chinese."""

ACTS = {
    "login": "登录",
    "logout": "退出登录",
    "login-failed": "登录失败",
    "code-wrong": "验证码错误",
    "password-wrong": "核对密码错误",
    "lockout": "试错过多，暂停登录",
    "refused": "越权被拒",
    "password-changed": "修改密码",
    "password-reset": "重置密码",
    "second-factor-set": "启用动态验证码",
    "second-factor-cleared": "清除动态验证码",
    "session-ended": "强制下线",
    "staff-created": "新建账号",
    "staff-changed": "修改账号",
    "staff-deleted": "删除账号",
    "roles-given": "分配角色",
    "role-created": "新建角色",
    "role-changed": "修改角色",
    "role-deleted": "删除角色",
    "skill-kept": "保存技能",
    "skill-dropped": "删除技能",
    "override-deadline": "超时特批",
    "unmasked": "查看完整号码",
    "exported": "导出数据",
    "recording-played": "播放录音",
    "recording-held": "录音封存",
    "recording-released": "录音解封",
    "quality-scored": "质检评分",
    "quality-decided": "质检申诉裁定",
    "supervised": "班长操作",
    "notice-refused": "支付通知未采信",
    "refund-sent-again": "重新退款",
    "refund-by-hand": "人工退款",
    "difference-settled": "处理对账差错",
}


def act(code: str) -> str:
    """An act that nobody has named yet is called by its code."""
    return ACTS.get(code, code)
