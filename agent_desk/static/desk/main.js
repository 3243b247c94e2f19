// The operator's page: its parts put together, its keys, and where the cursor goes when the state changes.

import { at, button, fill, h, kbd } from "./dom.js";
import { Dispositions } from "./dispositions.js";
import { Draft } from "./draft.js";
import { Drawer } from "./drawer.js";
import { visit, serial } from "./format.js";
import { bind, listen } from "./keys.js";
import { left } from "./left.js";
import { Note, acting } from "./note.js";
import { outbound } from "./outbound.js";
import * as panels from "./panels.js";
import { Phone } from "./phone.js";
import { right } from "./right.js";
import { Store } from "./store.js";
import { strip } from "./strip.js";
import { run } from "./timers.js";
import { idle, sign_in } from "./views.js";
import { Work } from "./work.js";

const IN_CALL = ["talking", "holding", "consulting"];

const store = new Store("/desk/socket");
const note = new Note(at("note"));
const act = acting(store, note);
const drawer = new Drawer(at("drawer"));
const phone = new Phone(store, at("sound"));
const draft = new Draft(store);
const tools = { store, act, note, phone };

const work = new Work(store, draft, { act, note });
const wrap = new Dispositions(store, act);
const views = { sign_in: sign_in(tools), idle: idle(tools) };
const signed_in = h("div", { class: "in-call" }, wrap.node, work.node);
at("work").append(views.sign_in.node, views.idle.node, signed_in);
for (const one of at("work").children) one.hidden = true; // until the server has said where we are

// --- what the keys and buttons open ---------------------------------------------------------------

const toggled = (what, show) => () => (drawer.what === what ? drawer.close() : show());
const in_call = () => (IN_CALL.includes(store.parts.call?.state) ? "" : "现在没有通话");
let target = null;

const open = {
  pause: toggled("pause", () => store.parts.me && panels.pauses(drawer, tools)),
  transfer: () => (drawer.what === "transfer" ? target.turn() : (target = panels.targets(drawer, tools, "transfer"))),
  third: toggled("third", () => panels.targets(drawer, tools, "third")),
  keypad: toggled("keypad", () => panels.keypad(drawer, tools)),
  devices: toggled("devices", () => panels.devices(drawer, tools)),
  commands: toggled("commands", () => panels.commands(drawer, tools, commands)),
  keys: toggled("keys", () => panels.keys(drawer)),
  hand: toggled("hand", () => panels.hand(drawer, tools)),
  owed: toggled("owed", () => panels.owed(drawer, tools)),
  outbound: (call_id) => outbound(drawer, tools, call_id),
  reveal: (field) => (drawer.what === "reveal" ? drawer.close() : panels.reveal(drawer, tools, field)),
  change: (one) => work.change(one),
  cancel,
  sign_out: () => act("sign-out"),
};

function cancel(one) {
  note.ask(`取消 ${serial(one.serial)} ${visit(one)} ？取消以后号就放出去了`, "取消这个预约", async () => {
    const done = await act("appointment.cancel", { appointment_id: one.appointment_id });
    if (done) note.tell(done.say || "已取消", "good");
  });
}

function finish() {
  const { hold, result } = draft.part ?? {};
  const end = () => act("finish");
  if (!hold || result) return end();
  return note.ask(`已占 ${visit(hold)} 的号，还没有提交。仍要结束通话吗？`, "结束通话", end);
}

function ready() {
  if (wrap.unfinished.length) {
    note.tell("先选小结，再就绪", "wait");
    return wrap.focus();
  }
  return act("ready");
}

function next_outbound() {
  const first = left_side.outbound.first();
  return first ? open.outbound(first.call_id) : note.tell("没有待办外呼", "quiet");
}

// What was done says by itself how the matter ended; else the operator says it first.
async function next_matter() {
  const [open] = wrap.unfinished;
  if (open?.first && open.second) await act("dispose", { matter_id: open.matter_id, first: open.first, second: open.second });
  else if (open) {
    note.tell("先选这一事项的小结", "wait");
    return wrap.ask_now(() => work.next_matter());
  }
  return work.next_matter();
}

