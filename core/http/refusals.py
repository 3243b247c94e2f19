"""A refusal as an HTTP status and as a Chinese sentence that says why and what else can be done."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time

from core.errors import Coded, all_refusals
from core.values import local

_WEEKDAYS = "一二三四五六日"

# Whoever is told 503 is asked to come again after so long.
RETRY_S = 5


def _day(value: object) -> str:
    if not isinstance(value, date):
        return "当天"
    return f"{value.month}月{value.day}日(星期{_WEEKDAYS[value.weekday()]})"


def _moment(value: object) -> str:
    if not isinstance(value, datetime):
        return "规定时间"
    here = local(value)
    return f"{here.month}月{here.day}日{here:%H:%M}"


def _seconds(value: object) -> str:
    if not isinstance(value, datetime):
        return "一分钟"
    return f"{local(value):%H:%M:%S}"


def _clock(value: object) -> str:
    return f"{value:%H:%M}" if isinstance(value, time) else "规定时间"


def _some(number: object) -> str:
    """A story told later knows the code of a refusal, but no longer its numbers."""
    return str(number) if isinstance(number, int) else "若干"


_Facts = Mapping[str, object]
_Words = str | Callable[[_Facts], str]

_KINDS = {
    "resident": "居民身份证", "foreigner": "外国人永久居留身份证", "hk-macau": "港澳居民来往内地通行证",
    "taiwan": "台湾居民来往大陆通行证", "passport": "护照", "military": "军官证", "household": "户口簿",
}  # fmt: skip


def _kinds(facts: _Facts) -> str:
    kinds = facts.get("kinds")
    names = (
        [_KINDS.get(str(kind), str(kind)) for kind in kinds] if isinstance(kinds, list) else ["居民身份证"]
    )
    return "、".join(names)


_BLOCKED_FOR = {
    "block.no-show": "多次爽约",
    "block.cancel": "多次取消预约",
    "block.same-day-cancel": "多次在就诊当天取消预约",
    "block.booked": "预约过于频繁",
}


def _blocked(facts: _Facts) -> str:
    until = facts.get("until")
    end = (
        f"{local(until).year}年{_moment(until)}后可恢复预约" if isinstance(until, datetime) else "暂不能预约"
    )
    return f"您的预约因{_BLOCKED_FOR.get(str(facts.get('rule')), '信用规则')}暂停,{end}。如有异议,可以申诉。"


def _often(facts: _Facts) -> str:
    where = {"department": "在该科室的", "doctor": "这位医生的"}.get(str(facts.get("of")), "")
    return f"您近期{where}预约已达{_some(facts.get('limit'))}次的上限,请过些时间再约,或联系人工。"


def _too_near(facts: _Facts) -> str:
    first = facts.get("first")
    ahead = f",至少提前{first}天预约" if isinstance(first, int) and first > 0 else ""
    return f"该日期不在可预约的日期内{ahead},请选择其他日期。"


def _age(facts: _Facts, words: str) -> str:
    years = f"{facts['age']}周岁" if "age" in facts else "规定年龄"
    return f"该科室只接诊{years}{words}的患者,请选择其他科室。"


_ASK = {"card": "卡号", "name": "姓名", "phone": "电话"}


def _card(facts: _Facts) -> str:
    """facts.ask: what an operator asks once more; who sees no such fact is told of all three alike."""
    ask = facts.get("ask")
    if not isinstance(ask, list):
        return "卡号、姓名和电话不一致,请核对。"
    again = "、".join(_ASK[one] for one in ask)
    return f"卡号、姓名和电话对不上,请再问一遍{again};不要告诉来电人哪一项不符。"


def _conflict(facts: _Facts) -> str:
    """facts.why: what an operator typed is not the picked person's."""
    if facts.get("why") == "other-person":
        return "证件号码和选中的患者登记的不一致,请再问一遍;如果是另一位患者,请改姓名或重新选人。"
    if facts.get("why") == "account":
        return (
            "这个证件号码不能这样办理:姓名可能和登记的不一样,或者已经注册过,或者以前用的是别的手机号。"
            "请核对后再试,也可以拨打12320由话务员核对。"
        )
    return "该证件号码与登记的姓名不一致,请联系人工核对。"


def _name_bound(facts: _Facts) -> str:
    if facts.get("why") == "booked":
        return "您还有待就诊的预约,医院按现在的姓名接诊;请就诊或取消后再改姓名。"
    return "您的姓名已由医院核对过,不能网上修改;请带证件到医院窗口,或拨打12320。"


