"""The operator's page, served as it is, and a server behind its socket that plays from a script."""

import asyncio
import json
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from agent_desk.app import HERE
from agent_desk.house import AGENT_PAGES
from agent_desk.pages import page
from core.contact.agent_rules import DISPOSITIONS, PAUSE_REASONS
from core.http.files import files
from core.http.middleware import security_headers
from core.http.pages import environment
from core.values import Actor, ActorKind
from tests.browser.desk_switch import Switch

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
OPERATOR = Actor(
    ActorKind.STAFF, "liufang", staff_id=3, functions=frozenset({"desk", "book", "reveal", "query"})
)


def ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()


class No(Exception):
    """A refusal as the desk's server words it."""

    def __init__(self, code: str, words: str, **facts: object) -> None:
        super().__init__(code)
        self.said = {"code": code, "words": words, "facts": facts}


class Stage:
    """parts: what a page sees; asked: what it asked for, in order; answers: what a command does here."""

    def __init__(self) -> None:
        self.parts: dict[str, Any] = deepcopy(NOBODY)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "draft.save": self._save,
            "draft.choose": self._choose,
            "draft.commit": self._commit,
            "catalogue.search": lambda _: {"hits": HITS},
            "slots": lambda _: {"sessions": sessions(), "next_release": None},
            "equivalents": lambda _: {"choices": EQUALS},
            "dispose": self._dispose,
            "matter.next": self._next,
            "draft.new": self._new,
            "person.pick": self._pick,
            "reveal": lambda _: {"value": "990102195803125678", "until": ago(-20)},
            "person.search": lambda _: {"people": CANDIDATES},
            "appointment.cancel": lambda _: {"refund_fen": 2000, "say": "已取消，20元原路退回。"},
        }
        self._heard = asyncio.Condition()
        self.sockets: set[web.WebSocketResponse] = set()
        self.switch = Switch()
        self.silent = False  # takes commands, and neither does nor answers them
        self.refuses_sockets = False

    def did(self, what: str) -> list[dict[str, Any]]:
        return [facts for done, facts in self.asked if done == what]

    async def until(self, what: str) -> None:
        """Return when a page has asked for this."""
        async with self._heard:
            await asyncio.wait_for(self._heard.wait_for(lambda: self.did(what)), 30)

    async def change(self, **parts: Any) -> None:
        """Parts as they are from now on, told to every page."""
        self.parts.update(parts)
        await self._tell({"changed": parts, "now": ago(0)})

    async def bye(self, why: str) -> None:
        await self._tell({"bye": why})

    async def cut(self) -> None:
        """The network goes, as a page sees it, and stays away until `refuses_sockets` is taken back."""
        self.refuses_sockets = True
        for socket in list(self.sockets):
            await socket.close()

    def app(self) -> web.Application:
        app = web.Application()
        app[AGENT_PAGES] = environment(HERE / "templates")
        app.on_response_prepare.append(security_headers(lambda _: POLICY))
        app.router.add_get("/desk/", self._page)
        app.router.add_get("/desk/socket", self._socket)
        app.router.add_get("/sip", self.switch.serve)
        app.add_routes([files("/desk/static", HERE / "static"), files("/static", Path("web/static"))])
        return app

    async def _page(self, request: web.Request) -> web.Response:
        return page(request, "desk/page.html", by=OPERATOR, title="坐席", person="刘芳", number="8003")

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self.refuses_sockets:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.add(socket)
        await socket.send_str(json.dumps({"snapshot": self.parts, "cursor": "0.1", "now": ago(0)}))
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._take(socket, json.loads(message.data))
        self.sockets.discard(socket)
        return socket

    async def _take(self, socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        if "pong" in message or self.silent:
            return
        what, facts = message["do"], message["with"]
        async with self._heard:
            self.asked.append((what, facts))
            self._heard.notify_all()
        try:
            ok = self.answers.get(what, lambda _: {})(facts)
            answer: dict[str, Any] = {"re": message["id"], "ok": ok}
        except No as no:
            answer = {"re": message["id"], "no": no.said}
        await socket.send_str(json.dumps(answer))
        for part, areas in (
            ("draft", ("draft.", "matter.", "person.pick")),
            ("matters", ("dispose", "matter.")),
        ):
            if what.startswith(areas):
                await self.change(**{part: self.parts[part]})

    async def _tell(self, message: dict[str, Any]) -> None:
        for socket in list(self.sockets):
            await socket.send_str(json.dumps(message))

    # --- what a server does -----------------------------------------------------------------------

    def _save(self, asked: dict[str, Any]) -> dict[str, Any]:
        draft = self.parts["draft"]
        if asked["version"] != draft["version"]:
            raise No("changed-meanwhile", "这里刚刚被别人改过。", version=draft["version"])
        draft["fields"] = {**draft["fields"], **asked["changes"]}
        draft["version"] += 1
        return {"version": draft["version"]}

    def _choose(self, asked: dict[str, Any]) -> dict[str, Any]:
        draft = self.parts["draft"]
        draft["version"] += 1
        draft["hold"] = hold(period_id=asked["period_id"], session_id=asked["session_id"])
        draft["read_back"] = READ_BACK
        return {}

    def _commit(self, _asked: dict[str, Any]) -> dict[str, Any]:
        draft = self.parts["draft"]
        draft["result"] = {"appointment_id": 77, "serial": "21456803", "say": RESULT}
        draft["hold"] = None
        draft["version"] += 1
        return dict(draft["result"])

    def _new(self, asked: dict[str, Any]) -> dict[str, Any]:
        fields = {"appointment_id": asked.get("appointment_id")}
        self.parts["draft"] = draft(draft_id=6, verb=asked["verb"], fields=fields)
        return {}

    def _pick(self, asked: dict[str, Any]) -> dict[str, Any]:
        now = self.parts["draft"]
        fields = {**now["fields"], "person_id": asked["person_id"], "name": "王建军"}
        self.parts["draft"] = {**now, "version": now["version"] + 1, "fields": fields}
        return {"version": now["version"] + 1}

    def _next(self, _asked: dict[str, Any]) -> dict[str, Any]:
        if any(matter["open"] for matter in self.parts["matters"]):
            raise No("disposition-missing", "请先为本次来电选择小结。")
        self.parts["draft"] = draft(draft_id=6, fields={})
        self.parts["matters"].append({**matter(), "matter_id": 9, "ordinal": 2})
        return {}

    def _dispose(self, asked: dict[str, Any]) -> dict[str, Any]:
        for matter in self.parts["matters"]:
            if matter["matter_id"] == asked["matter_id"]:
                matter["open"] = False
        return {}


# --- the data of a busy moment -------------------------------------------------------------------------

WORDS = {
    "dispositions": {code: {"label": one.label, "second": one.second} for code, one in DISPOSITIONS.items()},
    "pauses": [
        {"code": code, "label": one.label, "limit_s": one.limit_s}
        for code, one in PAUSE_REASONS.items()
        if one.chosen
    ],
    "reasons_reveal": ["核对身份", "患者要求核对", "医院要求", "投诉处理"],
    "skills": [{"code": "dialect", "label": "方言"}, {"code": "complaint", "label": "投诉"}],
    "hospitals_desks": [
        {"hospital_id": 1, "label": "省人民医院 门诊办"},
        {"hospital_id": 2, "label": "市第一医院 总机"},
        {"hospital_id": 3, "label": "省妇幼保健院 导医台"},
    ],
}
ME = {
    "staff_id": 3, "name": "刘芳", "number": "8003", "extension": "8003", "device": "phone", "state": "ready",
    "state_words": "空闲", "reason": None, "reason_words": None, "wanted": None, "wanted_words": None,
    "since": ago(74), "lost": False, "skills": [{"code": "dialect", "label": "方言"}],
    "pause_limit_s": None, "wrap_up_s": 30, "functions": sorted(OPERATOR.functions),
}  # fmt: skip
CARD = {"card_id": 5, "hospital": "省人民医院", "masked": "****4417", "balance_fen": 5850}
PERSON = {
    "person_id": 41, "name": "张秀英", "sex": "female", "age": 68, "id_masked": "990***********5678",
    "phone_masked": "109****3321", "cards": [CARD],
}  # fmt: skip
CANDIDATES = [
    {"person_id": 41, "name": "张秀英", "sex": "female", "age": 68, "note": ""},
    {"person_id": 42, "name": "王建军", "sex": "male", "age": 70, "note": ""},
    {"person_id": 43, "name": "王小雨", "sex": "female", "age": 6, "note": "未实名"},
]
APPOINTMENTS = [
    {
        "appointment_id": 70, "serial": "21455190", "hospital": "省人民医院", "department": "心血管内科",
        "doctor": "李建国", "title": "主任医师", "day": "2026-11-26", "time": "08:30–09:00", "state": "booked",
        "state_words": "预约成功", "may_change": True, "may_cancel": True, "stopped": False,
    },
    {
        "appointment_id": 71, "serial": "21455702", "hospital": "市第一医院", "department": "内分泌科",
        "doctor": "陈静", "title": "副主任医师", "day": "2026-11-27", "time": "14:00–14:30", "state": "stopped",
        "state_words": "停诊待处理", "may_change": True, "may_cancel": True, "stopped": True,
    },
]  # fmt: skip
CALLER = {
    "person": PERSON, "candidates": [], "history": "近半年: 约4 取消1 爽约0; 今天第2次来电", "credit": "",
    "appointments": APPOINTMENTS,
    "menu": [
        {"line": "认出来电人：张秀英"}, {"line": "选了预约：省人民医院 心血管内科"},
        {"line": "没有听清日期，两次"}, {"line": "按 0 转人工"},
    ],
}  # fmt: skip
FIELDS = {
    "name": "张秀英", "sex": "female", "birth_date": "1958-03-12", "phone": "109****3321", "id_kind": "resident",
    "id_number": "990***********5678", "card": None, "attendee_is_caller": True, "relation": None,
    "contact_phone": "109****3321", "pay": "at-hospital", "hospital_id": None, "department_id": None,
    "doctor_id": None, "session_id": None, "period_id": None, "appointment_id": None, "note": None,
}  # fmt: skip
HITS = [
    {"kind": "department", "id": 11, "label": "省人民医院 心血管内科", "hint": "3 个班次有号",
     "hospital_id": 1, "department_id": 11, "doctor_id": None},
    {"kind": "department", "id": 21, "label": "市第一医院 心内科", "hint": "2 个班次有号",
     "hospital_id": 2, "department_id": 21, "doctor_id": None},
    {"kind": "doctor", "id": 9, "label": "李建国 主任医师", "hint": "省人民医院 心血管内科",
     "hospital_id": 1, "department_id": 11, "doctor_id": 9},
]  # fmt: skip
READ_BACK = (
    "跟您核对一下：张秀英，省人民医院心血管内科，李建国主任医师专家号，11月25日星期三上午8点半到9点，"
    "挂号费20元，就诊当天到医院付，短信发到尾号3321的手机。对吗？"
)
RESULT = (
    "预约成功，预约流水号是21 456 803，就诊时间11月25日星期三上午8点半到9点，请到门诊楼三层心内科分诊台。"
    "流水号也会发短信给您。"
)
EQUALS = [
    {"session_id": 95, "period_id": 951, "why": "同科室同级别", "hospital": "省人民医院", "department": "心血管内科",
     "doctor": "周慧", "title": "主任医师", "day": "2026-11-25", "time": "10:00–10:30", "free": 2, "fee_fen": 2000,
     "fee_diff_fen": 0},
    {"session_id": 96, "period_id": 961, "why": "最早", "hospital": "市第一医院", "department": "心内科",
     "doctor": "何伟", "title": "副主任医师", "day": "2026-11-24", "time": "15:00–15:30", "free": 6,
     "fee_fen": 1500, "fee_diff_fen": -500},
]  # fmt: skip


def hold(until: str | None = None, **ids: Any) -> dict[str, Any]:
    return {
        "hold_id": "h1", "until": until or ago(-172), "hospital": "省人民医院", "department": "心血管内科",
        "doctor": "李建国", "title": "主任医师", "day": "2026-11-25", "time": "08:30–09:00", "fee_fen": 2000,
        "sequence": 12, "session_id": 91, "period_id": 911, **ids,
    }  # fmt: skip


def sessions() -> list[dict[str, Any]]:
    def one(session_id: int, doctor: str | None, title: str, day: str, half: str, fee: int, free: int, total: int,
            held: int = 0) -> dict[str, Any]:  # fmt: skip
        times = ("08:30–09:00", "09:00–09:30", "09:30–10:00", "10:00–10:30", "10:30–11:00")
        periods = [
            {"period_id": session_id * 10 + at, "time": time, "free": max(0, free - at)}
            for at, time in enumerate(times)
        ]
        holds = [{"until": ago(-100 - 30 * at), "face": "web"} for at in range(held)]
        return {
            "session_id": session_id, "doctor": doctor, "title": title, "day": day, "half": half, "fee_fen": fee,
            "free": free, "held": holds, "booked": total - free - held, "total": total, "periods": periods,
        }  # fmt: skip

    return [
        one(91, "李建国", "主任医师", "2026-11-25", "am", 2000, 3, 20, held=1),
        one(92, "周慧", "主任医师", "2026-11-25", "pm", 2000, 0, 20, held=2),
        one(93, None, "普通门诊", "2026-11-25", "am", 800, 14, 60),
        one(94, "马国强", "副主任医师", "2026-11-26", "am", 1500, 6, 30),
        one(97, "李建国", "主任医师", "2026-11-27", "pm", 2000, 9, 20),
    ]


def call(state: str, **changes: Any) -> dict[str, Any]:
    return {
        "interaction_id": 900, "direction": "in", "number_masked": "109****3321", "state": state, "since": ago(6),
        "began": ago(140), "waited_s": 47, "dnis": "12320", "klass_words": "老年人",
        "came_words": "听到选日期，按 0 转人工", "third": None, "leg_present": state != "ringing",
        "hold_since": None, "talk_s": 0, "over": False, "recording": {"on": True, "gap": False}, **changes,
    }  # fmt: skip


def draft(**changes: Any) -> dict[str, Any]:
    made = {
        "draft_id": 5, "version": 1, "state": "open", "verb": "book", "fields": dict(FIELDS), "hold": None,
        "lapsed": None, "missing": [], "warnings": [], "read_back": "", "result": None,
        "labels": {"hospital": None, "department": None, "doctor": None},
    }  # fmt: skip
    return {**made, **changes}


def matter(first: str | None = None, second: str | None = None) -> dict[str, Any]:
    label = f"{DISPOSITIONS[first].label}·{DISPOSITIONS[first].second[second]}" if first and second else None
    return {
        "matter_id": 8, "interaction_id": 900, "staff_id": 3, "ordinal": 1, "first": first, "second": second,
        "label": label, "by_act": bool(first), "open": True,
    }  # fmt: skip


QUEUE = {"waiting": 7, "longest_since": ago(94), "free": 2, "signed_in": 14, "by_skill": []}
CALLBACKS = {
    "mine": [
        {"callback_id": 1, "number_masked": "109****0142", "person": "陈桂兰", "promised_for": ago(240),
         "late": True, "recording_s": 0, "tries": 1, "tried_at": ago(1800)},
    ],
    "shared": [
        {"callback_id": 2, "number_masked": "109****7781", "person": None, "promised_for": ago(-1500),
         "late": False, "recording_s": 38, "tries": 0, "tried_at": None},
        {"callback_id": 3, "number_masked": "109****5006", "person": "孙立", "promised_for": ago(-3300),
         "late": False, "recording_s": 12, "tries": 0, "tried_at": None},
    ],
}  # fmt: skip


def handed(call_id: int = 5, *, mine: bool = False) -> dict[str, Any]:
    """The part `outbound` with one call that the machine could not make."""
    one = {
        "call_id": call_id, "kind": "leave-offer", "kind_words": "停诊通知", "person": "王秀英",
        "number_masked": "109****5678", "visit_at": ago(-90_000), "until": ago(-90_000), "late": False,
        "visit": {
            "appointment_id": 41, "serial": "12345678", "hospital": "省人民", "department": "心血管内科",
            "doctor": "陈建国", "title": "主任医师", "day": "2026-11-26", "time": "08:00–08:30",
            "state": "stopped", "state_words": "停诊待处理",
        },
        "offer": {
            "offer_id": 9, "hospital": "省人民", "department": "心血管内科", "doctor": "赵明",
            "title": "主任医师", "day": "2026-11-26", "time": "14:00–14:30", "fee_fen": 3000,
            "until": ago(-3_000),
        },
        "tries": [
            {"number": 1, "at": ago(7_200), "words": "接了没按键", "tone": "wait", "by": "自动外呼"},
            {"number": 2, "at": ago(3_600), "words": "无人接听", "tone": "wait", "by": "自动外呼"},
        ],
    }  # fmt: skip
    return {"mine": [one] if mine else [], "shared": [] if mine else [one], "taken": 1}


COLLEAGUES = [
    {"staff_id": at, "name": name, "number": f"80{at:02}", "state": state, "state_words": words,
     "since": ago(40 * at), "skills": [], "lost": False}
    for at, (name, state, words) in enumerate(
        [("张敏", "ready", "空闲"), ("赵磊", "ready", "空闲"), ("刘芳", "talking", "通话"),
         ("欧阳雪", "wrap-up", "话后整理"), ("孙悦", "talking", "通话")], start=1)
]  # fmt: skip
MESSAGES = [
    {
        "message_id": 1,
        "from": "班长 周敏",
        "text": "省妇幼下午系统维护，三点前不要约。",
        "at": ago(130),
        "to_all": True,
    }
]
NOBODY: dict[str, Any] = {
    "who": {"staff_id": 3, "login": "liufang", "functions": sorted(OPERATOR.functions)},
    "me": None, "phone": {"switch": "up", "socket_url": None, "user": None, "password": None, "domain": None},
    "call": None, "caller": None, "draft": None, "matters": [], "queue": QUEUE, "callbacks": CALLBACKS,
    "outbound": {"mine": [], "shared": [], "taken": 0},
    "messages": [], "colleagues": COLLEAGUES, "words": WORDS,
}  # fmt: skip
TALKING: dict[str, Any] = {
    "me": {**ME, "state": "talking", "state_words": "通话", "since": ago(38)},
    "call": call("talking", talk_s=38), "caller": CALLER, "draft": draft(), "matters": [matter()],
}  # fmt: skip
