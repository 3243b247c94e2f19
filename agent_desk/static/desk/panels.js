// What the drawer holds: pause, targets of a transfer, keypad, sound devices, reasons, commands, keys.

import { choices, searching } from "./choices.js";
import { fill, h, kbd } from "./dom.js";
import { moment } from "./format.js";
import { bound } from "./keys.js";
import { found } from "./pinyin.js";
import { down, up } from "./timers.js";

export function pauses(drawer, { store, act, note }) {
  const { words, me, call } = store.parts;
  const list = choices({
    label: "小休原因",
    tall: true,
    draw: (one) => [h("b", {}, one.label), h("span", { class: "soft" }, one.limit_s ? `限 ${Math.round(one.limit_s / 60)} 分钟` : "")],
    pick: async (one) => {
      if (!(await act("pause", { reason: one.code }))) return;
      drawer.close();
      if (call && call.state !== "wrap-up") note.tell(`通话结束后进入“${one.label}”`, "quiet");
    },
  });
  list.show((words?.pauses ?? []).filter((one) => one.code !== me?.reason));
  drawer.open("pause", "小休", list.node, list.focus);
}

// Who could be called now: colleagues first, or (kind "third") hospitals.
function reachable({ colleagues = [], words, me }, kind) {
  const people = colleagues
    .filter((one) => one.staff_id !== me.staff_id)
    .map((one) => ({ kind: "agent", value: String(one.staff_id), label: one.name, note: one.state_words, number: one.number, since: one.since, free: one.state === "ready" }));
  const skills = (words?.skills ?? []).map((one) => ({ kind: "queue", value: one.code, label: one.label, note: "技能组，直接转" }));
  const desks = (words?.hospitals_desks ?? []).map((one) => ({ kind: "hospital", value: String(one.hospital_id), label: one.label, note: "医院" }));
  return kind === "third" ? [...desks, ...people] : [...people, ...skills, ...desks];
}

// Whom to call beside the caller. kind: "transfer" or "third".
export function targets(drawer, { store, act }, kind) {
  let straight = false;

  const way = h("p", { class: "mode", "aria-live": "polite" });
  const show_way = () => fill(way, straight ? "直接转过去，我退出" : "先和对方说，再转", " ", kind === "transfer" && h("span", { class: "soft" }, kbd("F6"), " 换一种"));
  const seek = (q) => found(reachable(store.parts, kind), q, (one) => `${one.label}${one.number ?? ""}`);
  const search = searching({
    label: kind === "third" ? "请谁进来" : "转给谁", placeholder: "姓名或拼音首字母，再按数字",
    seek,
    options: {
      tall: true, key: (one) => `${one.kind}${one.value}`, empty: "没有找到",
      draw: (one) => [h("b", {}, one.label), h("span", { class: one.free ? "good" : "soft" }, one.note, one.since ? [" ", up(one.since)] : null)],
      pick: async ({ kind: what, value, label }) => {
        // In a skill group nobody in particular could be asked first: the caller waits for whoever is free.
        if (await act(straight || what === "queue" ? "transfer" : "consult", { kind: what, value, label })) drawer.close();
      },
    },
  });
  search.look();
  show_way();
  const moved = ({ detail }) => detail.names.has("colleagues") && search.look(); // whoever is free changes meanwhile
  store.addEventListener("parts", moved);
  drawer.open(kind, kind === "third" ? "三方" : "转接", [way, search.input, search.found.node], search.found.focus, {
    closed: () => store.removeEventListener("parts", moved),
  });
  return {
    turn: () => {
      straight = !straight;
      show_way();
    },
  };
}