def _yuan(fen: object) -> str:
    return f"{fen / 100:.2f}元" if isinstance(fen, int) else ""


def _sex(facts: _Facts) -> str:
    only = {"female": "女性", "male": "男性"}.get(str(facts.get("sex")), "规定性别的")
    return f"该科室只接诊{only}患者,请选择其他科室。"


_WRONG: dict[tuple[str, str], _Words] = {
    ("name", "other-person"): "姓名和选中的就诊人不一致,请重新选人,或先去掉选中的就诊人再登记。",
    ("reason", "empty"): "请选择或写下原因。",
    ("comment", "empty"): "请写下您的意见。",
    ("comment", "long"): lambda f: f"意见最多{f['most']}个字,现在有{f['length']}个字。",
    ("appeal", "empty"): "请写下申诉的理由。",
    ("appeal", "long"): lambda f: f"申诉的理由最多{f['most']}个字,现在有{f['length']}个字。",
    ("answer", "empty"): "请写下答复，患者会看到。",
    ("answer", "long"): lambda f: f"答复最多{f['most']}个字,现在有{f['length']}个字。",
    ("author", "empty"): "请写下您的姓名,好让同事知道是谁说的。",
    ("author", "long"): lambda f: f"姓名最多{f['most']}个字。",
    ("pinyin", "count"): lambda f: f"一个字一个音节:要{f['wanted']}个,您填了{f['given']}个。",
    ("pinyin", "syllable"): lambda f: f"第{f['place']}个音节“{f['syllable']}”不是普通话的音节。",
    ("pinyin", "tone"): lambda f: f"第{f['place']}个音节“{f['syllable']}”要以声调结尾:1到4,轻声是5。",
    ("birth_date", "child"): "未满十四周岁的孩子请由监护人注册,再添加为就诊人。",
    ("birth_date", "empty"): "请填写出生日期。",
    ("birth_date", "shape"): "出生日期要像 1980-05-04 这样填写。",
    ("sex", "empty"): "请选择性别。",
    ("identity_kind", "household"): "户口簿只用于孩子:请由监护人注册,再添加为就诊人。",
    ("identity", "empty"): "请填写证件号码。",
    ("identity_kind", "grown"): "户口簿只用于未满十八周岁的孩子,请换其他证件。",
    ("identity_kind", "unknown"): "请选择证件种类。",
    ("relation", "unknown"): "请选择和您的关系。",
    ("card", "shape"): "卡号只能有字母和数字,六到三十位。",
    ("address", "long"): "地址最多一百个字。",
    ("phone", "mobile"): "请填写手机号码:验证码只能发到手机。",
    ("agree", "empty"): "请先阅读说明并同意,再注册。",
    ("login", "shape"): "登录名要以字母或数字开头,只能有字母、数字和 . _ - @,最多四十个字。",
    ("login", "taken"): "这个登录名有人用过。用过的登录名不再使用,删除了的也不行。",
    ("number", "shape"): "工号只能是数字,最多八位。",
    ("number", "taken"): "这个工号有人用过。",
    ("name", "empty"): "请填写名称。",
    ("name", "long"): "名称最多四十个字。",
    ("name", "taken"): "这个名称已经有了。",
    ("pinyin", "long"): "这个念法太长,存不下。",
    ("title", "empty"): "请填写标题。",
    ("title", "long"): lambda f: f"标题最多{f['most']}个字。",
    ("body", "empty"): "请填写正文。",
    ("body", "long"): lambda f: f"正文最多{f['most']}个字。",
    ("kind", "unknown"): "请选择类别。",
    ("from", "shape"): "请填写开始日期,像2026-11-26这样写。",
    ("until", "shape"): "结束日期要像2026-11-26这样写。",
    ("until", "before"): "结束日期不能早于开始日期。",
    ("until", "over"): "结束日期已经过去,请先改结束日期再发布。",
    ("amount", "other"): "金额和这笔退费不一致,请按凭证再核对一遍。",
}


PASSWORD_WEAK = {
    "short": "密码至少要十个字。",
    "long": "密码太长。",
    "plain": "密码要有大写、小写、数字、符号中的三种;不少于十六个字的不限。",
    "own": "密码里不能有您的登录名、姓名、工号或手机号码。",
    "common": "这个密码太常见,请换一个。",
    "same": "新密码不能和现在的一样。",
    "again": "两次输入的新密码不一样。",
}