const asks = {
  act, ready, finish, rejoin: () => act("rejoin"), answer: () => phone.answer(), mute: () => phone.mute(),
  transfer: open.transfer, third: open.third, keypad: open.keypad,
};

const left_side = left(at("left-room"), { ...tools, open });
const right_side = right(at("right"), { ...tools, draft, open, picked: () => work.onward() });
strip(at("strip"), { store, phone, asks });

bind("F3", "查患者", () => right_side.focus_search());
bind("F9", "号源、换时段", () => work.choose.open());
bind("F10", "同级号源", () => work.choose.open_equals());
bind("Ctrl+Enter", "提交预约", () => (signed_in.hidden || work.node.hidden ? null : work.commit()));
bind("Ctrl+Shift+P", "小休", open.pause);
bind("Ctrl+K", "命令，拼音首字母", open.commands);
bind("Alt+N", "同一来电人的下一事项", () => (store.parts.call ? next_matter() : null));
bind("Alt+A", "未就诊的预约", () => right_side.focus_booked(null));
bind("Alt+R", "显示证件号码", () => open.reveal("identity"));
bind("Alt+O", "待办外呼里最急的一个", next_outbound);
bind("F1", "这张按键表", open.keys);
listen();
at("keys-button").addEventListener("click", open.keys);

const commands = [
  { label: "预约取消", act: () => right_side.focus_booked("cancel") },
  { label: "预约变更", act: () => right_side.focus_booked("change") },
  { label: "查患者", key: "F3", act: () => right_side.focus_search() },
  { label: "选号", key: "F9", act: () => work.choose.open() },
  { label: "同级号源", key: "F10", act: () => work.choose.open_equals() },
  { label: "提交预约", key: "Ctrl+Enter", act: () => work.commit() },
  { label: "放弃占号", act: () => act("draft.release", { draft_id: draft.part?.draft_id }), off: () => (draft.part?.hold ? "" : "现在没有占号") },
  { label: "登记候补", act: wait_in_line, off: () => (draft.part ? "" : "现在没有草稿") },
  { label: "下一事项", key: "Alt+N", act: next_matter, off: () => (store.parts.call ? "" : "现在没有来电") },
  { label: "保持", key: "F4", act: () => act("hold"), off: in_call },
  { label: "取回", key: "F4", act: () => act("retrieve"), off: in_call },
  { label: "转接", key: "F6", act: open.transfer, off: in_call },
  { label: "三方", key: "F7", act: open.third, off: in_call },
  { label: "请第三方离开", act: () => act("abandon"), off: () => (store.parts.call?.third ? "" : "没有第三方") },
  { label: "拨号键盘", key: "Alt+K", act: open.keypad, off: in_call },
  { label: "静音", key: "Alt+M", act: () => phone.mute(), off: in_call },
  { label: "拒接", act: () => act("refuse"), off: () => (store.parts.call?.state === "ringing" ? "" : "现在没有振铃") },
  { label: "显示证件", key: "Alt+R", act: () => open.reveal("identity") },
  { label: "显示手机", act: () => open.reveal("phone") },
  { label: "小休", key: "Ctrl+Shift+P", act: open.pause },
  { label: "就绪", key: "F2", act: ready },
  { label: "要回的电话", act: () => left_side.owed.focus() },
  { label: "了结回电", act: open.owed },
  { label: "待办外呼", key: "Alt+O", act: next_outbound },
  { label: "请班长", act: open.hand },
  { label: "声音设备", act: open.devices },
  { label: "签出", act: open.sign_out },
  { label: "按键表", key: "F1", act: open.keys },
];

async function wait_in_line() {
  const done = await act("waiting.join", { draft_id: draft.part.draft_id });
  if (done) note.tell(done.ahead ? `已登记候补，前面还有 ${done.ahead} 位` : "已登记候补，排在第一位", "good");
}

// --- what stands on the line --------------------------------------------------------------------------

