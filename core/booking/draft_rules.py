"""What a draft holds, what it still lacks, and the sentences an operator reads out from it; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from core.errors import WrongInput
from core.people.rules import same_name
from core.values import SERIAL_GROUPS, IdentityKind, local, mask

VERBS = ("book", "change", "cancel")
PAY = ("at-hospital", "card", "online")
SEXES = ("male", "female")

# Half-typed text is kept as it is: only its length is bounded here, its sense is asked at the commit.
_TEXTS = {
    "name": 40, "phone": 20, "contact_phone": 20, "id_number": 30, "card": 40, "birth_date": 10,
    "relation": 20, "note": 200,
}  # fmt: skip
_CHOICES: Mapping[str, Sequence[str]] = {
    "verb": VERBS,
    "pay": PAY,
    "sex": SEXES,
    "id_kind": [kind.value for kind in IdentityKind],
}
_FLAGS = ("attendee_is_caller",)
_KEYS = (
    "hospital_id", "department_id", "doctor_id", "session_id", "period_id", "appointment_id", "person_id",
    "booker_id",
)  # fmt: skip
FIELDS = frozenset((*_TEXTS, *_CHOICES, *_FLAGS, *_KEYS))

# Who chooses one of these anew has not yet chosen what hangs on it.
HANGS_ON = {
    "hospital_id": ("department_id", "doctor_id", "session_id", "period_id"),
    "department_id": ("doctor_id", "session_id", "period_id"),
    "doctor_id": ("session_id", "period_id"),
    "session_id": ("period_id",),
}
# Said of the person a draft is about; of another one it would be untrue.
OF_PERSON = ("name", "phone", "id_kind", "id_number", "card", "sex", "birth_date")
# Of the slot that is held: as `HeldFacts` calls them, too.
OF_SLOT = ("hospital_id", "department_id", "doctor_id", "session_id", "period_id")

Fields = Mapping[str, Any]


def somebody_else(fields: Fields, changes: Fields, picked: str) -> bool:
    """Whether a name is typed, and no person named, that is not the picked person's.

    picked: their name. An emptied name is none yet: who was picked stays.
    """
    name = changes.get("name")
    if "person_id" not in fields or "person_id" in changes or not isinstance(name, str) or not name.strip():
        return False
    return not same_name(picked, name)


def merged(fields: Fields, changes: Fields) -> dict[str, Any]:
    """The fields with the changes in them; None or '' takes a field out.

    Raises WrongInput for a field that no draft has, and for a value of another type or too long.
    """
    for name, value in changes.items():
        if value is not None and not _fits(name, value):
            raise WrongInput(facts={"field": name})
    after = dict(fields)
    for name, hanging in HANGS_ON.items():
        if name in changes and changes[name] != fields.get(name):
            for other in hanging:
                after.pop(other, None)
    if "person_id" in fields and changes.get("person_id", fields["person_id"]) != fields["person_id"]:
        for other in OF_PERSON:
            after.pop(other, None)
    after.update(changes)
    return {name: value for name, value in after.items() if value is not None and value != ""}


def closing_fields(fields: Fields) -> dict[str, Any]:
    """What is remembered of a draft that is done: for the caller's next matter, their number."""
    number = fields.get("contact_phone") or fields.get("phone")
    return merged({}, {"verb": fields.get("verb"), "contact_phone": number})


def _fits(name: str, value: object) -> bool:
    if name in _TEXTS:
        return isinstance(value, str) and len(value) <= _TEXTS[name]
    if name in _CHOICES:
        return value == "" or value in _CHOICES[name]
    if name in _FLAGS:
        return isinstance(value, bool)
    return name in _KEYS and isinstance(value, int) and not isinstance(value, bool) and value > 0