def _wrong(facts: _Facts) -> str:
    words = _WRONG.get((str(facts.get("field")), str(facts.get("why"))), "填写的内容有误,请检查后再试。")
    return words if isinstance(words, str) else words(facts)


def _gone(facts: _Facts) -> str:
    if facts.get("why") == "erased":
        return "这段录音的保存期满,已按规定销毁,不能再听。"
    return "这段录音的文件不见了,不能播放;已经记下,班长在系统状态里看得到。"


def _cashier(facts: _Facts) -> str:
    if facts.get("why") == "no-account":
        return "该医院没有开通网上支付,请到医院付费,或拨打12320改约。"
    return "支付渠道暂时联系不上,请稍后再试;您的号还为您留着。"


SENTENCES: dict[str, tuple[int, _Words]] = {
    "wrong-input": (400, _wrong),
    "hospital-not-live": (409, "该医院暂未开放预约,请选择其他医院。"),
    "not-open-for-booking": (409, "该科室或医生暂未开放预约,请选择其他科室或医生。"),
    "channel-closed": (409, "该医院暂不接受本渠道预约,请换其他渠道或到医院窗口办理。"),
    "outside-booking-hours": (
        409,
        lambda f: f"该医院每天{_clock(f.get('opens'))}至{_clock(f.get('closes'))}受理预约,请在受理时间内再约。",
    ),
    "outside-window": (409, _too_near),
    "not-released": (409, lambda f: f"该号源{_moment(f.get('release_at'))}开放预约,请到时再约。"),
    "too-late-to-book": (409, lambda f: f"该班次已于{_moment(f.get('stop_at'))}停止预约,请选择其他日期。"),
    "session-stopped": (409, lambda f: f"{_day(f.get('day'))}医生停诊,请选择其他日期或其他医生。"),
    "slot-full": (409, "号已约满,请选择其他时段或其他医生。"),
    "share-used-up": (409, "本渠道的号已约满,可换其他渠道或其他时段。"),
    "slot-taken": (409, "这个号刚刚被约走,请另选一个。"),
    "hold-unknown": (409, "没有找到为您保留的号,请重新选择。"),
    "hold-lapsed": (409, "为您保留的号已超时,请重新选择。"),
    "offer-gone": (409, "为您保留的号已经处理或超时,请按最新通知办理。"),
    "reminder-over": (409, "这次预约已经有变动,请按最新的预约办理。"),
    "waiting-free": (409, lambda f: f"{_day(f.get('day'))}还有号,不用候补,请直接预约。"),
    "waiting-twice": (409, "就诊人已经在这个候补名单里,有号会通知您。"),
    "waiting-booked": (409, lambda f: f"就诊人已约了{_day(f.get('day'))}的号,不用再候补。"),
    "waiting-full": (409, lambda f: f"每位就诊人最多同时候补{_some(f.get('limit'))}个,请先退出不需要的候补。"),
    "survey-over": (409, "这次评价已经结束,谢谢您。"),
    "busy": (503, "现在预约的人很多,请稍候再试,您的选择没有丢失。"),
    "storage-away": (503, "系统暂时没有响应,请过一会儿再试;如果刚才提交过预约、变更或取消,请先查一下是否已经办好。"),
    "limit-department-day": (
        409,
        lambda f: f"同一科室同一天最多预约{_some(f.get('limit'))}个号,您在{_day(f.get('day'))}已有预约,请改选其他日期。",
    ),
    "limit-doctor-day": (
        409,
        lambda f: f"同一医生同一天最多预约{_some(f.get('limit'))}个号,您在{_day(f.get('day'))}已有预约。",
    ),
    "limit-session": (409, lambda f: f"同一班次最多预约{_some(f.get('limit'))}个号,您已有预约,请改选其他时间。"),
    "limit-day": (
        409, lambda f: f"每人每天最多预约{_some(f.get('limit'))}个号,{_day(f.get('day'))}已达上限,请改选其他日期。",
    ),
    "limit-live": (409, lambda f: f"您已有{_some(f.get('limit'))}个待就诊的预约,请先就诊或取消后再约。"),
    "limit-period": (409, _often),
    "limit-phone": (409, lambda f: f"一个手机号最多为{_some(f.get('limit'))}位患者预约,请换一个联系号码。"),
    "overlapping-visit": (
        409, lambda f: f"您{_moment(f.get('starts_at'))}已有一个预约,时间太近来不及就诊,请改选其他时段。",
    ),
    "rebook-too-soon": (409, lambda f: f"您刚取消过这个班次,{_moment(f.get('again_at'))}后可以再约。"),
    "too-young": (409, lambda f: _age(f, "及以上")),
    "too-old": (409, lambda f: _age(f, "及以下")),
    "wrong-sex": (409, _sex),
    "blacklisted": (403, _blocked),
    "identity-needed": (409, "预约该号需要患者的证件号码,请补充后再约。"),
    "identity-kind-refused": (409, lambda f: f"首次就诊请使用{_kinds(f)}预约。"),
    "identity-invalid": (400, "证件号码不正确,请核对后再试。"),
    "identity-conflict": (409, _conflict),
    "identity-locked": (429, "核对次数过多,为保护您的信息,请一小时后再试或联系人工。"),
    "person-unknown": (404, "没有找到这位患者的登记信息。"),
    "card-mismatch": (409, _card),
    "phone-invalid": (400, "电话号码不正确,请核对。"),
    "appointment-unknown": (404, "没有找到这个预约,请核对预约流水号。"),
    "wrong-state": (409, "这个预约现在不能这样办理,请刷新后查看最新状态。"),
    "too-late-to-cancel": (409, lambda f: f"取消预约的截止时间是{_moment(f.get('until'))},现已超过;如有特殊情况请联系人工。"),
    "too-late-to-change": (409, lambda f: f"变更预约的截止时间是{_moment(f.get('until'))},现已超过;如有特殊情况请联系人工。"),
    "too-many-changes": (409, lambda f: f"一个预约最多变更{_some(f.get('limit'))}次,您可以取消后重新预约。"),
    "web-refund-not-allowed": (409, "该医院不支持网上退费,请拨打12320或到医院窗口办理。"),
    "not-check-in-day": (409, lambda f: f"请在就诊当天({_day(f.get('day'))})取号。"),
    "too-late-to-check-in": (409, lambda f: f"取号截止时间是{_moment(f.get('until'))},请到挂号窗口咨询。"),
    "not-paid": (409, "这个预约还没有支付,请先支付。"),
    "payment-late": (409, "支付已超时,款项将原路退回。"),
    "wrong-amount": (409, "支付金额与应付金额不一致。"),
    "idempotency-key-reused": (422, "重复的请求内容不一致。"),
    "not-allowed": (403, "您没有办理这项业务的权限。"),
    "not-found": (404, "没有找到您要的内容。"),
    "template-invalid": (400, "排班内容有误,请检查时间、时段和号数。"),
    "session-exists": (409, lambda f: f"{_day(f.get('day'))}该班次已经发布。"),
    "has-appointments": (409, lambda f: f"该班次还有{_some(f.get('count'))}个占用或预约,不能撤回;请按停诊处理。"),
    "rule-invalid": (400, "规则的键、值或周期不正确。"),
    "changed-meanwhile": (409, "这里刚刚被别人改过,没有覆盖。请看一下现在的内容,再决定是否还要改。"),
    "callers-waiting": (409, "有来电在等，空闲坐席先接来电；来电接完后再回拨。"),
    "agent-engaged": (409, "正在通话或振铃，请先结束当前来电。"),
    "agent-not-signed-in": (409, "您还没有签入，请先签入。"),
    "phone-taken": (409, "这部话机已有人签入，请先请其签出。"),
    "disposition-missing": (409, "请先为本次来电选择小结，再置为空闲。"),
    "call-gone": (409, "这个来电已经结束，或已由他人接手。"),
    "switch-away": (503, "电话交换机暂时联系不上，正在重连。"),
    "sound-gone": (410, _gone),
    "sound-tampered": (409, "这段录音的文件被改动过,不能播放;已经记下,班长在系统状态里看得到。"),
    "target-busy": (409, "对方忙或无人接听，来电仍在保持中。"),
    "not-logged-in": (401, "您还没有登录,或登录已经过期,请重新登录。"),
    "login-unfinished": (403, "登录还差一步,请先完成。"),
    "login-wrong": (403, "登录名、密码或验证码不正确。"),
    "login-locked": (429, lambda f: f"试错次数过多,{_moment(f.get('until'))}后可以再试。"),
    "password-weak": (400, lambda f: PASSWORD_WEAK.get(str(f.get("why")), "这个密码太容易猜,请换一个。")),
    "form-stale": (403, "这个页面放得太久了,请重新打开后再提交。"),
    "super-administrator": (409, "超级管理员不能删除,也不能由别人修改。"),
    "role-in-use": (409, lambda f: f"还有{_some(f.get('count'))}个账号使用这个角色,请先改掉。"),
    "card-short": (409, lambda f: f"就诊卡余额不足{_yuan(f.get('needed_fen'))}或卡已停用,请改为到医院付,或充值后再扣费。"),
    "card-charge-off": (409, "该医院没有开通就诊卡直接扣费,请改为到医院付。"),
    "cashier-away": (409, _cashier),
    "link-over": (410, "这个链接已经用过,或过了期。请拨打12320,由话务员为您补登证件。"),
    "code-too-soon": (429, lambda f: f"一分钟内只能发一次验证码,{_seconds(f.get('until'))}后可以再发。"),
    "codes-used-up": (429, "这个手机号今天收的验证码太多,请明天再试,或拨打12320。"),
    "code-wrong": (400, "短信验证码不对,或已经失效。请填最新一条短信里的六位数字,或重新发送。"),
    "credentials-wrong": (403, "手机号(或证件号码)与密码不符,请重新填写;忘记密码可以找回。"),
    "reset-wrong": (403, "填写的信息有误,没有重置。请核对手机号、证件号码、姓名和短信验证码后再试。"),
    "account-exists": (409, "这个手机号已经注册过,请直接登录;忘记密码可以找回。"),
    "name-bound": (409, _name_bound),
    "captcha-wrong": (400, "验证码不对，或已经过期，请照新的图片再填一次。"),
    "too-many-requests": (429, lambda f: f"请求太频繁,请过{_some(f.get('seconds'))}秒再试。"),
    "method-not-allowed": (405, "这个地址不接受这种请求方法。"),
    "too-large": (413, "发来的内容太大了。"),
    "unsupported-media-type": (415, "只接受约定格式的内容,请看接口说明。"),
    "our-fault": (500, "系统出错了,错误已经记录,请稍后再试。"),
    "signature-invalid": (401, "请求的签名缺失或不正确。"),
    "signature-old": (401, lambda f: f"签名的时间和我们的时钟相差超过{_some(f.get('seconds'))}秒。"),
    "signature-used": (401, "这个签名已经用过,每个请求都要用新的随机串签名。"),
    "partner-off": (403, "这个合作单位的接入已经停用。"),
    "partner-not-allowed": (403, "这个合作单位没有开通此项功能。"),
    "partner-quota-used": (429, lambda f: f"今天的预约额度{_some(f.get('quota'))}个已经用完,明天再约。"),
    "partner-holds-full": (409, lambda f: f"同时最多为{_some(f.get('most'))}位患者占号,请先预约或释放。"),
    "attendees-full": (409, lambda f: f"一个账号最多为{_some(f.get('most'))}位家人预约,请先移除一位。"),
    "favourites-full": (409, lambda f: f"最多收藏{_some(f.get('most'))}个医院和医生,请先取消几个。"),
    "reminders-full": (409, lambda f: f"最多同时等{_some(f.get('most'))}个放号提醒,请先取消几个。"),
    "line-first": (409, "放号时按排队顺序选号,还没有轮到您,请先排队。"),
    "line-not-open": (409, lambda f: f"还没有开始登记,{_moment(f.get('opens'))}开始。"),
    "line-over": (409, "这一班现在不用排队,可以直接选号。"),
    "four-eyes": (409, "停诊要由录入人以外的人审核，请让同事审核。"),
    "draft-incomplete": (409, lambda f: f"还不能提交:{f.get('words', '内容还没有填完。')}"),
    "appeal-closed": (409, "该限制已结束或申诉已在处理中。"),
}  # fmt: skip


def status(refusal: Coded) -> int:
    """The HTTP status of a refusal."""
    return SENTENCES[refusal.code][0]


def sentence(refusal: Coded) -> str:
    """Why not, and what else: one or two short Chinese sentences from the refusal's facts."""
    words = SENTENCES[refusal.code][1]
    return words if isinstance(words, str) else words(refusal.facts)


def code_words(code: str) -> str:
    """The words of a refusal of which only the code is known any more: in a story told later."""
    kind = next((kind for kind in all_refusals() if kind.code == code), None)
    return sentence(kind()) if kind else code
