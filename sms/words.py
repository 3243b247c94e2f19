"""How a refusal is said in a text: one segment, what is wrong and the way on."""

REFUSALS: dict[str, str] = {
    "wrong-input": "未能识别您的输入,请核对后重发,或拨打12320由话务员为您办理。",
    # is it open, is there one left
    "hospital-not-live": "该医院暂未开通预约,请选择其他医院,或拨打12320咨询。",
    "not-open-for-booking": "该科室或医生暂不接受预约,请选择其他医生,或拨打12320咨询。",
    "channel-closed": "该医院暂不接受本渠道预约,请拨打12320或到医院窗口办理。",
    "outside-booking-hours": "现在不在该医院的预约受理时间,请在受理时间内再约,详询12320。",
    "outside-window": "该日期不在可预约的范围内,请换一个日期,详询12320。",
    "not-released": "该日号源尚未放出,请在放号后再约,放号时间请拨12320查询。",
    "too-late-to-book": "该班次已截止预约,请选择其他时间,或到医院窗口挂号。",
    "session-stopped": "该医生此班次已停诊,请选择其他时间或其他医生,详询12320。",
    "slot-full": "该班次的号已约满,请选择其他时间或其他医生,详询12320。",
    "share-used-up": "本渠道的号已约完,请换一个时间,或拨打12320查询其他号源。",
    "slot-taken": "这个号刚被他人约走,请重新选择时间。",
    "hold-unknown": "未找到为您保留的号,请重新选择时间。",
    "hold-lapsed": "为您保留的号已超时释放,请重新选择时间。",
    "offer-gone": "为您保留的号已处理或超时,回复查询可看您现在的预约。",
    "busy": "当前办理人数较多,请稍后再试,您的预约没有变动。",
    # may this person
    "limit-department-day": "就诊人当日在该科室的预约已达上限,请换一天或换科室。",
    "limit-doctor-day": "就诊人当日已约过该医生,请换一天。",
    "limit-session": "就诊人在该班次的预约已达上限,请换一个时间。",
    "limit-day": "就诊人当日的预约已达上限,请换一天,或先取消不需要的预约。",
    "limit-live": "就诊人未就诊的预约已达上限,请先取消不需要的预约。",
    "limit-period": "就诊人近期的预约次数已达上限,请过些日子再约,详询12320。",
    "limit-phone": "本手机号预约的就诊人数已达上限,请换用就诊人本人的手机号。",
    "overlapping-visit": "就诊人在这个时段已有其他预约,请换一个时间。",
    "rebook-too-soon": "就诊人刚取消过该医生的号,暂不能再约,请过些时间再试。",
    "too-young": "就诊人年龄小于该科室的接诊年龄,请选择其他科室,详询12320。",
    "too-old": "就诊人年龄超过该科室的接诊年龄,请选择其他科室,详询12320。",
    "wrong-sex": "该科室与就诊人的性别不符,请核对就诊人或选择其他科室。",
    "blacklisted": "就诊人因多次爽约或取消,暂停预约。如有异议请拨打12320申诉。",
    "identity-needed": "该医院要求实名预约,请拨打12320登记就诊人的姓名和证件号。",
    "identity-kind-refused": "首次就诊不能用这种证件预约,请换其他证件,详询12320。",
    # who is it
    "identity-invalid": "证件号码有误,请核对后重发。",
    "identity-conflict": "姓名与登记的证件号码不一致,请核对,或拨打12320由话务员办理。",
    "identity-locked": "证件核对失败次数过多,请一小时后再试,或拨打12320由话务员办理。",
    "person-unknown": "未找到就诊人的登记信息,请拨打12320登记后再约。",
    "card-mismatch": "就诊卡号与就诊人信息不一致,请核对,或拨打12320办理。",
    "phone-invalid": "手机号码有误,请核对后重发。",
    # an appointment's life
    "appointment-unknown": "未找到该流水号的预约,请核对8位流水号,或拨打12320查询。",
    "wrong-state": "该预约当前的状态不能这样办理,请先查询预约,或拨打12320。",
    "too-late-to-cancel": "已过取消时限,不能取消。请按时就诊,或拨打12320说明情况。",
    "too-late-to-change": "已过改约时限,不能改约。请按时就诊,或拨打12320说明情况。",
    "too-many-changes": "该预约的改约次数已达上限,原预约有效,请按时就诊。",
    "web-refund-not-allowed": "该医院不支持网上退号退费,请到医院窗口办理。",
    "not-check-in-day": "今天不是就诊日,请在就诊当天取号。",
    "too-late-to-check-in": "已过取号时间,请到医院窗口咨询。",
    "not-paid": "该预约尚未支付,请先支付,逾时号将释放。",
    "payment-late": "支付时限已过,预约已失效,所付款项将原路退回。",
    "wrong-amount": "支付金额与应付金额不符,款项将原路退回,请重新支付。",
    "idempotency-key-reused": "这条请求与之前的内容不同,请重新发送。",
    # keeping the house
    "not-allowed": "您无权办理此项业务,请拨打12320。",
    "not-found": "未找到您要的内容,请核对后重发,或拨打12320咨询。",
    "template-invalid": "排班内容有误,请核对后再试。",
    "session-exists": "该医生这个班次已有排班,请勿重复。",
    "has-appointments": "该班次已有预约,不能直接撤销,请按停诊办理。",
    "rule-invalid": "规则内容有误,请核对后再试。",
    "changed-meanwhile": "您要改的内容刚被别人改过,请核对后重发。",
    "appeal-closed": "该申诉已处理完毕,如仍有异议请拨打12320。",
}


def refusal(code: str) -> str:
    """The sentence for a refusal's code. Raises KeyError for a code nobody has found words for."""
    return REFUSALS[code]