def shown(fields: Fields, typed: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The fields for a screen: numbers masked, but for those the operator has just typed."""
    masked = {"id_number": (3, 4), "card": (0, 4), "phone": (3, 4), "contact_phone": (3, 4)}
    return {
        name: mask(value, *masked[name]) if name in masked and name not in typed else value
        for name, value in fields.items()
    }


@dataclass(frozen=True)
class HeldFacts:
    """The slot that a draft holds, in the names people know it by."""

    hold_id: str
    until: datetime
    live: bool
    session_id: int
    period_id: int
    hospital_id: int
    department_id: int
    doctor_id: int | None
    hospital: str
    department: str
    doctor: str | None
    title: str | None
    number_kind: str
    day: date
    starts_at: datetime
    ends_at: datetime
    sequence: int
    fee_fen: int
    where: str
    room: str


@dataclass(frozen=True)
class Missing:
    """A field still to be asked for. must: nothing is committed without it."""

    field: str
    words: str
    must: bool = True


def missing(fields: Fields, held: HeldFacts | None) -> list[Missing]:
    """What the operator asks next, in the order in which one asks it."""
    verb = fields.get("verb", "book")
    lacks: list[Missing] = []
    if verb != "book" and "appointment_id" not in fields:
        lacks.append(Missing("appointment_id", "请问是哪一个预约？"))
    if verb == "book":
        lacks += _missing_person(fields)
    if verb != "cancel" and (held is None or not held.live or fields.get("session_id") != held.session_id):
        lacks.append(Missing("session_id", "请选择医院、科室和时间"))
    return lacks


def _missing_person(fields: Fields) -> list[Missing]:
    lacks = []
    if "person_id" not in fields:
        if not fields.get("name", "").strip():
            lacks.append(Missing("name", "请问患者姓名？"))
        if "phone" not in fields:
            lacks.append(Missing("phone", "请问患者的电话号码？"))
        if "id_number" not in fields and "card" not in fields:
            lacks.append(Missing("id_number", "请问身份证号码？手边没有可先登记，取号前补齐", must=False))
    elif "phone" not in fields and "contact_phone" not in fields:
        lacks.append(Missing("contact_phone", "短信发到哪个手机号码？"))
    if "card" in fields and "hospital_id" not in fields:
        lacks.append(Missing("hospital_id", "请问是哪家医院的就诊卡？"))
    return lacks


# --- sentences to speak -------------------------------------------------------------------------------

_WEEKDAYS = "一二三四五六日"
_HALVES = ((6, "凌晨"), (12, "上午"), (18, "下午"), (24, "晚上"))
_KINDS = {"ordinary": "普通号", "expert": "专家号", "disease": "专病号", "special": "特需号"}


def read_back(held: HeldFacts | None, *, name: str, fee: str, contact: str, was: str = "") -> str:
    """The sentence to agree on before committing; '' while there is nothing to agree on.

    name: the patient's. fee: what is paid and how, see draft_pay; '' while that is open. contact: the
    number that will get the text. was: of a change, the appointment as it stands, already in words.
    """
    if held is None or not name or not fee:
        return ""
    visit = f"{held.hospital}{held.department}，{_whom(held)}，{spoken_span(held.starts_at, held.ends_at)}"
    tail = contact[-4:]
    text = f"，短信发到尾号{tail}的手机" if len(tail) == 4 else ""
    if was:
        return f"跟您核对一下：{name}，原来{was}，改为{visit}，{fee}{text}。对吗？"
    return f"跟您核对一下：{name}，{visit}，{fee}{text}。对吗？"


def _whom(held: HeldFacts) -> str:
    kind = _KINDS.get(held.number_kind, "")
    return f"{held.doctor}{held.title or ''}{kind}" if held.doctor else f"科室{kind}"


def said(
    serial: str,
    starts_at: datetime,
    ends_at: datetime,
    *,
    where: str = "",
    changed: bool = False,
    pay_by: datetime | None = None,
) -> str:
    """What the caller is told once it is done: serial number in groups, time, place (R-077, R-078).

    pay_by: until when the fee must have come, or the slot is lost.
    """
    done = "变更成功，新的预约流水号是" if changed else "预约成功，预约流水号是"
    place = f"，请到{where}" if where else ""
    due = f"请在{_spoken_instant(pay_by)}前在线付清，过时预约作废。" if pay_by else ""
    span = spoken_span(starts_at, ends_at)
    return f"{done}{in_groups(serial)}，就诊时间{span}{place}。{due}流水号也会发短信给您。"


def given_up(refund_fen: int, *, by_card: bool = False) -> str:
    """What the caller is told of a cancelled appointment and its money (R-088)."""
    if not refund_fen:
        return "预约已取消。"
    way = "已退回就诊卡" if by_card else "将原路退回"
    return f"预约已取消，挂号费{spoken_yuan(refund_fen)}{way}。"


def in_groups(serial: str) -> str:
    """12 345 678: two, three, three, as it is read out."""
    groups, rest = [], serial
    for size in SERIAL_GROUPS:
        groups.append(rest[:size])
        rest = rest[size:]
    return " ".join(group for group in [*groups, rest] if group)


def spoken_span(starts_at: datetime, ends_at: datetime) -> str:
    """11月26日星期四上午8点到8点半."""
    return f"{_spoken_instant(starts_at)}到{_spoken_clock(ends_at)}"


def _spoken_instant(instant: datetime) -> str:
    here = local(instant)
    day = f"{here.month}月{here.day}日星期{_WEEKDAYS[here.weekday()]}"
    half = next(word for until, word in _HALVES if here.hour < until)
    return f"{day}{half}{_spoken_clock(instant)}"


def _spoken_clock(instant: datetime) -> str:
    here = local(instant)
    minutes = {0: "", 30: "半"}.get(here.minute, f"{here.minute}分")
    return f"{here.hour if here.hour <= 12 else here.hour - 12}点{minutes}"


def spoken_yuan(fen: int) -> str:
    """12元5角 would be misheard: 12.5元."""
    return f"{fen / 100:.2f}".rstrip("0").rstrip(".") + "元"


# --- how long -----------------------------------------------------------------------------------------

# One beat of the desk keeps the slot for so long, and the whole of a draft's slot no longer than MOST.
KEPT_BY_A_BEAT = timedelta(minutes=3)
MOST_KEPT = timedelta(minutes=30)


def kept_until(now: datetime, held_at: datetime) -> datetime:
    """Until when a heartbeat keeps a slot: nobody sits on one for ever by leaving a call open."""
    return min(now + KEPT_BY_A_BEAT, held_at + MOST_KEPT)
