"""What happened, in Chinese: a title and details for each kind of event."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core import events as e
from core.booking.draft_places import PLACE_WORDS
from core.contact.agent_rules import AGENT_WORDS, DISPOSITIONS, PAUSE_REASONS, AgentState
from core.contact.distribution import QUEUE_CLASS_WORDS, QueueClass
from core.contact.rules import State
from core.http import account_words, care_words, words
from core.http.call_words import STATES, disposition, reached
from core.http.pages import moment
from core.http.words import BAD, GOOD, QUIET, WAIT
from core.journal import Entry
from core.recordings.rules import FAULT_WORDS, Fault


@dataclass(frozen=True)
class Line:
    """One line of a story. tone: see core.http.words."""

    at: datetime
    by: str
    title: str
    details: tuple[str, ...] = ()
    tone: str = QUIET


@dataclass(frozen=True)
class Names:
    """What a story calls things: appointments by id, voice prompts by name, refusals by code."""

    appointments: Mapping[int, str] = field(default_factory=dict)
    sentence: Callable[[str], str] = str
    refusal: Callable[[str], str] = lambda code: code

    def appointment(self, appointment_id: int | None) -> tuple[str, ...]:
        told = self.appointments.get(appointment_id) if appointment_id else None
        return (told,) if told else ()


IDENTIFIED_BY = {
    "tail": "凭来电号码和证件后四位",
    "identity": "凭证件号码",
    "serial": "凭预约号",
    "agent": "话务员核对",
}

Said = tuple[str, tuple[str, ...], str]
Words = Callable[[Any, Names], Said]


def lines(entries: Iterable[Entry], names: Names) -> list[Line]:
    """A story, oldest first."""
    return [_line(entry, names) for entry in entries]


def _line(entry: Entry, names: Names) -> Line:
    title, details, tone = WORDS[entry.event.kind](entry.event, names)
    return Line(entry.at, words.CHANNEL.get(entry.channel or "", ""), title, details, tone)


def _plain(title: str, tone: str = QUIET, *details: str) -> Words:
    return lambda event, names: (title, details, tone)


def _visit(title: str, tone: str) -> Words:
    return lambda event, names: (title, names.appointment(event.appointment_id), tone)


def _booked(event: e.AppointmentBooked, names: Names) -> Said:
    title = "改约：新的预约" if event.replaces else "预约"
    name, tone = words.APPOINTMENT[event.state]
    return f"{title}（{name}）", names.appointment(event.appointment_id), tone


def _changed(event: e.AppointmentChanged, names: Names) -> Said:
    return "原预约已改约", names.appointment(event.appointment_id), QUIET


def _cancelled(event: e.AppointmentCancelled, names: Names) -> Said:
    refund = (f"应退 {_yuan(event.refund_fen)}",) if event.refund_fen else ()
    return "退约", (*names.appointment(event.appointment_id), *refund), WAIT


def _held(event: e.SlotHeld, names: Names) -> Said:
    return "占住一个号", (f"保留到 {moment(event.until)}",), GOOD


def _released(event: e.HoldReleased, names: Names) -> Said:
    why = {"given-up": "放弃了", "lapsed": "到时未约", "moved": "换了一个号"}
    return "放回一个号", (why.get(event.why, event.why),), QUIET


def _handed_on(event: e.DraftHandedOn, names: Names) -> Said:
    was, now = PLACE_WORDS[event.was], PLACE_WORDS[event.now]
    return f"转到{now}接着办", (f"从{was}转来",), QUIET


def _refused(event: e.BookingRefused, names: Names) -> Said:
    rule = (f"规则：{event.rule}",) if event.rule else ()
    return "没有办成", (names.refusal(event.code), *rule), BAD


def _opened(event: e.InteractionOpened, names: Names) -> Said:
    return f"来电接入 {event.dnis}", ("带有来电号码" if event.known else "没有来电号码",), GOOD


def _identified(event: e.CallerIdentified, names: Names) -> Said:
    return "认出来电人", (IDENTIFIED_BY.get(event.by, event.by),), GOOD


def _moved(event: e.InteractionMoved, names: Names) -> Said:
    return STATES[State(event.state)], (event.detail,) if event.detail else (), WAIT


def _closed(event: e.InteractionClosed, names: Names) -> Said:
    name, tone = disposition(event.disposition)
    return f"通话结束：{name}", (f"菜单走到：{reached(event.reached)}",), tone


def _promised(event: e.CallbackPromised, names: Names) -> Said:
    recording = ("留了言",) if event.recording else ()
    return "答应回拨", (f"{moment(event.due)} 以前", *recording), WAIT


def _switch_lost(event: e.SwitchLost, names: Names) -> Said:
    return "和交换机断开过", (f"{moment(event.since)} 到 {moment(event.until)} 的事不清楚",), BAD


def _paid(event: e.PaymentReceived, names: Names) -> Said:
    return "收到付款", (_yuan(event.amount_fen), *names.appointment(event.appointment_id)), GOOD


def _refund(event: e.RefundOwed, names: Names) -> Said:
    return "应退款", (_yuan(event.amount_fen), *names.appointment(event.appointment_id)), WAIT


_NOT_BELIEVED = {
    "unknown-order": "没有这个订单",
    "other-merchant": "不是这个商户的订单",
    "wrong-amount": "金额不对",
}


def _notice_refused(event: e.NoticeRefused, names: Names) -> Said:
    why = _NOT_BELIEVED.get(event.why, "签名不对")
    times = (f"{event.times} 次",) if event.times > 1 else ()
    return f"支付通知没有采信：{why}", (*times, *names.appointment(event.appointment_id)), BAD


def _refund_refused(event: e.RefundRefused, names: Names) -> Said:
    return ("退款没有成功，再退一次" if event.again else "退款没有成功，等人处理"), (event.code,), BAD


def _reconciled(event: e.ReconciliationDone, names: Names) -> Said:
    found = f"{event.differences} 笔有差异" if event.differences else "没有差异"
    details = (event.day, f"{event.matched} 笔相符", found)
    return "对账完成", details, WAIT if event.differences else GOOD


def _queued(event: e.QueueEntered, names: Names) -> Said:
    klass = QUEUE_CLASS_WORDS[QueueClass(event.klass)]
    return "重新排队" if event.back else "进入人工排队", (klass,), WAIT


def _waited(title: str, tone: str) -> Words:
    return lambda event, names: (title, (f"等了 {event.waited_s} 秒",), tone)


_ENDS = {
    "abandoned": "排队中挂机",
    "message": "转留言",
    "callback": "转回拨",
    "listed": "登记候补后挂机",
    "switch": "交换机直接接通",
}


def _queue_ended(event: e.QueueEnded, names: Names) -> Said:
    return _ENDS.get(event.how, "离开排队"), (f"等了 {event.waited_s} 秒",), WAIT


def _agent(event: e.AgentMoved, names: Names) -> Said:
    reason = (PAUSE_REASONS[event.reason].label,) if event.reason in PAUSE_REASONS else ()
    return f"话务员：{AGENT_WORDS[AgentState(event.state)]}", reason, QUIET


ROLES = {"caller": "来电人", "agent": "话务员", "third": "第三方", "supervisor": "班长"}


def _room(title: str) -> Words:
    return lambda event, names: (f"{ROLES.get(event.role, '')}{title}", (), QUIET)


def _disposed(event: e.MatterDisposed, names: Names) -> Said:
    choice = DISPOSITIONS[event.first]
    return "小结", (f"{choice.label}·{choice.second[event.second]}",), GOOD


def _third(event: e.ThirdMoved, names: Names) -> Said:
    whom = {"agent": "同事", "hospital": "医院", "number": "外线"}.get(event.target, "第三方")
    state = {"dialling": "正在呼叫", "talking": "接通", "gone": "挂断"}.get(event.state, event.state)
    return f"{whom}{state}", (), QUIET


SUPERVISION = {
    "listen": "班长监听",
    "whisper": "班长耳语",
    "barge": "班长加入通话",
    "take-over": "班长接管",
    "force-pause": "班长置忙",
    "force-ready": "班长置闲",
    "force-off": "班长签出",
    "move": "调整技能组",
    "message": "班长发话",
    "off": "班长停止监听",
    "greeting": "切换开场白",
    "callback": "安排回拨",
    "priority": "提前接听",
}


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}元"


def _steps(event: e.StepsTaken, names: Names) -> Said:
    return "语音菜单", tuple(step(taken, names) for taken in event.steps), QUIET


_STEPS: Mapping[str, Callable[[Any, Names], str]] = {
    "said": lambda said, names: f"播放：{''.join(names.sentence(name) for name in said)}",
    "keys": lambda keys, names: f"按键：{keys}" if keys else "没有按键",
    "keyed": lambda count, names: f"按键：{count} 位（不记录）" if count else "没有按键",
    "recorded": lambda name, names: "留言",
    "transferred": lambda target, names: "转人工",
    "hung-up": lambda who, names: "来电人挂断" if who == "caller" else "我们挂断",
}


def step(taken: Mapping[str, Any], names: Names) -> str:
    """One step of a dialogue. Keys of a secret field are a count and nothing else."""
    words_of = (_STEPS[name](value, names) for name, value in taken.items() if name in _STEPS)
    seconds = f"（{taken['seconds']} 秒）" if "seconds" in taken else ""
    return "，".join(words_of) + seconds


_TEXT_VERBS = {
    "book": "预约", "query": "查询", "change": "改约", "cancel": "取消", "wait": "候补", "yes": "确认",
    "no": "放弃", "more": "更多", "choose": "选择", "score": "评价", "person": "人工", "help": "帮助",
    "stop": "退订", "start": "恢复订阅", "other": "其他时间", "waiting": "候补查询", "unwait": "退出候补",
}  # fmt: skip


def _handled(event: e.TextHandled, names: Names) -> Said:
    if event.verb is None:
        return "短信没有看懂，已回复说明", (), WAIT
    return f"短信指令：{_TEXT_VERBS.get(event.verb, event.verb)}", (), QUIET


_PLACE_ENDED: Mapping[str, Said] = {
    "served": ("轮到时已回拨接通", (), GOOD),
    "unreached": ("轮到时回拨，没有接通", (), BAD),
    "returned": ("本人再次来电，排回原来的位置", (), QUIET),
    "lapsed": ("保留的排队位置到期，改为普通回拨", (), WAIT),
}

_WORDS: Mapping[type[e.Event], Words] = {
    e.PersonRegistered: _plain("登记了新的就诊人", GOOD),
    e.PersonCompleted: _plain("补全了实名信息", GOOD),
    e.IdentityRefused: lambda event, names: ("身份没有核对上", ("已暂停核对",) if event.locked else (), BAD),
    e.SealOpened: _plain("查看了隐藏的信息（已记录）", WAIT),
    e.SessionPublished: _plain("发布班次"),
    e.SessionAmended: _plain("修改班次"),
    e.SessionWithdrawn: _plain("撤回班次", WAIT),
    e.SessionStoppedForLeave: _plain("停诊", BAD),
    e.SessionResumed: _plain("恢复出诊", GOOD),
    e.SessionOver: _plain("班次结束"),
    e.SlotHeld: _held,
    e.HoldReleased: _released,
    e.AppointmentBooked: _booked,
    e.AppointmentConfirmed: _visit("预约成功", GOOD),
    e.AppointmentChanged: _changed,
    e.AppointmentCancelled: _cancelled,
    e.AppointmentExpired: _visit("没有按时支付，预约失效", WAIT),
    e.AppointmentStopped: _visit("医生停诊，等患者选择", BAD),
    e.AppointmentRestored: _visit("停诊取消，照原来的时间就诊", GOOD),
    e.AppointmentCheckedIn: _visit("已取号", GOOD),
    e.AppointmentAttended: _visit("已就诊", GOOD),
    e.AppointmentMissed: _visit("没有来就诊", BAD),
    e.BookingRefused: _refused,
    e.DraftOpened: lambda event, names: ("接着办上次没办完的" if event.continued else "开始办理", (), QUIET),
    e.DraftTaken: _plain("换人接着办"),
    e.DraftHandedOn: _handed_on,
    e.DraftLeft: lambda event, names: ("没有办完", (f"保留到 {moment(event.until)}",), WAIT),
    e.DraftClosed: _plain("办理结束"),
    e.PaymentReceived: _paid,
    e.RefundOwed: _refund,
    e.PaymentSubmitted: _visit("去支付", WAIT),
    e.PaymentDoubted: _visit("支付结果不明，正在查询", WAIT),
    e.PaymentFailed: _visit("支付没有成功", BAD),
    e.NoticeRefused: _notice_refused,
    e.RefundSent: _visit("退款已提交", WAIT),
    e.RefundRefused: _refund_refused,
    e.RefundSettled: lambda event, names: (
        "已人工退款" if event.by_hand else "已退款",
        (_yuan(event.amount_fen),),
        GOOD,
    ),
    e.MerchantAccountKept: _plain("登记了商户号或证书"),
    e.ReconciliationDone: _reconciled,
    e.DifferenceSettled: _plain("对账差错已处理", GOOD),
    e.CreditNoted: _plain("记入信用记录", WAIT),
    e.CreditForgiven: _plain("撤销信用记录", GOOD),
    e.PersonBlacklisted: _plain("暂停预约资格", BAD),
    e.PersonCleared: _plain("恢复预约资格", GOOD),
    e.AppealMade: _plain("提出申诉", WAIT),
    e.AppealDecided: lambda event, names: ("申诉通过" if event.granted else "申诉没有通过", (), GOOD),
    **account_words.SAID,
    **care_words.SAID,
    e.RuleChanged: _plain("修改了规则"),
    e.InteractionOpened: _opened,
    e.StepsTaken: _steps,
    e.CallerIdentified: _identified,
    e.InteractionMoved: _moved,
    e.InteractionClosed: _closed,
    e.CallbackPromised: _promised,
    e.SwitchLost: _switch_lost,
    e.QueueEntered: _queued,
    e.CallOffered: _waited("转给话务员", GOOD),
    e.OfferMissed: _plain("话务员没有接，继续排队", WAIT),
    e.CallConnected: _waited("话务员接听", GOOD),
    e.QueueEnded: _queue_ended,
    e.QueueAlarm: _plain("有空闲话务员而来电仍在等", BAD),
    e.AgentMoved: _agent,
    e.SkillKept: _plain("话务员技能调整"),
    e.AgentWants: _plain("话务员：通话后改变状态"),
    e.AgentLost: lambda event, names: ("话务员恢复连接" if event.found else "话务员连接中断", (), WAIT),
    e.AgentCorrected: _plain("按交换机的实际情况校正了状态", WAIT),
    e.RoomEntered: _room("进入通话"),
    e.RoomLeft: _room("离开通话"),
    e.ThirdMoved: _third,
    e.MatterOpened: _plain("开始一个事项"),
    e.MatterDisposed: _disposed,
    e.CallbackTaken: lambda event, names: (
        ("认领回拨" if event.staff_id else "放回共享回拨"),
        (),
        QUIET,
    ),
    e.CallbackTried: _plain("回拨", WAIT),
    e.PlaceKept: _plain("挂机保留排队位置", WAIT),
    e.PlaceEnded: lambda event, names: _PLACE_ENDED.get(event.how, ("保留的排队位置结束", (), QUIET)),
    e.CallbackSettled: lambda event, names: ("回拨办结" if event.state == "done" else "放弃回拨", (), GOOD),
    e.DeskMessageSent: _plain("班长发话"),
    e.HandRaised: _plain("话务员举手求助", WAIT),
    e.SurgeSwitched: lambda event, names: ("打开高峰应答" if event.on else "关闭高峰应答", (), WAIT),
    e.SupervisorActed: lambda event, names: (
        SUPERVISION.get(event.act, "班长操作"),
        ((event.reason,) if event.reason else ()),
        WAIT,
    ),
    e.CommentMade: _plain("写了一条语音文案批注"),
    e.CommentSettled: _plain("处理了一条语音文案批注", GOOD),
    e.CommentReopened: _plain("重新打开了一条语音文案批注", WAIT),
    e.ReadingCorrected: _plain("修改了一个名字的念法"),
    e.CatalogueChanged: _plain("修改了基础数据"),
    e.StaffCreated: _plain("新建账号"),
    e.StaffChanged: _plain("修改账号"),
    e.StaffDeleted: _plain("删除账号", WAIT),
    e.RolesGiven: _plain("调整账号的角色"),
    e.RoleCreated: _plain("新建角色"),
    e.RoleChanged: _plain("修改角色"),
    e.RoleDeleted: _plain("删除角色", WAIT),
    e.PasswordReset: _plain("重置密码", WAIT),
    e.PasswordChanged: _plain("修改密码"),
    e.SecondFactorSet: _plain("设置动态验证码", GOOD),
    e.SecondFactorCleared: _plain("清除动态验证码", WAIT),
    e.SessionBegun: _plain("登录"),
    e.SessionEnded: _plain("退出登录"),
    e.RecordingBegan: _plain("开始录音"),
    e.RecordingEnded: _plain("录音结束"),
    e.RecordingSealed: _plain("录音已加密保存", GOOD),
    e.RecordingMissing: _plain("没有录到声音", BAD),
    e.RecordingPaused: lambda event, names: ("录音暂停" if event.on else "录音继续", (), QUIET),
    e.RecordingErased: _plain("录音按规定销毁"),
    e.RecordingHeld: lambda event, names: ("录音留存" if event.on else "录音不再留存", (), WAIT),
    e.RecordingFaulty: lambda event, names: (
        FAULT_WORDS[Fault(event.fault)] if event.fault else "录音文件已恢复完好",
        (),
        BAD if event.fault else GOOD,
    ),
    e.RecordingsAudited: _plain("核对录音文件"),
    e.QualityScored: lambda event, names: (f"质检评分 {event.total} 分", (), GOOD),
    e.QualityAppealed: _plain("对质检评分申诉", WAIT),
    e.QualityDecided: _plain("质检申诉已处理", GOOD),
    e.DemoWritten: _plain("演示数据已写好"),
    e.TextSent: _visit("短信已发出", GOOD),
    e.TextDropped: _visit("短信没有发：内容已经过时", QUIET),
    e.TextFailed: _visit("短信没有发出去", BAD),
    e.TextDelivered: _visit("短信已送达", GOOD),
    e.TextReceived: _plain("收到短信"),
    e.TextHandled: _handled,
    e.TextReplied: _plain("回复短信"),
    e.TextsStopped: _plain("退订提醒短信", WAIT),
    e.TextsResumed: _plain("恢复提醒短信"),
}
WORDS: Mapping[str, Words] = {kind.kind: told for kind, told in _WORDS.items()}
