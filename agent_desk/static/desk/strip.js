// The strip on top that never moves: the state, its time, who calls, and the same buttons in the same places.

import { fill, h, kbd, say } from "./dom.js";
import { clock, person } from "./format.js";
import { bind } from "./keys.js";
import { down, plus, up } from "./timers.js";

const HOLD_ALARM_S = 60;
const IN_CALL = ["talking", "holding", "consulting"];
const WORDS = {
  ringing: "振铃", dialling: "外呼中", talking: "通话", holding: "保持", consulting: "咨询转接", "wrap-up": "话后整理",
};
const TONE = {
  ringing: "wait", dialling: "wait", talking: "good", holding: "wait", consulting: "wait", "wrap-up": "wait",
  ready: "good", paused: "quiet",
};
const RESTING = { ready: "等待来电", paused: "不接新来电" };
const THIRD = { dialling: "正在呼叫", talking: "已接通", away: "话机断开，正在恢复" };

// What each button is at this moment: its label, and the command it gives; off when there is none.
// asks: the parts of the page that a button opens.
function buttons(now, asks) {
  const { call, me, phone } = now;
  const state = call?.state;
  const inside = IN_CALL.includes(state) && !call.over;
  const consulting = state === "consulting";
  const joined = inside && call.third && !consulting;
  return {
    answer: first(
      state === "ringing" && me.device === "phone" && ["请摘机", null],
      state === "ringing" && (phone.wanted ? ["正在接", null] : ["接听", asks.answer]),
      inside && !call.leg_present && ["回到通话", asks.rejoin],
      state === "wrap-up" && ["就绪", asks.ready],
      me?.state === "paused" && !call && ["就绪", asks.ready],
      ["接听", null],
    ),
    hold: first(
      state === "holding" && ["取回", () => asks.act("retrieve")],
      consulting && ["取回", () => asks.act("abandon")],
      ["保持", state === "talking" && inside ? () => asks.act("hold") : null],
    ),
    mute: [phone.muted ? "取消静音" : "静音", call && phone.talking ? asks.mute : null],
    transfer: first(
      (consulting || joined) && ["完成转接", () => asks.act("complete")],
      ["转接", inside ? asks.transfer : null],
    ),
    third: first(
      consulting && ["接成三方", () => asks.act("conference")],
      ["三方", inside && !joined ? asks.third : null],
    ),
    keypad: ["键盘", inside ? asks.keypad : null],
    finish: ["结束", inside || state === "dialling" ? asks.finish : null],
  };
}

const first = (...ways) => ways.find(Boolean);

const KEYS = {
  answer: "F2", hold: "F4", mute: "Alt+M", transfer: "F6", third: "F7", keypad: "Alt+K", finish: "F8",
};
const TOLD = {
  answer: "接听 / 回到通话 / 就绪", hold: "保持 / 取回", mute: "静音", transfer: "转接 / 完成转接", third: "三方",
  keypad: "拨号键盘", finish: "结束通话，进入话后整理",
};