store.addEventListener("state", () => {
  note.stand("connection", store.state === "lost" ? "连接中断，正在重连。打的字都留着，连上就保存" : null);
  elsewhere(store.state === "elsewhere");
});

function elsewhere(yes) {
  at("elsewhere").hidden = !yes;
  at("desk").hidden = yes;
  if (!yes) return;
  fill(at("elsewhere"), h("h1", {}, "话务台已在别处打开"), h("p", {}, "来电、草稿和计时都在那边。"),
    button("在这里继续", "Enter", () => location.reload(), { class: "commit" }));
  at("elsewhere").querySelector("button").focus();
}

function show_sound() {
  const { me, phone: line } = store.parts;
  const off = me?.device === "page" && phone.registered === false;
  note.stand("phone", line?.switch === "down" ? "电话交换机联系不上，正在重连"
    : off ? "电脑话机没有连上交换机，来电接不进来" : phone.in_page ? (phone.problem ?? phone.microphone.problem) : null);
  const { call } = store.parts;
  const alone = call && IN_CALL.includes(call.state) && !call.leg_present && !call.over && call.state === "talking";
  note.stand("leg", alone ? "您不在通话里，来电人在听音乐：F2 回到通话" : null, "wait");
}
phone.addEventListener("change", show_sound);
store.on(["me", "phone", "call"], show_sound);

// --- which view, and where the cursor goes -------------------------------------------------------------

const HINTS = {
  ready: [["F3", "查患者"], ["Ctrl+Shift+P", "小休"], ["Ctrl+K", "命令"], ["F1", "全部按键"]],
  paused: [["F2", "就绪"], ["Ctrl+Shift+P", "换原因"], ["F3", "查患者"], ["Ctrl+K", "命令"], ["F1", "全部按键"]],
  ringing: [["F2", "接听"]],
  call: [
    ["F3", "查患者"], ["F9", "号源"], ["F10", "同级"], ["Ctrl+Enter", "提交"], ["Alt+A", "已有预约"], ["Alt+R", "显示证件"],
    ["Alt+N", "下一事项"], ["Ctrl+K", "命令"],
  ],
  "wrap-up": [["1–9", "选小结"], ["Enter", "确认"], ["F2", "就绪"], ["Alt+N", "同一来电人的下一事项"]],
};

function hints(state, me) {
  if (state === "ringing" && (me.device === "phone" || phone.view.wanted)) return []; // F2 does nothing (more)
  return HINTS[state] ?? (state === "off" ? [] : HINTS.call);
}

phone.addEventListener("change", () => {
  if (before === "ringing") note.hint(hints(before, store.parts.me));
});

let before = null; // the state that was shown last
store.on(["me", "call", "draft", "matters"], ({ me, call }, { whole }) => {
  const state = !me ? "off" : (call?.state ?? (wrap.unfinished.length ? "wrap-up" : me.state));
  views.sign_in.show(!me);
  views.idle.show(Boolean(me) && !call && !wrap.unfinished.length);
  signed_in.hidden = !me || (!call && !wrap.unfinished.length);
  work.node.hidden = !call || (call.state === "wrap-up" && !draft.part);
  signed_in.classList.toggle("wrapped", state === "wrap-up");
  if (state !== before || state === "ringing") note.hint(hints(state, me));
  if (state !== before) moved(before, state, whole, call);
  before = state;
});

function moved(from, to, whole, call) {
  if (IN_CALL.includes(to) && (whole || ["ringing", "dialling", "ready", "paused"].includes(from))) queueMicrotask(begin);
  if (to === "wrap-up") queueMicrotask(() => wrap.focus());
  if (to === "ringing") note.withdraw();
  if (!call) drawer.what !== "pause" && drawer.close(false);
  if (to === "off") queueMicrotask(() => views.sign_in.focus());
  if (["ready", "paused"].includes(to)) queueMicrotask(() => drawer.what || views.idle.focus());
}

// At the answer the cursor is where the next typing happens.
function begin() {
  if (right_side.focus_candidates()) return;
  work.onward();
}

run(store);
store.open();