export function keypad(drawer, { act }) {
  const sent = h("p", { class: "sent", "aria-live": "polite" });
  let waiting = ""; // pressed while the ones before are on their way
  let sending = false;
  const press = async (key) => {
    sent.textContent += key;
    waiting += key;
    while (waiting && !sending) {
      const digits = waiting;
      waiting = "";
      sending = true;
      await act("keys", { digits });
      sending = false;
    }
  };
  const pad = h(
    "div",
    {
      class: "pad", role: "group", "aria-label": "拨号键盘", tabIndex: 0,
      on: {
        keydown: (event) => {
          if (event.isComposing || event.repeat || event.ctrlKey || event.altKey || !/^[0-9*#]$/.test(event.key)) return;
          event.preventDefault();
          event.stopPropagation();
          press(event.key);
        },
      },
    },
    [..."123456789*0#"].map((key) => h("button", { type: "button", tabIndex: -1, on: { click: () => press(key) } }, key)),
  );
  drawer.open("keypad", "键盘", [sent, pad], () => pad.focus());
}

export async function devices(drawer, { phone, note }) {
  const { inputs, outputs } = await phone.microphone.devices();
  const ways = [
    ...inputs.map((one) => ({ code: `in${one.deviceId}`, label: one.label, note: "麦克风", use: () => phone.listen_with(one.deviceId) })),
    ...outputs.map((one) => ({ code: `out${one.deviceId}`, label: one.label, note: "听筒", use: () => phone.speak_through(one.deviceId) })),
  ];
  const list = choices({
    label: "麦克风和听筒", tall: true, empty: "没有找到设备",
    draw: (one) => [h("b", {}, one.label), h("span", { class: "soft" }, one.note)],
    pick: async (one) => {
      await one.use();
      note.tell(`${one.note}：${one.label}`, "good");
    },
  });
  list.show(ways);
  drawer.open("devices", "声音设备", list.node, list.focus);
}

const SECRETS = { identity: "证件号码", phone: "手机号" };

export function reveal(drawer, { store, act }, field) {
  const person = store.parts.caller?.person;
  if (!person) return;
  const answer = h("p", { class: "revealed", "aria-live": "polite" });
  let hiding = 0;
  const list = choices({
    label: "查看原因", tall: true, draw: (one) => h("b", {}, one.label),
    pick: async (one) => {
      const told = await act("reveal", { person_id: person.person_id, field, reason: one.label });
      if (!told) return;
      fill(answer, h("b", {}, told.value), " ", down(told.until, { warn_s: 10 }));
      hiding = setTimeout(() => drawer.what === "reveal" && drawer.close(), Math.max(0, Date.parse(told.until) - store.now()));
    },
  });
  list.show((store.parts.words?.reasons_reveal ?? []).map((one) => (one.label ? one : { code: one, label: one })));
  drawer.open("reveal", `显示${SECRETS[field]}`, [h("p", { class: "soft" }, `${person.name} · 会记下是谁、为什么看`), answer, list.node], list.focus, {
    closed: () => clearTimeout(hiding),
  });
}

export function commands(drawer, { note }, all) {
  const seek = (q) => found(all, q, (one) => one.label);
  const search = searching({
    label: "命令", placeholder: "命令或拼音首字母：yyqx", seek,
    options: {
      tall: true, key: (one) => one.label, empty: "没有这个命令", draw: (one) => [h("b", {}, one.label), one.key && kbd(one.key)],
      pick: (one) => {
        drawer.close();
        if (one.off?.()) note.tell(one.off(), "wait");
        else one.act();
      },
    },
  });
  search.found.show(all);
  drawer.open("commands", "命令", [search.input, search.found.node], () => search.input.focus());
}

export function keys(drawer) {
  const rows = [
    ...bound().map(({ key, label }) => [key, label]),
    ["1–9", "在列表里选；打了字母以后也可以"], ["↑ ↓ Enter", "在列表里移动、选"], ["C / X", "在预约上：变更 / 取消"],
    ["Delete", "确认不能收回的事"], ["Esc", "退一步，从不挂断"],
  ];
  const list = h("dl", { class: "key-list", tabIndex: -1 }, rows.map(([key, label]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, label))));
  drawer.open("keys", "按键", list, () => list.focus());
}

export function hand(drawer, { act, note }) {
  const input = h("input", {
    type: "text", maxLength: 120, autocomplete: "off", "aria-label": "给班长的话", placeholder: "说一句，回车发给班长",
    on: {
      keydown: async (event) => {
        if (event.key !== "Enter" || event.isComposing || event.keyCode === 229 || event.repeat) return;
        if (!(await act("hand", { text: input.value.trim() }))) return;
        drawer.close();
        note.tell("已请班长来看", "good");
      },
    },
  });
  drawer.open("hand", "请班长", input, () => input.focus());
}

const OWED_KEYS = "按数字或 ↑↓ 选一个，D 已办完，G 不再打，B 还给大家";

// D, G and B mean the one that is lit when the key is pressed, however it came to be lit.
export function owed(drawer, { store, act, note }) {
  const whose = (one) => one.person ?? one.number_masked ?? "号码未显示";
  const list = choices({
    label: "我要回的电话", tall: true, empty: "没有要回的电话", key: (one) => one.callback_id,
    draw: (one) => [h("b", {}, whose(one)), h("span", { class: "soft" }, moment(one.promised_for))],
    pick: () => {},
  });
  const did = async (what, one, facts = {}) => {
    if (await act(what, { callback_id: one.callback_id, ...facts })) drawer.close();
  };
  const ways = {
    d: (one) => did("callback.settle", one, { state: "done" }),
    b: (one) => did("callback.give-back", one),
    // The caller was promised this call, and nobody makes it any more.
    g: (one) => note.ask(`不再给 ${whose(one)} 回电？以后谁也不会再打`, "不再打", () => did("callback.settle", one, { state: "given-up" })),
  };
  list.node.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    const one = list.lit();
    const way = ways[event.key.toLowerCase()];
    if (!one || !way) return;
    event.preventDefault();
    way(one);
  });
  list.show(store.parts.callbacks?.mine ?? []);
  drawer.open("owed", "我要回的电话", [h("p", { class: "soft" }, OWED_KEYS), list.node], list.focus);
}