export function strip(node, { store, phone, asks }) {
  const state = h("p", { class: "state-word" });
  const timer = h("p", { class: "state-timer" });
  const number = h("p", { class: "who-number" });
  const name = h("p", { class: "who-name" });
  const route = h("p", { class: "way-route" });
  const waited = h("p", { class: "way-waited" });
  const block = h("div", { class: "state" }, state, timer);
  const spoken = h("p", { class: "unseen", "aria-live": "assertive" });
  const made = {};
  for (const [what, key] of Object.entries(KEYS)) {
    const press = () => buttons(view(), asks)[what][1]?.();
    made[what] = h(
      "button",
      { type: "button", class: `act act-${what}`, "aria-keyshortcuts": key.replace("Ctrl", "Control"), on: { click: press } },
      h("span"), kbd(key),
    );
    bind(key, TOLD[what], () => made[what].disabled || press());
  }
  fill(
    node, block, h("div", { class: "who" }, number, name), h("div", { class: "way" }, route, waited),
    h("div", { class: "acts", role: "group", "aria-label": "通话" }, Object.values(made)), spoken,
  );

  const view = () => ({ ...store.parts, phone: phone.view });
  // Not "rejoin": the phone says that by itself whenever it is registered, and must not swallow a key.
  const working = () =>
    ["hold", "retrieve", "finish", "complete", "conference", "abandon", "transfer", "consult", "ready"].some(
      (what) => store.busy(what),
    );

  function render() {
    const { me, call, caller } = store.parts;
    const shown = call?.state ?? me?.state ?? "off";
    const word = call ? WORDS[shown] : (me?.reason_words ?? me?.state_words ?? store.nobody);
    say(state, call?.over && shown !== "wrap-up" ? "对方已挂" : word);
    block.className = `state ${TONE[shown] ?? "quiet"}${shown === "ringing" ? " rings" : ""}`;
    count(me, call, shown);
    say(number, call ? (call.number_masked ?? "号码未显示") : "");
    say(name, call ? told_name(caller) : (RESTING[me?.state] ?? ""));
    fill(route, call && came_by(call));
    fill(waited, call && reached(call));
    say(spoken, call ? `${word}，${call.number_masked ?? "号码未显示"}，${told_name(caller)}` : word);
    document.title = `${shown === "ringing" ? "▶ " : ""}${word}${call?.number_masked ? ` ${call.number_masked}` : ""} · 12320 话务台`;
    show_buttons();
  }

  function count(me, call, shown) {
    if (call && shown === "wrap-up") return fill(timer, down(plus(me.since, me.wrap_up_s), { warn_s: 10 }));
    if (call?.hold_since) {
      return fill(timer, up(call.hold_since, { alarm_s: HOLD_ALARM_S }), h("small", {}, "通话 ", up(talked(store, call))));
    }
    if (call && IN_CALL.includes(shown)) return fill(timer, up(talked(store, call)));
    if (me) return fill(timer, up(call?.since ?? me.since, { alarm_s: me.state === "paused" ? me.pause_limit_s : null }));
    return fill(timer);
  }

  function show_buttons() {
    const now = buttons(view(), asks);
    for (const [what, [label, act]] of Object.entries(now)) {
      say(made[what].firstChild, label);
      made[what].disabled = !act || working();
    }
    made.mute.setAttribute("aria-pressed", String(Boolean(phone.view.muted)));
    made.answer.classList.toggle("now", !made.answer.disabled);
  }

  store.on(["me", "call", "caller"], render);
  for (const kind of ["asked", "answered", "state"]) store.addEventListener(kind, show_buttons);
  phone.addEventListener("change", show_buttons);
  render();
}

function told_name(caller) {
  if (caller?.person) return person(caller.person);
  const many = caller?.candidates?.length ?? 0;
  return many ? `${many} 位可能的患者` : "没有登记的号码";
}

const dotted = (pieces) => pieces.filter(Boolean).flatMap((piece, place) => (place ? [" · ", piece] : [piece]));

// The number dialled, the class of the caller, how long they waited: for the apology.
function came_by(call) {
  if (call.direction === "out") return "外呼";
  const waited = h("span", { class: call.waited_s >= 60 ? "long" : "" }, `等了 ${clock(call.waited_s)}`);
  return dotted([call.dnis, call.klass_words, waited]);
}

// Who else is on the line, else how far the voice menu got.
function reached(call) {
  const third = call.third && h("strong", {}, `${call.third.label} ${THIRD[call.third.state] ?? ""}`);
  return dotted([third || call.came_words, call.recording?.gap && h("span", { class: "gap" }, "录音暂停")]);
}

// The instant from which the talk counts, by the seconds the server had counted when it told us.
let heard = { call: null, from: 0 };
function talked(store, call) {
  if (heard.call !== call) heard = { call, from: store.now() - call.talk_s * 1000 };
  return new Date(heard.from).toISOString();
}
