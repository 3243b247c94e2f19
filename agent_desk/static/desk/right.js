// The right column: who calls, their past in one line, what they have booked, how they came.

import { choices, searching } from "./choices.js";
import { fill, h, kbd, say } from "./dom.js";
import { day, money, person, serial, visit } from "./format.js";

// open: {reveal(field), change(appointment), cancel(appointment)}; picked(): what comes after a person is chosen.
export function right(node, { store, draft, act, note, open, picked }) {
  const pick = async (one) => {
    const done = await act("person.pick", { person_id: one.person_id });
    if (!done) return;
    search.clear();
    found.hidden = true;
    await draft.reached(done);
    picked();
  };
  const search = searching({
    label: "查患者", placeholder: "姓名 手机 证件", hint: "F3",
    seek: async (q) => {
      found.hidden = !q;
      if (!q) return [];
      try {
        return (await store.ask("person.search", { q })).people;
      } catch (error) {
        note.tell(error.message, "bad");
        return null;
      }
    },
    options: { draw: someone, pick, key: (one) => one.person_id, empty: "没有找到" },
  });
  const found = h("div", { class: "found", hidden: true }, search.found.node);
  const candidates = choices({ label: "可能的患者", draw: someone, pick, key: (one) => one.person_id });
  const shown = h("div", { class: "person" });
  const maybe = h("section", { class: "candidates", "aria-label": "可能的患者", hidden: true }, h("h3", {}, "可能是"), candidates.node);
  const history = h("p", { class: "history" });
  const credit = h("p", { class: "credit", hidden: true });
  const booked = choices({
    label: "未就诊的预约", empty: "没有未就诊的预约", key: (one) => one.appointment_id,
    draw: appointment, pick: (one) => chosen(one),
  });
  const how = h("p", { class: "soft how" });
  const menu = h("ol", { class: "menu" });
  const about = h("section", { class: "about", "aria-label": "来电人", hidden: true }, maybe, shown, history, credit,
    h("section", { class: "booked", "aria-label": "未就诊的预约" }, h("h3", {}, "未就诊的预约"), booked.node, how),
    h("section", { class: "came", "aria-label": "来电经过" }, h("h3", {}, "来电经过"), menu));
  fill(node, h("label", { class: "seek-field" }, h("span", {}, "查患者", kbd("F3")), search.input), found, about);

  let verb = null; // what choosing an appointment means now: "change", "cancel", or to be asked

  // One line of the list was chosen: by a command that says what for, else the line says its ways.
  function chosen(one) {
    if (verb === "cancel") return one.may_cancel ? open.cancel(one) : note.tell("这个预约不能取消", "wait");
    if (verb === "change") return one.may_change ? open.change(one) : note.tell("这个预约不能变更", "wait");
    say(how, "按 C 变更，按 X 取消");
    return null;
  }

  booked.list.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.isComposing || event.repeat) return;
    const one = booked.items.find((each) => String(each.appointment_id) === lit(booked.list));
    const want = { c: "change", x: "cancel" }[event.key.toLowerCase()];
    if (!one || !want) return;
    event.preventDefault();
    verb = want;
    chosen(one);
    verb = null;
  });

  function focus_booked(want) {
    verb = want;
    if (!booked.items.length) return note.tell("这位来电人没有未就诊的预约", "wait");
    say(how, want === "cancel" ? "按数字选要取消的预约" : want === "change" ? "按数字选要变更的预约" : "按数字选，C 变更，X 取消");
    return booked.focus();
  }
  booked.list.addEventListener("blur", () => {
    verb = null;
    say(how, "");
  });

  function show() {
    const { caller, call, draft } = store.parts;
    about.hidden = !caller;
    if (!caller) return;
    const likely = candidates_of(caller, draft);
    maybe.hidden = !likely.length;
    candidates.show(likely);
    fill(shown, caller.person && known(caller.person, open));
    say(history, caller.history ?? "");
    say(credit, caller.credit ?? "");
    credit.hidden = !caller.credit;
    booked.show(caller.appointments ?? []);
    fill(menu, (caller.menu ?? []).map((one) => h("li", {}, one.line)));
    if (!caller.menu?.length) fill(menu, h("li", { class: "soft" }, call?.direction === "out" ? "我方外呼" : "没有进入菜单"));
  }

  store.on(["caller", "draft"], show);
  return {
    focus_search: () => search.input.focus(),
    focus_candidates: () => (maybe.hidden ? false : (candidates.focus(), true)),
    focus_booked,
  };
}

// Whose the matter may be; the only one of a number too, until somebody said it is for them.
function candidates_of(caller, draft) {
  if (caller.candidates?.length) return caller.candidates;
  const fields = draft?.fields ?? {};
  const open = draft && !draft.result && draft.verb !== "change" && !fields.person_id && !fields.name;
  return open && caller.person ? [caller.person] : [];
}

function lit(list) {
  return list.querySelector("[aria-selected=true] [data-appointment]")?.dataset.appointment;
}

function someone(one) {
  return [h("b", {}, person(one)), h("span", { class: "soft" }, [one.id_masked, one.phone_masked, one.note].filter(Boolean).join(" · "))];
}

function known(one, open) {
  const secret = (label, masked, field) =>
    masked &&
    h("div", {}, h("dt", {}, label), h("dd", {}, masked,
      h("button", { type: "button", class: "small", "aria-label": `显示${label}`, "aria-keyshortcuts": field === "identity" ? "Alt+R" : null, data: { key: `reveal-${field}` }, on: { click: () => open.reveal(field) } },
        "显示")));
  return [
    h("h2", { class: "person-name" }, person(one)),
    h("dl", { class: "papers" },
      secret("证件", one.id_masked, "identity"), secret("手机", one.phone_masked, "phone"),
      (one.cards ?? []).map((card) => h("div", {}, h("dt", {}, "就诊卡"), h("dd", {}, `${card.hospital} ${card.masked} `, h("b", {}, money(card.balance_fen)))))),
  ];
}

function appointment(one) {
  return [
    h("b", { data: { appointment: one.appointment_id } }, visit(one)),
    h("span", {}, `${day(one.day)} ${one.time}`),
    h("span", { class: `soft${one.stopped ? " bad" : ""}` }, one.state_words, h("span", { class: "number" }, serial(one.serial))),
    h("span", { class: "soft" }, [one.may_change && "可变更", one.may_cancel && "可取消"].filter(Boolean).join(" · ") || "不能变更取消"),
  ];
}
